"""Candidates of a run as a report shows them, from the records of a run or from its journal."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from evolver.genome.names import short_name
from evolver.genome.tree import Tree
from evolver.outcome import Failed, Scored, kind_of
from evolver.run.record import Record
from evolver.run.recorded import RecordedRun


@dataclass(frozen=True)
class Tried:
    """Candidate of a run.

    Parameters
    ----------
    number : int
    digest : str
    tree : Tree or None
        None if the journal names primitives that are not in the default catalogue.
    expression : str
    proposer, operator : str
        Origin; empty where an older journal does not say.
    parents : tuple of str
        Digests.
    kind : str
        Kind of the outcome, see `evolver.outcome.kind_of`; empty while it is evaluated.
    reason : str
        Reason of a failure.
    fold_scores : tuple of float
        Scores of all folds; empty unless it is scored.
    costs : tuple of float
    seconds : float
        Seconds of its folds together.
    elapsed : float
        Seconds of the run until its outcome; NaN if it is not known.
    """

    number: int
    digest: str
    tree: Tree | None
    expression: str
    proposer: str
    operator: str
    parents: tuple[str, ...]
    kind: str
    reason: str
    fold_scores: tuple[float, ...]
    costs: tuple[float, ...]
    seconds: float
    elapsed: float

    @property
    def score(self) -> float:
        """Mean of the fold scores; NaN if there are none."""
        return math.fsum(self.fold_scores) / len(self.fold_scores) if self.fold_scores else math.nan

    @property
    def name(self) -> str:
        """Short name."""
        return self.expression if self.tree is None else short_name(self.tree)


def of_records(records: Sequence[Record]) -> list[Tried]:
    """Return the candidates of a finished run, in the order asked."""
    return [_of_record(record) for record in records]


def _of_record(record: Record) -> Tried:
    candidate, outcome = record.candidate, record.outcome
    scored = outcome if isinstance(outcome, Scored) else None
    return Tried(
        record.number,
        candidate.digest,
        candidate.tree,
        str(candidate.tree),
        candidate.origin.proposer,
        candidate.origin.operator,
        candidate.origin.parents,
        "" if outcome is None else kind_of(outcome),
        outcome.reason if isinstance(outcome, Failed) else "",
        scored.fold_scores if scored else (),
        scored.costs if scored else (),
        outcome.seconds if outcome else 0.0,
        record.elapsed,
    )


def of_recorded(run: RecordedRun) -> list[Tried]:
    """Return the candidates that the journal of a run has so far, in the order asked."""
    return [
        Tried(
            one.number,
            one.digest,
            one.tree,
            one.expression,
            one.proposer,
            one.operator,
            (),
            "" if one.outcome is None else kind_of(one.outcome),
            one.outcome.reason if isinstance(one.outcome, Failed) else "",
            one.outcome.fold_scores if isinstance(one.outcome, Scored) else (),
            one.outcome.costs if isinstance(one.outcome, Scored) else (),
            one.seconds,
            one.elapsed,
        )
        for one in run.candidates
    ]
