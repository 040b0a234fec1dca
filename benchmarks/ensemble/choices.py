"""What may an ensemble be chosen from, and when is it to be left out?

    python -m benchmarks.ensemble.choices --datasets FOLDER [--names ...] [--seeds 0] [--budget 60]

A search that only time ends finds candidates on 70 % of the rows of a table, beginning with the
portfolio that is learned without it; the best are fitted on all of these rows. Then an ensemble is
chosen on their out-of-fold predictions: as runs choose it; left out never, or where it is no better
on folds that it was not chosen on; from libraries with fewer or more candidates of the same last
step; and judged on the other 30 %, against the best candidate. Saves `results/choices.json`; what
is there is not repeated. Without `--datasets` only draws `results/choices.md` from what is there.
"""

from __future__ import annotations

import argparse
import itertools
import math
import tempfile
import warnings
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from statistics import fmean, median
from typing import Any

import numpy as np
from joblib import Parallel, delayed
from sklearn.model_selection import train_test_split

from benchmarks.engine.problems import problem_of
from benchmarks.ensemble.fold_models import NAMES, error_of, part
from benchmarks.portfolio.learn import write_without
from benchmarks.records import Records
from evolver.checks import selected_catalogue
from evolver.ensemble.selection import TEMPERATURES, TOLERANCE, Blend, predicted, select
from evolver.evaluation.blends import BlendScorer
from evolver.genome.pipeline import to_estimator
from evolver.genome.tree import Tree
from evolver.outcome import Scored
from evolver.problem import LAG_PER_WORKER, Budget, Problem, Settings
from evolver.run.evolve import evolve
from evolver.run.record import (
    LIBRARY_SIZE,
    MAX_PER_PREDICTOR,
    Record,
    Result,
    limit_per_predictor,
    ranking_key,
)
from evolver.storage.journal import Journal
from evolver.storage.predictions import Store

MEMBERS, WORKERS, POPULATION = 8, 2, 50
CHOICES = {
    "as runs do": (MAX_PER_PREDICTOR, TOLERANCE),
    "never left out": (MAX_PER_PREDICTOR, math.inf),
    "left out unless better": (MAX_PER_PREDICTOR, 0.0),
    "one alike": (1, TOLERANCE),
    "five alike": (5, TOLERANCE),
    "any alike": (LIBRARY_SIZE, TOLERANCE),
}
"""Candidates of the same last step, and standard errors by which an ensemble may be worse."""

LEAST = 1e-3
"""Error below which one is as good as another."""

RESULTS = Path(__file__).parent / "results"
RECORDS = RESULTS / "choices.json"


def main() -> None:
    """Measure what is not there yet; save records and table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--datasets", type=Path, help="folder of NAME.parquet")
    parser.add_argument("--names", nargs="+", default=NAMES)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--budget", type=float, default=60.0, help="seconds")
    options = parser.parse_args()
    records = Records(RECORDS, "name", "seed", "budget")
    for seed, name in itertools.product(options.seeds, options.names):
        if options.datasets is None or records.has(name, seed, options.budget):
            continue
        records.add(measure(problem_of(options.datasets, name), name, seed, options.budget))
    table = table_of(records)
    print(table)
    (RESULTS / "choices.md").write_text(table)


def measure(whole: Problem, name: str, seed: int, budget: float) -> dict[str, Any]:
    """Return the record of a table."""
    rows = np.arange(len(whole.y))
    stratify = whole.y if whole.task != "regression" else None
    train, test = train_test_split(rows, test_size=0.3, stratify=stratify, random_state=seed)
    problem = part(whole, train, np.random.default_rng(seed))
    held_out = replace(whole, folds=[(train, test)])
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder) / "predictions", 2**30)
        result = search(problem, name, seed, budget, Path(folder), store)
        scored = [one for one in result.records if isinstance(one.outcome, Scored)]
        ranked = sorted(scored, key=ranking_key)
        libraries = {alike: library_of(ranked, alike) for alike, _ in CHOICES.values()}
        needed = {one.number: one for library in libraries.values() for one in library}
        folds = range(len(problem.folds))
        kept = {
            number: [store.get(one.candidate.digest, fold) for fold in folds]
            for number, one in needed.items()
        }
    told = Parallel(WORKERS)(
        delayed(prediction)(one.candidate.tree, problem, whole.X.iloc[test])
        for one in needed.values()
    )
    held_out_by = dict(zip(needed, told, strict=True))
    score, blends = BlendScorer(held_out), BlendScorer(problem)

    def error(library: Sequence[int], blend: Blend) -> float:
        predictions = predicted([[held_out_by[number]] for number in library], blend, 0)
        return error_of(whole.task, float(score(0, predictions)[0]))

    errors: dict[str, float] = {}
    for choice, (alike, tolerance) in CHOICES.items():
        library = [
            one.number
            for one in libraries[alike]
            if held_out_by[one.number] is not None and all(a is not None for a in kept[one.number])
        ]
        chosen = select(
            [kept[number] for number in library],
            blends,
            MEMBERS,
            temperatures=TEMPERATURES if blends.is_log_loss else (1.0,),
            labels=blends.labels if blends.is_log_loss else None,
            tolerance=tolerance,
        )
        alone = error(library, Blend({0: 1.0}))
        errors.setdefault("best candidate", alone)
        errors[choice] = alone if chosen is None else error(library, chosen.blend)
    return {
        "name": name,
        "task": whole.task,
        "seed": seed,
        "budget": budget,
        "rows": len(train),
        "candidates": len(result.records),
        "scored": len(scored),
        "errors": errors,
    }


def library_of(ranked: Sequence[Record], alike: int) -> list[Record]:
    """Return what an ensemble is chosen from, best first."""
    return list(itertools.islice(limit_per_predictor(ranked, alike), LIBRARY_SIZE))


def search(
    problem: Problem, name: str, seed: int, budget: float, folder: Path, store: Store
) -> Result:
    """Return what a run finds that began with what was learned without the table."""
    kind = "regression" if problem.task == "regression" else "classification"
    write_without(name, kind, folder)
    settings = Settings(
        portfolio=folder, lag=LAG_PER_WORKER * WORKERS, ensemble_size=0, patience=None
    )
    with closing(Journal(None)) as journal:
        return evolve(
            problem,
            selected_catalogue(None, problem, grouped=False),
            budget=Budget(budget, None),
            settings=settings,
            population_size=POPULATION,
            workers=WORKERS,
            rng=np.random.default_rng(seed),
            journal=journal,
            store=store,
        )


def prediction(tree: Tree, problem: Problem, X: Any) -> np.ndarray | None:
    """Return what a pipeline predicts that is fitted on all rows; None where it cannot be."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            fitted = to_estimator(tree).fit(problem.X, problem.y)
        except ValueError:
            return None
        told: np.ndarray = (
            fitted.predict(X) if problem.task == "regression" else fitted.predict_proba(X)
        )
        return told


def table_of(records: list[dict[str, Any]]) -> str:
    """Return by how much the error of what predicts is less than that of the best candidate."""
    lines = [
        "Percent (of the logarithm) by which the error on held-out rows (1 - AUC, log loss, RMSE)"
        " is less than that of the best candidate, by how the ensemble is chosen.",
        "",
        f"| table | s | rows | scored | {' | '.join(CHOICES)} |",
        f"|{' --- |' * (4 + len(CHOICES))}",
    ]
    for budget in sorted({one["budget"] for one in records}):
        gains: dict[str, list[float]] = {choice: [] for choice in CHOICES}
        mine = [one for one in records if one["budget"] == budget]
        for one in sorted(mine, key=lambda one: (one["task"], one["name"], one["seed"])):
            for choice, found in gains.items():
                found.append(gain(one["errors"]["best candidate"], one["errors"][choice]))
            cells = " | ".join(f"{found[-1]:+.2f}" for found in gains.values())
            lines.append(
                f"| {one['name']}, seed {one['seed']} | {budget:g} | {one['rows']}"
                f" | {one['scored']} | {cells} |"
            )
        cells = " | ".join(
            f"{fmean(found):+.2f}; {median(found):+.2f}; {sum(gain > 0 for gain in found)} :"
            f" {sum(gain < 0 for gain in found)}"
            for found in gains.values()
        )
        lines.append(f"| mean; median; better : worse | {budget:g} | | | {cells} |")
    return "\n".join(lines) + "\n"


def gain(other: float, mine: float) -> float:
    """Return by how many percent of the logarithm an error is less than another."""
    return 100 * math.log(max(other, LEAST) / max(mine, LEAST))


if __name__ == "__main__":
    main()
