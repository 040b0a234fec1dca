"""Structure: a pipeline without its parameter values, with equal branches merged.

Pipelines of the same structure differ in their parameter values only, so that results of one help
to predict those of another. The choices of a conditional space belong to the structure, so that all
its pipelines have the same parameters. A slot is a step without values. Slots are numbered in
canonical order. A value is named by the number of its slot and its parameter: ``"2.n_estimators"``.
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
"""Parameter values of a pipeline, by slot and parameter."""


@dataclass(frozen=True, eq=False)
class Slot:
    """Step without parameter values.

    Parameters
    ----------
    primitive : Primitive
    inputs : tuple of int or None
        Numbers of the slots that are its inputs; None for the table.
    """

    primitive: Primitive
    inputs: tuple[int | None, ...]
    choices: Values

    @property
    def space(self) -> Space:
        """Space of the values beside the choices."""
        return spaces.settled(self.primitive.fixed_space, self.choices)


@dataclass(frozen=True, eq=False)
class Structure:
    """Pipeline without parameter values.

    Parameters
    ----------
    slots : tuple of Slot
        Slots in canonical order: each after its inputs, the last one gives the predictions.
    """

    slots: tuple[Slot, ...]

    @property
    def key(self) -> str:
        """Text that is equal for two structures if and only if they are equal."""
        return json.dumps([[slot.primitive.name, slot.inputs, slot.choices] for slot in self.slots])

    @property
    def space(self) -> Space:
        """Distributions of the parameter values, by the names of `Values`."""
        return {
            f"{number}.{name}": distribution
            for number, slot in enumerate(self.slots)
            for name, distribution in slot.space.items()
        }

    def tree(self, values: Mapping[str, Value]) -> Tree:
        """Return the pipeline of this structure with parameter values."""
        return Tree(self._nodes(len(self.slots) - 1, values))

    def _nodes(self, number: int | None, values: Mapping[str, Value]) -> list[Node]:
        """Return the branch of a slot as nodes in prefix order."""
        if number is None:
            return [X]
        slot = self.slots[number]
        own = {name: values[f"{number}.{name}"] for name in slot.space}
        step = Step(slot.primitive, {**slot.choices, **own})
        parts = [self._nodes(part, values) for part in slot.inputs]
        # An associative step with more inputs than its primitive takes becomes nested steps again.
        while len(parts) > len(slot.primitive.inputs):
            parts[-2:] = [[step, *parts[-2], *parts[-1]]]
        return [step, *(node for part in parts for node in part)]


def choices_of(step: Step) -> Values:
    """Return the values of a step that are choices of a conditional space."""
    return spaces.choices_in(step.primitive.fixed_space, step.values)


def split_structure(tree: Tree) -> tuple[Structure, Values]:
    """Return the structure of a pipeline and its parameter values."""
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
    """Return the inputs of a step in canonical order."""
    # The inputs of a commutative step are sorted by digest, which depends on parameter values. So
    # they are sorted by their shape first, and by digest only if their shapes are equal.
    if branch.step is None or not branch.step.primitive.commutative:
        return branch.inputs
    return tuple(sorted(branch.inputs, key=lambda part: (_shape(part), part.digest)))


def _shape(branch: Branch) -> str:
    """Return a branch as text without parameter values."""
    if branch.step is None:
        return "X"
    inputs = [_shape(part) for part in branch.inputs]
    if branch.step.primitive.commutative:
        inputs.sort()
    choices = map(repr, choices_of(branch.step).values())
    return f"{branch.step.name}({','.join([*inputs, *choices])})"
