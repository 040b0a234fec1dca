"""Libraries of runs: out-of-fold predictions, and predictions for rows that no run has seen.

    python -m benchmarks ensemble.libraries --datasets FOLDER --libraries FOLDER [--names ...]

A search that only time ends finds candidates on 70 % of the rows of a table, beginning with the
portfolio that is learned without it. Saves `NAME-SEED-BUDGET.npz` with the candidates that an
ensemble is chosen from, best first: `y`, the rows of each fold (`rows-FOLD`), the predictions for
them (`PLACE-FOLD`), `y-held`, and the predictions for the other 30 % by pipelines fitted on all of
the 70 (`PLACE-held`). `provenance` is that of a record, as JSON. A library that exists is not made
again.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence

import numpy as np
from joblib import Parallel, delayed

from benchmarks.ensemble.choices import WORKERS, library_of, prediction, searched
from benchmarks.options import add_datasets, add_libraries, parser_of
from benchmarks.problems import of_rows, problem_of, split_rows
from benchmarks.provenance import provenance
from evolver.problem import Problem
from evolver.run.ranking import MAX_PER_PREDICTOR

NAMES = (
    *("cmc", "phoneme", "boston", "vehicle", "churn", "cpu-act", "balance-scale", "jasmine"),
    *("kin8nm", "car", "australian", "dermatology", "blood-transfusion", "space-ga", "optdigits"),
    *("cylinder-bands", "page-blocks", "spambase", "concrete", "mfeat-fourier", "ada", "libras"),
    *("credit-data", "elevators", "income-marketing", "titanic", "hpc-jobs", "anneal"),
    *("ames-housing", "vowel", "mfeat-morphological", "lending-club", "pendigits", "autos"),
)
"""Tables that the systems are not compared on."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Search the missing tables, and save their libraries."""
    parser = parser_of(__file__, __doc__, names=NAMES, seeds=[0], budget=60.0, has_out=False)
    add_datasets(parser, required=True)
    add_libraries(parser, required=True)
    options = parser.parse_args(arguments)
    options.libraries.mkdir(parents=True, exist_ok=True)
    for seed, name in itertools.product(options.seeds, options.names):
        file = options.libraries / f"{name}-{seed}-{options.budget:g}.npz"
        if options.repeat or not file.exists():
            found = library(problem_of(options.datasets, name), name, seed, options.budget)
            np.savez_compressed(file, provenance=np.array(json.dumps(provenance())), **found)
            print(file.stem, sum(key.endswith("-held") for key in found) - 1, flush=True)


def library(whole: Problem, name: str, seed: int, budget: float) -> dict[str, np.ndarray]:
    """Return the library of a run, with its predictions for the held-out rows."""
    train, test = split_rows(whole, seed)
    problem = of_rows(whole, train, np.random.default_rng(seed))
    scored, kept, _ = searched(problem, name, seed, budget)
    chosen = [one for one in library_of(scored, MAX_PER_PREDICTOR) if one.number in kept]
    held_out = Parallel(WORKERS)(
        delayed(prediction)(one.candidate.tree, problem, whole.X.iloc[test]) for one in chosen
    )
    y = codes(whole)
    found = {"y": y[train], "y-held": y[test], "task": np.array(whole.task.name)}
    found |= {f"rows-{fold}": valid for fold, (_, valid) in enumerate(problem.folds)}
    usable = [
        (kept[one.number], held)
        for one, held in zip(chosen, held_out, strict=True)
        if held is not None
    ]
    for place, (by_fold, held) in enumerate(usable):
        found |= {f"{place}-{fold}": one for fold, one in enumerate(by_fold)}
        found[f"{place}-held"] = held
    return found


def codes(problem: Problem) -> np.ndarray:
    """Return the target, classes as their places in the order of the columns of predictions."""
    if problem.task.classes is None:
        return problem.y
    found: np.ndarray = np.unique(problem.y, return_inverse=True)[1]
    return found


if __name__ == "__main__":
    main()
