"""Graph of a pipeline: directed and acyclic, with equal branches merged.

It gives the complexity of the pipeline, its picture, and the order in which its estimator is built.
Nodes are digests of branches. Edges point as the data flows. Every node but the table has two
attributes: ``step``, and ``inputs`` with the digests of its inputs in the order of the step.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

import networkx as nx

from evolver.genome.digest import TABLE, Branch, canonical
from evolver.genome.tree import Step, Tree

Graph: TypeAlias = nx.DiGraph


def to_graph(tree: Tree) -> Graph:
    """Return the graph of a tree; its attribute ``output`` is the digest of the whole pipeline."""
    branch = canonical(tree)
    graph = nx.DiGraph(output=branch.digest)
    graph.add_node(TABLE.digest)
    _add(graph, branch)
    return graph


def operators(graph: Graph) -> int:
    """Count the steps of a pipeline; a branch that is used twice counts once."""
    return len(graph) - 1


def operators_of(trees: Iterable[Tree]) -> int:
    """Count the steps of several pipelines; a branch that several of them have counts once."""
    return operators(nx.compose_all([to_graph(tree) for tree in trees]))


def step_of(graph: Graph, digest: str) -> Step:
    """Return the step at a node, which is not the table."""
    step: Step = graph.nodes[digest]["step"]
    return step


def inputs_of(graph: Graph, digest: str) -> list[str]:
    """Return the digests of the inputs of a node, in the order of its step."""
    inputs: list[str] = graph.nodes[digest]["inputs"]
    return inputs


def _add(graph: Graph, branch: Branch) -> None:
    """Add a branch to a graph unless it is there."""
    if branch.digest in graph:
        return
    graph.add_node(branch.digest, step=branch.step, inputs=[part.digest for part in branch.inputs])
    for part in branch.inputs:
        _add(graph, part)
        graph.add_edge(part.digest, branch.digest)
