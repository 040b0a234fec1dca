"""No fit splits rows at random if they belong to groups or have an order in time."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import BaseCrossValidator, BaseShuffleSplit, TimeSeriesSplit

from evolver import EvolvedClassifier, Settings
from evolver.checks.space import selected_catalogue
from evolver.evaluation.folds import make_folds
from evolver.genome.pipeline import to_estimator
from evolver.problem import Problem
from evolver.schema import learn
from primitives import Catalogue
from tests.evaluation.test_fold import problem
from tests.pipelines import catalogue_of_forms, task_of, tree_with
from tests.tables import small_table, with_many_values, with_text

TASKS = ("binary", "multiclass", "regression")
BOOSTING = ("HistGradientBoosting", "LGBM", "XGB", "CatBoost")


def splitters(kind: type) -> Iterator[type]:
    yield kind
    for other in kind.__subclasses__():
        yield from splitters(other)


@pytest.fixture
def splits(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Record the name of a splitter each time that it splits."""
    seen: list[str] = []
    kinds = {*splitters(BaseCrossValidator), *splitters(BaseShuffleSplit)}
    for kind in kinds:
        if "split" in vars(kind):
            original = vars(kind)["split"]

            def noted(self: Any, *args: Any, original: Any = original, **named: Any) -> Any:
                seen.append(type(self).__name__)
                return original(self, *args, **named)

            monkeypatch.setattr(kind, "split", noted)
    return seen


def tables(task: str) -> list[pd.DataFrame]:
    """Return tables that suit different encoders."""
    X, _ = small_table(task)
    every = with_many_values(with_text(X))
    kinds = [X, with_text(X), every, every.drop(columns="category"), with_text(X)[["text"]]]
    return [learn(one).read(one)[0] for one in kinds]


def in_time(task: str, X: pd.DataFrame) -> Problem:
    """Return a problem whose folds follow an order in time."""
    y = small_table(task)[1]
    rng = np.random.default_rng(0)
    cv = TimeSeriesSplit(2)
    folds = make_folds(X, y, cv, task_of(task, y), groups=None, rng=rng)
    return problem(task, X=X, y=y, folds=folds)


def spaces(task: str, X: pd.DataFrame) -> dict[str, Catalogue]:
    forms = catalogue_of_forms()
    return {
        "groups": selected_catalogue(forms, problem(task, X=X), grouped=True),
        "time": selected_catalogue(forms, in_time(task, X), grouped=False),
        "random": selected_catalogue(forms, problem(task, X=X), grouped=False),
    }


@pytest.mark.parametrize(
    "task", ["binary", pytest.param("multiclass", marks=pytest.mark.slow), "regression"]
)
def test_no_primitive_splits_where_rows_belong_together(task: str, splits: list[str]) -> None:
    y = small_table(task)[1]
    checked: set[str] = set()
    splitting = set()
    for X in tables(task):
        space = spaces(task, X)["groups"]
        for primitive in space:
            if primitive.name in checked:
                continue
            checked.add(primitive.name)
            splits.clear()
            pipeline = to_estimator(tree_with(primitive, space, task, np.random.default_rng(0)))
            with warnings.catch_warnings(), np.errstate(all="ignore"):
                warnings.simplefilter("ignore")
                pipeline.fit(X, y).predict(X)
            if splits:
                splitting.add(primitive.name)
    assert len(checked) > 50
    assert splitting == set()


@pytest.mark.parametrize("task", TASKS)
def test_boosting_and_texts_are_there_all_the_same(task: str) -> None:
    kind = "Regressor" if task == "regression" else "Classifier"
    for X in tables(task):
        found = spaces(task, X)
        assert [one.name for one in found["groups"]] == [one.name for one in found["time"]]
        names = {one.name for one in found["groups"]}
        assert {f"{name}{kind}" for name in BOOSTING} <= names
        assert ("Encoder_texts_topics" in names) == ("text" in X)
        assert ("Encoder_texts_read" in {one.name for one in found["random"]}) == ("text" in X)
        gone = {one.name for one in found["random"]} - names
        assert all(
            name in ("Stack", "SVC", "LinearSVC", "CrossedTargets", "SubsetTargets")
            or name.endswith(("_target", "_read"))
            for name in gone
        )


@pytest.mark.parametrize("task", TASKS)
def test_perceptrons_hold_nothing_out(task: str) -> None:
    name = "MLPRegressor" if task == "regression" else "MLPClassifier"
    X, y = small_table(task, 150)
    folds = [(np.arange(120), np.arange(120, 150)), (np.arange(30, 150), np.arange(30))]
    on = problem(task, X=X, y=y, folds=folds)
    for grouped, choices in ((False, (False, True)), (True, (False,))):
        space = selected_catalogue(None, on, grouped=grouped)
        assert space[name].fixed_space["early_stopping"].choices == choices


@pytest.mark.parametrize("grouped", [False, True])
def test_a_split_of_ones_own_that_looks_ahead_is_no_order_in_time(grouped: bool) -> None:
    """An order in time means that each fold validates on later rows than it is fitted on."""
    on = problem("binary")
    rows = np.arange(len(on.y))
    ahead = [(rows[:60], rows[60:90]), (rows[:90], rows[90:])]
    both_ways = [(rows[:60], rows[60:]), (rows[60:], rows[:60])]
    for folds, splits_inside in ((ahead, False), (both_ways, not grouped)):
        space = selected_catalogue(None, problem("binary", folds=folds), grouped=grouped)
        assert ("Stack" in space) == splits_inside
        treatments = space["Encoder"].fixed_space["categories"].choices
        assert ("target" in treatments) == splits_inside


def test_a_run_with_groups_splits_its_rows_into_folds_alone(splits: list[str]) -> None:
    """The run includes the portfolio, the final fits and the ensemble."""
    X, y = small_table("binary")
    model = EvolvedClassifier(
        time_budget=None,
        max_evaluations=26,
        cv=3,
        population_size=18,
        n_jobs=1,
        random_state=0,
        verbose=0,
        settings=Settings(in_process=True),
    ).fit(with_text(X), y, groups=np.arange(len(y)) // 3)
    assert set(splits) == {"StratifiedGroupKFold"}
    found = model.leaderboard_
    assert (found["outcome"] == "scored").sum() > 4
    assert found["expression"].str.contains("Boosting|LGBM|XGB|CatBoost").any()
