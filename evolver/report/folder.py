"""What a run folder keeps of a finished run."""

from __future__ import annotations

import logging
from pathlib import Path
from pickle import PicklingError
from typing import Any

import joblib

from evolver.errors import InputError
from evolver.record import ENSEMBLE, MODEL_FILE
from evolver.report.picture import front_svg

logger = logging.getLogger("evolver")


def keep(model: Any, folder: Path) -> None:
    """Write the model, its candidates, its front, and the winner and the ensemble as programs.

    What cannot be written is said; the model is fitted all the same.

    Parameters
    ----------
    model : EvolvedClassifier or EvolvedRegressor
        Fitted.
    folder : Path
    """
    try:
        joblib.dump(model, folder / MODEL_FILE)
        model.leaderboard_.to_csv(folder / "leaderboard.csv", index=False)
        model.pareto_front_.to_csv(folder / "pareto_front.csv", index=False)
        picture = front_svg(model.leaderboard_, model.pareto_front_)
        (folder / "pareto_front.svg").write_text(picture, encoding="utf-8")
        model.export(folder / "winner.py", "best")
        if model.ensemble_ is None:
            (folder / "ensemble.py").unlink(missing_ok=True)
        else:
            model.export(folder / "ensemble.py", ENSEMBLE)
    except (OSError, InputError, PicklingError, AttributeError) as error:
        logger.warning("The model is fitted, but not all of it is kept in %s: %s", folder, error)
