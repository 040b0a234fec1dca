"""Folds: each row validated once, seeded, and single members of a class always in training."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import GroupKFold, TimeSeriesSplit

from evolver.evaluation.folds import make_folds

ROWS = 60
X = pd.DataFrame({"a": np.arange(ROWS)})


def folds(y: np.ndarray, cv: object = 5, groups: np.ndarray | None = None, seed: int = 0) -> list:
    rng = np.random.default_rng(seed)
    classification = y.dtype.kind != "f"
    return make_folds(X, y, cv, classification=classification, groups=groups, rng=rng)


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
    assert all(7 in train and 7 not in valid for train, valid in splits)


@pytest.mark.parametrize("y", [np.arange(ROWS) % 3, np.linspace(0, 1, ROWS)])
@pytest.mark.parametrize("cv", [5, GroupKFold(4)])
def test_groups_stay_together(y: np.ndarray, cv: object) -> None:
    groups = np.arange(ROWS) // 4
    for train, valid in folds(y, cv, groups):
        assert not set(groups[train]) & set(groups[valid])


def test_a_splitter_is_taken_as_it_is() -> None:
    splits = folds(np.linspace(0, 1, ROWS), TimeSeriesSplit(3))
    assert [len(valid) for _, valid in splits] == [15, 15, 15]
    assert all(train.max() < valid.min() for train, valid in splits)
