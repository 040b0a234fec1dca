"""Genome: a typed tree of steps, the grammar that it obeys, and its random growth.

A pipeline is an expression of nested calls, read from the inside out: ``X`` is the raw table, each
call is a step, and its positional arguments are its inputs. The tree lists the nodes of the
expression in prefix order, as DEAP does: each step, then its first input with all that is inside,
then its second input, and so on. The number of inputs of each step makes the list unambiguous.

    expression    GaussianNB(Union(PCA(Encoder(X)), Encoder(X)), var_smoothing=0.01)
    tree          [GaussianNB, Union, PCA, Encoder, X, Encoder, X]

A node is a `Step` (a primitive with its parameter values) or the terminal ``X``. Parameter values,
the keyword arguments of the expression, are part of the step; usual DEAP programs have a node for
each constant. So every node but ``X`` is a step, and crossover swaps whole sub-pipelines.
`evolver.genome.codec` converts between expressions and trees.

No function changes a tree that it is given. Randomness comes only from the Generator that is passed
in. DEAP's own growth and variation are not used, because they draw from the global ``random`` and
iterate over unordered sets: one seed would give different runs.

Only this module and `evolver.search.selection` import DEAP.
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

CONSTRUCTION_PROBABILITY = 0.15
"""Probability that growth puts a step before an encoder that adds columns to the table."""

STOP_PROBABILITY = 0.5
"""Probability that growth restricts a choice to the primitives with the shortest branches."""


class Step(gp.Primitive):
    """Node of a tree: a primitive with its parameter values.

    Two steps are equal if their names and their values are equal.

    Parameters
    ----------
    primitive : Primitive
    values : mapping
        Parameter values by name.
    """

    def __init__(self, primitive: Primitive, values: Mapping[str, Value]) -> None:
        super().__init__(primitive.name, list(primitive.inputs), primitive.output)
        self.primitive = primitive
        self.values = dict(sorted(values.items()))

    def format(self, *args: str) -> str:
        """Return the step as text, the parameter values after the inputs; called by DEAP."""
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
"""Raw table, the only terminal."""


class Tree(gp.PrimitiveTree):
    """Pipeline as a list of nodes in prefix order; operators return new trees and change none."""

    @property
    def steps(self) -> list[Step]:
        """Steps in prefix order, without the terminals."""
        return [node for node in self if isinstance(node, Step)]

    def subtree(self, index: int) -> Tree:
        """Return the branch whose root is at `index`."""
        return Tree(self[self.searchSubtree(index)])

    def replaced(self, index: int, branch: Sequence[Node]) -> Tree:
        """Return a tree with `branch` in place of the branch whose root is at `index`."""
        place = self.searchSubtree(index)
        return Tree([*self[: place.start], *branch, *self[place.stop :]])

    def inputs(self, index: int) -> list[int]:
        """Return the indices of the roots of the inputs of the node at `index`."""
        roots, root = [], index + 1
        for _ in range(self[index].arity):
            roots.append(root)
            root = self.searchSubtree(root).stop
        return roots

    def required_kind(self, index: int) -> type[Kind]:
        """Return the kind that the parent of the node at `index` takes there.

        Raises
        ------
        IndexError
            If there is no such node.
        """
        if index == 0:
            return Prediction
        for parent in range(index - 1, -1, -1):
            inputs = self.inputs(parent)
            if index in inputs:
                kind: type[Kind] = self[parent].args[inputs.index(index)]
                return kind
        raise IndexError(f"`index` must be below {len(self)}, got {index}.")


class Grammar:
    """Rules of valid trees over a catalogue, as DEAP's typed primitive set.

    It also knows the smallest number of steps from the table to each primitive and kind.

    Parameters
    ----------
    catalogue : Catalogue
        Primitives with fixed spaces, see `Catalogue.select`.

    Raises
    ------
    ValueError
        If no tree can contain some primitive.
    """

    def __init__(self, catalogue: Catalogue) -> None:
        self._set = gp.PrimitiveSetTyped("pipeline", [Table], Prediction)
        self._catalogue = catalogue
        for primitive in catalogue:
            self._set.addPrimitive(
                primitive.build, list(primitive.inputs), primitive.output, name=primitive.name
            )
        # Repeated until nothing changes: a primitive can be counted once its inputs are.
        self._fewest: dict[tuple[str, type[Kind]], int] = {}
        while len(self._fewest) < len(catalogue):
            n_known = len(self._fewest)
            for primitive in catalogue:
                sizes = [self.fewest(kind) for kind in primitive.inputs]
                if _key(primitive) not in self._fewest and None not in sizes:
                    self._fewest[_key(primitive)] = 1 + sum(
                        size for size in sizes if size is not None
                    )
            if len(self._fewest) == n_known:
                raise ValueError(
                    "Every primitive of a grammar must be reachable from a table, got"
                    f" {catalogue!r}."
                )

    def choices(self, kind: type[Kind], steps: int) -> list[Primitive]:
        """Return the primitives that can give `kind` with at most `steps` steps, inputs included.

        Returns
        -------
        list of Primitive
            Sorted by name, so that draws from it are reproducible.
        """
        primitives = sorted(self._giving(kind), key=lambda primitive: primitive.name)
        return [primitive for primitive in primitives if self.fewest_of(primitive) <= steps]

    def fewest(self, kind: type[Kind]) -> int | None:
        """Return the smallest number of steps from the table to `kind`; None if there is no way."""
        if issubclass(Table, kind):
            return 0
        keys = map(_key, self._giving(kind))
        return min((self._fewest[key] for key in keys if key in self._fewest), default=None)

    def fewest_of(self, primitive: Primitive) -> int:
        """Return the smallest number of steps of a branch whose root is `primitive`."""
        return self._fewest[_key(primitive)]

    def _giving(self, kind: type[Kind]) -> list[Primitive]:
        """Return the primitives that give a kind."""
        return [self._catalogue.giving(one.name, kind) for one in self._set.primitives[kind]]


def _key(primitive: Primitive) -> tuple[str, type[Kind]]:
    """Return what tells a primitive from all others: a template has one name at several places."""
    return primitive.name, primitive.output


@lru_cache(maxsize=8)
def grammar_of(catalogue: Catalogue) -> Grammar:
    """Return the grammar of a catalogue; it is built once and cached."""
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
    kind : type of Kind
        Kind of the output.
    catalogue : Catalogue
        Primitives with fixed spaces.
    rng : Generator
        Source of all randomness.
    steps : int
        Largest number of steps.
    root : Primitive, optional
        Primitive of the root. By default it is drawn.

    Raises
    ------
    ValueError
        If `steps` is too small for any branch.
    """
    grammar = grammar_of(catalogue)
    if issubclass(Table, kind) and root is None:
        constructors = grammar.choices(kind, steps)
        if not constructors or rng.random() >= CONSTRUCTION_PROBABILITY:
            return Tree([X])
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
    # Each input may use all steps that the inputs before it left. The order is random, so that no
    # input is favoured.
    for place in rng.permutation(len(root.inputs)).tolist():
        input_kind = root.inputs[place]
        fewest = grammar.fewest(input_kind) or 0
        branches[place] = grow(input_kind, catalogue, rng, fewest + spare)
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
    """Check that a tree is a complete pipeline over a catalogue.

    Raises
    ------
    ValueError
        If nodes are missing or left over, if a node gives another kind than its parent takes, or
        if the catalogue lacks a step or its space excludes a parameter value.
    """
    arity = sum(node.arity for node in tree)
    if not tree or arity != len(tree) - 1:
        raise ValueError(f"A tree must have as many nodes as inputs and one root, got {tree!r}.")
    for index, node in enumerate(tree):
        if not issubclass(node.ret, tree.required_kind(index)):
            required = tree.required_kind(index).__name__
            given = node if isinstance(node, Step) else node.name
            raise ValueError(f"Node {index} of {tree} must give {required}, got {given}.")
        if isinstance(node, Step) and (
            node.name not in catalogue
            or not spaces.contains(catalogue[node.name].fixed_space, node.values)
        ):
            raise ValueError(
                f"Node {index} of {tree} must be a step of the catalogue within its space, got"
                f" {node}."
            )


def _short(value: Any) -> str:
    """Return a parameter value as text, numbers with three significant digits."""
    return f"{value:.3g}" if isinstance(value, float) else repr(value)
