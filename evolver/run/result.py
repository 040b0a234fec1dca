"""Result of a run: its candidates, its front, the fitted winner and the ensemble."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

import numpy as np
from sklearn.pipeline import Pipeline

from evolver.evaluation.calibration import Line
from evolver.genome.candidate import Candidate
from evolver.limits import Usage
from evolver.outcome import UNKNOWN, Effort, HonestScore, Scored
from evolver.run.fitted_ensemble import Ensemble
from evolver.run.record import Record
from evolver.search.selection import Member

Reason = Literal["time", "evaluations", "patience", "interrupt", "error"]
"""Reason for the end of a search; "evaluations" also if the proposer had no more candidates."""


class Decision(StrEnum):
    """Decisions in which time may take part, so that a repeated run may decide otherwise."""

    COMPLEXITIES = "the complexities"
    LENGTH = "the number of candidates"
    SCORED = "which candidates are scored"
    REFINEMENT = "when refinement begins"
    SIMPLIFICATION = "when simplification begins"
    WINNER = "which candidate wins"
    MEMBERS = "the members of the ensemble"
    REPEATS = "how often members are fitted"
    HONEST = "the honest score"


@dataclass(frozen=True, eq=False)
class Result:
    """Result of a run.

    Parameters
    ----------
    records : sequence of Record
        Records of all candidates, in the order asked.
    front : sequence of Member
        Non-dominated candidates, best score first; empty where no candidate was scored.
    winner : Candidate or None
        Candidate that was fitted on all rows; None if there was no time to fit any.
    pipeline : Pipeline
        Fitted pipeline of the winner, or of a fallback.
    effort : Effort
        Effort of all folds.
    ended_by : Reason
    ensemble : Ensemble or None
        None if it is worse than the winner, or time was short.
    failed_fits : sequence of tuple of str
        Digest of a candidate that could not be fitted on all rows, and the reason, one line.
    decided_by_time : sequence of Decision
        Decisions in which time took part; empty if a repeated run would find the same.
    peak_memory : int
        Largest number of bytes that a worker was seen to hold; 0 if none is measured.
    out_of_fold : mapping of str to tuple of ndarray
        Predictions of the validation part of each fold, by digest; those of the winner, the front
        and the ensemble, as far as they are stored.
    lines : mapping of str to Line
        Lines by which the probabilities of these models are changed, by digest; `pipeline` and
        the ensemble are without them.
    usage : mapping of str to Usage
        Usage of the winner and the ensemble as fitted on all rows, and of others on the front as
        fitted on the folds where it was measured, by digest.
    seconds : mapping of str to float
        Seconds of the run by what they were spent on: those before the search and for the final
        fits, and in between those of the workers by proposer, or idle.
    honest : HonestScore
        Score that the model of `predict` can be expected to have on new rows.
    """

    records: Sequence[Record]
    front: Sequence[Member]
    winner: Candidate | None
    pipeline: Pipeline
    effort: Effort
    ended_by: Reason
    ensemble: Ensemble | None = None
    failed_fits: Sequence[tuple[str, str]] = ()
    decided_by_time: Sequence[Decision] = ()
    peak_memory: int = 0
    out_of_fold: Mapping[str, Sequence[np.ndarray]] = field(default_factory=dict)
    lines: Mapping[str, Line] = field(default_factory=dict)
    usage: Mapping[str, Usage] = field(default_factory=dict)
    seconds: Mapping[str, float] = field(default_factory=dict)
    honest: HonestScore = UNKNOWN

    @property
    def best_score(self) -> float:
        """Mean score of the winner over the folds; NaN if some were not scored."""
        outcomes = [record.outcome for record in self.records if record.candidate is self.winner]
        return outcomes[0].score if outcomes and isinstance(outcomes[0], Scored) else float("nan")
