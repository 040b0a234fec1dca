"""Tasks hold everything that depends on the kind of target."""

from __future__ import annotations

import re

import numpy as np
import pytest
from sklearn.metrics import get_scorer_names
from sklearn.pipeline import make_pipeline
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor
from sklearn.utils.validation import check_is_fitted

from evolver.task import TASKS, Classification, Regression, Task
from primitives.base import OF_NUMBERS
from primitives.base import TASKS as NAMES
from primitives.several_targets import MultilabelClassifier
from tests.test_house import modules

TARGETS = {
    "binary": np.array(["no", "yes"] * 10),
    "multiclass": np.arange(20) % 3,
    "multilabel": np.column_stack([np.arange(20) % 2, np.arange(20) % 5 == 0]).astype(int),
    "multioutput": np.column_stack([np.linspace(-1.0, 1.0, 20), np.arange(20.0)]),
    "regression": np.linspace(-1.0, 1.0, 20),
}
X = np.arange(40.0).reshape(20, 2)


def task_of(name: str) -> Task:
    return (Regression if name in OF_NUMBERS else Classification).of(TARGETS[name])


def test_every_task_of_the_primitives_has_a_class() -> None:
    assert {task_of(name).name for name in TARGETS} == set(NAMES)
    assert set(TASKS) == {"classification", "regression"}


def test_few_modules_name_a_kind_of_target() -> None:
    named = {
        name
        for name, file in modules().items()
        if name.startswith("evolver.")
        and re.search(r"\"(regression|classification|binary|multiclass)\"", file.read_text("utf-8"))
    }
    assert named <= {
        "evolver.task",
        "evolver.cli.searching",
        "evolver.command",
        "evolver.checks.models",  # for whom a pattern of models is meant
        "evolver.checks.target",
        "evolver.estimators.evolved",
        "evolver.evaluation.blends",
        "evolver.evaluation.label_scores",  # thresholds are of two classes
        "evolver.deploy.onnx_trees",  # its trees are sums or votes
    }


@pytest.mark.parametrize("name", sorted(TARGETS))
def test_a_task_has_a_scorer_and_the_shape_of_its_predictions(name: str) -> None:
    task = task_of(name)
    assert task.default_scoring in get_scorer_names()
    model = task.constant().fit(X, TARGETS[name])
    predict = model.predict if task.model_classes is None else model.predict_proba
    assert predict(X).shape[1:] == task.output_shape


@pytest.mark.parametrize("grouped", [False, True])
@pytest.mark.parametrize("name", sorted(TARGETS))
def test_the_splitter_depends_on_the_seed_and_keeps_groups_together(
    name: str, grouped: bool
) -> None:
    y, groups = TARGETS[name], np.arange(20) // 2
    one, same, other = (
        list(task_of(name).splitter(3, grouped=grouped, seed=seed).split(X, y, groups))
        for seed in (0, 0, 1)
    )
    assert len(one) == 3
    assert all(np.array_equal(a, b) for (_, a), (_, b) in zip(one, same, strict=True))
    assert any(not np.array_equal(a, b) for (_, a), (_, b) in zip(one, other, strict=True))
    if grouped:
        assert all(not {*groups[train]} & {*groups[valid]} for train, valid in one)


@pytest.mark.parametrize("name", sorted(TARGETS))
def test_averaged_and_repeated_estimators_predict_the_averages_of_their_members(name: str) -> None:
    task, y = task_of(name), TARGETS[name]
    tree = DecisionTreeRegressor if name in OF_NUMBERS else DecisionTreeClassifier
    models = [tree(max_depth=depth) for depth in (1, 2)]
    if name == "multilabel":
        models = [MultilabelClassifier(model) for model in models]
    fits = [make_pipeline(model).fit(X, y) for model in models]
    method = "predict" if name in OF_NUMBERS else "predict_proba"
    answers = [getattr(one, method)(X) for one in fits]
    averaged, repeated = task.averaged(fits, [3.0, 1.0]), task.repeated(fits)
    check_is_fitted(averaged)
    expected = np.average(answers, axis=0, weights=[3.0, 1.0])
    np.testing.assert_allclose(getattr(averaged, method)(X), expected)
    np.testing.assert_allclose(getattr(repeated, method)(X), np.mean(answers, axis=0))
    if task.classes is not None:
        assert set(averaged.predict(X)) <= set(task.classes)


def test_the_traits_of_a_target_are_those_of_the_training_parts() -> None:
    folds = [(np.arange(10), np.arange(10, 20)), (np.arange(6, 20), np.arange(6))]
    assert task_of("regression").target_traits(TARGETS["regression"], folds) == {"target_min": -1.0}
    assert task_of("binary").target_traits(TARGETS["binary"], folds) == {
        "classes": 2,
        "rarity": 1.0,
        "smallest_class": 5,
        "numeral_classes": False,
    }
    numerals = np.array(["1", "2"] * 10)
    assert Classification.of(numerals).target_traits(numerals, folds)["numeral_classes"]
    late = np.array([0] * 12 + [1] * 8)
    traits = Classification.of(late).target_traits(late, folds)
    assert traits["smallest_class"] == 0
    assert traits["rarity"] == 0.8  # 8 of 20 rows instead of 10
