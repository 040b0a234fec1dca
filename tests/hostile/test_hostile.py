"""Hostile tables: each ends with a usable model within its budget, or one clear error."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from evolver import EvolvedClassifier, EvolvedRegressor, InputError
from tests.alone import run_exported
from tests.clock import HUNG

BUDGET = {"time_budget": 3.0, "max_evaluations": 3}
"""Seconds end the runs on large tables, and the number of candidates ends the others."""

Data = tuple[pd.DataFrame, np.ndarray]


def numbers(rows: int, columns: int, seed: int = 0) -> pd.DataFrame:
    values = np.random.default_rng(seed).normal(size=(rows, columns))
    return pd.DataFrame(values, columns=[f"n{number}" for number in range(columns)])


def labels(X: pd.DataFrame) -> np.ndarray:
    """Return labels that the first column tells, but for some noise."""
    noise = np.random.default_rng(1).normal(size=len(X)) / 2
    return np.where(X.iloc[:, 0].to_numpy(dtype=float) + noise > 0, "yes", "no")


def wide() -> Data:
    X = numbers(100, 10_000)
    return X, labels(X)


def wider() -> Data:
    X = numbers(100, 50_000)
    return X, labels(X)


def wide_strings() -> Data:
    cells = np.random.default_rng(0).integers(0, 5, (100, 20_000))
    X = pd.DataFrame(cells.astype(str)).rename(columns="s{}".format)
    return X, np.where(cells[:, 0] > 2, "yes", "no")


def two_rows_a_class() -> Data:
    X = numbers(40, 5)
    return X, np.repeat([f"class {number}" for number in range(20)], 2)


def sixty_classes() -> Data:
    X = numbers(1_200, 6)
    return X, np.array([f"class {number % 60}" for number in range(1_200)])


def ten_thousand_classes() -> Data:
    X = numbers(20_000, 5)
    return X, np.repeat([f"class {number}" for number in range(10_000)], 2)


def useless_columns() -> Data:
    X = numbers(200, 3)
    X["constant"] = 1.0
    X["constant text"] = "same"
    X["duplicate"] = X["n0"]
    X["all missing"] = np.nan
    X["all missing text"] = pd.Series([None] * 200, dtype="object")
    return X, labels(X)


def infinite_and_huge() -> Data:
    X = numbers(200, 3)
    X["infinite"] = np.where(np.arange(200) % 3 == 0, np.inf, -np.inf)
    X["huge"] = X["n0"] * 1e300
    X["tiny"] = X["n1"] * 1e-300
    X["both"] = np.where(np.arange(200) % 2 == 0, 1e300, 1e-300)
    return X, labels(X)


def a_category_a_row() -> Data:
    X = numbers(2_000, 2)
    X["identifier"] = [f"row number {number} " * 20 for number in range(2_000)]
    return X, labels(X)


def given_away() -> Data:
    X = numbers(300, 3)
    y = labels(X)
    X["target again"] = (y == "yes").astype(float)
    return X, y


def one_in_a_thousand() -> Data:
    X = numbers(6_000, 4)
    return X, np.where(np.arange(6_000) % 1_000 == 0, "rare", "common")


def many_rows() -> Data:
    X = numbers(200_000, 10)
    return X, labels(X)


def many_cells(rows: int = 200_000) -> Data:
    values = np.random.default_rng(0).standard_normal((rows, 250), dtype=np.float32)
    X = pd.DataFrame(values).rename(columns="n{}".format)
    return X, labels(X)


def one_column() -> Data:
    X = numbers(200, 1)
    return X, labels(X)


def one_text_column() -> Data:
    X = numbers(200, 1)
    y = labels(X)
    return pd.DataFrame({"text": np.where(X["n0"] > 0, "high", "low")}), y


def texts_alone() -> Data:
    X = numbers(200, 1)
    y = labels(X)
    texts = [f"the {label} of {number}" if number % 10 else None for number, label in enumerate(y)]
    return pd.DataFrame({"text": texts}), y


def texts_without_letters() -> Data:
    X = numbers(200, 1)
    return pd.DataFrame({"text": ["? " * (number + 3) for number in range(200)]}), labels(X)


def every_dtype() -> Data:
    X = numbers(300, 1)
    whole = np.arange(300) % 7
    X["int8"] = whole.astype("int8")
    X["uint64"] = (whole + 2**60).astype("uint64")
    X["float32"] = X["n0"].astype("float32")
    X["bool"] = whole > 3
    X["string"] = pd.Series(whole.astype(str), dtype="string")
    X["object"] = pd.Series(whole.astype(str)).astype(object)
    X["mixed"] = [number if number % 2 else str(number) for number in whole]
    X["Int64"] = pd.array([None if number == 0 else number for number in whole], dtype="Int64")
    X["boolean"] = pd.array(
        [None if number == 0 else number > 3 for number in whole], dtype="boolean"
    )
    X["Float64"] = pd.array(
        [None if number == 0 else number / 2 for number in whole], dtype="Float64"
    )
    X["category"] = pd.Categorical([None if number == 0 else f"c{number}" for number in whole])
    X["ordered"] = pd.Categorical(whole, ordered=True)
    X["date"] = pd.Timestamp("2020-02-29") + pd.to_timedelta(whole, unit="D")
    X["zone"] = X["date"].dt.tz_localize("Europe/Zurich")
    X["span"] = pd.to_timedelta(whole, unit="h")
    return X, labels(X)


def odd_names() -> Data:
    X = numbers(200, 7)
    X.columns = ["with space", "quote'\"s", "new\nline", "naïve 名前", "", "class", "tab\t{brace}"]
    return X, labels(X)


HOSTILE: list[Callable[[], Data]] = [
    wide,
    wider,
    wide_strings,
    two_rows_a_class,
    sixty_classes,
    ten_thousand_classes,
    useless_columns,
    infinite_and_huge,
    a_category_a_row,
    given_away,
    one_in_a_thousand,
    many_rows,
    many_cells,
    one_column,
    one_text_column,
    texts_alone,
    texts_without_letters,
    every_dtype,
    odd_names,
]


@pytest.mark.parametrize("make", HOSTILE, ids=lambda make: make.__name__)
def test_a_hostile_table_ends_with_a_usable_model_in_time(make: Callable[[], Data]) -> None:
    X, y = make()
    model = EvolvedClassifier(**BUDGET, n_jobs=2, random_state=0, verbose=0)
    start = time.monotonic()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(X, y)
    assert time.monotonic() - start < HUNG
    probabilities = model.predict_proba(X.iloc[:50])
    assert probabilities.shape == (min(50, len(X)), len(np.unique(y)))
    assert np.isfinite(probabilities).all()
    assert set(model.predict(X.iloc[:50])) <= set(y)


def test_where_checks_take_the_budget_no_search_begins() -> None:
    X, y = many_cells(60_000)
    model = EvolvedClassifier(time_budget=0.05, n_jobs=2, random_state=0, verbose=0)
    start = time.monotonic()
    with pytest.warns(UserWarning, match="the model is a small decision tree"):
        model.fit(X, y)
    assert time.monotonic() - start < HUNG
    assert model.leaderboard_.empty
    assert model.score(X.iloc[:10_000], y[:10_000]) > 0.8


@pytest.mark.parametrize(
    "target",
    [
        lambda X: np.full(len(X), 7.0),
        lambda X: X["n0"].to_numpy() * 1e100,
        lambda X: np.where(np.arange(len(X)) == 0, 1e12, 0.0),
        lambda X: X["n0"].to_numpy(),
    ],
    ids=["constant", "huge", "one outlier", "given away"],
)
def test_a_hostile_numeric_target_ends_with_a_usable_model(target: Any) -> None:
    X = numbers(200, 4)
    model = EvolvedRegressor(**BUDGET, n_jobs=2, random_state=0, verbose=0)
    model.fit(X, target(X))
    assert np.isfinite(model.predict(X)).all()


def test_a_target_too_large_for_its_metric_is_said_at_once() -> None:
    X = numbers(200, 4)
    with pytest.raises(InputError, match=r"`scoring`.*must be a finite number"):
        EvolvedRegressor(**BUDGET, verbose=0).fit(X, X["n0"] * 1e200)


def test_a_budget_of_two_seconds_gives_a_usable_model() -> None:
    X = numbers(500, 8)
    y = labels(X)
    start = time.monotonic()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = EvolvedClassifier(time_budget=2.0, n_jobs=2, random_state=0, verbose=0).fit(X, y)
    assert time.monotonic() - start < HUNG
    assert model.score(X, y) > 0.7


def test_a_budget_too_short_for_anything_gives_a_small_tree_and_says_so() -> None:
    X = numbers(500, 8)
    y = labels(X)
    model = EvolvedClassifier(time_budget=0.05, n_jobs=1, random_state=0, verbose=0)
    with pytest.warns(UserWarning, match="the model is a small decision tree") as warned:
        model.fit(X, y)
    assert __file__ in {one.filename for one in warned}
    assert model.score(X, y) > 0.7
    assert model.pareto_front_.empty
    assert np.isnan(model.best_score_)
    for choice in ("best", "one_se", "knee"):
        assert model.select(choice) is model.best_pipeline_


@pytest.mark.parametrize("estimator", [EvolvedClassifier, EvolvedRegressor])
def test_the_small_tree_is_exported_as_it_was_fitted(tmp_path: Path, estimator: Any) -> None:
    X = numbers(5_000, 8)
    y = labels(X) if estimator is EvolvedClassifier else X["n0"] + X["n1"] ** 2
    model = estimator(time_budget=0.05, n_jobs=1, random_state=0, verbose=0)
    with pytest.warns(UserWarning, match="the model is a small decision tree"):
        model.fit(X, y)
    file, table, out = (tmp_path / name for name in ("winner.py", "table.csv", "out.csv"))
    model.export(file)
    X.assign(target=y).to_csv(table, index=False)
    run_exported(file, table, "--predict", table, "--out", out)
    alone = pd.read_csv(out)
    if estimator is EvolvedClassifier:
        np.testing.assert_array_equal(alone["prediction"], model.predict(X))
        np.testing.assert_allclose(alone.drop(columns="prediction"), model.predict_proba(X))
    else:
        np.testing.assert_allclose(alone["prediction"], model.predict(X))
