"""A pipeline as a directed acyclic graph, equal branches merged: its measure of complexity, its
picture, its plan.

Nodes are digests, edges run as the data does, and every node but the table carries ``step`` and
``inputs`` (digests in the order in which the step takes them).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

import networkx as nx

from evolver.genome.digest import TABLE, Branch, canonical
from evolver.genome.tree import Step, Tree

Graph: TypeAlias = nx.DiGraph


def to_graph(tree: Tree) -> Graph:
    """Return the graph of a tree; its graph attribute ``output`` is the digest of the whole."""
    branch = canonical(tree)
    graph = nx.DiGraph(output=branch.digest)
    graph.add_node(TABLE.digest)
    _add(graph, branch)
    return graph


def operators(graph: Graph) -> int:
    """Count the steps of a pipeline, a branch used twice counted once."""
    return len(graph) - 1


def operators_of(trees: Iterable[Tree]) -> int:
    """Count the steps of pipelines together, a branch that several have counted once."""
    return operators(nx.compose_all([to_graph(tree) for tree in trees]))


def step_of(graph: Graph, digest: str) -> Step:
    step: Step = graph.nodes[digest]["step"]
    return step


def inputs_of(graph: Graph, digest: str) -> list[str]:
    inputs: list[str] = graph.nodes[digest]["inputs"]
    return inputs


def _add(graph: Graph, branch: Branch) -> None:
    if branch.digest in graph:
        return
    graph.add_node(branch.digest, step=branch.step, inputs=[part.digest for part in branch.inputs])
    for part in branch.inputs:
        _add(graph, part)
        graph.add_edge(part.digest, branch.digest)
