"""The scikit-learn estimators, the door of the package for most users."""

from evolver.estimators.classifier import EvolvedClassifier
from evolver.estimators.regressor import EvolvedRegressor

__all__ = ["EvolvedClassifier", "EvolvedRegressor"]
