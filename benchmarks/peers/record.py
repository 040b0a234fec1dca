"""Record of a run, in a JSON file of its own."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Run:
    """Key of a run.

    Parameters
    ----------
    dataset : str
    system : str
    budget : float
        Seconds.
    seed : int
        Seed of the split and of the system.
    """

    dataset: str
    system: str
    budget: float
    seed: int

    @property
    def name(self) -> str:
        """Name of the record's file."""
        return f"{self.dataset}-{self.system}-{self.budget:g}-{self.seed}.json"


@dataclass(frozen=True)
class Record:
    """Run with its outcome.

    Parameters
    ----------
    dataset, system, budget, seed
        As in `Run`.
    version : str
        Version of the system.
    task, metric : str
    rows, columns : int
        Size of the whole table, without the target.
    workers : int
    score : float
        Score on the held-out rows; `constant_score` where the run did not end well.
    constant_score : float
        Score of the constant predictor.
    imputed : bool
        True if the score is that of the constant predictor because there is no prediction.
    single_score : float or None
        Score of the best single pipeline, where the system delivers that too.
    fit_seconds : float or None
        Wall time of the fit; None where it did not end.
    overrun : float or None
        Share of the budget by which the fit was too long; negative: by which it was shorter.
    predict_seconds : float or None
        Wall time of predicting all held-out rows.
    model_bytes : int or None
        Size of the files or objects that must be kept to predict.
    peak_memory : int
        Bytes of the process tree.
    status : str
        ``"ok"``, ``"failed"`` or ``"killed"``.
    error : str or None
    commit, versions, machine
        Provenance of the record; None in records that were saved before it was known. `versions`
        are those of the interpreter that runs the comparison, which evolver and the baselines
        share.
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
    commit: str | None = None
    versions: dict[str, str | None] | None = None
    machine: dict[str, Any] | None = None

    def save(self, path: Path) -> None:
        """Write the record."""
        path.write_text(json.dumps(asdict(self), indent=2) + "\n", encoding="utf-8")


def load(folder: Path) -> list[Record]:
    """Return all records of a folder."""
    return [
        Record(**json.loads(path.read_text(encoding="utf-8")))
        for path in sorted(folder.glob("*.json"))
    ]
