"""Where candidates come from: the seam between a run and its searches."""

from __future__ import annotations

from typing import Protocol

from evolver.genome.candidate import Candidate
from evolver.outcome import Outcome


class Proposer(Protocol):
    """A source of candidates.

    What it asks depends on its seed and on what it was told, in which order, and on nothing else. A
    run tells outcomes in the order in which the candidates were asked for.
    """

    def ask(self) -> Candidate | None:
        """Return a candidate that was not asked for before; None when there are no more."""

    def avoid(self, digest: str) -> None:
        """Ask for no pipeline of this digest: another proposer has asked for it."""

    def tell(self, candidate: Candidate, outcome: Outcome) -> None:
        """Learn what became of a candidate, of this proposer or of another."""
