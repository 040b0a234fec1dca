"""Models of the folds, and of several seeds, averaged: their error against that of one model.

    python -m benchmarks ensemble.fold_models --datasets FOLDER [--names ...] [--seeds 0]

At most 2,000 rows of each table are fitted on, by five folds, and at most 5,000 others scored. The
first pipelines of the portfolio are fitted on each fold and on all rows. For the pipeline with the
best out-of-fold score, and for the ensemble that is selected on the out-of-fold predictions, the
refitted pipelines are compared with the averaged fold models, and with the averaged refits of three
and of five seeds. Saves `fold_models.json` and `fold_models.md`.
"""

from __future__ import annotations

import pickle
import time
import warnings
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import repeat
from pathlib import Path
from statistics import fmean, median, stdev
from typing import Any

import numpy as np

from benchmarks import markdown
from benchmarks.errors import error_of, won_lost
from benchmarks.options import add_datasets, parser_of
from benchmarks.problems import of_rows, problem_of, split_rows
from benchmarks.records import Records, publish
from evolver.checks import selected_catalogue
from evolver.ensemble.greedy import greedy
from evolver.evaluation.blends import BlendScorer
from evolver.genome.pipeline import to_estimator
from evolver.genome.tree import Tree
from evolver.problem import Problem
from evolver.search.metafeatures import MetaFeatures
from evolver.search.portfolio import experience_of, opening
from primitives.wrappers import reseeded

NAMES = (
    "credit-g",
    "sonar",
    "tic-tac-toe",
    "cylinder-bands",
    "churn",
    "attrition",
    "phoneme",
    "bank-marketing",
    "segment",
    "vehicle",
    "balance-scale",
    "eucalyptus",
    "splice",
    "cmc",
    "optdigits",
    "glass",
    "abalone",
    "kin8nm",
    "house-8L",
    "sensory",
    "space-ga",
    "concrete",
    "auto-mpg",
    "ccpp",
)
ROWS, HELD_OUT = 2_000, 5_000
PIPELINES = 12
MEMBERS = 8
DRAWN = ("single", "ensemble")
SEEDS = (3, 5)
"""Numbers of refits that are averaged, each with random states of its own."""

KINDS = {"folds": "fold models", **{f"{count} seeds": f"{count} seeds" for count in SEEDS}}
"""Ways of averaging, and their titles."""


@dataclass
class Fits:
    """Predictions of one pipeline and the costs of its fits.

    Parameters
    ----------
    out_of_fold : list of ndarray
        Predictions for the validation rows of each fold.
    refit : ndarray
        Predictions of the pipeline fitted on all rows, for the held-out rows.
    averages : dict of str to ndarray
        Averaged predictions for the held-out rows, by kind.
    costs : list of float
        Seconds of the refit and of the folds, bytes of the refit and of the folds.
    """

    out_of_fold: list[np.ndarray]
    refit: np.ndarray
    averages: dict[str, np.ndarray]
    costs: list[float]


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure the missing tables, and save records and table."""
    parser = parser_of(__file__, __doc__, names=NAMES, seeds=[0], workers=2)
    add_datasets(parser)
    options = parser.parse_args(arguments)
    file = options.out / "fold_models.json"
    records = Records(file, "seed", "name", repeat=options.repeat)
    if options.datasets is not None:
        keys = list(records.missing(options.seeds, options.names))
        with ProcessPoolExecutor(options.workers) as pool:
            for record in pool.map(measure, repeat(options.datasets), keys):
                records.add(record)
    if records:
        publish(options.out / "fold_models.md", table_of(records))


def measure(datasets: Path, key: tuple[int, str]) -> dict[str, Any]:
    """Return the record of a seed and a table."""
    seed, name = key
    whole = problem_of(datasets, name)
    train, test = split_rows(whole, seed)
    rng = np.random.default_rng(seed)
    problem = of_rows(whole, rng.permutation(train)[:ROWS], rng)
    held_out = of_rows(whole, rng.permutation(test)[:HELD_OUT], rng)
    catalogue = selected_catalogue(None, problem, grouped=False)
    experience = experience_of(problem.task.family)
    first = opening(experience, MetaFeatures.of(problem), catalogue, PIPELINES)
    tried = (fits_of(candidate.tree, problem, held_out) for candidate in first)
    fits = [one for one in tried if one is not None]
    predictions = {"refit": [one.refit for one in fits]}
    predictions |= {kind: [one.averages[kind] for one in fits] for kind in KINDS}
    all_held_out = [(np.arange(0), np.arange(len(held_out.y)))]
    score = BlendScorer(replace(held_out, folds=all_held_out))
    library, blends = [one.out_of_fold for one in fits], BlendScorer(problem)
    costs = np.array([one.costs for one in fits])
    scores: dict[str, float] = {}
    found: dict[str, Any] = {"name": name, "task": whole.task.name, "seed": seed}
    for label, most in zip(DRAWN, (1, MEMBERS), strict=True):
        weights = greedy(library, blends, range(len(problem.folds)), most)
        for kind, mine in predictions.items():
            scores[f"{label} {kind}"] = float(score(0, averaged_by(weights, mine))[0])
        found[f"{label} costs"] = [round(one, 3) for one in costs[list(weights)].sum(axis=0)]
    return found | {"scores": scores, "pipelines": len(fits)}


def fits_of(tree: Tree, problem: Problem, held_out: Problem) -> Fits | None:
    """Fit a pipeline on the folds, on all rows and with other seeds; None where it cannot be."""
    out_of_fold, averaged, sizes, seconds, repeated = [], [], [], [], []
    with quiet():
        try:
            for fitted_on, valid in [*problem.folds, (np.arange(len(problem.y)), None)]:
                start = time.perf_counter()
                model = to_estimator(tree).fit(problem.X.iloc[fitted_on], problem.y[fitted_on])
                seconds.append(time.perf_counter() - start)
                sizes.append(len(pickle.dumps(model)))
                averaged.append(answers(model, held_out.X, problem))
                if valid is not None:
                    out_of_fold.append(answers(model, problem.X.iloc[valid], problem))
            for number in range(1, max(SEEDS)):
                model = reseeded(to_estimator(tree), number).fit(problem.X, problem.y)
                repeated.append(answers(model, held_out.X, problem))
        except ValueError:
            return None
    refit = averaged.pop()
    averages = {"folds": np.mean(averaged, axis=0)}
    for count in SEEDS:
        averages[f"{count} seeds"] = np.mean([refit, *repeated[: count - 1]], axis=0)
    costs = [seconds[-1], sum(seconds[:-1]), sizes[-1], sum(sizes[:-1])]
    return Fits(out_of_fold, refit, averages, costs)


@contextmanager
def quiet() -> Iterator[None]:
    """Ignore the warnings of fits."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        yield


def answers(model: Any, X: Any, problem: Problem) -> np.ndarray:
    """Return the predictions that the scorer reads: probabilities of classes, or numbers."""
    predict = model.predict if problem.task.classes is None else model.predict_proba
    found: np.ndarray = predict(X)
    return found


def averaged_by(weights: Mapping[int, float], predictions: list[np.ndarray]) -> np.ndarray:
    """Return the weighted average, as the only blend."""
    chosen = [predictions[one] for one in weights]
    return np.average(chosen, axis=0, weights=[*weights.values()])[None]


def table_of(records: list[dict[str, Any]]) -> str:
    """Return by how much averages are better than one refit, in percent of the error."""
    intro = (
        "Percent of the error on held-out rows (1 - AUC, log loss, RMSE) by which averaged models"
        " are better than one refit of the single pipeline, or of each member of the ensemble."
    )
    columns = [(label, kind) for kind in KINDS for label in DRAWN]
    header = ["table", *(f"{label}: {KINDS[kind]}" for label, kind in columns)]
    gains: list[list[float]] = [[] for _ in columns]
    rows = []
    for one in sorted(records, key=lambda one: (one["task"], one["name"], one["seed"])):
        for mine, (label, kind) in zip(gains, columns, strict=True):
            refit, other = (
                error_of(one["task"], one["scores"][f"{label} {which}"])
                for which in ("refit", kind)
            )
            mine.append(100 * (refit - other) / max(refit, 1e-12))
        rows.append([f"{one['name']}, seed {one['seed']}", *(f"{mine[-1]:+.2f}" for mine in gains)])
    rows.append(["mean, 95 %; median; better : worse", *map(_summary, gains)])
    costs = np.array([one["ensemble costs"] for one in records])
    ratios = np.median(costs[:, [1, 3]] / np.maximum(costs[:, [0, 2]], 1e-9), axis=0)
    note = (
        f"Of an ensemble, fold models against refits, medians: {ratios[0]:.1f} times the seconds of"
        f" fits (which a search has spent already), {ratios[1]:.1f} times the bytes."
    )
    return "\n".join([intro, "", *markdown.table(header, rows), "", note]) + "\n"


def _summary(gains: Sequence[float]) -> str:
    error = 1.96 * stdev(gains) / len(gains) ** 0.5 if len(gains) > 1 else float("nan")
    won, lost = won_lost(gains)
    return f"{fmean(gains):+.2f} ± {error:.2f}; {median(gains):+.2f}; {won} : {lost}"


if __name__ == "__main__":
    main()
