"""Variation: operators that make a tree from one or two others.

An operator is ``(parents, catalogue, rng) -> Tree``. It never changes a parent and always returns a
valid tree with one change. Where none is possible, it returns the first parent. It does not limit
the size of the tree.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from evolver.genome.tree import Node, Step, Tree, draw, grammar_of, grow, pick
from primitives import Catalogue, Kind, Prediction, Primitive, Table
from primitives import space as spaces
from primitives.base import Space
from primitives.space import Value

Operator = Callable[[Sequence[Tree], Catalogue, np.random.Generator], Tree]
"""Function from parents, catalogue and Generator to a child."""

Change = Callable[[Space, Mapping[str, Value], np.random.Generator], dict[str, Value]]
"""Function from a space, its values and a Generator to values with one change."""

BRANCH_STEPS = 2
"""Number of sizes, from the fewest steps up, of a branch that is grown to join another."""


def crossover(parents: Sequence[Tree], catalogue: Catalogue, rng: np.random.Generator) -> Tree:
    """Replace a branch of the first parent by a branch of the second of a suitable kind."""
    first, second = parents
    place = pick(_steps(first), rng)
    wanted = first.required_kind(place)
    donors = [index for index in _steps(second) if issubclass(second[index].ret, wanted)]
    return first.replaced(place, second.subtree(pick(donors, rng))) if donors else first


def redraw_parameter(
    parents: Sequence[Tree], catalogue: Catalogue, rng: np.random.Generator
) -> Tree:
    """Draw one parameter of one step anew, but none that is a choice: these are the structure."""
    return _change_parameter(parents[0], catalogue, rng, spaces.redraw)


def perturb_parameter(
    parents: Sequence[Tree], catalogue: Catalogue, rng: np.random.Generator
) -> Tree:
    """Move one parameter of one step a little."""
    return _change_parameter(parents[0], catalogue, rng, spaces.perturb)


def replace_step(parents: Sequence[Tree], catalogue: Catalogue, rng: np.random.Generator) -> Tree:
    """Put another primitive, or the same one with other choices, in place of a step."""
    tree = parents[0]
    place = pick(_steps(tree), rng)
    wanted, given = tree.required_kind(place), [tree[index].ret for index in tree.inputs(place)]
    step = tree[place]
    weights = {
        primitive: primitive.fixed_weight * _share_of_others(primitive, step)
        for primitive in catalogue.producing(wanted)
        if _accepts(primitive.inputs, given)
    }
    others = [primitive for primitive, weight in weights.items() if weight > 0]
    if not others:
        return tree
    primitive = pick(others, rng, [weights[other] for other in others])
    if primitive.name == step.name:
        values = spaces.sample_others(primitive.fixed_space, step.values, rng)
        replacement = Step(primitive, values)
    else:
        replacement = draw(primitive, rng)
    return Tree([*tree[:place], replacement, *tree[place + 1 :]])


def insert_step(parents: Sequence[Tree], catalogue: Catalogue, rng: np.random.Generator) -> Tree:
    """Insert a step with one input above another step, or above the table."""
    return _above(parents[0], catalogue, rng, several_inputs=False)


def wrap(parents: Sequence[Tree], catalogue: Catalogue, rng: np.random.Generator) -> Tree:
    """Join a branch with a grown one, in a step with several inputs such as a union or a vote."""
    return _above(parents[0], catalogue, rng, several_inputs=True)


def shrink(parents: Sequence[Tree], catalogue: Catalogue, rng: np.random.Generator) -> Tree:
    """Replace a step by one of its inputs."""
    tree = parents[0]
    options = shrinkable(tree)
    if not options:
        return tree
    place, child = pick(options, rng)
    return tree.replaced(place, tree.subtree(child))


def shrinkable(tree: Tree) -> list[tuple[int, int]]:
    """Return the indices of the steps that one of their inputs can replace, and of the input."""
    return [
        (place, child)
        for place in _steps(tree)
        for child in tree.inputs(place)
        if issubclass(tree[child].ret, tree.required_kind(place))
    ]


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
        if any(not one.single() for one in _values_at(tree, index, catalogue).values())
    ]
    if not free:
        return tree
    place = pick(free, rng)
    step = tree[place]
    space = _values_at(tree, place, catalogue)
    values = change(space, {name: step.values[name] for name in space}, rng)
    return Tree(
        [*tree[:place], Step(step.primitive, {**step.values, **values}), *tree[place + 1 :]]
    )


def _above(
    tree: Tree, catalogue: Catalogue, rng: np.random.Generator, *, several_inputs: bool
) -> Tree:
    """Put a new step above a branch, which becomes one of its inputs; others are grown."""
    adds_columns = not several_inputs and bool(catalogue.producing(Table))
    place = pick(list(range(len(tree))) if adds_columns else _steps(tree), rng)
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
    primitive, slot = pick(options, rng, [primitive.fixed_weight for primitive, _ in options])
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


def _values_at(tree: Tree, index: int, catalogue: Catalogue) -> Space:
    """Return the space of the values of a step beside its choices."""
    return spaces.settled(catalogue[tree[index].name].fixed_space, tree[index].values)


def _share_of_others(primitive: Primitive, step: Step) -> float:
    """Return the share of a primitive's combinations of choices that a step does not have."""
    if primitive.name != step.name:
        return 1.0
    return 1.0 - 1.0 / spaces.combinations(primitive.fixed_space)


def _steps(tree: Tree) -> list[int]:
    return [index for index, node in enumerate(tree) if isinstance(node, Step)]
