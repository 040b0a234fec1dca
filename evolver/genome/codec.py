"""Trees as plain data, for jobs, files and the journal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from evolver.genome.tree import Step, Tree, X, check
from primitives import Catalogue
from primitives.space import Value

Encoded = Sequence[tuple[str, Mapping[str, Value]] | None]
"""Nodes in prefix order: name and parameter values of a step, None for the table."""


def encode(tree: Tree) -> Encoded:
    """Return a tree as data that JSON can hold."""
    return [(node.name, node.values) if isinstance(node, Step) else None for node in tree]


def decode(encoded: Encoded, catalogue: Catalogue) -> Tree:
    """Return the tree that `encode` was given.

    Raises
    ------
    ValueError
        When it is no valid tree over `catalogue`.
    """
    unknown = sorted(
        {node[0] for node in encoded if node is not None}
        - {primitive.name for primitive in catalogue}
    )
    if unknown:
        raise ValueError(
            f"A tree must be made of primitives of the catalogue, got {', '.join(unknown)}."
        )
    tree = Tree([X if node is None else Step(catalogue[node[0]], node[1]) for node in encoded])
    check(tree, catalogue)
    return tree
