"""Estimators of scikit-learn that evolve pipelines: a classifier and a regressor."""

from evolver.estimators.classifier import EvolvedClassifier
from evolver.estimators.regressor import EvolvedRegressor

__all__ = ["EvolvedClassifier", "EvolvedRegressor"]
