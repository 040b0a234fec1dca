"""History of a run as plain data, from which an estimator can continue the run later."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any

import numpy as np

from evolver.outcome import Scored, is_late, underived
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
    simplified: Sequence[tuple[int, int]] = (),
) -> History:
    """Return the history of a run, as its journal and store would have it.

    Parameters
    ----------
    records : sequence of Record
    header : dict
        Header of the journal.
    shares : sequence of (int, float)
        Shares of refinement, each with the number of the first candidate that it is for.
    seconds : float
        Seconds of the budget that the run has taken.
    predictions : mapping of (str, int) to ndarray
        Out-of-fold predictions by digest and fold.
    simplified : sequence of (int, int)
        First candidates that may be simplifications, each with the first after it that may not.
    """
    candidates = {
        record.number: Journaled(
            record.candidate.digest,
            dict(record.folds),
            record.outcome is not None and not is_late(record.outcome),
            underived(record.outcome),
            elapsed=record.elapsed,
        )
        for record in records
    }
    return History(header, candidates, tuple(shares), seconds, predictions, tuple(simplified))


def library_of(
    records: Sequence[Record], store: Store, n_folds: int
) -> dict[tuple[str, int], np.ndarray]:
    """Return the stored predictions of the candidates that an ensemble could be chosen from."""
    scored = [record for record in records if isinstance(record.outcome, Scored)]
    best = islice(limit_per_predictor(sorted(scored, key=ranking_key)), LIBRARY_SIZE)
    digests = [record.candidate.digest for record in best]
    places = [(digest, fold) for digest in digests for fold in range(n_folds)]
    stored = {place: store.get(*place) for place in places}
    return {place: kept for place, kept in stored.items() if kept is not None}
