"""What the comparison asks of a system, and what a system answers.

Imported by the runners too, in the environments of the peers: it needs numpy and pandas only.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

TARGET = "target"

FOLDS = 5

SCORING = {
    "binary": "roc_auc",
    "multiclass": "neg_log_loss",
    "regression": "neg_root_mean_squared_error",
}
"""scikit-learn's name of the metric that every system searches by, for each task."""


@dataclass(frozen=True)
class Job:
    """One run of one system.

    Parameters
    ----------
    train : str
        Parquet file of the rows to fit on, with the target.
    test : str
        Parquet file of the rows to predict, without the target.
    task : str
        ``"binary"``, ``"multiclass"`` or ``"regression"``.
    budget : float
        Seconds for the fit.
    seed : int
    workers : int
        Processes that may work at once.
    output : str
        JSON file for the answer.
    """

    train: str
    test: str
    task: str
    budget: float
    seed: int
    workers: int
    output: str

    def to_json(self) -> str:
        """Return the text that `perform` reads."""
        return json.dumps(asdict(self))

    def tables(self) -> tuple[pd.DataFrame, pd.Series, pd.DataFrame]:
        """Return the columns to fit on, their target, and the columns to predict."""
        train = pd.read_parquet(self.train)
        return train.drop(columns=TARGET), train[TARGET], pd.read_parquet(self.test)


@dataclass(frozen=True)
class Prediction:
    """What was predicted for some rows.

    Parameters
    ----------
    values : ndarray
        Numbers of shape (n_samples,), or probabilities of shape (n_samples, n_classes).
    classes : list of str, optional
        The label of each column of probabilities.
    """

    values: np.ndarray
    classes: list[str] | None = None


@dataclass(frozen=True)
class Answer:
    """What a system made of a job.

    Parameters
    ----------
    prediction : Prediction
    fit_seconds : float
        Wall time of the fit alone.
    """

    prediction: Prediction
    fit_seconds: float


def timed_fit(model: Any, X: pd.DataFrame, y: Any) -> float:
    """Fit `model`, and return the seconds that took."""
    start = time.perf_counter()
    model.fit(X, y)
    return time.perf_counter() - start


def perform(run: Callable[[Job], Answer]) -> None:
    """Run the job that stands on the command line as JSON, and write the answer or the error."""
    job = Job(**json.loads(sys.argv[1]))
    try:
        answer = run(job)
    except Exception as error:
        _write(job, {"error": f"{type(error).__name__}: {error}"})
        raise
    values, classes = answer.prediction.values, answer.prediction.classes
    _write(
        job,
        {"fit_seconds": answer.fit_seconds, "values": values.tolist(), "classes": classes},
    )


def read_answer(output: Path) -> Answer:
    """Return the answer in a file that `perform` wrote.

    Raises
    ------
    RuntimeError
        When the system failed, with what it said.
    """
    content = json.loads(output.read_text(encoding="utf-8"))
    if "error" in content:
        raise RuntimeError(content["error"])
    values = np.asarray(content["values"], dtype=np.float64)
    return Answer(Prediction(values, content["classes"]), content["fit_seconds"])


def _write(job: Job, content: dict[str, Any]) -> None:
    """Write a file that is whole or not there, for the process may be killed at any time."""
    part = Path(f"{job.output}.part")
    part.write_text(json.dumps(content), encoding="utf-8")
    part.replace(job.output)
