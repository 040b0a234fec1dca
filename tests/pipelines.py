"""Trees for tests."""

from __future__ import annotations

import numpy as np

from evolver.genome.tree import Tree, draw, grammar_of, grow
from evolver.task import Classification, Regression, Task
from primitives import Catalogue, Features, Prediction, Primitive, Table, Traits, default_catalogue

PLAIN = {"binary": "LogisticRegression", "multiclass": "LogisticRegression", "regression": "Ridge"}


def traits(task: str, **changes: object) -> Traits:
    """Return the traits of `tests.tables.small_table`."""
    known = {"rows": 80, "numbers": 12, "categories": 1, "gaps": True, "target_min": 1.0}
    return Traits(task, **{**known, "smallest_class": 0 if task == "regression" else 12, **changes})


def catalogue(task: str, **changes: object) -> Catalogue:
    return default_catalogue().select(task, traits(task, **changes))


def tree_with(primitive: Primitive, space: Catalogue, task: str, rng: np.random.Generator) -> Tree:
    """Return about the smallest pipeline that holds a primitive, its parameters drawn at random."""
    nodes = [draw(primitive, rng)]
    for kind in primitive.inputs:
        nodes.extend(_shortest(kind, space, task, rng))
    if not issubclass(primitive.output, Prediction):
        top = PLAIN[task] if issubclass(primitive.output, Features) else _reader_of_gaps(task)
        nodes.insert(0, draw(space[top], rng))
    return Tree(nodes)


def _shortest(kind: type, space: Catalogue, task: str, rng: np.random.Generator) -> Tree:
    if issubclass(kind, Table):
        return grow(kind, space, rng, 0)
    root = space[PLAIN[task]] if issubclass(kind, Prediction) else None
    return grow(kind, space, rng, grammar_of(space).fewest(kind) or 0, root)


def _reader_of_gaps(task: str) -> str:
    return "DecisionTreeRegressor" if task == "regression" else "DecisionTreeClassifier"


def task_of(name: str, y: np.ndarray) -> Task:
    """Return the task that primitives know by a name, for a target."""
    return (Regression if name == "regression" else Classification).of(y)
