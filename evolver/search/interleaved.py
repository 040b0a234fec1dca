"""Evolution and refinement as one proposer, asked by counts of candidates, never by time."""

from __future__ import annotations

from collections.abc import Callable

from evolver.genome.candidate import Candidate
from evolver.outcome import Outcome
from evolver.search.proposer import Proposer


class Interleaved:
    """Proposer that asks evolution, and refinement for a share of the candidates.

    Parameters
    ----------
    evolution, refinement : Proposer
        If one has no candidate, the other is asked.
    share_at : callable
        Takes the number of a candidate and returns the share of refinement from there on, from 0
        to 1.
    """

    def __init__(
        self,
        evolution: Proposer,
        refinement: Proposer,
        share_at: Callable[[int], float],
    ) -> None:
        self._share_at = share_at
        self._evolution = evolution
        self._refinement = refinement
        self._asked = 0
        self._due = 0.0

    def ask(self) -> Candidate | None:
        """Return a candidate of the proposer whose turn it is; None if neither has one."""
        share = self._share_at(self._asked)
        turns = [(self._evolution, self._refinement)]
        if share > 0:
            is_due = self._due + share >= 1.0
            turns.insert(0 if is_due else 1, (self._refinement, self._evolution))
        for proposer, other in turns:
            candidate = proposer.ask()
            if candidate is not None:
                other.avoid(candidate.digest)
                # `_due` is the number of candidates that refinement is behind its share. It is
                # limited: a proposer that had none for a while must not then get every turn.
                due = self._due + share - (proposer is self._refinement)
                self._due = min(max(due, -1.0), 1.0)
                self._asked += 1
                return candidate
        return None

    def avoid(self, digest: str) -> None:
        """Have neither proposer ask for a pipeline of this digest."""
        self._evolution.avoid(digest)
        self._refinement.avoid(digest)

    def tell(self, candidate: Candidate, outcome: Outcome) -> None:
        """Tell both proposers the outcome of a candidate, whichever of them proposed it."""
        self._evolution.tell(candidate, outcome)
        self._refinement.tell(candidate, outcome)
