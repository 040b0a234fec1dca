"""Catalogues: immutable sets of primitives, narrowed to a table."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys

import pytest
from optuna.distributions import IntDistribution
from sklearn.tree import DecisionTreeClassifier

from primitives import Catalogue, Features, Prediction, Primitive, Table, default_catalogue
from tests.pipelines import traits


def tree_primitive(name: str = "Tree", **changes: object) -> Primitive:
    fields = {"inputs": (Features,), "output": Prediction, "build": DecisionTreeClassifier}
    return Primitive(name, **{**fields, **changes})  # type: ignore[arg-type]


def test_order_is_that_of_names_whatever_order_they_came_in() -> None:
    one, other = tree_primitive("B"), tree_primitive("A")
    assert [primitive.name for primitive in Catalogue([one, other])] == ["A", "B"]


def test_adding_and_removing_give_new_catalogues() -> None:
    before = default_catalogue()
    after = before.add(tree_primitive()).without("PCA")
    assert "Tree" in after
    assert "PCA" not in after
    assert "Tree" not in before
    assert "PCA" in before
    with pytest.raises(KeyError, match="Nothing"):
        before.without("Nothing")


def test_a_name_stands_once() -> None:
    with pytest.raises(ValueError, match=r"unique.*'Tree'"):
        Catalogue([tree_primitive(), tree_primitive()])


def test_a_catalogue_pickles_without_the_help_of_cloudpickle() -> None:
    again = pickle.loads(pickle.dumps(default_catalogue()))
    assert [one.name for one in again] == [one.name for one in default_catalogue()]


@pytest.mark.parametrize("hash_seed", ["0", "10"])
def test_a_copy_pickles_to_the_same_bytes_whatever_the_seed_of_hashes(hash_seed: str) -> None:
    program = (
        "import copy, joblib; from primitives import default_catalogue; one = default_catalogue();"
        "print(joblib.hash(one) == joblib.hash(copy.deepcopy(one)))"
    )
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == "True\n"


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_selecting_settles_spaces_and_leaves_out_what_does_not_suit(task: str) -> None:
    selected = default_catalogue().select(task, traits(task, rows=5_000, gaps=False))
    assert all(primitive.fixed_space is not None for primitive in selected)
    assert all(task in primitive.tasks for primitive in selected)
    names = {primitive.name for primitive in selected}
    assert not {name for name in names if name.startswith(("GaussianProcess", "GapKeeping"))}


def test_components_stay_below_the_columns() -> None:
    selected = default_catalogue().select(
        "binary", traits("binary", numbers=6, categories=1, dates=0)
    )
    assert selected["TruncatedSVD"].fixed_space["n_components"].high == 6  # type: ignore[attr-defined]


def test_libraries_that_are_not_installed_are_left_out() -> None:
    absent = tree_primitive(library="no_such_library")
    assert "Tree" not in default_catalogue().add(absent).select("binary", traits("binary"))


def test_nothing_for_the_task_is_said_at_once() -> None:
    with pytest.raises(ValueError, match="`search_space` must hold a primitive that predicts"):
        Catalogue([tree_primitive()]).select("binary", traits("binary"))
    with pytest.raises(ValueError, match="`task` must be one of"):
        default_catalogue().select("ranking", traits("binary"))


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"name": "not a name"}, ValueError, "`name`.*identifier"),
        ({"inputs": ()}, TypeError, "`inputs`"),
        ({"output": int}, TypeError, "kinds"),
        (
            {"output": Table, "inputs": (Features,)},
            ValueError,
            "`inputs` of Tree must be one table",
        ),
        ({"build": "Tree"}, TypeError, "`build`.*callable"),
        ({"space": {"a": (1, 2)}}, TypeError, "`space`.*distributions"),
        ({"space": [IntDistribution(1, 2)]}, TypeError, "`space`"),
        ({"tasks": {"ranking"}}, ValueError, "`tasks`"),
        ({"tasks": "binary"}, ValueError, "`tasks`"),
        ({"weight": 0}, ValueError, "`weight` of Tree must be a positive number, got 0"),
        ({"weight": float("inf")}, ValueError, "`weight`"),
        ({"weight": "heavy"}, ValueError, "`weight`"),
    ],
)
def test_a_bad_field_is_named(
    changes: dict[str, object], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        tree_primitive(**changes)  # type: ignore[arg-type]
