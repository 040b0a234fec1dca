"""Evolution and refinement as one proposer: who is asked is a matter of count, never of time."""

from __future__ import annotations

from collections.abc import Sequence

from evolver.genome.candidate import Candidate
from evolver.outcome import Outcome
from evolver.problem import share_at
from evolver.search.proposer import Proposer


class Interleaved:
    """Asks evolution first, then refinement for a share of the candidates.

    Parameters
    ----------
    evolution, refinement : Proposer
        Where one has no more candidates, the other is asked.
    shares : sequence of (int, float)
        From which candidate on refinement is asked for which share of them, from 0 to 1; none
        before the first.
    """

    def __init__(
        self,
        evolution: Proposer,
        refinement: Proposer,
        shares: Sequence[tuple[int, float]],
    ) -> None:
        self._shares = shares
        self._evolution = evolution
        self._refinement = refinement
        self._asked = 0
        self._due = 0.0

    def ask(self) -> Candidate | None:
        share = share_at(self._shares, self._asked)
        turns = [self._evolution]
        if share > 0:
            is_due = self._due + share >= 1.0
            turns.insert(0 if is_due else 1, self._refinement)
        for proposer in turns:
            candidate = proposer.ask()
            if candidate is not None:
                due = self._due + share - (proposer is self._refinement)
                self._due = min(max(due, -1.0), 1.0)
                self._asked += 1
                return candidate
        return None

    def tell(self, candidate: Candidate, outcome: Outcome) -> None:
        self._evolution.tell(candidate, outcome)
        self._refinement.tell(candidate, outcome)
