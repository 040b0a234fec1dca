"""Variation: operators that make a tree from one or two others.

An operator is ``(parents, catalogue, rng) -> Tree``. It never changes a parent and always returns a
valid tree with one change. Where none is possible, it returns the first parent. It does not limit
the size of the tree.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

import numpy as np

from evolver.genome.tree import Node, Step, Tree, draw, grammar_of, grow
from primitives import Catalogue, Kind, Prediction, Primitive
from primitives import space as spaces
from primitives.base import Space
from primitives.space import Value

Operator = Callable[[Sequence[Tree], Catalogue, np.random.Generator], Tree]
"""Function from parents, catalogue and Generator to a child."""

T = TypeVar("T")
Change = Callable[[Space, Mapping[str, Value], np.random.Generator], dict[str, Value]]
"""Function from a space, its values and a Generator to values with one change."""

BRANCH_STEPS = 2
"""Number of sizes, from the fewest steps up, of a branch that is grown to join another."""


def crossover(parents: Sequence[Tree], catalogue: Catalogue, rng: np.random.Generator) -> Tree:
    """Replace a branch of the first parent by a branch of the second of a suitable kind."""
    first, second = parents
    place = _pick(_steps(first), rng)
    wanted = first.required_kind(place)
    donors = [index for index in _steps(second) if issubclass(second[index].ret, wanted)]
    return first.replaced(place, second.subtree(_pick(donors, rng))) if donors else first


def redraw_parameter(
    parents: Sequence[Tree], catalogue: Catalogue, rng: np.random.Generator
) -> Tree:
    """Draw one parameter of one step anew."""
    return _change_parameter(parents[0], catalogue, rng, spaces.redraw)


def perturb_parameter(
    parents: Sequence[Tree], catalogue: Catalogue, rng: np.random.Generator
) -> Tree:
    """Move one parameter of one step a little."""
    return _change_parameter(parents[0], catalogue, rng, spaces.perturb)


def replace_step(parents: Sequence[Tree], catalogue: Catalogue, rng: np.random.Generator) -> Tree:
    """Replace the primitive of a step by another that takes the same inputs."""
    tree = parents[0]
    place = _pick(_steps(tree), rng)
    wanted, given = tree.required_kind(place), [tree[index].ret for index in tree.inputs(place)]
    others = [
        primitive
        for primitive in catalogue.producing(wanted)
        if primitive.name != tree[place].name and _accepts(primitive.inputs, given)
    ]
    if not others:
        return tree
    return Tree([*tree[:place], draw(_pick(others, rng), rng), *tree[place + 1 :]])


def insert_step(parents: Sequence[Tree], catalogue: Catalogue, rng: np.random.Generator) -> Tree:
    """Insert a step with one input above another step."""
    return _above(parents[0], catalogue, rng, several_inputs=False)


def wrap(parents: Sequence[Tree], catalogue: Catalogue, rng: np.random.Generator) -> Tree:
    """Join a branch with a grown one, in a step with several inputs such as a union or a vote."""
    return _above(parents[0], catalogue, rng, several_inputs=True)


def shrink(parents: Sequence[Tree], catalogue: Catalogue, rng: np.random.Generator) -> Tree:
    """Replace a step by one of its inputs."""
    tree = parents[0]
    options = [
        (place, child)
        for place in _steps(tree)
        for child in tree.inputs(place)
        if issubclass(tree[child].ret, tree.required_kind(place))
    ]
    if not options:
        return tree
    place, child = _pick(options, rng)
    return tree.replaced(place, tree.subtree(child))


OPERATORS: dict[str, tuple[Operator, int]] = {
    "crossover": (crossover, 2),
    "perturb_parameter": (perturb_parameter, 1),
    "redraw_parameter": (redraw_parameter, 1),
    "replace_step": (replace_step, 1),
    "insert_step": (insert_step, 1),
    "shrink": (shrink, 1),
    "wrap": (wrap, 1),
}
"""Operator and number of parents, by name."""


def _change_parameter(
    tree: Tree, catalogue: Catalogue, rng: np.random.Generator, change: Change
) -> Tree:
    free = [
        index
        for index in _steps(tree)
        if any(not d.single() for d in _space_at(tree, index, catalogue).values())
    ]
    if not free:
        return tree
    place = _pick(free, rng)
    step = tree[place]
    values = change(_space_at(tree, place, catalogue), step.values, rng)
    return Tree([*tree[:place], Step(step.primitive, values), *tree[place + 1 :]])


def _above(
    tree: Tree, catalogue: Catalogue, rng: np.random.Generator, *, several_inputs: bool
) -> Tree:
    """Put a new step above a branch, which becomes one of its inputs; others are grown."""
    place = _pick(_steps(tree), rng)
    wanted, given = tree.required_kind(place), tree[place].ret
    options = [
        (primitive, slot)
        for primitive in catalogue.producing(wanted)
        if (len(primitive.inputs) > 1) == several_inputs
        for slot, kind in enumerate(primitive.inputs)
        if issubclass(given, kind)
    ]
    if not options:
        return tree
    primitive, slot = _pick(options, rng)
    nodes: list[Node] = [draw(primitive, rng)]
    for number, kind in enumerate(primitive.inputs):
        nodes.extend(
            tree.subtree(place) if number == slot else _companion(kind, tree, place, catalogue, rng)
        )
    return tree.replaced(place, nodes)


def _companion(
    kind: type[Kind], tree: Tree, place: int, catalogue: Catalogue, rng: np.random.Generator
) -> Tree:
    """Return a short grown branch to join the branch at `place`."""
    fewest = grammar_of(catalogue).fewest(kind) or 0
    grown = grow(kind, catalogue, rng, fewest + int(rng.integers(BRANCH_STEPS)))
    # A model that is stacked on features reads the same features, instead of an encoder of its own.
    if issubclass(kind, Prediction) and not issubclass(tree[place].ret, Prediction):
        bases = [
            index
            for index in _steps(grown)
            if issubclass(tree[place].ret, grown.required_kind(index)) and index > 0
        ]
        if bases:
            return grown.replaced(bases[0], tree.subtree(place))
    return grown


def _accepts(kinds: Sequence[type[Kind]], given: Sequence[type[Kind]]) -> bool:
    return len(kinds) == len(given) and all(
        issubclass(got, kind) for got, kind in zip(given, kinds, strict=True)
    )


def _space_at(tree: Tree, index: int, catalogue: Catalogue) -> Space:
    primitive: Primitive = catalogue[tree[index].name]
    return primitive.fixed_space


def _steps(tree: Tree) -> list[int]:
    return [index for index, node in enumerate(tree) if isinstance(node, Step)]


def _pick(options: Sequence[T], rng: np.random.Generator) -> T:
    return options[int(rng.integers(len(options)))]
