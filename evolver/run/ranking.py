"""Order of the scored candidates of a run, and limits of the library of an ensemble."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from statistics import fmean
from typing import Any

from evolver.outcome import Scored, Stopped, is_over_limit
from evolver.run.record import Record

LIBRARY_SIZE = 30
"""Largest number of candidates that an ensemble is chosen from."""

MAX_PER_PREDICTOR = 3
"""Largest number of candidates with the same last step that an ensemble is chosen from.

After a long search the best candidates are variations of one pipeline, and share its luck with the
folds.
"""


def ranking_key(record: Record) -> tuple[Any, ...]:
    """Return a sort key that puts scored records best first: by score, then costs, then number."""
    assert isinstance(record.outcome, Scored)
    return -record.outcome.score, record.outcome.costs, record.number


def by_merit(records: Sequence[Record]) -> list[Record]:
    """Return the candidates that may be fitted on all rows, best first.

    If no candidate is scored, they are the stopped ones with at least one scored fold.
    """
    complete = [record for record in records if isinstance(record.outcome, Scored)]
    if complete:
        return sorted(complete, key=ranking_key)
    begun = [
        record
        for record in records
        if record.folds
        and isinstance(record.outcome, Stopped)
        and not is_over_limit(record.outcome)
    ]
    return sorted(
        begun,
        key=lambda record: (
            -len(record.folds),
            -fmean(fold.score for fold in record.folds.values()),
        ),
    )


def limit_per_predictor(
    records: Iterable[Record], most: int = MAX_PER_PREDICTOR
) -> Iterator[Record]:
    """Yield records in their order, at most `most` with the same last step."""
    counts: Counter[str] = Counter()
    for record in records:
        last_step = record.candidate.tree.root.name
        counts[last_step] += 1
        if counts[last_step] <= most:
            yield record
