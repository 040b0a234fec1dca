"""Trials of the candidates of a portfolio on many tables.

    python -m benchmarks portfolio.trials --datasets FOLDER [--names ...] [--large]

Each pipeline of `classification.txt` or `regression.txt` is adapted to the table as a run would do
it, and scored by three folds of at most 2,000 rows of each table of `catalog.json` but those of the
comparison with peers; with `--large`, by one of three folds of at most 10,000 rows of each table
that has 8,000 or more. Saves `NAME.json` or `NAME-large.json`, a record a table: meta-features, and
for each pipeline the scores and the seconds of the folds, or why it failed. Trials that are saved
are not repeated; pipelines that were added to the lists are tried and added, and the provenance is
that of the latest trials. With `--predictions FOLDER` the out-of-fold predictions are kept too.
"""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.model_selection import train_test_split

from benchmarks.options import add_datasets, add_predictions, parser_of
from benchmarks.peers.names import NAMES
from benchmarks.problems import problem_of
from benchmarks.records import save
from evolver.checks import check_scorer, selected_catalogue
from evolver.evaluation.fold import Evaluator, FoldScore, Request
from evolver.evaluation.folds import make_folds
from evolver.execution.pool import ProcessPool
from evolver.execution.protocol import Job
from evolver.genome.codec import encode, parse
from evolver.problem import Problem
from evolver.run.evolve import PRELOAD
from evolver.search.metafeatures import MetaFeatures
from evolver.search.portfolio import adapt_to_catalogue

HERE = Path(__file__).parent
FOLDS = 3
LARGE_FROM = 8_000
LARGE = "-large"
"""Ending of the name of a table in trials on many of its rows."""

MOST_COLUMNS = 900


@dataclass(frozen=True)
class Scale:
    """Share of a table that the pipelines are tried on.

    Parameters
    ----------
    suffix : str
        Ending of the name of the table.
    rows : int
        Largest number of rows.
    folds : int
        Number of folds, of three, that are scored.
    timeout : float
        Seconds that a fold may take.
    """

    suffix: str
    rows: int
    folds: int
    timeout: float


SMALL = Scale("", 2_000, 3, 8.0)
MANY = Scale(LARGE, 10_000, 1, 10.0)
SAME = {
    "ada",
    "dna",
    "sylva-agnostic",
    "mfeat-fourier",
    "mfeat-karhunen",
}
"""Tables that are other versions of tables in the catalogue; one version is enough."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Try the missing pipelines on every table, and save the records."""
    parser = parser_of(__file__, __doc__, names=[], workers=2, repeat=False)
    add_datasets(parser, required=True)
    add_predictions(parser)
    parser.add_argument("--large", action="store_true", help="many rows of the large tables")
    options = parser.parse_args(arguments)
    scale = MANY if options.large else SMALL
    for name in options.names or names_of(options.datasets, large=options.large):
        file = options.out / f"{name}{scale.suffix}.json"
        known = json.loads(file.read_text(encoding="utf-8"))["pipelines"] if file.exists() else []
        tried = {one["pipeline"]: one for one in known}
        problem = sampled(problem_of(options.datasets, name), scale.rows)
        texts = pipelines_of(problem.task.family)
        missing = [text for text in texts if text not in tried]
        if not missing:
            continue
        found, predictions = trial(problem, missing, scale, options.workers)
        tried |= {one["pipeline"]: one for one in found}
        meta = {key: round(value, 3) for key, value in MetaFeatures.of(problem).values.items()}
        about = {"name": name + scale.suffix, "task": problem.task.name, "meta": meta}
        save(file, {**about, "pipelines": [tried[text] for text in texts]})
        failed = sum("failed" in one for one in found)
        spent = sum(sum(one.get("seconds", [scale.timeout])) for one in found)
        print(
            name, problem.task.name, problem.X.shape, f"{failed} failed, {spent:.0f} s", flush=True
        )
        if options.predictions is not None:
            options.predictions.mkdir(parents=True, exist_ok=True)
            np.savez(options.predictions / f"{name}{scale.suffix}.npz", **predictions)


def names_of(datasets: Path, *, large: bool) -> list[str]:
    """Return the names of the tables of a catalogue that are tried, in a fixed random order."""
    catalogue = json.loads((datasets / "catalog.json").read_text(encoding="utf-8"))
    names = [
        one["name"]
        for one in catalogue
        if one["features"] <= MOST_COLUMNS
        and one["name"] not in SAME.union(NAMES)
        and (one["rows"] >= LARGE_FROM or not large)
    ]
    random.Random(0).shuffle(names)
    return names


def pipelines_of(family: str) -> list[str]:
    """Return the candidates for a family of tasks, as text."""
    return (HERE / f"{family}.txt").read_text(encoding="utf-8").splitlines()


def sampled(problem: Problem, rows: int) -> Problem:
    """Return a problem of at most so many rows, by three folds."""
    X, y = problem.X, problem.y
    if len(y) > rows:
        has_classes = problem.task.classes is not None
        fewest = problem.task.class_counts(y).min()
        keep, _ = train_test_split(
            np.arange(len(y)),
            train_size=rows,
            stratify=y if has_classes and fewest >= 2 else None,
            random_state=0,
        )
        X, y = X.iloc[keep].reset_index(drop=True), y[keep]
    rng = np.random.default_rng(0)
    task = type(problem.task).of(y)
    folds = make_folds(X, y, FOLDS, task, groups=None, rng=rng)
    return replace(problem, task=task, X=X, y=y, folds=folds, scorer=check_scorer(None, task))


def trial(
    problem: Problem, texts: Sequence[str], scale: Scale, workers: int
) -> tuple[list[dict[str, Any]], dict[str, np.ndarray]]:
    """Return the record of each pipeline, and the out-of-fold predictions."""
    catalogue = selected_catalogue(None, problem, grouped=False)
    trees = [adapt_to_catalogue(parse(text), catalogue) for text in texts]
    found: list[dict[str, Any]] = [
        {"pipeline": text, **({"failed": "not for this table"} if tree is None else {})}
        for text, tree in zip(texts, trees, strict=True)
    ]
    folds: dict[tuple[int, ...], FoldScore] = {}
    jobs = [
        Job((number, fold), Request(encode(tree), fold), scale.timeout)
        for number, tree in enumerate(trees)
        if tree is not None
        for fold in range(scale.folds)
    ]
    jobs.reverse()
    with closing(ProcessPool(Evaluator(problem, catalogue), workers, PRELOAD)) as pool:
        in_flight = 0
        while jobs or in_flight:
            while jobs and in_flight < pool.capacity:
                job = jobs.pop()
                if "failed" not in found[job.key[0]]:
                    pool.submit(job)
                    in_flight += 1
            for done in pool.wait() if in_flight else ():
                in_flight -= 1
                if isinstance(done.result, FoldScore):
                    folds[done.key] = done.result
                else:
                    found[done.key[0]]["failed"] = f"{done.result.kind}: {done.result.reason}"
    predictions: dict[str, np.ndarray] = {"y": np.asarray(pd.factorize(problem.y, sort=True)[0])}
    if problem.task.classes is None:
        predictions["y"] = problem.y
    for fold, (_, valid) in enumerate(problem.folds):
        predictions[f"rows-{fold}"] = valid
    for number, one in enumerate(found):
        if "failed" not in one:
            mine = [folds[number, fold] for fold in range(scale.folds)]
            one["scores"] = [float(f"{score.score:.6g}") for score in mine]
            one["seconds"] = [round(score.effort.seconds, 3) for score in mine]
            for fold, score in enumerate(mine):
                predictions[f"{number}-{fold}"] = score.predictions.astype(np.float32)
    return found, predictions


if __name__ == "__main__":
    main()
