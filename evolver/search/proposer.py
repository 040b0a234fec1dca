"""Proposer: the interface between a run and its searches."""

from __future__ import annotations

from typing import Protocol

from evolver.genome.candidate import Candidate
from evolver.outcome import Outcome


class Proposer(Protocol):
    """Source of candidates.

    Its candidates depend only on its seed and on the outcomes it was told, in their order. A run
    tells outcomes in the order in which the candidates were asked for.
    """

    def ask(self) -> Candidate | None:
        """Return a candidate that was not asked for before, or None if there is none."""

    def avoid(self, digest: str) -> None:
        """Never ask for a pipeline of this digest, as another proposer has asked for it."""

    def tell(self, candidate: Candidate, outcome: Outcome) -> None:
        """Learn the outcome of a candidate of this or of another proposer."""
