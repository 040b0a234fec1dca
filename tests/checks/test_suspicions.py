"""Signs in the rows that scores will not hold are found, and a plain table has none."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from evolver.budget import Deadline
from evolver.checks import findings_of_rows
from evolver.evaluation.folds import make_folds
from evolver.problem import Problem
from evolver.schema import learn
from evolver.task import Classification, Regression
from evolver.warned import Finding

ROWS = 1_000


def plain_table() -> tuple[pd.DataFrame, np.ndarray]:
    """Return a table whose columns say a little of the target, and the target."""
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(ROWS, 3)), columns=["a", "b", "c"])
    X["sort"] = rng.choice(["plain", "fancy"], ROWS)
    return X, (X["a"] + rng.normal(size=ROWS)).to_numpy()


def found(X: pd.DataFrame, y: np.ndarray, kind: Any = Regression, cv: Any = 5) -> list[Finding]:
    task = kind.of(y)
    table, _ = learn(X).read(X)
    rng = np.random.default_rng(0)
    folds = make_folds(table, y, cv, task, groups=None, rng=rng)
    return findings_of_rows(Problem(task, table, y, folds, scorer=len), rng)


def test_a_plain_table_has_no_findings() -> None:
    X, y = plain_table()
    assert found(X, y) == []
    assert found(X, np.where(y > 0, "yes", "no").astype(object), Classification) == []
    assert found(X, np.full(ROWS, 7.0)) == []


@pytest.mark.parametrize("classes", [0, 2, 3])
def test_a_column_that_gives_the_target_away_is_named(classes: int) -> None:
    X, y = plain_table()
    kind: Any = Classification if classes else Regression
    target = pd.qcut(y, classes, labels=False) if classes else y
    X["paid"] = (y * 100).round()
    (one,) = found(X, np.asarray(target), kind)
    assert (one.code, one.column) == ("gives-target-away", "paid")
    assert "columns={'paid': 'ignore'}" in one.message


def test_a_word_that_gives_the_target_away_is_named() -> None:
    X, y = plain_table()
    labels = np.where(y > 0, "yes", "no").astype(object)
    X["status"] = np.where(y > 0, "closed", "open")
    assert [one.column for one in found(X, labels, Classification)] == ["status"]


@pytest.mark.parametrize("name", ["a", "sort"])
def test_a_column_that_repeats_another_is_named(name: str) -> None:
    X, y = plain_table()
    (one,) = found(X.assign(again=X[name]), y)
    assert (one.code, one.column) == ("same-columns", "again")


def test_rows_that_stand_in_both_parts_of_a_fold_are_counted() -> None:
    X, y = plain_table()
    X, y = pd.concat([X, X[:100]], ignore_index=True), np.concatenate([y, y[:100]])
    (one,) = found(X, y)
    assert one.code == "duplicates-across-folds"
    assert int(one.message.split()[0]) > 10


def test_rows_in_the_order_of_a_date_need_folds_that_go_forward() -> None:
    X, y = plain_table()
    X["day"] = pd.Timestamp("2024-01-01") + pd.to_timedelta(np.arange(ROWS) // 2, unit="D")
    (one,) = found(X, y)
    assert (one.code, one.column) == ("sorted-by-time", "day")
    assert found(X.sample(frac=1, random_state=0).reset_index(drop=True), y) == []


def test_rows_sorted_by_the_target_need_shuffled_folds() -> None:
    from sklearn.model_selection import KFold

    X, y = plain_table()
    order = np.argsort(y)
    X, y = X.iloc[order].reset_index(drop=True), y[order]
    assert [one.code for one in found(X, y, cv=KFold(5))] == ["sorted-by-target"]
    assert found(X, y) == []


def test_a_check_that_has_not_begun_at_its_end_is_left_out() -> None:
    X, y = plain_table()
    X["again"] = X["a"]
    task = Regression.of(y)
    folds = make_folds(X, y, 5, task, groups=None, rng=np.random.default_rng(0))
    problem = Problem(task, X, y, folds, scorer=len)
    rng = np.random.default_rng(0)
    assert [one.code for one in findings_of_rows(problem, rng, Deadline())] == ["same-columns"]
    assert findings_of_rows(problem, rng, Deadline(0.0)) == []


def test_rows_that_differ_in_the_last_column_alone_are_no_twins() -> None:
    X, y = plain_table()
    half = ROWS // 2
    twice = pd.concat([X[:half], X[:half]], ignore_index=True)
    target = np.tile(y[:half], 2)
    assert [one.code for one in found(twice, target)] == ["duplicates-across-folds"]
    twice["last"] = np.arange(ROWS)[::-1] * 1.5
    assert found(twice[["a", "b", "c", "last"]], target) == []
