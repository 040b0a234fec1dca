"""History of a run as plain data, for an estimator that goes on with the run later."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any

import numpy as np

from evolver.outcome import Failed, Scored, is_late
from evolver.run.ranking import LIBRARY_SIZE, limit_per_predictor, ranking_key
from evolver.run.record import Record
from evolver.storage.entries import Journaled
from evolver.storage.journal import History
from evolver.storage.predictions import Store


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


def library_of(
    records: Sequence[Record], store: Store, n_folds: int
) -> dict[tuple[str, int], np.ndarray]:
    """Return the stored predictions of the candidates that an ensemble could be chosen from."""
    scored = [record for record in records if isinstance(record.outcome, Scored)]
    best = islice(limit_per_predictor(sorted(scored, key=ranking_key)), LIBRARY_SIZE)
    digests = [record.candidate.digest for record in best]
    stored = {(one, fold): store.get(one, fold) for one in digests for fold in range(n_folds)}
    return {place: found for place, found in stored.items() if found is not None}
