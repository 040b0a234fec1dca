"""What a run folder keeps of a finished run."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import joblib

from evolver.files import replacing
from evolver.report.picture import front_svg
from evolver.run.fitted_ensemble import ENSEMBLE

logger = logging.getLogger("evolver")

MODEL_FILE = "model.joblib"
"""Name of the file with the fitted estimator."""

ENSEMBLE_FILE = "ensemble.py"
"""Name of the program of the ensemble."""


def keep(model: Any, folder: Path) -> None:
    """Write the model, its candidates, its front, and the winner and the ensemble as programs.

    Where there is no ensemble, that of an earlier run goes. What cannot be written is said; the
    model is fitted all the same, and what the file held stays.

    Parameters
    ----------
    model : EvolvedClassifier or EvolvedRegressor
        Fitted.
    folder : Path
        Of the run, see `evolver.checks.check_folder`.
    """
    writes: dict[str, tuple[str, Callable[[Path], object]]] = {
        "model": (MODEL_FILE, lambda part: joblib.dump(model, part)),
        "leaderboard": (
            "leaderboard.csv",
            lambda part: model.leaderboard_.to_csv(part, index=False),
        ),
        "front": ("pareto_front.csv", lambda part: model.pareto_front_.to_csv(part, index=False)),
        "picture": ("pareto_front.svg", lambda part: _draw(model, part)),
        "winner": ("winner.py", lambda part: model.export(part, "best")),
    }
    if model.ensemble_ is not None:
        writes["ensemble"] = (ENSEMBLE_FILE, lambda part: model.export(part, ENSEMBLE))
    for what, (name, write) in writes.items():
        with _said(what, folder), replacing(folder / name) as part:
            write(part)
    if model.ensemble_ is None:
        with _said("lack of an ensemble", folder):
            (folder / ENSEMBLE_FILE).unlink(missing_ok=True)


@contextmanager
def _said(what: str, folder: Path) -> Iterator[None]:
    """Say what goes wrong, and go on."""
    try:
        yield
    except Exception as error:  # what pickling may raise, nobody says
        logger.warning(
            "The model is fitted, but its %s is not kept in %s: %s: %s",
            what,
            folder,
            type(error).__name__,
            error,
        )


def _draw(model: Any, file: Path) -> None:
    file.write_text(front_svg(model.leaderboard_, model.pareto_front_), encoding="utf-8")
