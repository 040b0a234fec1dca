"""The folds of cross-validation: the same for every candidate, each one scorable."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from sklearn.model_selection import (
    GroupKFold,
    KFold,
    StratifiedGroupKFold,
    StratifiedKFold,
    check_cv,
)

from evolver.problem import Fold


def make_folds(
    X: pd.DataFrame,
    y: np.ndarray,
    cv: Any,
    *,
    classification: bool,
    groups: np.ndarray | None,
    rng: np.random.Generator,
) -> list[Fold]:
    """Return the folds of a splitter, or shuffled and stratified folds for a number.

    A row whose class has no other is in every training part and in no validation part.

    Raises
    ------
    ValueError
        When the splitter cannot split these rows.
    """
    splitter = check_cv(cv, y, classifier=classification) if not isinstance(cv, int) else None
    if splitter is None:
        splitter = _shuffled(int(cv), classification, groups, int(rng.integers(2**31)))
    folds = [
        (np.asarray(train), np.asarray(valid)) for train, valid in splitter.split(X, y, groups)
    ]
    return [_keep_singletons(fold, y) for fold in folds] if classification else folds


def _shuffled(n_splits: int, classification: bool, groups: np.ndarray | None, seed: int) -> Any:
    if groups is not None:
        splitter = StratifiedGroupKFold if classification else GroupKFold
    else:
        splitter = StratifiedKFold if classification else KFold
    return splitter(n_splits, shuffle=True, random_state=seed)


def _keep_singletons(fold: Fold, y: np.ndarray) -> Fold:
    train, valid = fold
    classes, counts = np.unique(y, return_counts=True)
    single = np.isin(y[valid], classes[counts == 1])
    return np.sort(np.concatenate([train, valid[single]])), valid[~single]
