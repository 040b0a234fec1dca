"""How long is it worth waiting for something better?

    python -m benchmarks.patience.measure --datasets FOLDER [--names ...] [--seeds 0] [--budget 300]

A search that only time ends, on 70 % of the rows of a small table, beginning with the portfolio
that is learned without it. Then, for each patience, what it would have delivered, ensemble and all,
had it ended where it had found nothing better for so many candidates; judged on the other 30 %,
against what it delivered. A candidate that a race ended is counted too. Ending there leaves out the
refinement that a run has before it ends, so that patience looks a little worse here than it is.
Saves `results/records.json`; what is there is not repeated. Without `--datasets` only draws
`results/patience.md` from what is there.
"""

from __future__ import annotations

import argparse
import itertools
import sqlite3
import tempfile
import time
import warnings
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from statistics import fmean
from typing import Any

from sklearn.dummy import DummyClassifier, DummyRegressor

from benchmarks.ablation.effects import error_of
from benchmarks.ablation.measure import is_classification, split_of
from benchmarks.portfolio.learn import write_without
from benchmarks.records import Records
from evolver import EvolvedClassifier, EvolvedRegressor, Settings, checks
from evolver.evaluation.fold import Evaluator
from evolver.execution.pool import ProcessPool
from evolver.outcome import Scored
from evolver.problem import Problem
from evolver.run.evolve import PRELOAD
from evolver.run.final_fit import FinalFit
from evolver.run.fit_times import FitTimeModel
from evolver.run.record import Record, ranking_key
from evolver.run.time_budget import Deadline
from evolver.session import search
from evolver.storage.journal import FILE
from evolver.storage.predictions import FOLDER, Store

NAMES = (
    "australian",
    "auto-mpg",
    "boston",
    "cmc",
    "credit-g",
    "eucalyptus",
    "sensory",
    "vehicle",
)
"""At most 2,500 rows: only there does patience end a run."""

PATIENCES = (25, 50, 100, 200, 400)
WORKERS, MEMBERS = 2, 8
LONGEST_FIT = 60.0
"""Seconds."""
RESULTS = Path(__file__).parent / "results"
RECORDS = RESULTS / "records.json"


def main() -> None:
    """Measure what is not there yet; save records and table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--datasets", type=Path, help="folder of NAME.parquet")
    parser.add_argument("--names", nargs="+", default=NAMES)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--budget", type=float, default=300.0, help="seconds")
    options = parser.parse_args()
    records = Records(RECORDS, "name", "seed", "budget")
    for seed, name in itertools.product(options.seeds, options.names):
        if options.datasets is None or records.has(name, seed, options.budget):
            continue
        records.add(measure(options.datasets / f"{name}.parquet", options.budget, seed))
    table = table_of(records)
    print(table)
    (RESULTS / "patience.md").write_text(table)


def measure(file: Path, budget: float, seed: int) -> dict[str, Any]:
    """Return the record of a table."""
    train, test = split_of(file, seed)
    X, y = train.drop(columns="target"), train["target"]
    X_test, y_test = checks.check_table(test.drop(columns="target")), test["target"].to_numpy()
    classification = is_classification(y)
    kind = "classification" if classification else "regression"
    with tempfile.TemporaryDirectory() as name, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        folder = Path(name)
        write_without(file.stem, kind, folder)
        model = (EvolvedClassifier if classification else EvolvedRegressor)(
            n_jobs=WORKERS,
            random_state=seed,
            run_dir=folder / "run",
            verbose=0,
            settings=Settings(portfolio=folder, patience=None),
        )
        problem, result, _ = search(model._call(budget, None, model.run_dir), X, y)
        ended = ended_in(folder / "run" / FILE, result.records)
        store = Store(folder / "run" / FOLDER, 2**30)
        better = better_at(ended)
        ends = {len(ended), *(end_of(better, len(ended), patience) for patience in PATIENCES)}
        scores = {
            end: problem.scorer(delivered(ended[:end], problem, store), X_test, y_test)
            for end in sorted(ends)
        }
    constant = DummyClassifier() if classification else DummyRegressor()
    return {
        "name": file.stem,
        "budget": budget,
        "seed": seed,
        "rows": len(train),
        "constant": float(problem.scorer(constant.fit(problem.X, problem.y), X_test, y_test)),
        "scores": {str(end): float(score) for end, score in scores.items()},
        "seconds": {str(end): ended[end - 1][0] for end in scores},
        "better_at": better,
        "full": sum(isinstance(one.outcome, Scored) for _, one in ended),
        "ended": len(ended),
    }


def ended_in(journal: Path, records: Sequence[Record]) -> list[tuple[float, Record]]:
    """Return the candidates that were scored or lost a race, with the seconds of the run until
    then, in the order of time."""
    with closing(sqlite3.connect(journal)) as connection:
        rows = connection.execute(
            "SELECT number, json_extract(body, '$.seconds') FROM entries"
            " WHERE kind IN ('scored', 'stopped')"
        ).fetchall()
    begun = [(float(seconds), records[number]) for number, seconds in rows]
    return sorted(((seconds, one) for seconds, one in begun if one.folds), key=lambda one: one[0])


def better_at(ended: Sequence[tuple[float, Record]]) -> list[int]:
    """Return how many had ended with each candidate that was better than all before it."""
    found: list[int] = []
    best: Record | None = None
    for count, (_, one) in enumerate(ended, 1):
        if isinstance(one.outcome, Scored) and (
            best is None or ranking_key(one) < ranking_key(best)
        ):
            best = one
            found.append(count)
    return found


def end_of(better: Sequence[int], whole: int, patience: int) -> int:
    """Return how many have ended where there has been nothing better for so many; all of the whole
    search where that is nowhere."""
    gaps = itertools.pairwise([*better, whole])
    return next((last + patience for last, after in gaps if after - last > patience), whole)


def delivered(ended: Sequence[tuple[float, Record]], problem: Problem, store: Store) -> Any:
    """Return what a run delivers that ends with these candidates, without a limit of time."""
    records = [one for _, one in ended]
    catalogue = checks.selected_catalogue(None, problem, grouped=False)
    pool = ProcessPool(Evaluator(problem, catalogue), WORKERS, PRELOAD)
    deadline = Deadline(
        time.monotonic(),
        None,
        len(problem.y),
        FitTimeModel([len(train) for train, _ in problem.units]),
        members=MEMBERS,
        workers=WORKERS,
    )
    try:
        finish = FinalFit(records, pool, deadline, LONGEST_FIT)
        best, pipeline = finish.winner()
        assert best is not None
        assert pipeline is not None
        ensemble = finish.ensemble(best, pipeline, problem, store, MEMBERS)
    finally:
        pool.close()
    return pipeline if ensemble is None else ensemble.estimator


def table_of(records: Sequence[dict[str, Any]]) -> str:
    """Return what each patience costs and saves."""
    lines = [
        "Of searches that only time ends: how many would have ended before, the share of the time"
        " that would have saved, and by how much larger the held-out error would have been, in"
        " percent: mean over the tables, of those that ended, and the worst.",
        "",
        "| patience | ended | time saved, % | error, % | where ended | worst |",
        f"|{' --- |' * 6}",
    ]
    for patience in PATIENCES if records else ():
        saved, losses = [], []
        for one in records:
            whole = str(one["ended"])
            end = str(end_of(one["better_at"], one["ended"], patience))
            if end != whole:
                saved.append(1 - one["seconds"][end] / one["seconds"][whole])
                errors = [error_of(one, one["scores"][at]) for at in (end, whole)]
                losses.append(100 * (errors[0] / errors[1] - 1))
        among = f"{fmean(losses):+.2f} | {max(losses):+.2f}" if losses else " | "
        lines.append(
            f"| {patience} | {len(losses)} of {len(records)}"
            f" | {100 * sum(saved) / len(records):.0f}"
            f" | {sum(losses) / len(records):+.2f} | {among} |"
        )
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
