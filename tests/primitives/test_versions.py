"""Primitives do the same in all supported versions of the libraries."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from sklearn.model_selection import KFold, StratifiedKFold
from sklearn.preprocessing import TargetEncoder

from primitives import default_catalogue
from primitives.transformers import UngroupedTargetEncoder

ROWS = 60
RNG = np.random.default_rng(0)
X = RNG.normal(size=(ROWS, 20))
Y = np.where(X[:, 0] - X[:, 1] + RNG.normal(scale=0.3, size=ROWS) > 0, "yes", "no")


def built(name: str, **values: Any) -> Any:
    return default_catalogue()[name].build(**values)


def test_an_l1_penalty_leaves_out_the_columns_that_say_nothing() -> None:
    penalised = built("LogisticRegressionL1", C=0.2, class_weight=None, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = penalised.set_params(tol=1e-6, max_iter=5_000).fit(X, Y)
    zeros = found.coef_ == 0
    assert 10 <= zeros.sum() < 20
    assert not zeros[0, :2].any()


def test_a_mixed_penalty_lies_between_its_parts() -> None:
    counts = []
    for l1_ratio in (0.05, 0.5, 0.95):
        model = built(
            "LogisticRegressionElasticNet",
            C=0.1,
            l1_ratio=l1_ratio,
            class_weight=None,
            random_state=0,
        )
        counts.append(int((model.set_params(tol=1e-6, max_iter=5_000).fit(X, Y).coef_ == 0).sum()))
    assert counts == sorted(counts)
    assert counts[0] < counts[-1]


@pytest.mark.parametrize("weights", [None, np.ones(ROWS)])
def test_bins_end_at_values_of_the_column(weights: np.ndarray | None) -> None:
    model = built("Bins", n_bins=4, encode="ordinal", strategy="quantile", random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        edges = model.fit(X, sample_weight=weights).bin_edges_
    assert all(np.isin(found, X[:, column]).all() for column, found in enumerate(edges))


@pytest.mark.parametrize("weights", ["uniform", "distance"])
def test_neighbours_vote_for_classes_of_any_name(weights: str) -> None:
    model = built("KNeighborsClassifier", n_neighbors=3, weights=weights, p=1).fit(X, Y)
    codes = built("KNeighborsClassifier", n_neighbors=3, weights=weights, p=1).fit(X, Y == "yes")
    np.testing.assert_array_equal(model.predict_proba(X), codes.predict_proba(X))
    assert set(model.predict(X)) == {"no", "yes"}


@pytest.mark.parametrize("kind", ["continuous", "binary", "multiclass"])
def test_target_encoding_is_out_of_fold(kind: str) -> None:
    categories = RNG.choice(["a", "b", "c"], size=(ROWS, 2))
    targets = {
        "continuous": X[:, 0],
        "binary": Y,
        "multiclass": np.where(X[:, 2] > 0.5, "maybe", Y),
    }
    y = targets[kind]
    cv = (KFold if kind == "continuous" else StratifiedKFold)(5, shuffle=True, random_state=3)
    found = UngroupedTargetEncoder(smooth=2.0, target_type=kind, cv=cv).fit_transform(categories, y)
    for train, valid in cv.split(categories, y):
        other = TargetEncoder(smooth=2.0, target_type=kind).fit(categories[train], y[train])
        np.testing.assert_allclose(found[valid], other.transform(categories[valid]))
