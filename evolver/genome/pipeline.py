"""From a tree to an unfitted scikit-learn estimator.

A step with one matrix as input follows its input in a ``Pipeline``; a step that wraps (a union, a
stack, a vote, a changed target) is built around the estimators of its inputs. What the inputs of a
wrapping step have in common is put before it, so that it is fitted once, except where a step fits
its inputs on inner folds: there each must hold all that learns. Seeds come from digests: a branch
gives the same result wherever it stands. A step that may write to what it is given gets copies.
"""

from __future__ import annotations

from typing import Any

import networkx as nx
from sklearn.pipeline import Pipeline, make_pipeline

from evolver.genome.digest import TABLE
from evolver.genome.graph import Graph, inputs_of, step_of, to_graph
from evolver.genome.tree import Tree
from primitives import Prediction
from primitives.cleaning import TableCleaner
from primitives.isolation import Isolated


def to_estimator(tree: Tree) -> Pipeline:
    """Return the unfitted estimator of a tree: a ``Pipeline`` from the raw table to predictions."""
    graph = to_graph(tree)
    return make_pipeline(TableCleaner(), *_chain(graph, TABLE.digest, graph.graph["output"]))


def branch_estimator(graph: Graph, digest: str) -> Any:
    """Return the unfitted estimator of a branch, from the clean table to what the branch gives.

    ``"passthrough"`` where the branch is the table itself.
    """
    return _joined(_chain(graph, TABLE.digest, digest))


def step_estimator(graph: Graph, digest: str, *inputs: Any) -> Any:
    """Return the unfitted estimator of one step; of one that wraps, around those of its inputs.

    One that may write to what it is given gets copies: others are fitted on the same.
    """
    step = _plain(graph, digest, *inputs)
    return step if step_of(graph, digest).primitive.keeps_inputs else Isolated(step)


def _plain(graph: Graph, digest: str, *inputs: Any) -> Any:
    step = step_of(graph, digest)
    values = dict(step.values)
    if step.primitive.seeded:
        values["random_state"] = int(digest[:8], 16) >> 1
    return step.primitive.build(*inputs, **values)


def _chain(graph: Graph, start: str, end: str) -> list[Any]:
    """Return the estimators that lead from the output of `start` to that of `end`, one after
    another."""
    if end == start:
        return []
    inputs = inputs_of(graph, end)
    # Nothing comes after the last step, and nobody else sees what it is given.
    built = _plain if end == graph.graph["output"] else step_estimator
    if not step_of(graph, end).primitive.wraps:
        return [*_chain(graph, start, inputs[0]), built(graph, end)]
    shared = _shared(graph, start, end)
    branches = [_joined(_chain(graph, shared, branch)) for branch in inputs]
    return [*_chain(graph, start, shared), built(graph, end, *branches)]


def _joined(chain: list[Any]) -> Any:
    if not chain:
        return "passthrough"
    return chain[0] if len(chain) == 1 else make_pipeline(*chain)


def _shared(graph: Graph, start: str, end: str) -> str:
    """Return the last matrix that every input of a step is made from: their nearest common
    dominator that is no prediction.

    Nothing is shared with a step that fits on inner folds, wherever in the branches it stands.
    """
    inputs = inputs_of(graph, end)
    if len(inputs) == 1 or _cross_fits(graph, end):
        return start
    above = nx.immediate_dominators(graph, start)
    lines = [_line(above, start, branch) for branch in inputs]
    common = [node for node in lines[0] if all(node in line for line in lines[1:])]
    return next(
        node
        for node in common
        if node == start or not issubclass(step_of(graph, node).ret, Prediction)
    )


def _cross_fits(graph: Graph, end: str) -> bool:
    """Say whether a step, or one that it is made from, fits its inputs on inner folds."""
    steps = {end, *nx.ancestors(graph, end)} - {TABLE.digest}
    return any(step_of(graph, node).primitive.cross_fits for node in steps)


def _line(above: dict[str, str], start: str, node: str) -> list[str]:
    """Return a node and its dominators, nearest first."""
    line = [node]
    while line[-1] != start:
        line.append(above[line[-1]])
    return line
