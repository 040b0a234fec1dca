"""The record of a run: what is kept of it, one JSON file each."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Run:
    """What a run is known by.

    Parameters
    ----------
    dataset : str
    system : str
    budget : float
        Seconds.
    seed : int
        Of the split and of the system.
    """

    dataset: str
    system: str
    budget: float
    seed: int

    @property
    def name(self) -> str:
        """The name of the record's file."""
        return f"{self.dataset}-{self.system}-{self.budget:g}-{self.seed}.json"


@dataclass(frozen=True)
class Record:
    """A run and how it went.

    Parameters
    ----------
    dataset, system, budget, seed
        As in `Run`.
    version : str
        Of the system.
    task, metric : str
    rows, columns : int
        Of the whole table, without the target.
    workers : int
    score : float
        On the held-out rows; `constant_score` where the run did not end well.
    constant_score : float
        Of the constant predictor.
    imputed : bool
        Whether the score is that of the constant predictor for want of a prediction.
    single_score : float or None
        Of the best single pipeline, where the system delivers that too.
    fit_seconds : float or None
        None where the fit did not end.
    overrun : float or None
        Share of the budget by which the fit was too long; negative: by which it was shorter.
    predict_seconds : float or None
        Of all held-out rows.
    model_bytes : int or None
        Of what must be kept to predict.
    peak_memory : int
        Bytes, of the process tree.
    status : str
        ``"ok"``, ``"failed"`` or ``"killed"``.
    error : str or None
    """

    dataset: str
    system: str
    budget: float
    seed: int
    version: str
    task: str
    metric: str
    rows: int
    columns: int
    workers: int
    score: float
    constant_score: float
    imputed: bool
    single_score: float | None
    fit_seconds: float | None
    overrun: float | None
    predict_seconds: float | None
    model_bytes: int | None
    peak_memory: int
    status: str
    error: str | None

    def save(self, path: Path) -> None:
        """Write the record."""
        path.write_text(json.dumps(asdict(self), indent=2) + "\n", encoding="utf-8")


def load(folder: Path) -> list[Record]:
    """Return all records of a folder."""
    return [
        Record(**json.loads(path.read_text(encoding="utf-8")))
        for path in sorted(folder.glob("*.json"))
    ]
