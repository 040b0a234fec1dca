"""What a run knows of its candidates, what it shows while it goes on, and what it gives back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal

import numpy as np
from sklearn.pipeline import Pipeline

from evolver.ensemble.selection import Blend
from evolver.genome.candidate import Candidate
from evolver.genome.tree import Tree
from evolver.outcome import Effort, Failed, Outcome, Scored, ScoredFold, is_late
from evolver.search.racing import Margins
from evolver.search.selection import Member
from evolver.storage.entries import Journaled
from evolver.storage.journal import History

Reason = Literal["time", "evaluations", "patience", "interrupt", "error"]


class Decision(StrEnum):
    """Decision of a run in which time may take part, so that the same run may take another one."""

    COMPLEXITIES = "the complexities"
    LENGTH = "the number of candidates"
    SCORED = "which candidates are scored"
    REFINEMENT = "when refinement begins"
    WINNER = "which candidate wins"
    MEMBERS = "the members of the ensemble"
    REPEATS = "how often members are fitted"


ENSEMBLE = "ensemble"
"""Stands for the digest of the ensemble."""

LIBRARY_SIZE = 30
"""Of the best candidates an ensemble is chosen from."""

MAX_PER_PREDICTOR = 3
"""Of them with the same last step, at the most: after a long search the best are variations of one
pipeline, which share its luck with the folds."""

MODEL_FILE = "model.joblib"
"""Where a run folder keeps the fitted estimator."""


@dataclass(eq=False)
class Record:
    """What is known of one candidate, in the order asked. The outcome is None while folds are out.

    `margins` are those of the race when the candidate was asked for.
    """

    number: int
    candidate: Candidate
    folds: dict[int, ScoredFold] = field(default_factory=dict)
    outcome: Outcome | None = None
    margins: Margins = ()

    @property
    def seconds(self) -> float:
        """Summed over the folds that were scored."""
        return sum(fold.seconds for fold in self.folds.values())

    @property
    def member(self) -> Member:
        """This record as a member of a population; it must be scored."""
        assert isinstance(self.outcome, Scored)
        return Member(self.candidate, self.outcome)


@dataclass(frozen=True)
class Progress:
    """What a run shows while it goes on."""

    seconds: float
    candidates: int
    failed: int
    best: Member | None


@dataclass(frozen=True, eq=False)
class Ensemble:
    """A weighted average of candidates, fitted.

    Parameters
    ----------
    trees : tuple of Tree
        Of the members.
    n_fits : tuple of int
        Of each, averaged.
    blend : Blend
        How they are averaged, in that order.
    outcome : Scored
        Each fold by an average that was chosen by the others, see
        `evolver.ensemble.selection.Selection`.
    estimator : VotingClassifier, VotingRegressor or a classifier around one
    """

    trees: tuple[Tree, ...]
    n_fits: tuple[int, ...]
    blend: Blend
    outcome: Scored
    estimator: Any

    def __str__(self) -> str:
        temperature, pool = self.blend.temperature, self.blend.pool
        text = self._sum(self.blend.weights.values())
        if temperature != 1:
            text = f"scaled({text}, {temperature:.3g})"
        return text if pool is None else f"0.5 * {text} + 0.5 * log_pool({self._sum(pool.weights)})"

    def _sum(self, weights: Iterable[float]) -> str:
        """Return the members that have a weight."""
        names = [
            str(tree) if count == 1 else f"repeated({tree}, {count})"
            for tree, count in zip(self.trees, self.n_fits, strict=True)
        ]
        parts = zip(weights, names, strict=True)
        return " + ".join(f"{weight:.3g} * {name}" for weight, name in parts if weight)


@dataclass(frozen=True, eq=False)
class Result:
    """What a run gives back.

    Parameters
    ----------
    records : sequence of Record
        One for each candidate, in the order asked.
    front : sequence of Member
        Non-dominated, best score first; empty where no candidate had all its folds scored.
    winner : Candidate or None
        None where no candidate could be fitted in time.
    pipeline : Pipeline
        The winner, or a fallback, fitted.
    effort : Effort
        Of all folds.
    ended_by : str
        What ended the search; "evaluations" also where there were no more candidates.
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
        mine = [one.outcome for one in self.records if one.candidate is self.winner]
        return mine[0].score if mine and isinstance(mine[0], Scored) else float("nan")


def history_of(
    records: Sequence[Record],
    header: dict[str, Any],
    shares: Sequence[tuple[int, float]],
    seconds: float,
    predictions: Mapping[tuple[str, int], np.ndarray],
) -> History:
    """Return what a journal and a store would know of a run."""
    candidates = {
        record.number: Journaled(
            record.candidate.digest,
            dict(record.folds),
            record.outcome is not None and not is_late(record.outcome),
            record.outcome if isinstance(record.outcome, Failed) else None,
        )
        for record in records
    }
    return History(header, candidates, tuple(shares), seconds, predictions)


def ranking_key(record: Record) -> tuple[Any, ...]:
    """Order scored records best first: by score, then simplicity, then age."""
    assert isinstance(record.outcome, Scored)
    return -record.outcome.score, record.outcome.complexity, record.number


def limit_per_predictor(
    records: Iterable[Record], alike: int = MAX_PER_PREDICTOR
) -> Iterator[Record]:
    """Return records in their order, no more than `alike` with the same last step."""
    counts: Counter[str] = Counter()
    for record in records:
        last_step = record.candidate.tree.root.name
        counts[last_step] += 1
        if counts[last_step] <= alike:
            yield record
