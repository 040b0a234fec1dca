"""Trees as plain data for jobs and files, and as text for people.

`encode` turns a tree into plain data, and `decode` turns plain data into a tree. `render` turns a
tree into an expression such as ``GaussianNB(PCA(Encoder(X)), var_smoothing=0.1)``, and `parse`
turns an expression into plain data.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence

from evolver.genome.tree import Node, Step, Tree, X, check
from primitives import Catalogue, Kind, Prediction
from primitives.space import Value

Encoded = Sequence[tuple[str, Mapping[str, Value]] | None]
"""Nodes of a tree in prefix order: name and parameter values of a step, or None for the table."""


def encode(tree: Tree) -> Encoded:
    """Return a tree as plain data that JSON can hold."""
    return [(node.name, node.values) if isinstance(node, Step) else None for node in tree]


def decode(encoded: Encoded, catalogue: Catalogue) -> Tree:
    """Return the tree that `encode` has encoded.

    Raises
    ------
    ValueError
        If it is no valid tree over `catalogue`.
    """
    unknown = sorted(
        {node[0] for node in encoded if node is not None}
        - {primitive.name for primitive in catalogue}
    )
    if unknown:
        raise ValueError(
            f"A tree must be made of primitives of the catalogue, got {', '.join(unknown)}."
        )
    tree = Tree(_placed(encoded, catalogue))
    check(tree, catalogue)
    return tree


def _placed(encoded: Encoded, catalogue: Catalogue) -> Iterator[Node]:
    """Yield the nodes of a tree, each with the primitive for the kind that is needed at its place.

    The list may have too many nodes; `check` finds that.
    """
    needed: list[type[Kind]] = [Prediction]
    for node in encoded:
        kind = needed.pop() if needed else Prediction
        if node is None:
            yield X
            continue
        primitive = catalogue.giving(node[0], kind)
        needed.extend(reversed(primitive.inputs))
        yield Step(primitive, node[1])


def render(tree: Tree) -> str:
    """Return a tree as an expression with every parameter value in full, which `parse` reads."""
    return _rendered(tree, 0)


def parse(text: str) -> Encoded:
    """Return the plain data of the tree that an expression describes.

    Names, kinds and values are not checked here; `decode` does that.

    Parameters
    ----------
    text : str
        Nested calls: the name of a step, its inputs as positional arguments and its parameter
        values as keyword arguments. ``X`` is the table.

    Raises
    ------
    ValueError
        If the text contains anything else.
    """
    try:
        return list(_parsed(ast.parse(text.strip(), mode="eval").body))
    except (SyntaxError, ValueError) as error:
        raise ValueError(
            f"A pipeline must be an expression like A(B(X), c=1), got {text!r}: {error}"
        ) from None


def _rendered(tree: Tree, index: int) -> str:
    """Return the branch whose root is at `index` as an expression."""
    node = tree[index]
    if not isinstance(node, Step):
        return "X"
    inputs = [_rendered(tree, child) for child in tree.inputs(index)]
    values = [f"{name}={value!r}" for name, value in node.values.items()]
    return f"{node.name}({', '.join([*inputs, *values])})"


def _parsed(node: ast.expr) -> Iterator[tuple[str, Mapping[str, Value]] | None]:
    """Yield the nodes of an expression in prefix order."""
    if isinstance(node, ast.Name) and node.id == "X":
        yield None
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        yield (
            node.func.id,
            {str(keyword.arg): ast.literal_eval(keyword.value) for keyword in node.keywords},
        )
        for branch in node.args:
            yield from _parsed(branch)
    else:
        raise ValueError(f"{ast.unparse(node)} is neither a step nor X")
