"""What a run folder keeps of a finished run."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import joblib

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
    writes: dict[str, Callable[[], object]] = {
        "model": lambda: _dump(model, folder / MODEL_FILE),
        "leaderboard": lambda: model.leaderboard_.to_csv(folder / "leaderboard.csv", index=False),
        "front": lambda: model.pareto_front_.to_csv(folder / "pareto_front.csv", index=False),
        "picture": lambda: _draw(model, folder / "pareto_front.svg"),
        "winner": lambda: model.export(folder / "winner.py", "best"),
        "ensemble": lambda: _export_ensemble(model, folder / "ensemble.py"),
    }
    for what, write in writes.items():
        try:
            write()
        except Exception as error:  # what pickling may raise, nobody says
            logger.warning(
                "The model is fitted, but its %s is not kept in %s: %s: %s",
                what,
                folder,
                type(error).__name__,
                error,
            )


def _dump(model: Any, file: Path) -> None:
    """Pickle a model; where it cannot be, what the file held stays."""
    part = file.with_suffix(".part")
    try:
        joblib.dump(model, part)
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)


def _draw(model: Any, file: Path) -> None:
    file.write_text(front_svg(model.leaderboard_, model.pareto_front_), encoding="utf-8")


def _export_ensemble(model: Any, file: Path) -> None:
    """Write the ensemble; where there is none, that of an earlier run goes."""
    file.unlink(missing_ok=True)
    if model.ensemble_ is not None:
        model.export(file, ENSEMBLE)
