"""The genome: a typed DEAP tree of steps, the grammar it obeys, and how one grows.

A tree is a list of nodes in prefix order, as DEAP has it:
``RandomForestClassifier(StandardScaler(Encoder(X)))`` is ``[RandomForestClassifier, StandardScaler,
Encoder, X]``. A node is a `Step`, a primitive with its parameter values, or the terminal ``X``, the
raw table. Parameters live in the node, so that a tree reads as the data flows and crossover swaps
sub-pipelines. Nothing here changes a tree it was given, and all randomness comes from the Generator
passed in: DEAP's own growth and variation draw from the global ``random`` and iterate over
unordered sets.

This module and `evolver.search.selection` are the only ones that know DEAP.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import chain
from typing import Any, TypeAlias, TypeVar

import numpy as np
from deap import gp

from primitives import Catalogue, Kind, Prediction, Primitive, Table
from primitives import space as spaces
from primitives.space import Value

T = TypeVar("T")

STOP_PROBABILITY = 0.5
"""Chance that growth ends a branch with its shortest form where a longer one would still fit."""


class Step(gp.Primitive):
    """One node: a primitive with its parameter values.

    Two steps are equal when name and values are.
    """

    def __init__(self, primitive: Primitive, values: Mapping[str, Value]) -> None:
        super().__init__(primitive.name, list(primitive.inputs), primitive.output)
        self.primitive = primitive
        self.values = dict(sorted(values.items()))

    def format(self, *args: str) -> str:
        """Render the step as DEAP does, the parameter values behind the inputs."""
        values = [f"{name}={_short(value)}" for name, value in self.values.items()]
        return f"{self.name}({', '.join([*args, *values])})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Step) and (self.name, self.values) == (other.name, other.values)

    def __hash__(self) -> int:
        return hash((self.name, tuple(self.values.items())))

    def __repr__(self) -> str:
        return self.format()


Node: TypeAlias = Step | gp.Terminal

X = gp.Terminal("X", True, Table)
"""The only terminal: the raw table."""


class Tree(gp.PrimitiveTree):
    """A pipeline as a prefix list of nodes. Treat it as immutable: operators return new trees."""

    @property
    def steps(self) -> list[Step]:
        return [node for node in self if isinstance(node, Step)]

    def subtree(self, index: int) -> Tree:
        """Return the branch whose root is at `index`."""
        return Tree(self[self.searchSubtree(index)])

    def replaced(self, index: int, branch: Sequence[Node]) -> Tree:
        """Return a tree with `branch` in place of the branch at `index`."""
        place = self.searchSubtree(index)
        return Tree([*self[: place.start], *branch, *self[place.stop :]])

    def inputs(self, index: int) -> list[int]:
        """Return the indices of the roots of the inputs of the node at `index`."""
        found, at = [], index + 1
        for _ in range(self[index].arity):
            found.append(at)
            at = self.searchSubtree(at).stop
        return found

    def required_kind(self, index: int) -> type[Kind]:
        """Return the kind that is wanted of the node at `index`."""
        if index == 0:
            return Prediction
        for parent in range(index - 1, -1, -1):
            inputs = self.inputs(parent)
            if index in inputs:
                kind: type[Kind] = self[parent].args[inputs.index(index)]
                return kind
        raise IndexError(f"`index` must be below {len(self)}, got {index}.")


class Grammar:
    """What may stand where: DEAP's typed primitive set for a catalogue, and the fewest steps to
    make each kind.

    Parameters
    ----------
    catalogue : Catalogue
        With every space settled, see `Catalogue.select`.
    """

    def __init__(self, catalogue: Catalogue) -> None:
        self._set = gp.PrimitiveSetTyped("pipeline", [Table], Prediction)
        self._catalogue = catalogue
        for primitive in catalogue:
            self._set.addPrimitive(
                primitive.build, list(primitive.inputs), primitive.output, name=primitive.name
            )
        self._fewest: dict[str, int] = {}
        while len(self._fewest) < len(catalogue):
            made = len(self._fewest)
            for primitive in catalogue:
                sizes = [self.fewest(kind) for kind in primitive.inputs]
                if primitive.name not in self._fewest and None not in sizes:
                    self._fewest[primitive.name] = 1 + sum(
                        size for size in sizes if size is not None
                    )
            if len(self._fewest) == made:
                raise ValueError(
                    "Every primitive of a grammar must be reachable from a table, got"
                    f" {catalogue!r}."
                )

    def choices(self, kind: type[Kind], steps: int) -> list[Primitive]:
        """Return what gives `kind` within a number of steps, its inputs included, in the order of
        names."""
        names = sorted(primitive.name for primitive in self._set.primitives[kind])
        return [self._catalogue[name] for name in names if self._fewest[name] <= steps]

    def fewest(self, kind: type[Kind]) -> int | None:
        """Return the fewest steps from the table to `kind`; None where there is no way."""
        if issubclass(Table, kind):
            return 0
        names = [primitive.name for primitive in self._set.primitives[kind]]
        return min((self._fewest[name] for name in names if name in self._fewest), default=None)

    def fewest_of(self, primitive: Primitive) -> int:
        """Return the fewest steps of a branch whose root is `primitive`."""
        return self._fewest[primitive.name]


@lru_cache(maxsize=8)
def grammar_of(catalogue: Catalogue) -> Grammar:
    """Return the grammar of a catalogue, built once."""
    return Grammar(catalogue)


def grow(
    kind: type[Kind],
    catalogue: Catalogue,
    rng: np.random.Generator,
    steps: int,
    root: Primitive | None = None,
) -> Tree:
    """Grow a random branch that gives `kind` with at most `steps` steps.

    Parameters
    ----------
    root : Primitive, optional
        The step to begin with; drawn where it is None.

    Raises
    ------
    ValueError
        When `steps` is too few.
    """
    if issubclass(Table, kind):
        return Tree([X])
    grammar = grammar_of(catalogue)
    if root is None:
        choices = grammar.choices(kind, steps)
        if not choices:
            raise ValueError(
                f"`steps` must be at least {grammar.fewest(kind)} to give {kind.__name__}, got"
                f" {steps}."
            )
        shortest = min(grammar.fewest_of(choice) for choice in choices)
        if rng.random() < STOP_PROBABILITY:
            choices = [choice for choice in choices if grammar.fewest_of(choice) == shortest]
        root = pick(choices, rng, [choice.fixed_weight for choice in choices])
    step = draw(root, rng)
    spare = steps - grammar.fewest_of(root)
    branches: dict[int, Tree] = {}
    # In random order: each may use all that those before it left.
    for place in rng.permutation(len(root.inputs)).tolist():
        wanted = root.inputs[place]
        fewest = grammar.fewest(wanted) or 0
        branches[place] = grow(wanted, catalogue, rng, fewest + spare)
        spare -= len(branches[place].steps) - fewest
    return Tree([step, *chain.from_iterable(branches[place] for place in sorted(branches))])


def pick(
    options: Sequence[T], rng: np.random.Generator, weights: Sequence[float] | None = None
) -> T:
    """Draw one of several options, as often as their weights say; equally often without any."""
    if weights is None or len(set(weights)) == 1:
        return options[int(rng.integers(len(options)))]
    return options[int(rng.choice(len(options), p=np.divide(weights, sum(weights))))]


def draw(primitive: Primitive, rng: np.random.Generator) -> Step:
    """Return a step of a primitive with parameter values drawn from its space."""
    return Step(primitive, spaces.sample(primitive.fixed_space, rng))


def check(tree: Tree, catalogue: Catalogue) -> None:
    """Raise ValueError unless `tree` is a complete pipeline over `catalogue`, with values its
    spaces allow."""
    arity = sum(node.arity for node in tree)
    if not tree or arity != len(tree) - 1:
        raise ValueError(f"A tree must have as many nodes as inputs and one root, got {tree!r}.")
    for index, node in enumerate(tree):
        if not issubclass(node.ret, tree.required_kind(index)):
            required = tree.required_kind(index).__name__
            raise ValueError(f"Node {index} of {tree} must give {required}, got {node}.")
        if isinstance(node, Step) and (
            node.name not in catalogue
            or not spaces.contains(catalogue[node.name].fixed_space, node.values)
        ):
            raise ValueError(
                f"Node {index} of {tree} must be a step of the catalogue within its space, got"
                f" {node}."
            )


def _short(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else repr(value)
