"""Runs with a column of times: folds go forward by it, and nothing depends on the order of rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.model_selection import KFold, TimeSeriesSplit

from evolver import EvolvedClassifier, EvolvedRegressor, InputError, Settings
from tests.tables import small_table
from tests.test_estimators import CHEAP

QUICK: dict[str, Any] = {
    "time_budget": None,
    "max_evaluations": 6,
    "cv": 3,
    "search_space": CHEAP,
    "n_jobs": 1,
    "random_state": 0,
    "verbose": 0,
    "settings": Settings(in_process=True),
    "time": "day",
}


def shuffled(task: str) -> tuple[pd.DataFrame, np.ndarray]:
    X, y = small_table(task)
    rows = np.random.default_rng(0).permutation(len(X))
    return X.iloc[rows].reset_index(drop=True), y[rows]


@pytest.mark.parametrize("task", ["binary", "regression"])
def test_folds_go_forward_and_the_column_stays_a_feature(task: str) -> None:
    X, y = shuffled(task)
    given = X.copy()
    estimator = EvolvedRegressor if task == "regression" else EvolvedClassifier
    model = estimator(**QUICK).fit(X, y)
    problem = model._members._problem
    days = problem.X["day"].to_numpy()
    assert len(problem.folds) == 3
    assert all(days[train].max() < days[valid].min() for train, valid in problem.folds)
    assert model.statistics_["folds"] == "forward in time"
    assert "day" in model.feature_names_in_
    assert not model.leaderboard_["expression"].str.contains("Stack").any()
    assert len(model.predict(X)) == len(X)
    pd.testing.assert_frame_equal(X, given)


def test_the_order_of_the_rows_changes_nothing() -> None:
    X, y = small_table("regression")
    X["day"] = pd.date_range("2024-01-01", periods=len(X))
    weights = np.arange(len(X)) % 3 + 1.0
    rows = np.random.default_rng(1).permutation(len(X))
    model = EvolvedRegressor(**QUICK).fit(X, y, weights)
    other = EvolvedRegressor(**QUICK).fit(X.iloc[rows], y[rows], weights[rows])
    pd.testing.assert_frame_equal(
        model.leaderboard_.drop(columns="seconds"), other.leaderboard_.drop(columns="seconds")
    )
    np.testing.assert_array_equal(model.predict(X), other.predict(X))


def test_an_array_has_its_times_by_position() -> None:
    X, y = small_table("regression")
    numbers = np.column_stack([X["second"], np.random.default_rng(0).permutation(len(X))])
    model = EvolvedRegressor(**{**QUICK, "time": 1}).fit(numbers, y)
    folds = model._members._problem.folds
    order = np.sort(numbers[:, 1])
    assert all(order[train].max() < order[valid].min() for train, valid in folds)


def test_dates_are_ordered_as_the_schema_reads_them() -> None:
    X, y = shuffled("regression")
    days = X["day"]
    model = EvolvedRegressor(**QUICK).fit(X.assign(day=days.dt.strftime("%d.%m.%Y")), y)
    known = EvolvedRegressor(**QUICK).fit(X, y)
    for (train, valid), (other_train, other_valid) in zip(
        model._members._problem.folds, known._members._problem.folds, strict=True
    ):
        np.testing.assert_array_equal(train, other_train)
        np.testing.assert_array_equal(valid, other_valid)
    assert model._members._problem.X["day"].is_monotonic_increasing


def test_numbers_that_count_the_rows_are_times_and_a_feature_if_the_caller_says_so() -> None:
    X, y = small_table("regression")
    X["number"] = np.arange(len(X))
    model = EvolvedRegressor(**{**QUICK, "time": "number"}).fit(X, y)
    assert "number" in model._members._problem.X
    ignored = EvolvedRegressor(**{**QUICK, "time": "number", "columns": {"number": "ignore"}})
    problem = ignored.fit(X.iloc[::-1], y[::-1])._members._problem
    assert "number" not in problem.X
    np.testing.assert_array_equal(problem.y, y)


def test_a_splitter_gets_the_rows_in_their_order() -> None:
    X, y = shuffled("regression")
    model = EvolvedRegressor(**{**QUICK, "cv": TimeSeriesSplit(2, gap=10)}).fit(X, y)
    problem = model._members._problem
    assert problem.X["day"].is_monotonic_increasing
    assert [valid[0] - train[-1] for train, valid in problem.folds] == [11, 11]


@pytest.mark.parametrize(
    ("changes", "fit", "message"),
    [
        ({"time": "month"}, {}, "`time` must be a column of `X`"),
        (
            {"time": "first"},
            {},
            "without gaps, but 'first' lacks 18 of 120 values",
        ),
        ({"time": "category"}, {}, "`time` must be a column of numbers, or of dates"),
        ({"time": "flag"}, {}, "`cv` must be less than the number of different times, 2, got 3"),
        ({}, {"groups": np.arange(120)}, "`time` and `groups` must not be given together"),
        (
            {"cv": KFold(3)},
            {},
            "`cv` must be a number of folds, or give folds",
        ),
        ({"cv": 1}, {}, "`cv` must be at least 2, got 1"),
    ],
)
def test_times_that_give_no_order_are_refused(
    changes: dict[str, Any], fit: dict[str, Any], message: str
) -> None:
    X, y = small_table("regression")
    with pytest.raises(InputError, match=message):
        EvolvedRegressor(**{**QUICK, **changes}).fit(X, y, **fit)


def test_progress_says_that_folds_go_forward(capsys: pytest.CaptureFixture[str]) -> None:
    X, y = small_table("regression")
    EvolvedRegressor(**{**QUICK, "verbose": 1, "max_evaluations": 2}).fit(X, y)
    assert "3 folds go forward in time by 'day': each is validated on later rows" in (
        capsys.readouterr().err
    )


def test_another_column_of_times_is_another_run(tmp_path: Path) -> None:
    X, y = small_table("regression")
    X["copy"] = X["day"]
    model = EvolvedRegressor(**{**QUICK, "max_evaluations": 3, "run_dir": tmp_path}).fit(X, y)
    again = clone(model).set_params(max_evaluations=5).fit(X, y)
    assert len(again.leaderboard_) == 5
    for time in ("copy", None):
        with pytest.raises(InputError, match=r"differs in .*time"):
            clone(model).set_params(time=time).fit(X, y)
    assert len(again.refine(X, y, time_budget=None, max_evaluations=1).leaderboard_) == 6
