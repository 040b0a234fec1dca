"""Libraries that an ensemble may be chosen from, and rules for leaving it out.

    python -m benchmarks ensemble.choices --datasets FOLDER [--names ...] [--seeds 0] [--budget 60]

A search that only time ends finds candidates on 70 % of the rows of a table, beginning with the
portfolio that is learned without it; the best are fitted on all of these rows. Then an ensemble is
chosen on their out-of-fold predictions: as runs choose it; left out never, or where it is no better
on folds that it was not chosen on; from libraries with fewer or more candidates of the same last
step. It is judged on the other 30 %, against the best candidate. Saves `choices.json` and
`choices.md`.
"""

from __future__ import annotations

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

from benchmarks import markdown
from benchmarks.ensemble.fold_models import NAMES
from benchmarks.errors import error_of, gain, won_lost
from benchmarks.options import add_datasets, parser_of
from benchmarks.portfolio.unseen import portfolio_without
from benchmarks.problems import of_rows, problem_of, split_rows
from benchmarks.records import Records, publish
from evolver.budget import Budget
from evolver.checks import selected_catalogue
from evolver.ensemble.blend import Blend, Truth, predicted
from evolver.ensemble.selection import TEMPERATURES, TOLERANCE, select
from evolver.evaluation.blends import BlendScorer
from evolver.genome.pipeline import to_estimator
from evolver.genome.tree import Tree
from evolver.outcome import Scored
from evolver.problem import Problem
from evolver.run.evolve import evolve
from evolver.run.plan import RunPlan
from evolver.run.ranking import (
    LIBRARY_SIZE,
    MAX_PER_PREDICTOR,
    limit_per_predictor,
    ranking_key,
)
from evolver.run.record import Record
from evolver.settings import Settings
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
"""Most candidates of the same last step, and standard errors by which an ensemble may be worse."""

LEAST = 1e-3
"""Error below which all are equally good."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure the missing tables, and save records and table."""
    parser = parser_of(__file__, __doc__, names=NAMES, seeds=[0], budget=60.0)
    add_datasets(parser)
    options = parser.parse_args(arguments)
    file = options.out / "choices.json"
    records = Records(file, "budget", "seed", "name", repeat=options.repeat)
    if options.datasets is not None:
        for budget, seed, name in records.missing([options.budget], options.seeds, options.names):
            records.add(measure(problem_of(options.datasets, name), name, seed, budget))
    if records:
        publish(options.out / "choices.md", table_of(records))


def measure(whole: Problem, name: str, seed: int, budget: float) -> dict[str, Any]:
    """Return the record of a table."""
    train, test = split_rows(whole, seed)
    problem = of_rows(whole, train, np.random.default_rng(seed))
    scored, kept, asked = searched(problem, name, seed, budget)
    libraries = {alike: library_of(scored, alike) for alike, _ in CHOICES.values()}
    needed = {one.number: one for library in libraries.values() for one in library}
    answers = Parallel(WORKERS)(
        delayed(prediction)(one.candidate.tree, problem, whole.X.iloc[test])
        for one in needed.values()
    )
    held_out_by = dict(zip(needed, answers, strict=True))
    score = BlendScorer(replace(whole, folds=[(train, test)]))

    def error(library: Sequence[int], blend: Blend) -> float:
        predictions = predicted([[held_out_by[number]] for number in library], blend, 0)
        return error_of(whole.task.name, float(score(0, predictions)[0]))

    errors: dict[str, float] = {}
    for choice, (alike, tolerance) in CHOICES.items():
        library = [
            one.number
            for one in libraries[alike]
            if one.number in kept and held_out_by[one.number] is not None
        ]
        blend = chosen_from([kept[number] for number in library], problem, tolerance)
        errors.setdefault("best candidate", error(library, Blend({0: 1.0})))
        errors[choice] = error(library, blend)
    return {
        "name": name,
        "task": whole.task.name,
        "seed": seed,
        "budget": budget,
        "rows": len(train),
        "candidates": asked,
        "scored": len(scored),
        "errors": errors,
    }


def searched(
    problem: Problem, name: str, seed: int, budget: float
) -> tuple[list[Record], dict[int, list[np.ndarray]], int]:
    """Search a problem, beginning with the portfolio that is learned without the table.

    Returns
    -------
    scored : list of Record
        Scored candidates, best first.
    kept : dict of int to list of ndarray
        Out-of-fold predictions by candidate, for the candidates of libraries that have all of them.
    asked : int
        Number of candidates in all.
    """
    classification = problem.task.classes is not None
    with (
        portfolio_without(name, classification=classification) as portfolio,
        tempfile.TemporaryDirectory() as folder,
        closing(Journal(None)) as journal,
    ):
        store = Store(Path(folder) / "predictions", 2**30)
        catalogue = selected_catalogue(None, problem, grouped=False)
        settings = Settings(portfolio=portfolio, ensemble_size=0, patience=None)
        result = evolve(
            RunPlan(problem, catalogue, Budget(budget, None), settings, POPULATION, WORKERS),
            rng=np.random.default_rng(seed),
            journal=journal,
            store=store,
        )
        scored = [one for one in result.records if isinstance(one.outcome, Scored)]
        ranked = sorted(scored, key=ranking_key)
        folds = range(len(problem.folds))
        found = {
            one.number: [store.get(one.candidate.digest, fold) for fold in folds]
            for alike, _ in CHOICES.values()
            for one in library_of(ranked, alike)
        }
    kept = {
        number: [one for one in by_fold if one is not None] for number, by_fold in found.items()
    }
    whole = {number: by_fold for number, by_fold in kept.items() if len(by_fold) == len(folds)}
    return ranked, whole, len(result.records)


def chosen_from(
    library: Sequence[Sequence[np.ndarray]], problem: Problem, tolerance: float
) -> Blend:
    """Return the blend that is chosen on out-of-fold predictions: of the first alone, or more."""
    blends = BlendScorer(problem)
    chosen = select(
        library,
        blends,
        MEMBERS,
        temperatures=TEMPERATURES if blends.is_log_loss else (1.0,),
        truth=Truth(blends.labels, blends.row_weights) if blends.is_log_loss else None,
        tolerance=tolerance,
    )
    return Blend({0: 1.0}) if chosen is None else chosen.blend


def library_of(ranked: Sequence[Record], alike: int) -> list[Record]:
    """Return the candidates that an ensemble is chosen from, best first."""
    return list(itertools.islice(limit_per_predictor(ranked, alike), LIBRARY_SIZE))


def prediction(tree: Tree, problem: Problem, X: Any) -> np.ndarray | None:
    """Return predictions of a pipeline fitted on all rows; None where it cannot be fitted."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            fitted = to_estimator(tree).fit(problem.X, problem.y)
        except ValueError:
            return None
        predictions: np.ndarray = (
            fitted.predict(X) if problem.task.classes is None else fitted.predict_proba(X)
        )
        return predictions


def table_of(records: list[dict[str, Any]]) -> str:
    """Return by how much the error of the model is less than the best candidate's."""
    intro = (
        "Percent (of the logarithm) by which the error on held-out rows (1 - AUC, log loss, RMSE)"
        " is less than that of the best candidate, by how the ensemble is chosen."
    )
    rows: list[list[object]] = []
    for budget in sorted({one["budget"] for one in records}):
        gains: dict[str, list[float]] = {choice: [] for choice in CHOICES}
        mine = [one for one in records if one["budget"] == budget]
        for one in sorted(mine, key=lambda one: (one["task"], one["name"], one["seed"])):
            errors = one["errors"]
            for choice, found in gains.items():
                found.append(gain(errors["best candidate"], errors[choice], LEAST))
            cells = [f"{found[-1]:+.2f}" for found in gains.values()]
            name = f"{one['name']}, seed {one['seed']}"
            rows.append([name, f"{budget:g}", one["rows"], one["scored"], *cells])
        cells = [summary(found) for found in gains.values()]
        rows.append(["mean; median; better : worse", f"{budget:g}", "", "", *cells])
    lines = markdown.table(["table", "s", "rows", "scored", *CHOICES], rows)
    return "\n".join([intro, "", *lines]) + "\n"


def summary(gains: Sequence[float]) -> str:
    """Return mean, median and counts of some gains."""
    won, lost = won_lost(gains)
    return f"{fmean(gains):+.2f}; {median(gains):+.2f}; {won} : {lost}"


if __name__ == "__main__":
    main()
