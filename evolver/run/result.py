"""Result of a run: its candidates, its front, the fitted winner and the ensemble."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from sklearn.pipeline import Pipeline

from evolver.genome.candidate import Candidate
from evolver.outcome import Effort, Scored
from evolver.run.fitted_ensemble import Ensemble
from evolver.run.record import Record
from evolver.search.selection import Member

Reason = Literal["time", "evaluations", "patience", "interrupt", "error"]
"""Reasons for the end of a search; "evaluations" also where there were no more candidates."""


class Decision(StrEnum):
    """Decisions of a run in which time may take part, so that the same run may take another."""

    COMPLEXITIES = "the complexities"
    LENGTH = "the number of candidates"
    SCORED = "which candidates are scored"
    REFINEMENT = "when refinement begins"
    WINNER = "which candidate wins"
    MEMBERS = "the members of the ensemble"
    REPEATS = "how often members are fitted"


@dataclass(frozen=True, eq=False)
class Result:
    """Result of a run.

    Parameters
    ----------
    records : sequence of Record
        One for each candidate, in the order asked.
    front : sequence of Member
        Non-dominated candidates, best score first; empty where no candidate was scored.
    winner : Candidate or None
        None where no candidate could be fitted in time.
    pipeline : Pipeline
        The winner, or a fallback, fitted.
    effort : Effort
        Effort of all folds.
    ended_by : Reason
    ensemble : Ensemble or None
        None where it is worse than the winner, or time was short.
    failed_fits : sequence of tuple of str
        Digest of a candidate that could not be fitted on all rows, and the reason, one line.
    decided_by_time : sequence of Decision
        Empty where the same run would find the same.
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

    @property
    def best_score(self) -> float:
        """Mean score of the winner over the folds; NaN where not all of them were scored."""
        outcomes = [one.outcome for one in self.records if one.candidate is self.winner]
        return outcomes[0].score if outcomes and isinstance(outcomes[0], Scored) else float("nan")
