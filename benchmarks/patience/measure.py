"""Waiting for a better candidate: the error and the time of searches that end earlier.

    python -m benchmarks patience --datasets FOLDER [--names ...] [--seeds 0] [--budget 300]

A search that only time ends, on 70 % of the rows of a small table, beginning with the portfolio
that is learned without it. For each patience, the model is made that the search would have
delivered, ensemble included, had it ended where nothing better was found for so many candidates; it
is scored on the other 30 % and compared with the model of the whole search. A candidate that a race
ended counts too. Ending there leaves out the refinement that a run has before it ends, so patience
looks a little worse here than it is. Saves `records.json` and `patience.md`.
"""

from __future__ import annotations

import itertools
import tempfile
import time
import warnings
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

from benchmarks import markdown
from benchmarks.datasets import constant_for, estimator_for, is_classification, read_split
from benchmarks.errors import error_in
from benchmarks.journals import moments
from benchmarks.options import add_datasets, parser_of
from benchmarks.portfolio.unseen import portfolio_without
from benchmarks.records import Records, publish
from evolver import Settings, checks
from evolver.budget import Budget
from evolver.evaluation.fold import Evaluator
from evolver.execution.pool import ProcessPool
from evolver.outcome import Scored
from evolver.problem import Problem
from evolver.run.evolve import PRELOAD
from evolver.run.final_fit import FinalFit
from evolver.run.fit_times import FitTimeModel
from evolver.run.plan import RunPlan
from evolver.run.ranking import ranking_key
from evolver.run.record import Record
from evolver.run.time_budget import TimeBudget
from evolver.session import search
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
"""Tables of at most 2,500 rows: only there does patience end a run."""

PATIENCES = (25, 50, 100, 200, 400)
WORKERS, MEMBERS = 2, 8
LONGEST_FIT = 60.0
"""Seconds."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure the missing tables, and save records and table."""
    parser = parser_of(__file__, __doc__, names=NAMES, seeds=[0], budget=300.0)
    add_datasets(parser)
    options = parser.parse_args(arguments)
    file = options.out / "records.json"
    records = Records(file, "budget", "seed", "name", repeat=options.repeat)
    if options.datasets is not None:
        for budget, seed, name in records.missing([options.budget], options.seeds, options.names):
            records.add(measure(options.datasets, name, budget, seed))
    if records:
        publish(options.out / "patience.md", table_of(records))


def measure(datasets: Path, name: str, budget: float, seed: int) -> dict[str, Any]:
    """Return the record of a table."""
    X, y, X_test, y_test = read_split(datasets, name, seed)
    held_out = checks.check_table(X_test), y_test.to_numpy()
    with (
        portfolio_without(name, classification=is_classification(y)) as portfolio,
        tempfile.TemporaryDirectory() as folder,
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")
        model = estimator_for(y)(
            n_jobs=WORKERS,
            random_state=seed,
            run_dir=folder,
            verbose=0,
            settings=Settings(portfolio=portfolio, patience=None),
        )
        problem, result, _ = search(model._call(budget, None, model.run_dir), X, y)
        ended = ended_in(folder, result.records)
        store = Store(Path(folder) / FOLDER, 2**30)
        better = better_at(ended)
        ends = {len(ended), *(end_of(better, len(ended), patience) for patience in PATIENCES)}
        scores = {
            end: problem.scorer(delivered(ended[:end], problem, store), *held_out)
            for end in sorted(ends)
        }
    constant = constant_for(y).fit(problem.X, problem.y)
    return {
        "name": name,
        "budget": budget,
        "seed": seed,
        "rows": len(X),
        "constant": float(problem.scorer(constant, *held_out)),
        "scores": {str(end): float(score) for end, score in scores.items()},
        "seconds": {str(end): ended[end - 1][0] for end in scores},
        "better_at": better,
        "full": sum(isinstance(one.outcome, Scored) for _, one in ended),
        "ended": len(ended),
    }


def ended_in(folder: str, records: Sequence[Record]) -> list[tuple[float, Record]]:
    """Return the candidates that were scored or lost a race, in the order of time.

    Each is given with the seconds of the run at which it ended.
    """
    times = moments(folder, "scored", "stopped")
    ended = [(seconds, records[number]) for number, seconds in times.items()]
    return sorted(((seconds, one) for seconds, one in ended if one.folds), key=lambda one: one[0])


def better_at(ended: Sequence[tuple[float, Record]]) -> list[int]:
    """Return, for each candidate better than all before it, how many had ended with it."""
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
    """Return how many have ended where nothing better was found for `patience` candidates.

    All of the search (`whole`) where that never happens.
    """
    gaps = itertools.pairwise([*better, whole])
    return next((last + patience for last, after in gaps if after - last > patience), whole)


def delivered(ended: Sequence[tuple[float, Record]], problem: Problem, store: Store) -> Any:
    """Return the model of a run that ends with these candidates, without a limit of time."""
    records = [one for _, one in ended]
    catalogue = checks.selected_catalogue(None, problem, grouped=False)
    pool = ProcessPool(Evaluator(problem, catalogue), WORKERS, PRELOAD)
    budget = Budget(None, len(records))
    settings = Settings(fold_timeout=LONGEST_FIT, ensemble_size=MEMBERS)
    plan = RunPlan(problem, catalogue, budget, settings, len(records), WORKERS)
    time_budget = TimeBudget(
        budget,
        time.monotonic(),
        FitTimeModel([len(train) for train, _ in problem.units]),
        rows=len(problem.y),
        members=MEMBERS,
        workers=WORKERS,
    )
    try:
        finish = FinalFit(plan, records, pool, time_budget)
        best, pipeline = finish.winner()
        assert best is not None
        assert pipeline is not None
        ensemble = finish.ensemble(best, pipeline, store)
    finally:
        pool.close()
    return pipeline if ensemble is None else ensemble.estimator


def table_of(records: Sequence[dict[str, Any]]) -> str:
    """Return the loss of error and the saving of time by patience."""
    intro = (
        "Of searches that only time ends: how many would have ended before, the share of the time"
        " that would have saved, and by how much larger the held-out error would have been, in"
        " percent: mean over the tables, of those that ended, and the worst."
    )
    header = ["patience", "ended", "time saved, %", "error, %", "where ended", "worst"]
    rows = []
    for patience in PATIENCES:
        saved, losses = [], []
        for one in records:
            whole = str(one["ended"])
            end = str(end_of(one["better_at"], one["ended"], patience))
            if end != whole:
                saved.append(1 - one["seconds"][end] / one["seconds"][whole])
                errors = [error_in(one, one["scores"][at]) for at in (end, whole)]
                losses.append(100 * (errors[0] / errors[1] - 1))
        among = [f"{fmean(losses):+.2f}", f"{max(losses):+.2f}"] if losses else ["", ""]
        rows.append(
            [
                patience,
                f"{len(losses)} of {len(records)}",
                f"{100 * sum(saved) / len(records):.0f}",
                f"{sum(losses) / len(records):+.2f}",
                *among,
            ]
        )
    return "\n".join([intro, "", *markdown.table(header, rows)]) + "\n"


if __name__ == "__main__":
    main()
