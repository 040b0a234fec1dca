"""Folds validate each row once, follow seed and splitter, and can be scored."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import (
    GroupKFold,
    StratifiedGroupKFold,
    StratifiedKFold,
    TimeSeriesSplit,
    check_cv,
)

from evolver.evaluation.folds import make_folds, make_ladder, of_known_classes
from evolver.problem import Fold
from evolver.task import Classification, Regression, Task

ROWS = 60
X = pd.DataFrame({"a": np.arange(ROWS)})


def folds(y: np.ndarray, cv: object = 5, groups: np.ndarray | None = None, seed: int = 0) -> list:
    rng = np.random.default_rng(seed)
    task = (Regression if y.dtype.kind == "f" else Classification).of(y)
    return make_folds(X, y, cv, task, groups=groups, rng=rng)


@pytest.mark.parametrize("y", [np.arange(ROWS) % 3, np.linspace(0, 1, ROWS)])
def test_each_row_is_validated_once_and_never_in_training_then(y: np.ndarray) -> None:
    splits = folds(y)
    assert sorted(np.concatenate([valid for _, valid in splits])) == list(range(ROWS))
    for train, valid in splits:
        assert sorted([*train, *valid]) == list(range(ROWS))


def test_a_seed_gives_one_split() -> None:
    y = np.arange(ROWS) % 3
    assert all((a[1] == b[1]).all() for a, b in zip(folds(y), folds(y), strict=True))
    assert any((a[1] != b[1]).any() for a, b in zip(folds(y), folds(y, seed=1), strict=True))


def test_a_class_of_one_is_always_in_training() -> None:
    y = np.where(np.arange(ROWS) == 7, 9, np.arange(ROWS) % 2)
    with pytest.warns(UserWarning, match="least populated"):
        splits = folds(y)
    assert len(splits) == 5
    assert all(7 in train and 7 not in valid for train, valid in splits)


@pytest.mark.parametrize("y", [np.arange(ROWS) % 3, np.linspace(0, 1, ROWS)])
@pytest.mark.parametrize("cv", [5, GroupKFold(4)])
def test_groups_stay_together(y: np.ndarray, cv: object) -> None:
    groups = np.arange(ROWS) // 4
    splits = folds(y, cv, groups)
    assert len(splits) == (cv if cv == 5 else 4)
    for train, valid in splits:
        assert not set(groups[train]) & set(groups[valid])


WITH_ONE = np.where(np.arange(ROWS) == 59, 9, np.arange(ROWS) % 2)
"""Class of each row; no other row has the class of the last one."""

GROUPS = np.arange(ROWS) // 4
SEED = int(np.random.default_rng(0).integers(2**31))
ITERABLE = [(np.arange(40), np.arange(40, ROWS)), (np.arange(20, ROWS), np.arange(20))]


@pytest.mark.filterwarnings("ignore:The least populated")
@pytest.mark.parametrize(
    ("cv", "groups", "splitter"),
    [
        (5, GROUPS, StratifiedGroupKFold(5, shuffle=True, random_state=SEED)),
        (GroupKFold(4), GROUPS, GroupKFold(4)),
        (TimeSeriesSplit(3), None, TimeSeriesSplit(3)),
        (StratifiedKFold(4), None, StratifiedKFold(4)),
        (ITERABLE, None, check_cv(ITERABLE)),
    ],
)
def test_no_row_moves_into_a_training_part(cv: Any, groups: Any, splitter: Any) -> None:
    """Only validation rows whose class is not in the training part are left out."""
    expected = list(splitter.split(X, WITH_ONE, groups))
    assert any(59 in valid for _, valid in expected)
    for (train, valid), (own_train, own_valid) in zip(
        of_known_classes(folds(WITH_ONE, cv, groups), WITH_ONE, Classification.of(WITH_ONE)),
        expected,
        strict=True,
    ):
        np.testing.assert_array_equal(train, own_train)
        np.testing.assert_array_equal(valid, own_valid[own_valid != 59])


def test_a_splitter_is_taken_as_it_is() -> None:
    splits = folds(np.linspace(0, 1, ROWS), TimeSeriesSplit(3))
    assert [len(valid) for _, valid in splits] == [15, 15, 15]
    assert all(train.max() < valid.min() for train, valid in splits)


class TestLadder:
    """Folds of fewer rows, for large tables."""

    @staticmethod
    def ladder_of(
        y: np.ndarray, kind: type[Task] = Classification
    ) -> tuple[list[Fold], list[Fold]]:
        rng = np.random.default_rng(0)
        X = pd.DataFrame({"a": np.arange(len(y))})
        folds = make_folds(X, y, 5, kind.of(y), groups=None, rng=rng)
        return make_ladder(folds, y, kind.of(y), rng), folds

    def test_small_tables_have_none(self) -> None:
        assert self.ladder_of(np.arange(9_999) % 2)[0] == []

    def test_each_holds_the_one_before_within_the_first_fold(self) -> None:
        ladder, folds = self.ladder_of(np.arange(100_000) % 7)
        assert [len(train) for train, _ in ladder] == [2_000, 8_000, 32_000]
        for (train, valid), (more_train, more_valid) in zip(
            ladder, [*ladder[1:], folds[0]], strict=True
        ):
            assert set(train) < set(more_train)
            assert set(valid) <= set(more_valid)
            assert not set(train) & set(valid)

    def test_there_are_as_many_rows_to_validate_on_where_there_are_so_many(self) -> None:
        ladder, folds = self.ladder_of(np.arange(100_000) % 7)
        assert [len(valid) for _, valid in ladder] == [2_000, 8_000, len(folds[0][1])]

    def test_classes_keep_their_shares_and_the_rarest_some_rows(self) -> None:
        y = np.zeros(50_000, dtype=int)
        y[:10_000] = 1
        y[10_000:10_060] = 2
        ladder, _ = self.ladder_of(y)
        train, valid = ladder[0]
        assert np.mean(y[train] == 1) == pytest.approx(0.2, abs=0.01)
        assert np.sum(y[train] == 2) >= 10
        assert np.sum(y[valid] == 2) >= 10

    def test_numbers_are_drawn_at_random(self) -> None:
        y = np.sort(np.random.default_rng(0).normal(size=20_000))
        ladder, _ = self.ladder_of(y, Regression)
        assert abs(np.mean(y[ladder[0][0]])) < 0.1
