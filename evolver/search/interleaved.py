"""All proposers of a run as one, asked by counts of candidates, never by time."""

from __future__ import annotations

from collections.abc import Callable

from evolver.genome.candidate import Candidate
from evolver.outcome import Outcome
from evolver.search.proposer import Proposer


class Interleaved:
    """Proposer that asks evolution, refinement for a share of the candidates, and simplification.

    Parameters
    ----------
    evolution, refinement : Proposer
        If one has no candidate, the other is asked.
    share_at : callable
        Takes the number of a candidate and returns the share of refinement from there on, from 0
        to 1.
    simplification : Proposer
        Asked before the others wherever `simplifies_at` says so.
    simplifies_at : callable
        Takes the number of a candidate and returns True if it may be a simplification.
    """

    def __init__(
        self,
        evolution: Proposer,
        refinement: Proposer,
        share_at: Callable[[int], float],
        simplification: Proposer,
        simplifies_at: Callable[[int], bool],
    ) -> None:
        self._share_at = share_at
        self._simplifies_at = simplifies_at
        self._evolution = evolution
        self._refinement = refinement
        self._simplification = simplification
        self._all = evolution, refinement, simplification
        self._asked = 0
        self._due = 0.0

    def ask(self) -> Candidate | None:
        """Return a candidate of the proposer whose turn it is; None if no proposer has one."""
        if self._simplifies_at(self._asked):
            candidate = self._simplification.ask()
            if candidate is not None:
                return self._taken(candidate, self._simplification)
        share = self._share_at(self._asked)
        turns = [self._evolution]
        if share > 0:
            is_due = self._due + share >= 1.0
            turns.insert(0 if is_due else 1, self._refinement)
        for proposer in turns:
            candidate = proposer.ask()
            if candidate is not None:
                # `_due` is the number of candidates that refinement is behind its share. It is
                # limited: a proposer that had none for a while must not then get every turn.
                due = self._due + share - (proposer is self._refinement)
                self._due = min(max(due, -1.0), 1.0)
                return self._taken(candidate, proposer)
        return None

    def avoid(self, digest: str) -> None:
        """Have no proposer ask for a pipeline of this digest."""
        for proposer in self._all:
            proposer.avoid(digest)

    def tell(self, candidate: Candidate, outcome: Outcome) -> None:
        """Tell all proposers the outcome of a candidate, whichever of them proposed it."""
        for proposer in self._all:
            proposer.tell(candidate, outcome)

    def _taken(self, candidate: Candidate, by: Proposer) -> Candidate:
        """Count a candidate of one proposer, and have no other ask for it."""
        self._asked += 1
        for proposer in self._all:
            if proposer is not by:
                proposer.avoid(candidate.digest)
        return candidate
