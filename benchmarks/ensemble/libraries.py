"""The libraries of runs: out-of-fold predictions, and those for rows that no run has seen.

    python -m benchmarks.ensemble.libraries --datasets FOLDER --keep LIBRARIES [--names ...]
        [--seeds 0] [--budget 60]

A search that only time ends finds candidates on 70 % of the rows of a table, beginning with the
portfolio that is learned without it. Saves of each table what an ensemble is chosen from, best
first: `y`, the rows of each fold (`rows-FOLD`), the predictions for them (`PLACE-FOLD`), `y-held`
and the predictions for the other 30 % by pipelines that are fitted on all of the 70
(`PLACE-held`). What is there is not repeated.
"""

from __future__ import annotations

import argparse
import itertools
import tempfile
from pathlib import Path

import numpy as np
from joblib import Parallel, delayed
from sklearn.model_selection import train_test_split

from benchmarks.engine.problems import problem_of
from benchmarks.ensemble.choices import WORKERS, library_of, prediction, search
from benchmarks.ensemble.fold_models import part
from evolver.outcome import Scored
from evolver.problem import Problem
from evolver.run.record import MAX_PER_PREDICTOR, ranking_key
from evolver.storage.predictions import Store

NAMES = (
    *("cmc", "phoneme", "boston", "vehicle", "churn", "cpu-act", "balance-scale", "jasmine"),
    *("kin8nm", "car", "australian", "dermatology", "blood-transfusion", "space-ga", "optdigits"),
    *("cylinder-bands", "page-blocks", "spambase", "concrete", "mfeat-fourier", "ada", "libras"),
    *("credit-data", "elevators", "income-marketing", "titanic", "hpc-jobs", "anneal"),
    *("ames-housing", "vowel", "mfeat-morphological", "lending-club", "pendigits", "autos"),
)
"""None of those that the systems are compared on."""


def main() -> None:
    """Search and save what is not there yet."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--datasets", type=Path, required=True, help="folder of NAME.parquet")
    parser.add_argument("--keep", type=Path, required=True, help="folder, made if need be")
    parser.add_argument("--names", nargs="+", default=NAMES)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--budget", type=float, default=60.0, help="seconds")
    options = parser.parse_args()
    options.keep.mkdir(parents=True, exist_ok=True)
    for seed, name in itertools.product(options.seeds, options.names):
        file = options.keep / f"{name}-{seed}-{options.budget:g}.npz"
        if not file.exists():
            found = kept(problem_of(options.datasets, name), name, seed, options.budget)
            np.savez_compressed(file, **found)
            print(file.stem, sum(key.endswith("-held") for key in found) - 1, flush=True)


def kept(whole: Problem, name: str, seed: int, budget: float) -> dict[str, np.ndarray]:
    """Return the library of a run and what it says of held-out rows."""
    rows = np.arange(len(whole.y))
    stratify = whole.y if whole.task != "regression" else None
    train, test = train_test_split(rows, test_size=0.3, stratify=stratify, random_state=seed)
    problem = part(whole, train, np.random.default_rng(seed))
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder) / "predictions", 2**30)
        result = search(problem, name, seed, budget, Path(folder), store)
        scored = [one for one in result.records if isinstance(one.outcome, Scored)]
        library = library_of(sorted(scored, key=ranking_key), MAX_PER_PREDICTOR)
        folds = range(len(problem.folds))
        mine = [[store.get(one.candidate.digest, fold) for fold in folds] for one in library]
    held_out = Parallel(WORKERS)(
        delayed(prediction)(one.candidate.tree, problem, whole.X.iloc[test]) for one in library
    )
    y = codes(whole)
    found = {"y": y[train], "y-held": y[test], "task": np.array(whole.task)}
    found |= {f"rows-{fold}": valid for fold, (_, valid) in enumerate(problem.folds)}
    usable = [
        (by_fold, held)
        for by_fold, held in zip(mine, held_out, strict=True)
        if held is not None and all(one is not None for one in by_fold)
    ]
    for place, (by_fold, held) in enumerate(usable):
        found |= {f"{place}-{fold}": one for fold, one in enumerate(by_fold) if one is not None}
        found[f"{place}-held"] = held
    return found


def codes(problem: Problem) -> np.ndarray:
    """Return the target, classes as their places in the order of the columns of predictions."""
    if problem.task == "regression":
        return problem.y
    found: np.ndarray = np.unique(problem.y, return_inverse=True)[1]
    return found


if __name__ == "__main__":
    main()
