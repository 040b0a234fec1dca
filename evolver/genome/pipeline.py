"""Conversion of a tree to an unfitted scikit-learn estimator.

- A step with one matrix as input follows its input in a ``Pipeline``.
- A step that wraps (a union, a stack, a vote, a changed target) is built around the estimators of
  its inputs.
- Steps that all inputs of a wrapping step share come before it, so that they are fitted once.
  Exception: a step that fits its inputs on inner folds. There each input must contain every step
  that learns from data, or the inner validation rows would leak into its training.
- The seed of a step comes from its digest: a branch gives the same result in every pipeline.
- A step that may write to its input gets a copy.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import networkx as nx
from sklearn.pipeline import Pipeline, make_pipeline

from evolver.genome.digest import TABLE
from evolver.genome.graph import Graph, inputs_of, step_of, to_graph
from evolver.genome.tree import Tree
from primitives import Prediction
from primitives.cleaning import TableCleaner
from primitives.isolation import Isolated
from primitives.reading import Column
from primitives.sparse import SparseTable


def to_estimator(tree: Tree, columns: Mapping[str, Column] | None = None) -> Pipeline:
    """Return the unfitted ``Pipeline`` of a tree, from the raw table to predictions.

    Parameters
    ----------
    tree : Tree
    columns : mapping of str to Column, optional
        The way in which columns are read, by name; None: by their types.
    """
    graph = to_graph(tree)
    return make_pipeline(cleaner_of(columns), *_chain(graph, TABLE.digest, graph.graph["output"]))


def cleaner_of(columns: Mapping[str, Column] | None) -> Any:
    """Return the unfitted first step of a pipeline, by the way in which columns are read."""
    if columns is not None and any(column.kind == "sparse" for column in columns.values()):
        return SparseTable()
    return TableCleaner(None if columns is None else dict(columns))


def branch_estimator(graph: Graph, digest: str) -> Any:
    """Return the unfitted estimator of a branch, from the cleaned table to the branch's output.

    For the table itself this is ``"passthrough"``.
    """
    return _joined(_chain(graph, TABLE.digest, digest))


def step_estimator(graph: Graph, digest: str, *inputs: Any) -> Any:
    """Return the unfitted estimator of one step.

    Parameters
    ----------
    graph : Graph
    digest : str
        Node of the step.
    *inputs : estimator
        Estimators of its inputs, for a step that wraps.
    """
    # Other steps are fitted on the same input, so a step that may write to it gets a copy.
    step = _plain(graph, digest, *inputs)
    return step if step_of(graph, digest).primitive.keeps_inputs else Isolated(step)


def _plain(graph: Graph, digest: str, *inputs: Any) -> Any:
    """Return the unfitted estimator of one step, which may write to its input."""
    step = step_of(graph, digest)
    values = dict(step.values)
    if step.primitive.seeded:
        values["random_state"] = int(digest[:8], 16) >> 1  # 31 bits: some libraries take a C int
    return step.primitive.build(*inputs, **values)


def _chain(graph: Graph, start: str, end: str) -> list[Any]:
    """Return the estimators in sequence that lead from the output of `start` to that of `end`."""
    if end == start:
        return []
    inputs = inputs_of(graph, end)
    # No other step gets the input of the last one, so that it needs no copy.
    built = _plain if end == graph.graph["output"] else step_estimator
    if not step_of(graph, end).primitive.wraps:
        return [*_chain(graph, start, inputs[0]), built(graph, end)]
    shared = _last_shared(graph, start, end)
    branches = [_joined(_chain(graph, shared, branch)) for branch in inputs]
    return [*_chain(graph, start, shared), built(graph, end, *branches)]


def _joined(chain: list[Any]) -> Any:
    """Return estimators in sequence as one estimator."""
    if not chain:
        return "passthrough"
    return chain[0] if len(chain) == 1 else make_pipeline(*chain)


def _last_shared(graph: Graph, start: str, end: str) -> str:
    """Return the last node that all inputs of `end` are computed from, `start` if there is none.

    It is the nearest common dominator of the inputs that gives no prediction. A node dominates
    another one if every path from `start` to the other one leads through it.
    """
    inputs = inputs_of(graph, end)
    # A step that fits on inner folds shares nothing, wherever it is in the branches.
    if len(inputs) == 1 or _cross_fits(graph, end):
        return start
    nearest = nx.immediate_dominators(graph, start)
    first, *others = [_dominators(nearest, start, branch) for branch in inputs]
    common = [node for node in first if all(node in other for other in others)]
    # A step that predicts cannot come before others in a ``Pipeline``, as it does not transform.
    return next(
        node
        for node in common
        if node == start or not issubclass(step_of(graph, node).ret, Prediction)
    )


def _cross_fits(graph: Graph, end: str) -> bool:
    """Return True if a step, or any step before it, fits its inputs on inner folds."""
    steps = {end, *nx.ancestors(graph, end)} - {TABLE.digest}
    return any(step_of(graph, node).primitive.cross_fits for node in steps)


def _dominators(nearest: dict[str, str], start: str, node: str) -> list[str]:
    """Return a node and its dominators from the nearest to `start`."""
    found = [node]
    while found[-1] != start:
        found.append(nearest[found[-1]])
    return found
