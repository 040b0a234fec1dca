"""Are the models of the folds, or models of several seeds, averaged, better than one model?

    python -m benchmarks.ensemble.fold_models --datasets FOLDER [--names ...] [--seeds 0]

At most 2,000 rows of each table are fitted on, five folds, and at most 5,000 others scored. The
first pipelines of the portfolio are fitted on each fold and on all rows. Compared are, for the
pipeline with the best out-of-fold score and for the ensemble that is selected on the out-of-fold
predictions, what the refitted pipelines predict, and what the averaged fold models and the averaged
refits with three and with five seeds do. Saves `results/fold_models.json`; what is there is not
repeated. Without `--datasets` only draws `results/fold_models.md` from what is there.
"""

from __future__ import annotations

import argparse
import itertools
import pickle
import time
import warnings
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path
from statistics import fmean, median, stdev
from typing import Any

import numpy as np
from sklearn.model_selection import train_test_split

from benchmarks.engine.problems import problem_of
from benchmarks.records import Records
from evolver.checks import selected_catalogue
from evolver.ensemble.selection import greedy
from evolver.evaluation.blends import BlendScorer
from evolver.evaluation.folds import make_folds
from evolver.genome.pipeline import to_estimator
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
RESULTS = Path(__file__).parent / "results"
RECORDS = RESULTS / "fold_models.json"
DRAWN = ("single", "ensemble")
SEEDS = (3, 5)
"""Refits that are averaged, each with random states of its own."""

KINDS = {"folds": "fold models", **{f"{count} seeds": f"{count} seeds" for count in SEEDS}}


def main() -> None:
    """Measure what is not there yet; save records and table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--datasets", type=Path, help="NAME.parquet, catalog.json")
    parser.add_argument("--names", nargs="+", default=NAMES)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    records = Records(RECORDS, "name", "seed")
    wanted = [
        (options.datasets, name, seed)
        for seed, name in itertools.product(options.seeds, options.names)
        if options.datasets is not None and not records.has(name, seed)
    ]
    with ProcessPoolExecutor(options.workers) as pool:
        for record in pool.map(measure, *zip(*wanted, strict=True)) if wanted else ():
            records.add(record)
    table = table_of(records)
    print(table)
    (RESULTS / "fold_models.md").write_text(table)


def measure(datasets: Path, name: str, seed: int) -> dict[str, Any]:
    """Return the record of a table."""
    whole = problem_of(datasets, name)
    classification = whole.task != "regression"
    stratify = whole.y if classification else None
    rows = np.arange(len(whole.y))
    train, test = train_test_split(rows, test_size=0.3, stratify=stratify, random_state=seed)
    rng = np.random.default_rng(seed)
    problem = part(whole, rng.permutation(train)[:ROWS], rng)
    held_out = part(whole, rng.permutation(test)[:HELD_OUT], rng)
    catalogue = selected_catalogue(None, problem, grouped=False)
    experience = experience_of(problem.task)
    first = opening(experience, MetaFeatures.of(problem), catalogue, PIPELINES)
    library, refits, costs = [], [], []
    averages: dict[str, list[np.ndarray]] = {kind: [] for kind in KINDS}
    for candidate in first:
        folds, averaged, sizes, seconds, repeated = [], [], [], [], []
        try:
            for fitted_on, valid in [*problem.folds, (np.arange(len(problem.y)), None)]:
                start = time.perf_counter()
                with warnings.catch_warnings(), np.errstate(all="ignore"):
                    warnings.simplefilter("ignore")
                    model = to_estimator(candidate.tree)
                    model.fit(problem.X.iloc[fitted_on], problem.y[fitted_on])
                    seconds.append(time.perf_counter() - start)
                    sizes.append(len(pickle.dumps(model)))
                    predict = model.predict_proba if classification else model.predict
                    averaged.append(predict(held_out.X))
                    if valid is not None:
                        folds.append(predict(problem.X.iloc[valid]))
            for repeat in range(1, max(SEEDS)):
                with warnings.catch_warnings(), np.errstate(all="ignore"):
                    warnings.simplefilter("ignore")
                    model = reseeded(to_estimator(candidate.tree), repeat)
                    model.fit(problem.X, problem.y)
                    predict = model.predict_proba if classification else model.predict
                    repeated.append(predict(held_out.X))
        except ValueError:
            continue
        library.append(folds)
        refits.append(averaged.pop())
        averages["folds"].append(np.mean(averaged, axis=0))
        for count in SEEDS:
            averages[f"{count} seeds"].append(np.mean([refits[-1], *repeated[: count - 1]], axis=0))
        costs.append([seconds[-1], sum(seconds[:-1]), sizes[-1], sum(sizes[:-1])])
    blends = BlendScorer(problem)
    score = BlendScorer(replace(held_out, folds=[(rows[:0], np.arange(len(held_out.y)))]))
    scores: dict[str, float] = {}
    costs_of = np.array(costs)
    found: dict[str, Any] = {"name": name, "task": whole.task, "seed": seed}
    for label, most in zip(DRAWN, (1, MEMBERS), strict=True):
        weights = greedy(library, blends, range(len(problem.folds)), most)
        for kind, predictions in {"refit": refits, **averages}.items():
            scores[f"{label} {kind}"] = float(score(0, averaged_by(weights, predictions))[0])
        found[f"{label} costs"] = [round(one, 3) for one in costs_of[list(weights)].sum(axis=0)]
    return found | {"scores": scores, "pipelines": len(library)}


def part(whole: Problem, rows: np.ndarray, rng: np.random.Generator) -> Problem:
    """Return a problem of some rows, by five folds."""
    X, y = whole.X.iloc[rows].reset_index(drop=True), whole.y[rows]
    classification = whole.task != "regression"
    folds = make_folds(X, y, 5, classification=classification, groups=None, rng=rng)
    return replace(whole, X=X, y=y, folds=folds)


def averaged_by(weights: Mapping[int, float], predictions: list[np.ndarray]) -> np.ndarray:
    """Return the weighted average, as the only blend."""
    return np.average([predictions[one] for one in weights], axis=0, weights=[*weights.values()])[
        None
    ]


def error_of(task: str, score: float) -> float:
    """Return what is 0 for a perfect prediction: 1 - AUC, log loss, RMSE."""
    return 1 - score if task == "binary" else -score


def table_of(records: list[dict[str, Any]]) -> str:
    """Return by how much the others are better than one refit, in percent of the error."""
    columns = [(label, kind) for kind in KINDS for label in DRAWN]
    heads = [f"{label}: {KINDS[kind]}" for label, kind in columns]
    lines = [
        "Percent of the error on held-out rows (1 - AUC, log loss, RMSE) by which averaged models"
        " are better than one refit of the single pipeline, or of each member of the ensemble.",
        "",
        f"| table | {' | '.join(heads)} |",
        f"|{' --- |' * (1 + len(columns))}",
    ]
    gains: list[list[float]] = [[] for _ in columns]
    for one in sorted(records, key=lambda one: (one["task"], one["name"], one["seed"])):
        for mine, (label, kind) in zip(gains, columns, strict=True):
            refit, other = (
                error_of(one["task"], one["scores"][f"{label} {which}"])
                for which in ("refit", kind)
            )
            mine.append(100 * (refit - other) / max(refit, 1e-12))
        cells = [f"{mine[-1]:+.2f}" for mine in gains]
        lines.append(f"| {one['name']}, seed {one['seed']} | {' | '.join(cells)} |")
    cells = []
    for mine in gains:
        error = 1.96 * stdev(mine) / len(mine) ** 0.5 if len(mine) > 1 else float("nan")
        won, lost = sum(gain > 0 for gain in mine), sum(gain < 0 for gain in mine)
        cells.append(f"{fmean(mine):+.2f} ± {error:.2f}; {median(mine):+.2f}; {won} : {lost}")
    lines.append(f"| mean, 95 %; median; better : worse | {' | '.join(cells)} |")
    costs = np.array([one["ensemble costs"] for one in records])
    ratios = np.median(costs[:, [1, 3]] / np.maximum(costs[:, [0, 2]], 1e-9), axis=0)
    lines += [
        "",
        f"Of an ensemble, fold models against refits, medians: {ratios[0]:.1f} times the seconds of"
        f" fits (which a search has spent already), {ratios[1]:.1f} times the bytes.",
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
