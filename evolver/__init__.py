"""Evolution of scikit-learn pipelines within a time budget.

`EvolvedClassifier` and `EvolvedRegressor` are estimators for scikit-learn. `Settings` holds their
expert settings. All errors that they raise themselves derive from `EvolverError`. Warnings about
the data are of the class `DataWarning`.
"""

from evolver.errors import EvolverError, InputError, InputTypeError, NoPipelineError
from evolver.estimators import EvolvedClassifier, EvolvedRegressor
from evolver.settings import Settings
from evolver.warned import DataWarning

__version__ = "0.1.0"

__all__ = [
    "DataWarning",
    "EvolvedClassifier",
    "EvolvedRegressor",
    "EvolverError",
    "InputError",
    "InputTypeError",
    "NoPipelineError",
    "Settings",
]
