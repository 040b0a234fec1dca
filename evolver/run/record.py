"""Records of candidates: folds and outcome of each, while a run evaluates it."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from evolver.genome.candidate import Candidate
from evolver.outcome import Outcome, Scored, ScoredFold
from evolver.search.racing import Margins
from evolver.search.selection import Member


@dataclass(eq=False)
class Record:
    """Candidate with its folds so far and its outcome. Only the loop of a run changes it.

    Parameters
    ----------
    number : int
        Place of the candidate in the order asked.
    candidate : Candidate
    margins : Margins
        Margins of the race when the candidate was asked for. It is judged by them, so that the
        judgement does not depend on when its folds are done.
    folds : dict of int to ScoredFold
        Scored folds by number.
    outcome : Outcome or None
        None while folds wait or are under way.
    elapsed : float, default=NaN
        Seconds of the run until the outcome.
    """

    number: int
    candidate: Candidate
    margins: Margins = ()
    folds: dict[int, ScoredFold] = field(default_factory=dict)
    outcome: Outcome | None = None
    elapsed: float = math.nan

    @property
    def seconds(self) -> float:
        """Sum of the seconds of the folds that were scored."""
        return sum(fold.seconds for fold in self.folds.values())

    @property
    def member(self) -> Member:
        """Member of a population that the candidate is; its outcome must be `Scored`."""
        assert isinstance(self.outcome, Scored)
        return Member(self.candidate, self.outcome)
