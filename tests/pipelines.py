"""Trees for tests."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import numpy as np

from evolver.genome.tree import Tree, draw, grammar_of, grow
from evolver.task import Classification, Regression, Task
from primitives import Catalogue, Features, Prediction, Primitive, Table, Traits, default_catalogue
from primitives.base import OF_CLASSES, TASKS
from primitives.encoders import ENCODERS, encoder
from primitives.roles import Role
from primitives.treatments import PASSING_GAPS, TREATMENTS
from tests.tables import LOADERS, small_table

PLAIN = {task: "LogisticRegression" if task in OF_CLASSES else "Ridge" for task in TASKS}


def traits(task: str, **changes: object) -> Traits:
    """Return the traits of `tests.tables.small_table`."""
    known = {"rows": 80, "numbers": 7, "categories": 1, "dates": 1, "gaps": True, "target_min": 1.0}
    if not changes.get("sparse"):
        plain = task if task in LOADERS else "binary"
        known["number_names"] = tuple(small_table(plain)[0].select_dtypes("number"))
    return Traits(task, **{**known, "smallest_class": 12 if task in OF_CLASSES else 0, **changes})


def catalogue(task: str, **changes: object) -> Catalogue:
    return default_catalogue().select(task, traits(task, **changes))


def encoder_with(**treatments: str) -> Primitive:
    """Return the encoder with one treatment of each of these roles, and all of the others."""
    roles = {
        role: known.only(treatments[role]) if role in treatments else known
        for role, known in TREATMENTS.items()
    }
    return replace(encoder("Encoder", Features, roles), keeps_inputs=True)


ONE_HOT = encoder_with(numbers="median", categories="one_hot")
"""An encoder with nothing to choose but parameter values, on a table with categories."""


def catalogue_of_forms() -> Catalogue:
    """Return the default catalogue, with an encoder for each treatment, such as Encoder_texts_read.

    The treatments of other roles are drawn.
    """
    return default_catalogue().without(*(one.name for one in ENCODERS)).add(*_encoders())


def _encoders() -> Iterator[Primitive]:
    for base, roles in zip(ENCODERS, (TREATMENTS, {**TREATMENTS, **PASSING_GAPS}), strict=True):
        for role, known in roles.items():
            for treatment in known.treatments:
                alone = {**roles, role: known.only(treatment.name)}
                one = encoder(f"{base.name}_{role}_{treatment.name}", base.output, alone)
                suits = partial(_suits_with, one, known)
                yield replace(one, suits=suits, weight=1.0, keeps_inputs=True)


def _suits_with(primitive: Primitive, role: Role, table: Traits) -> bool:
    return role.is_in(table) and primitive.suits(table)


def tree_with(primitive: Primitive, space: Catalogue, task: str, rng: np.random.Generator) -> Tree:
    """Return about the smallest pipeline that holds a primitive, its parameters drawn at random."""
    nodes = [draw(primitive, rng)]
    for kind in primitive.inputs:
        nodes.extend(_shortest(kind, space, task, rng))
    if issubclass(primitive.output, Table):
        encoders = [one for one in space if one.encodes and one.output is Features]
        nodes.insert(0, draw(encoders[0], rng))
        primitive = encoders[0]
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
    return "DecisionTreeClassifier" if task in OF_CLASSES else "DecisionTreeRegressor"


def task_of(name: str, y: np.ndarray) -> Task:
    """Return the task that primitives know by a name, for a target."""
    return (Regression if name == "regression" else Classification).of(y)
