"""Evolves scikit-learn pipelines within a time budget."""

from evolver.errors import EvolverError, InputError, InputTypeError, NoPipelineError
from evolver.estimators import EvolvedClassifier, EvolvedRegressor
from evolver.settings import Settings

__version__ = "0.1.0"

__all__ = [
    "EvolvedClassifier",
    "EvolvedRegressor",
    "EvolverError",
    "InputError",
    "InputTypeError",
    "NoPipelineError",
    "Settings",
]
