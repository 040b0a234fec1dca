"""Excess of the score of a candidate that was chosen as the best of many on the same folds.

Two estimates of how much the score is too good by. The first needs predictions and a metric that is
computed for many draws at once, and has about half of the error of the second.

    bootstrap   choose on the rows that are drawn, compare on the rows that are not
                (BBC-CV: Tsamardinos, Greasidou, Borboudakis 2018, Machine Learning 107)
    nested      choose on other folds, score on a fold that shares no row with them
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from evolver.evaluation.blends import fast_metric, negative_log_losses
from evolver.evaluation.resampled_scores import mean_of_folds, resampled_of
from evolver.evaluation.resampling import Sample

BATCH = 50
"""Number of draws that are scored together."""


def bootstrap_excess(
    sample: Sample,
    library: Sequence[Sequence[np.ndarray]],
    counts: np.ndarray,
    is_over: Callable[[], bool] = lambda: False,
) -> float | None:
    """Return by how much the score of the chosen candidate is too good; at least 0.

    Notes
    -----
    In each draw, the best candidate on the rows that are drawn is compared with the chosen one on
    the other rows. The chosen one gains from having been chosen on these rows too. For a metric
    that is a mean over rows, the chosen one's score minus this gain is the estimate of BBC-CV
    without the noise of the draws; for others, the two scores share what few rows do to a metric.

    For the log loss, probabilities are at least 1 over the number of rows, as n rows cannot tell
    smaller ones apart. Otherwise a candidate with a single row of probability 0 would be the best
    in each draw without that row, and the comparison would be of that row alone.

    Parameters
    ----------
    sample : Sample
    library : sequence of sequences of ndarray
        Predictions for the rows of the sample by candidate and fold, the chosen candidate first.
    counts : ndarray of shape (n_draws, n_units)
        How often each unit is drawn.
    is_over : callable
        Returns True if the time is over; the draws so far are used then.

    Returns
    -------
    float or None
        None if the metric is not computed for many draws at once, or if no draw was scored.
    """
    resampled = resampled_of(sample)
    if resampled is None:
        return None
    stacks = [np.stack(of_fold) for of_fold in zip(*library, strict=True)]
    if fast_metric(sample.problem) is negative_log_losses:
        stacks = [np.maximum(stack, 1 / sample.n_rows) for stack in stacks]

    def scores(places: np.ndarray, weighing: np.ndarray) -> np.ndarray:
        folds = [
            resampled(fold, stack[places], sample.weights(weighing, fold))
            for fold, stack in enumerate(stacks)
        ]
        return mean_of_folds(np.array(folds))

    gains: list[float] = []
    for start in range(0, len(counts), BATCH):
        if is_over():
            break
        drawn = counts[start : start + BATCH]
        on_drawn = scores(np.arange(len(library)), drawn)
        chosen = np.argmax(np.where(np.isnan(on_drawn), -np.inf, on_drawn), axis=1)
        contenders, columns = np.unique(np.append(0, chosen), return_inverse=True)
        on_others = scores(contenders, drawn == 0)
        gains += (on_others[:, 0] - on_others[np.arange(len(drawn)), columns[1:]]).tolist()
    known = [gain for gain in gains if np.isfinite(gain)]
    return max(0.0, float(np.mean(known))) if known else None


def nested_excess(fold_scores: np.ndarray, apart: Sequence[Sequence[int]]) -> float | None:
    """Return by how much the score of the chosen candidate is too good; at least 0.

    Parameters
    ----------
    fold_scores : ndarray of shape (n_candidates, n_folds)
        Scores of the folds, the chosen candidate first.
    apart : sequence of sequences of int
        Folds that share no row with each fold, see `evolver.evaluation.folds.apart`.

    Returns
    -------
    float or None
        None if some fold shares rows with all others, or is the only one.
    """
    if not all(apart):
        return None
    chosen = [int(np.argmax(fold_scores[:, others].sum(axis=1))) for others in apart]
    nested = fold_scores[chosen, np.arange(len(apart))].mean()
    return max(0.0, float(fold_scores[0].mean() - nested))
