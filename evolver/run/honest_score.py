"""Honest score of the model of a run: corrected for its choice among many, with an interval.

correction   of a single pipeline by bootstrap, or by folds where the metric or the predictions
             do not allow it; of an ensemble by choosing its library without each fold
interval     scores of the out-of-fold predictions on resampled rows, or the fold scores
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import islice
from math import nan, prod, sqrt
from statistics import fmean

import numpy as np
from scipy.stats import t as student

from evolver.ensemble.nested import library_excess
from evolver.evaluation.bias_correction import bootstrap_excess, nested_excess
from evolver.evaluation.blends import BlendScorer, fast_metric
from evolver.evaluation.folds import apart
from evolver.evaluation.resampled_scores import resampled_of, scores_of_draws
from evolver.evaluation.resampling import Sample, sample_of
from evolver.outcome import UNKNOWN, HonestScore, Scored, standard_error
from evolver.problem import Problem
from evolver.run.fitted_ensemble import Ensemble
from evolver.run.ranking import LIBRARY_SIZE, limit_per_predictor, ranking_key
from evolver.run.record import Record
from evolver.storage.predictions import Store

logger = logging.getLogger("evolver")

LEVEL = 0.95
"""Share of the draws whose score is within the interval."""

MOST_DRAWS = 400
"""Largest number of draws."""

SLOW_DRAWS = 200
"""Largest number of draws where the scorer is called for each."""

FEWEST_DRAWS = 50
"""Least number of draws that an interval is made of."""

MOST_WORK = 60_000_000
"""Largest product of candidates, rows and draws of a bootstrap, as long as the draws suffice."""

MOST_CANDIDATES = 200
"""Largest number of candidates that a bootstrap chooses from, the best ones."""

MOST_VALUES = 40_000_000
"""Largest number of stored predictions that are read."""

CORRECTED = "corrected by bootstrap"
NESTED = "nested over folds"
WEIGHTS_NESTED = "weights nested over folds"
NOT_CORRECTED = "not corrected"
"""Names of the corrections."""


@dataclass(frozen=True, eq=False)
class Finished:
    """Candidates of a run whose model is fitted.

    Parameters
    ----------
    problem : Problem
    records : sequence of Record
        Candidates that could have won: those that failed when they were fitted are left out.
    best : Record or None
        Candidate that won.
    ensemble : Ensemble or None
        Ensemble that predicts.
    ensemble_size : int
        Largest number of members of an ensemble.
    store : Store
        Out-of-fold predictions.
    """

    problem: Problem
    records: Sequence[Record]
    best: Record | None
    ensemble: Ensemble | None
    ensemble_size: int
    store: Store

    @property
    def scored(self) -> list[Record]:
        """Candidates with a score on every fold, the winner first, then the best first."""
        complete = [record for record in self.records if isinstance(record.outcome, Scored)]
        return sorted(complete, key=lambda one: (one is not self.best, ranking_key(one)))

    def predictions(self, record: Record) -> list[np.ndarray] | None:
        """Return the out-of-fold predictions of a candidate by fold; None unless all are usable."""
        digest, shape = record.candidate.digest, self.problem.task.output_shape
        sizes = [len(valid) for _, valid in self.problem.folds]
        stored = [self.store.get(digest, fold) for fold in range(len(sizes))]
        # A file of the run folder may have been changed.
        usable = [
            one
            for one, size in zip(stored, sizes, strict=True)
            if one is not None and one.shape == (size, *shape)
        ]
        return usable if len(usable) == len(sizes) else None


def honest_score(
    run: Finished, rng: np.random.Generator, is_over: Callable[[], bool] = lambda: False
) -> HonestScore:
    """Return the honest score of the model that predicts.

    Parameters
    ----------
    run : Finished
    rng : numpy.random.Generator
        Only source of randomness.
    is_over : callable
        Returns True if the time is over. What needs no further time is used then.
    """
    best = run.best
    if best is None:
        return UNKNOWN
    if isinstance(best.outcome, Scored):
        return _corrected(run, best.outcome, rng, is_over)
    ladder = len(run.problem.ladder)
    scores = [fold.score for unit, fold in sorted(best.folds.items()) if unit >= ladder]
    if not scores:
        return UNKNOWN
    how = f"{NOT_CORRECTED}, {len(scores)} of {len(run.problem.folds)} folds scored"
    return _of_folds(scores, fmean(scores), how)


def _corrected(
    run: Finished, alone: Scored, rng: np.random.Generator, is_over: Callable[[], bool]
) -> HonestScore:
    """Return the honest score of a model with a score on every fold.

    Parameters
    ----------
    run : Finished
    alone : Scored
        Outcome of the winner.
    rng : numpy.random.Generator
    is_over : callable
    """
    ensemble = run.ensemble
    outcome = alone if ensemble is None else ensemble.outcome
    excess, how = _by_folds(run) if ensemble is None else (0.0, WEIGHTS_NESTED)
    with _errors_logged():
        sample = sample_of(run.problem, rng)
        counts = sample.drawn(MOST_DRAWS, rng)
        with suppress(_TimeOverError):
            if ensemble is None:
                found = _by_bootstrap(run, sample, counts, is_over)
            else:
                found = _by_libraries(run, sample, is_over)
            excess, how = found or (excess, how)
        interval = _of_draws(run, sample, counts, is_over)
        if interval is not None:
            low, high = interval
            score = outcome.score - excess
            how = f"{how}; interval of resampled {sample.noun}"
            return HonestScore(score, score + low, score + high, how)
    return _of_folds(outcome.fold_scores, outcome.score - excess, how)


@contextmanager
def _errors_logged() -> Iterator[None]:
    """Log an error or an interrupt of the block, and continue after the block."""
    try:
        yield
    except (Exception, KeyboardInterrupt) as error:  # a scorer of the user's may raise any error
        reason = f"{type(error).__name__}: {error}".rstrip(": ")
        logger.warning("The interval of the honest score is of the fold scores: %s", reason)


class _TimeOverError(Exception):
    """Sign that the time is over."""


def _by_folds(run: Finished) -> tuple[float, str]:
    """Return the excess of the winner's score by its folds, and the name of the correction."""
    scores = np.array([one.member.outcome.fold_scores for one in run.scored])
    excess = nested_excess(scores, apart(run.problem.folds))
    return (0.0, NOT_CORRECTED) if excess is None else (excess, NESTED)


def _by_bootstrap(
    run: Finished, sample: Sample, counts: np.ndarray, is_over: Callable[[], bool]
) -> tuple[float, str] | None:
    """Return the excess of the winner's score by bootstrap, and the name of the correction.

    None if the metric or the stored predictions do not allow it.
    """
    if resampled_of(sample) is None:
        return None
    library: list[list[np.ndarray]] = []
    n_absent = 0
    for record in islice(run.scored, _most_candidates(run.problem)):
        predictions = run.predictions(record)
        if is_over() or (predictions is None and record is run.best):
            return None
        if predictions is None:
            n_absent += 1
        else:
            library.append(sample.of(predictions))
    if n_absent > len(library):
        return None
    n_draws = MOST_WORK // (len(library) * sample.n_rows)
    excess = bootstrap_excess(sample, library, counts[: max(FEWEST_DRAWS, n_draws)], is_over)
    # The excess of a choice by few rows is greater: like any error, by the root of their number.
    return None if excess is None else (excess * sqrt(sample.share), CORRECTED)


def _by_libraries(
    run: Finished, sample: Sample, is_over: Callable[[], bool]
) -> tuple[float, str] | None:
    """Return the excess of the ensemble's score by its library, and the name of the correction.

    None if the metric is not computed for many blends at once, as choosing again would take long.
    None as well if some fold shares rows with all others.
    """
    others = apart(run.problem.folds)
    if fast_metric(run.problem) is None or not all(others):
        return None
    known: dict[str, list[np.ndarray]] = {}

    def library(records: Sequence[Record]) -> dict[str, list[np.ndarray]]:
        found: dict[str, list[np.ndarray]] = {}
        for record in limit_per_predictor(records):
            digest = record.candidate.digest
            if digest not in known:
                _stop_late(is_over)
                known[digest] = sample.of(run.predictions(record) or [])
            if known[digest]:
                found[digest] = known[digest]
            if len(found) == LIBRARY_SIZE:
                break
        return found

    of_all = library(run.scored)
    by_others = [
        library(sorted(run.scored, key=lambda one: _ranking_by(folds, one))) for folds in others
    ]
    whole = list(of_all.values())
    nested = [whole if one.keys() == of_all.keys() else list(one.values()) for one in by_others]
    blends = BlendScorer(sample.problem)

    def in_time(fold: int, predictions: np.ndarray) -> np.ndarray:
        _stop_late(is_over)
        return blends(fold, predictions)

    return library_excess(whole, nested, others, in_time, run.ensemble_size), NESTED


def _ranking_by(folds: Sequence[int], record: Record) -> tuple[float, int]:
    """Return a sort key that puts candidates best first by some folds."""
    scores = record.member.outcome.fold_scores
    return -fmean(scores[fold] for fold in folds), record.number


def _stop_late(is_over: Callable[[], bool]) -> None:
    """Raise if the time is over."""
    if is_over():
        raise _TimeOverError


def _most_candidates(problem: Problem) -> int:
    """Return the largest number of candidates whose predictions are read."""
    values = prod(problem.task.output_shape) * sum(len(valid) for _, valid in problem.folds)
    return min(MOST_CANDIDATES, max(LIBRARY_SIZE, MOST_VALUES // values))


def _of_draws(
    run: Finished, sample: Sample, counts: np.ndarray, is_over: Callable[[], bool]
) -> tuple[float, float] | None:
    """Return the ends of the interval, relative to the score; None if draws have too few scores."""
    best, ensemble = run.best, run.ensemble
    predictions = None if best is None else run.predictions(best)
    if ensemble is not None:
        predictions = list(ensemble.predictions)
    if predictions is None or sample.n_units < 2:
        return None
    n_draws = MOST_DRAWS if resampled_of(sample) is not None else SLOW_DRAWS
    scores = scores_of_draws(sample, sample.of(predictions), counts[:n_draws], is_over)
    scores = scores[np.isfinite(scores)]
    if len(scores) < FEWEST_DRAWS:
        return None
    # Draws of a part of the units vary more than those of all would.
    away = (scores - scores.mean()) * sqrt(sample.share)
    low, high = np.quantile(away, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return min(0.0, float(low)), max(0.0, float(high))


def _of_folds(fold_scores: Sequence[float], score: float, how: str) -> HonestScore:
    """Return a score with the interval of the mean of fold scores by Student's distribution."""
    n_folds = len(fold_scores)
    if n_folds < 2:
        return HonestScore(score, nan, nan, f"{how}; no interval of one fold")
    away = float(student.ppf((1 + LEVEL) / 2, n_folds - 1)) * standard_error(fold_scores)
    return HonestScore(score, score - away, score + away, f"{how}; interval of {n_folds} folds")
