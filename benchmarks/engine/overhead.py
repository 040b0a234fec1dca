"""Processor time that the parent spends on each candidate: breeding, racing, journal, bookkeeping.

    python -m benchmarks engine.overhead [--evaluations 500 2000 10000]

The executor of the run returns each fold at once: its score follows from the pipeline's digest, its
predictions are 200 numbers. Milliseconds for each candidate over the run, in its first tenth and in
its last, with a journal and a store on disk. Saves `overhead.json` and `overhead.md`; `--profile`
prints where the time goes instead.
"""

from __future__ import annotations

import cProfile
import pstats
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import markdown
from benchmarks.options import parser_of
from benchmarks.records import Records, publish
from evolver.budget import Budget
from evolver.evaluation.fold import FoldScore, Request
from evolver.evaluation.folds import make_folds
from evolver.execution.protocol import Done, Job
from evolver.genome.codec import decode
from evolver.genome.digest import digest
from evolver.outcome import Effort
from evolver.problem import Problem
from evolver.run.plan import RunPlan
from evolver.run.search_loop import SearchLoop
from evolver.search.evolution import Evolution
from evolver.settings import Settings
from evolver.storage.journal import Journal
from evolver.storage.predictions import Store
from evolver.task import Classification
from primitives import Catalogue
from tests.pipelines import catalogue
from tests.tables import small_table

POPULATION = 50
FOLDS = 5
ERRORS = (0.0, Settings().racing_error)
"""Rates of error of a race: none, and the default."""


class Free:
    """An executor in which a fold costs nothing; its own seconds are not counted."""

    capacity = 2

    def __init__(self, space: Catalogue) -> None:
        self._space = space
        self._jobs: list[Job] = []
        self.seconds = 0.0

    def submit(self, job: Job) -> None:
        self._jobs.append(job)

    def wait(self, timeout: float | None = None) -> Sequence[Done]:
        start = time.process_time()
        done = [Done(job.key, self._score(job.argument), 0.001) for job in self._jobs]
        self._jobs.clear()
        self.seconds += time.process_time() - start
        return done

    def abandon(self) -> None:
        self._jobs.clear()

    def close(self) -> None:
        self.abandon()

    def _score(self, request: Request) -> FoldScore:
        tree = decode(request.tree, self._space)
        quality = int(digest(tree)[:8], 16) / 2**32
        noise = int(digest(tree)[8 + int(request.fold or 0) :][:6], 16) / 2**24
        costs = (float(len(tree.steps)),)
        return FoldScore(quality + 0.05 * noise, costs, np.zeros(200), Effort(0.001))


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure the missing lengths of a run, and save records and table."""
    parser = parser_of(__file__, __doc__)
    parser.add_argument("--evaluations", type=int, nargs="+", default=[500, 2_000, 10_000])
    parser.add_argument("--profile", action="store_true", help="print where the time goes")
    options = parser.parse_args(arguments)
    if options.profile:
        profile = cProfile.Profile()
        profile.runcall(measure, options.evaluations[0], ERRORS[-1])
        pstats.Stats(profile).sort_stats("cumulative").print_stats(45)
        return
    file = options.out / "overhead.json"
    records = Records(file, "candidates", "error", repeat=options.repeat)
    for evaluations, error in records.missing(options.evaluations, ERRORS):
        records.add(measure(evaluations, error))
    publish(options.out / "overhead.md", table_of(records))


def measure(evaluations: int, error: float) -> dict[str, Any]:
    """Return the record of a run of so many candidates."""
    space = catalogue("binary")
    X, y = small_table("binary")
    rng = np.random.default_rng(0)
    task = Classification.of(y)
    folds = make_folds(X, y, FOLDS, task, groups=None, rng=rng)
    settings = Settings(lag=16, racing_error=error)
    plan = RunPlan(
        Problem(task, X, y, folds, bool), space, Budget(None, evaluations), settings, POPULATION, 1
    )
    evolution = Evolution(
        space, rng, operator_rates=settings.operator_rates, population_size=POPULATION
    )
    executor = Free(space)
    times: list[float] = []

    def note(progress: Any) -> None:
        times.append(time.process_time() - executor.seconds)

    with tempfile.TemporaryDirectory() as folder:
        loop = SearchLoop(
            plan,
            evolution,
            executor,
            Journal(Path(folder)),
            Store(Path(folder) / "predictions", settings.store_limit),
            time.monotonic(),
        )
        times.append(time.process_time() - executor.seconds)
        loop.search(note, threading.Event())
    tenth = evaluations // 10
    spent = 1000 * np.diff(times)
    # Progress is told a few times for each candidate.
    per_candidate = len(spent) / evaluations
    return {
        "candidates": evaluations,
        "error": error,
        "milliseconds": float(np.mean(spent)) * per_candidate,
        "first_tenth": float(np.mean(spent[:tenth])) * per_candidate,
        "last_tenth": float(np.mean(spent[-tenth:])) * per_candidate,
    }


def table_of(records: Records) -> str:
    """Return a row for each length of a run and rate of error."""
    header = ["candidates", "racing error", "ms a candidate"]
    header += ["in the first tenth", "in the last tenth"]
    rows = []
    for one in sorted(records, key=lambda one: (one["candidates"], one["error"])):
        times = [one[key] for key in ("milliseconds", "first_tenth", "last_tenth")]
        rows.append([one["candidates"], one["error"], *(f"{time:.2f}" for time in times)])
    return "\n".join(markdown.table(header, rows)) + "\n"


if __name__ == "__main__":
    main()
