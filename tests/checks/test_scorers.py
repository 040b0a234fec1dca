"""Scorers are refused only where no candidate can be scored, and know all classes."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import pearsonr, spearmanr
from sklearn.metrics import (
    accuracy_score,
    f1_score,
    fbeta_score,
    get_scorer,
    make_scorer,
    precision_score,
    roc_auc_score,
)
from sklearn.model_selection import TimeSeriesSplit

from evolver import DataWarning, InputError
from evolver.estimators import EvolvedClassifier, EvolvedRegressor
from tests.tables import small_table
from tests.test_targets import QUICK

X, LABELS = small_table("binary")
PRICES = small_table("regression")[1]
RARE = np.where(LABELS == "class 0", "bad", "good").astype(object)
"""Classes of which the first is the rarer one."""


def pearson(estimator: Any, X: Any, y: Any) -> float:
    return float(pearsonr(y, estimator.predict(X))[0])


def spearman(estimator: Any, X: Any, y: Any) -> float:
    return float(spearmanr(y, estimator.predict(X))[0])


def sharpe(estimator: Any, X: Any, y: Any) -> float:
    gains = np.sign(estimator.predict(X) - np.median(y)) * (y - np.median(y))
    changes = np.diff(estimator.predict(X))
    return float(gains.mean() / changes.std())


def share_of_hits(estimator: Any, X: Any, y: Any) -> float:
    """Return the precision of the rarer class: 0 / 0 where it is never predicted."""
    taken = estimator.predict(X) == "bad"
    with np.errstate(invalid="ignore"):
        return float(np.divide((y[taken] == "bad").sum(), taken.sum()))


def zero_dimensional(estimator: Any, X: Any, y: Any) -> Any:
    return np.asarray(accuracy_score(y, estimator.predict(X)))


def without_encoder(estimator: Any, X: Any, y: Any) -> float:
    return accuracy_score(y, estimator.predict(X)) - 0.001 * len(estimator.steps)


@pytest.mark.parametrize("scoring", [pearson, spearman, sharpe])
def test_a_score_that_a_constant_prediction_lacks_is_optimised(scoring: Any) -> None:
    model = EvolvedRegressor(**QUICK, scoring=scoring).fit(X, PRICES)
    assert (model.leaderboard_["outcome"] == "scored").any()
    assert np.isfinite(model.best_score_)


@pytest.mark.parametrize(
    "scoring",
    [
        share_of_hits,
        zero_dimensional,
        without_encoder,
        make_scorer(roc_auc_score, response_method="decision_function"),
    ],
)
def test_a_score_of_classes_that_some_models_lack_is_optimised(scoring: Any) -> None:
    model = EvolvedClassifier(**{**QUICK, "max_evaluations": 8}, scoring=scoring).fit(X, RARE)
    assert (model.leaderboard_["outcome"] == "scored").any()
    assert np.isfinite(model.best_score_)


def never(estimator: Any, X: Any, y: Any) -> float:
    raise KeyError("no column of costs")


@pytest.mark.parametrize(
    ("scoring", "message"),
    [
        (never, "KeyError: 'no column of costs'"),
        (lambda estimator, X, y: float("nan"), "A score must be a finite number, got nan"),
        (lambda estimator, X, y: "good", "A score must be a finite number, got 'good'"),
    ],
)
def test_a_scorer_of_no_model_is_refused_with_its_reason(scoring: Any, message: str) -> None:
    with pytest.raises(InputError, match=f"`scoring` must be able to score a .*{message}"):
        EvolvedClassifier(**QUICK, scoring=scoring).fit(X, RARE)


@pytest.mark.parametrize("scoring", ["f1", "precision", "average_precision"])
def test_the_rarer_class_is_positive_and_that_is_said(scoring: str) -> None:
    for y, positive in ((RARE, "bad"), (np.where(LABELS == "class 0", "z", "a"), "z")):
        with pytest.warns(DataWarning, match=f"positive class: '{positive}', the rarer") as warned:
            model = EvolvedClassifier(**QUICK, scoring=scoring).fit(X, y)
        assert len(warned) == 1
        assert [one.code for one in model.warnings_] == ["positive-class"]
        # scikit-learn takes the label 1 for positive.
        number = get_scorer(scoring)
        as_numbers = _Numbered(model, positive)
        assert model.score(X, y) == pytest.approx(number(as_numbers, X, (y == positive) * 1))


class _Numbered:
    """Classifier whose positive class is called 1 and the other 0."""

    def __init__(self, model: Any, positive: str) -> None:
        self._model, self._positive = model, positive
        self.classes_ = np.array([0, 1])
        self._estimator_type = "classifier"

    def __sklearn_tags__(self) -> Any:
        return self._model.__sklearn_tags__()

    def predict(self, X: Any) -> np.ndarray:
        found: np.ndarray = (self._model.predict(X) == self._positive) * 1
        return found

    def predict_proba(self, X: Any) -> np.ndarray:
        columns = self._model.predict_proba(X)
        place = self._model.classes_.tolist().index(self._positive)
        found: np.ndarray = columns[:, [1 - place, place]]
        return found


def test_the_positive_class_can_be_chosen_and_needs_no_warning_then() -> None:
    scoring = make_scorer(f1_score, pos_label="good")
    with warnings.catch_warnings():
        warnings.simplefilter("error", DataWarning)
        model = EvolvedClassifier(**QUICK, scoring=scoring).fit(X, RARE)
        EvolvedClassifier(**QUICK, scoring="f1").fit(X, (RARE == "bad") * 1)
        EvolvedClassifier(**QUICK, scoring="f1_macro").fit(X, RARE)
        EvolvedClassifier(**QUICK, scoring="neg_brier_score").fit(X, RARE)
    assert model.score(X, RARE) == f1_score(RARE, model.predict(X), pos_label="good")


def test_a_metric_of_ones_own_gets_the_positive_class_too() -> None:
    scoring = make_scorer(fbeta_score, beta=2)
    with pytest.warns(DataWarning, match=r"make_scorer\(fbeta_score, pos_label=...\)"):
        model = EvolvedClassifier(**QUICK, scoring=scoring).fit(X, RARE)
    assert model.score(X, RARE) == fbeta_score(RARE, model.predict(X), beta=2, pos_label="bad")


@pytest.mark.filterwarnings("ignore:Class")
@pytest.mark.parametrize(
    "scoring", ["neg_brier_score", "top_k_accuracy", "d2_brier_score", "d2_log_loss_score"]
)
@pytest.mark.slow
def test_a_class_with_one_row_does_not_stop_a_score_of_probabilities(scoring: str) -> None:
    table, y = small_table("multiclass")
    y = y.copy()
    y[0] = "single"
    model = EvolvedClassifier(**QUICK, scoring=scoring).fit(table, y)
    assert (model.leaderboard_["outcome"] == "scored").any()


@pytest.mark.filterwarnings("ignore:`cv` makes folds")
@pytest.mark.parametrize("scoring", ["neg_brier_score", "neg_log_loss", "top_k_accuracy"])
def test_a_class_that_appears_late_does_not_stop_a_split_in_time(scoring: str) -> None:
    table, y = small_table("multiclass")
    y = y.copy()
    y[60:][y[60:] == "class 0"] = "late"
    model = EvolvedClassifier(**{**QUICK, "cv": TimeSeriesSplit(3)}, scoring=scoring).fit(table, y)
    assert (model.leaderboard_["outcome"] == "scored").any()


def test_precision_is_silent() -> None:
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        EvolvedClassifier(**QUICK, scoring=make_scorer(precision_score, pos_label="bad")).fit(
            X, RARE
        )
    assert [str(one.message) for one in warned] == []


def test_a_series_of_a_target_reaches_a_function_as_an_array() -> None:
    seen: list[type] = []

    def watching(estimator: Any, X: Any, y: Any) -> float:
        seen.append(type(y))
        return accuracy_score(y, estimator.predict(X))

    model = EvolvedClassifier(**QUICK, scoring=watching).fit(X, pd.Series(RARE, dtype="string"))
    model.score(X, pd.Series(RARE, dtype="string"))
    assert set(seen) == {np.ndarray}
