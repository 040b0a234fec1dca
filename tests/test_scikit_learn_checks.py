"""Checks of scikit-learn for compatible estimators, each a test of its own."""

from __future__ import annotations

from typing import Any

from sklearn.utils.estimator_checks import check_regressors_train, parametrize_with_checks

from evolver import EvolvedClassifier, EvolvedRegressor
from tests.test_estimators import classifier, regressor

CANNOT_HOLD = {
    EvolvedClassifier: {},
    EvolvedRegressor: {
        "check_regressors_train": (
            "`score` is that of `scoring`, by default the negated root mean squared error, where"
            " the check expects a share of the variance above 0.5"
        ),
    },
}
"""Checks that cannot hold, each with its reason, by estimator."""


@parametrize_with_checks(
    [
        classifier(max_evaluations=2, cv=2),
        regressor(max_evaluations=2, cv=2),
    ],
    expected_failed_checks=lambda model: CANNOT_HOLD[type(model)],
)
def test_a_check_of_scikit_learn_passes(estimator: Any, check: Any) -> None:
    check(estimator)


def test_with_the_score_of_scikit_learn_a_regressor_passes_that_check_too() -> None:
    check_regressors_train("EvolvedRegressor", regressor(max_evaluations=2, cv=2, scoring="r2"))
