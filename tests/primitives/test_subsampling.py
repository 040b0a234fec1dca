"""Models of some rows: scikit-learn's own checks, and which rows they are fitted on."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.svm import SVR
from sklearn.utils.estimator_checks import check_estimator

from primitives.subsampling import SubsampledClassifier, SubsampledRegressor

MODELS = [
    SubsampledClassifier(KNeighborsClassifier()),
    SubsampledRegressor(SVR()),
]


@pytest.mark.parametrize("model", MODELS, ids=["classifier", "regressor"])
def test_scikit_learns_own_checks_pass(model: object) -> None:
    results = check_estimator(model, on_skip=None, on_fail=None)
    failed = {one["check_name"]: one["exception"] for one in results if one["status"] == "failed"}
    assert failed == {}


def test_it_is_fitted_on_so_many_rows_and_one_of_every_class() -> None:
    X = np.arange(1000.0).reshape(-1, 1)
    y = np.where(X[:, 0] == 500, "rare", "common")
    model = SubsampledClassifier(KNeighborsClassifier(1), max_rows=20).fit(X, y)
    assert model.estimator_.n_samples_fit_ in (20, 21, 22)
    assert list(model.classes_) == ["common", "rare"]
    assert model.predict([[500.0]]) == ["rare"]


def test_fewer_rows_than_that_are_all_fitted_on() -> None:
    X = np.arange(30.0).reshape(-1, 1)
    model = SubsampledRegressor(KNeighborsRegressor(1)).fit(X, X[:, 0])
    np.testing.assert_array_equal(model.predict(X), X[:, 0])
