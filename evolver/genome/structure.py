"""A structure: a pipeline without its parameter values, equal branches merged.

Pipelines of one structure differ in values alone, so that what is known of some says something of
the others. The choices of a conditional space belong to the structure, so that all its pipelines
have the same parameters. A slot is a step without values; slots are numbered in a canonical order,
and a value has the name of its slot's number and of the parameter, as in ``"2.n_estimators"``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from evolver.genome.digest import Branch, canonical
from evolver.genome.tree import Node, Step, Tree, X
from primitives import Primitive, Space
from primitives import space as spaces
from primitives.space import Value

Values = dict[str, Value]


@dataclass(frozen=True, eq=False)
class Slot:
    """A step without values; its inputs are numbers of slots, None for the table."""

    primitive: Primitive
    inputs: tuple[int | None, ...]
    choices: Values

    @property
    def space(self) -> Space:
        """Space of the values beside the choices."""
        return spaces.settled(self.primitive.fixed_space, self.choices)


@dataclass(frozen=True, eq=False)
class Structure:
    """Slots, each after its inputs; the last gives the predictions."""

    slots: tuple[Slot, ...]

    @property
    def key(self) -> str:
        """The same for the same structure, and for no other."""
        return json.dumps([[slot.primitive.name, slot.inputs, slot.choices] for slot in self.slots])

    @property
    def space(self) -> Space:
        """What each value may be."""
        return {
            f"{number}.{name}": distribution
            for number, slot in enumerate(self.slots)
            for name, distribution in slot.space.items()
        }

    def tree(self, values: Mapping[str, Value]) -> Tree:
        """Return the pipeline with these values."""
        return Tree(self._nodes(len(self.slots) - 1, values))

    def _nodes(self, number: int | None, values: Mapping[str, Value]) -> list[Node]:
        if number is None:
            return [X]
        slot = self.slots[number]
        own = {name: values[f"{number}.{name}"] for name in slot.space}
        step = Step(slot.primitive, {**slot.choices, **own})
        parts = [self._nodes(part, values) for part in slot.inputs]
        while len(parts) > len(slot.primitive.inputs):  # an associative step of several
            parts[-2:] = [[step, *parts[-2], *parts[-1]]]
        return [step, *(node for part in parts for node in part)]


def choices_of(step: Step) -> Values:
    """Return the values of a step that are choices of a conditional space."""
    return spaces.choices_in(step.primitive.fixed_space, step.values)


def split_structure(tree: Tree) -> tuple[Structure, Values]:
    """Return the structure of a pipeline and its values."""
    slots: list[Slot] = []
    values: Values = {}
    numbers: dict[str, int] = {}

    def visit(branch: Branch) -> int | None:
        if branch.step is None:
            return None
        if branch.digest not in numbers:
            inputs = tuple(visit(part) for part in _ordered(branch))
            numbers[branch.digest] = number = len(slots)
            slot = Slot(branch.step.primitive, inputs, choices_of(branch.step))
            slots.append(slot)
            values.update({f"{number}.{name}": branch.step.values[name] for name in slot.space})
        return numbers[branch.digest]

    visit(canonical(tree))
    return Structure(tuple(slots)), values


def _ordered(branch: Branch) -> tuple[Branch, ...]:
    """Return the inputs of a step; of a commutative one in an order that does not depend on
    values, as far as they are not alike."""
    if branch.step is None or not branch.step.primitive.commutative:
        return branch.inputs
    return tuple(sorted(branch.inputs, key=lambda one: (_shape(one), one.digest)))


def _shape(branch: Branch) -> str:
    if branch.step is None:
        return "X"
    inputs = [_shape(part) for part in branch.inputs]
    if branch.step.primitive.commutative:
        inputs.sort()
    choices = map(repr, choices_of(branch.step).values())
    return f"{branch.step.name}({','.join([*inputs, *choices])})"
