"""Candidates of a run as a report shows them, from the records of a run or from its journal."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from evolver.genome.codec import Encoded
from evolver.genome.names import short_name
from evolver.genome.tree import Step, Tree, X
from evolver.outcome import Failed, Scored, kind_of
from evolver.run.record import Record
from evolver.storage.entries import Journaled, Replay
from primitives import Catalogue, default_catalogue


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
        Origin; empty where only a journal is left.
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
        return self.expression.partition("(")[0] if self.tree is None else short_name(self.tree)


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


def of_journal(known: Replay) -> list[Tried]:
    """Return the candidates that the journal of a run has so far, in the order asked."""
    header = known.header or {"ladder": 0, "folds": 0}
    catalogue = default_catalogue()
    return [
        _of_entry(number, one, header, catalogue)
        for number, one in sorted(known.candidates.items())
    ]


def _of_entry(
    number: int, one: Journaled, header: Mapping[str, int], catalogue: Catalogue
) -> Tried:
    first, n_folds = header["ladder"], header["folds"]
    folds = [one.folds[unit] for unit in range(first, first + n_folds) if unit in one.folds]
    is_scored = len(folds) == n_folds > 0 and one.failed is None
    tree = _tree(one.tree, catalogue)
    kind = one.kind if one.failed is None else one.failed.kind.value
    return Tried(
        number,
        one.digest,
        tree,
        _expression(one.tree) if tree is None else str(tree),
        "",
        "",
        (),
        "scored" if is_scored else kind,
        "" if one.failed is None else one.failed.reason,
        tuple(fold.score for fold in folds) if is_scored else (),
        folds[0].costs if is_scored else (),
        sum(fold.seconds for fold in one.folds.values()),
        one.elapsed,
    )


def _tree(encoded: Encoded, catalogue: Catalogue) -> Tree | None:
    """Return the tree of an encoded pipeline; None if a primitive is not known."""
    if not encoded or any(node is not None and node[0] not in catalogue for node in encoded):
        return None
    return Tree([X if node is None else Step(catalogue[node[0]], node[1]) for node in encoded])


def _expression(encoded: Encoded) -> str:
    """Return the names of the steps of a pipeline of primitives that are not known."""
    return "(".join("X" if node is None else node[0] for node in encoded)
