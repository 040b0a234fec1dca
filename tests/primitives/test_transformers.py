"""Our own transformers."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.cross_decomposition import PLSRegression
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import HashingVectorizer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.utils.estimator_checks import check_estimator

from primitives.construction import log_target
from primitives.text import RidgeTargetEncoder
from primitives.transformers import (
    AtMostColumns,
    BestFamilyWise,
    BoundedLog,
    OutOfFoldPredictions,
)
from tests.tables import small_table


def test_components_are_lowered_to_the_columns() -> None:
    X = np.random.default_rng(0).normal(size=(20, 3))
    assert AtMostColumns(TruncatedSVD(10)).fit_transform(X).shape == (20, 3)
    model = AtMostColumns(PLSRegression(10)).fit(X, X[:, 0])
    assert model.estimator_.n_components == 3
    assert np.allclose(model.predict(X).ravel(), X[:, 0])


def test_family_wise_selection_keeps_the_best_of_noise() -> None:
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(40, 5)), rng.integers(0, 2, size=40)
    selector = BestFamilyWise(alpha=1e-9).fit(X, y)
    assert selector.get_support().nonzero()[0].tolist() == [np.argmin(selector.pvalues_)]


def test_stacked_predictions_of_rows_fitted_on_come_from_models_that_have_not_seen_them() -> None:
    """One neighbour knows the rows it was fitted on; labels are noise, so it predicts no other."""
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(300, 4)), rng.integers(0, 2, size=300)
    stacked = OutOfFoldPredictions(KNeighborsClassifier(1), random_state=0)
    honest = stacked.fit_transform(X, y).ravel()
    assert np.mean(honest == y) < 0.6
    assert np.mean(stacked.transform(X).ravel() == y) == 1.0


@pytest.mark.parametrize(("classes", "columns"), [(2, 1), (4, 3)])
def test_texts_of_rows_fitted_on_are_encoded_by_models_that_have_not_seen_them(
    classes: int, columns: int
) -> None:
    """Every row has a word of its own, and labels are noise."""
    texts = [f"word{number}" for number in range(300)]
    X = HashingVectorizer(n_features=2**16, alternate_sign=False).transform(texts)
    y = np.random.default_rng(0).integers(0, classes, size=300)
    encoder = RidgeTargetEncoder(0.1, "binary" if classes == 2 else "multiclass", random_state=0)
    honest = encoder.fit_transform(X, y)
    assert honest.shape == (300, columns)
    told = y[:, None] == np.unique(y)[1:]
    assert np.abs(honest - honest.mean(axis=0)).max() < 0.1
    assert np.array_equal(encoder.transform(X) > 0.5, told)


def test_numbers_are_encoded_as_they_are() -> None:
    rng = np.random.default_rng(0)
    y = rng.normal(size=300)
    texts = ["high" if number > 0 else "low" for number in y]
    X = HashingVectorizer(n_features=2**10, alternate_sign=False).transform(texts)
    encoded = RidgeTargetEncoder(random_state=0).fit_transform(X, y)
    assert encoded.shape == (300, 1)
    assert encoded[y > 0].mean() == pytest.approx(y[y > 0].mean(), abs=0.05)


def test_weights_reach_the_stacked_model() -> None:
    X, y = small_table("binary")
    numbers = X[["second", "third"]].to_numpy()
    weights = np.where(y == y[0], 100.0, 1.0)
    stacked = OutOfFoldPredictions(LogisticRegression(), random_state=0).fit(numbers, y, weights)
    plain = OutOfFoldPredictions(LogisticRegression(), random_state=0).fit(numbers, y)
    assert abs(stacked.transform(numbers).mean() - plain.transform(numbers).mean()) > 0.1


def test_scikit_learn_finds_nothing_to_complain_of() -> None:
    results = check_estimator(BestFamilyWise(), on_skip=None, on_fail=None)
    assert [result["check_name"] for result in results if result["status"] == "failed"] == []


class TestBoundedLog:
    def test_scikit_learns_own_checks_pass(self) -> None:
        results = check_estimator(BoundedLog(), on_skip=None, on_fail=None)
        failed = {one["check_name"] for one in results if one["status"] == "failed"}
        assert failed == set()

    def test_what_it_has_seen_comes_back(self) -> None:
        values = np.array([[0.0], [3.5], [1e6]])
        bounded = BoundedLog().fit(values)
        np.testing.assert_allclose(bounded.inverse_transform(bounded.transform(values)), values)

    def test_what_is_far_beyond_comes_back_near_to_what_it_has_seen(self) -> None:
        bounded = BoundedLog(margin=0.5).fit(np.expm1([[1.0], [3.0]]))
        far = bounded.inverse_transform([[-20.0], [20.0]])
        np.testing.assert_allclose(np.log1p(far), [[0.0], [4.0]], atol=1e-12)


def test_a_model_of_the_logarithm_is_not_wrong_by_a_factor() -> None:
    X = np.linspace(0, 1, 50).reshape(-1, 1)
    model = log_target(LinearRegression()).fit(X, np.expm1(10 * X[:, 0]))
    assert model.predict([[3.0]])[0] < np.expm1(11.1)


def test_a_model_of_at_most_as_many_components_has_a_score() -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 3))
    y = X @ [1.0, 2.0, 3.0]
    model = AtMostColumns(PLSRegression(9)).fit(X, y)
    assert model.score(X, y) == pytest.approx(1.0)
