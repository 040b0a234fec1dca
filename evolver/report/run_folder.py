"""Files that a finished run leaves in its run folder."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cloudpickle

from evolver.files import replacing
from evolver.report.facts import Facts
from evolver.report.page import page
from evolver.report.picture import front_svg
from evolver.run.fitted_ensemble import ENSEMBLE

logger = logging.getLogger("evolver")

MODEL_FILE = "model.joblib"
"""Name of the file with the fitted estimator."""

FACTS_FILE = "report.json"
"""Name of the file with the facts of the report."""

ENSEMBLE_FILE = "ensemble.py"
"""Name of the file with the exported ensemble."""


def keep(model: Any, folder: Path) -> None:
    """Write the model, its tables and picture, and the winner and the ensemble as programs.

    If a file cannot be written, a warning is logged and the earlier file stays. If there is no
    ensemble, the file of an earlier one is removed.

    Parameters
    ----------
    model : EvolvedClassifier or EvolvedRegressor
        Fitted estimator.
    folder : Path
        Run folder, checked by `evolver.checks.check_folder`.
    """
    writes: dict[str, tuple[str, Callable[[Path], object]]] = {
        "model": (MODEL_FILE, lambda part: _pickle(model, part)),
        "table of columns": (
            "columns.csv",
            lambda part: model.columns_.to_csv(part, index=False),
        ),
        "leaderboard": (
            "leaderboard.csv",
            lambda part: model.leaderboard_.to_csv(part, index=False),
        ),
        "front": ("pareto_front.csv", lambda part: model.pareto_front_.to_csv(part, index=False)),
        "picture": ("pareto_front.svg", lambda part: _draw(model, part)),
        "winner": ("winner.py", lambda part: model.export(part, "best")),
    }
    if model._facts is not None:
        writes["report"] = (
            "report.html",
            lambda part: part.write_text(page(model._facts), "utf-8"),
        )
        writes["facts"] = (FACTS_FILE, lambda part: _write_json(model._facts, part))
    if model.ensemble_ is not None:
        writes["ensemble"] = (ENSEMBLE_FILE, lambda part: model.export(part, ENSEMBLE))
    for noun, (name, write) in writes.items():
        with _warned(f"its {noun} is not kept", folder), replacing(folder / name) as part:
            write(part)
    if model.ensemble_ is None:
        with _warned(f"the earlier {ENSEMBLE_FILE} is not removed", folder):
            (folder / ENSEMBLE_FILE).unlink(missing_ok=True)


def facts_in(folder: Path) -> Facts:
    """Return the facts of the finished run in a folder; none if they cannot be read."""
    try:
        facts = json.loads((folder / FACTS_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return facts if isinstance(facts, dict) else {}


@contextmanager
def _warned(failure: str, folder: Path) -> Iterator[None]:
    """Log an error of the block as a warning, and continue after the block."""
    try:
        yield
    except Exception as error:  # pickling calls code of the user, which may raise any error
        logger.warning(
            "The model is fitted, but %s in %s: %s: %s",
            failure,
            folder,
            type(error).__name__,
            error,
        )


def _pickle(model: Any, file: Path) -> None:
    """Write a pickle that another process can read.

    Scorers and complexities of the user's script go into it as they are: the other process does not
    run that script.
    """
    with file.open("wb") as opened:
        cloudpickle.dump(model, opened)


def _write_json(facts: Facts, file: Path) -> None:
    file.write_text(json.dumps(facts, allow_nan=False), encoding="utf-8")


def _draw(model: Any, file: Path) -> None:
    file.write_text(front_svg(model.leaderboard_, model.pareto_front_), encoding="utf-8")
