"""Records of candidates: what a run knows of each while it evaluates it."""

from __future__ import annotations

from dataclasses import dataclass, field

from evolver.genome.candidate import Candidate
from evolver.outcome import Outcome, Scored, ScoredFold
from evolver.search.racing import Margins
from evolver.search.selection import Member


@dataclass(eq=False)
class Record:
    """One candidate, its folds so far and its outcome. Only the loop of a run changes it.

    Parameters
    ----------
    number : int
        Place of the candidate in the order asked.
    candidate : Candidate
    margins : Margins
        Margins of the race when the candidate was asked for.
    folds : dict of int to ScoredFold
    outcome : Outcome or None
        None while folds are under way.
    """

    number: int
    candidate: Candidate
    margins: Margins = ()
    folds: dict[int, ScoredFold] = field(default_factory=dict)
    outcome: Outcome | None = None

    @property
    def seconds(self) -> float:
        """Sum of the seconds of the folds that were scored."""
        return sum(fold.seconds for fold in self.folds.values())

    @property
    def member(self) -> Member:
        """This candidate as a member of a population; it must be scored."""
        assert isinstance(self.outcome, Scored)
        return Member(self.candidate, self.outcome)
