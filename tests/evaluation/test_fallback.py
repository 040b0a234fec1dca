"""The fallback is quick on any table, and better than a guess if there is a signal."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import r2_score, roc_auc_score

from evolver.evaluation.fallback import MAX_COLUMNS, fallback, title_of
from evolver.export.source_file import to_source
from evolver.problem import Problem
from tests.alone import run_exported
from tests.pipelines import task_of
from tests.tables import small_table

SECONDS = 60.0
"""Seconds of processor time that the fallback may take, which it nears on no machine."""


def problem(X: pd.DataFrame, y: np.ndarray, task: str = "binary") -> Problem:
    half = np.arange(len(y)) % 2 == 0
    return Problem(
        task_of(task, y), X, y, [(np.flatnonzero(half), np.flatnonzero(~half))], lambda *_: 0.0
    )


def named(values: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame(values, columns=[f"c{number}" for number in range(values.shape[1])])


def strings(rows: int, columns: int) -> tuple[pd.DataFrame, np.ndarray]:
    """Return columns of five different strings, the last of which determines the label."""
    cells = np.random.default_rng(0).integers(0, 5, (rows, columns))
    return named(cells.astype(str)), np.where(cells[:, -1] > 2, "yes", "no")


@pytest.mark.parametrize("task", ["binary", "regression"])
def test_of_hundreds_of_columns_it_finds_the_one_that_says_something(task: str) -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(size=(40_000, 500))
    signal = values[:, 100] + rng.normal(size=40_000) / 2
    y = signal if task == "regression" else np.where(signal > 0, "yes", "no")
    X = named(values)
    model = fallback(problem(X.iloc[:20_000], y[:20_000], task))
    if task == "regression":
        assert r2_score(y[20_000:], model.predict(X.iloc[20_000:])) > 0.6
    else:
        yes = model.predict_proba(X.iloc[20_000:])[:, 1]
        assert roc_auc_score(y[20_000:], yes) > 0.85


@pytest.mark.parametrize("task", ["binary", "regression"])
@pytest.mark.parametrize("rows", [120, 3_000])
def test_it_is_fitted_with_weights(task: str, rows: int) -> None:
    X, y = small_table(task)
    some = np.arange(rows) % len(y)
    X, y = X.iloc[some].reset_index(drop=True), y[some]
    is_heavy = y > np.median(y) if task == "regression" else y == "class 1"
    plain = problem(X, y, task)
    heavy = fallback(replace(plain, sample_weight=np.where(is_heavy, 50.0, 1.0)))
    if task == "regression":
        assert heavy.predict(X).mean() > fallback(plain).predict(X).mean() + 5
    else:
        probabilities = [model.predict_proba(X)[:, 1].mean() for model in (heavy, fallback(plain))]
        assert probabilities[0] > probabilities[1] + 0.03


def test_it_is_quick_on_a_wide_table_of_strings_and_predicts_it_quickly() -> None:
    X, y = strings(100, 20_000)
    start = time.process_time()
    model = fallback(problem(X, y))
    assert (model.predict(X) == y).mean() > 0.9
    assert time.process_time() - start < SECONDS
    cleaner = model[-1].estimator_.named_steps["tablecleaner"]
    assert len(cleaner.feature_names_in_) <= MAX_COLUMNS  # cleaning all columns is what takes long


@pytest.mark.parametrize(
    ("rows", "columns", "classes"),
    [(100, 50_000, 2), (20_000, 200, 1_000), (20_000, 200, 10_000)],
    ids=["wide", "many classes", "too many classes"],
)
def test_it_is_quick_on_wide_tables_and_many_classes(rows: int, columns: int, classes: int) -> None:
    X = named(np.random.default_rng(0).normal(size=(rows, columns)))
    y = np.arange(rows) % classes
    start = time.process_time()
    model = fallback(problem(X, y, "multiclass"))
    assert time.process_time() - start < SECONDS
    assert model.predict_proba(X.iloc[:3]).shape == (3, classes)


class Unreadable:
    def __str__(self) -> str:
        raise RuntimeError("there is no text for this")


@pytest.mark.parametrize("task", ["binary", "regression"])
def test_where_a_table_cannot_be_read_it_is_the_constant_prediction(task: str) -> None:
    X = pd.DataFrame({"odd": [Unreadable()] * 30})
    y = np.arange(30) % 3.0 if task == "regression" else np.arange(30) % 3 == 0
    model = fallback(problem(X, y, task))
    assert set(model.predict(X)) == ({1.0} if task == "regression" else {False})
    assert title_of(model) == "the constant prediction"


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_on_an_ordinary_table_no_column_is_left_out(task: str) -> None:
    X, y = small_table(task)
    model = fallback(problem(X, y, task))
    assert title_of(model) == "a small decision tree"
    steps = [name for name, _ in model[-1].estimator_.steps]
    assert steps[0] == "tablecleaner"
    pd.testing.assert_index_equal(
        pd.Index(model[-1].estimator_[0].feature_names_in_), X.columns, exact=False
    )


def test_columns_are_taken_by_name_and_it_is_exported_as_it_was_fitted(tmp_path: Path) -> None:
    X, y = strings(60, MAX_COLUMNS + 50)
    rng = np.random.default_rng(0)
    X = X.assign(n=np.where(rng.random(60) < 0.1, np.inf, rng.normal(size=60)), gone=None)
    X["day"] = pd.Timestamp("2024-02-01") + pd.to_timedelta(np.arange(60), unit="D")
    model = fallback(problem(X, y))
    expected = model.predict_proba(X)
    np.testing.assert_array_equal(model.predict_proba(X[list(X)[::-1]]), expected)
    file, table, out = (tmp_path / name for name in ("model.py", "table.csv", "out.csv"))
    file.write_text(to_source(model))
    X.assign(target=y).to_csv(table, index=False)
    run_exported(file, table, "--predict", table, "--out", out)
    alone: Any = pd.read_csv(out).drop(columns="prediction")
    np.testing.assert_allclose(alone, expected)
