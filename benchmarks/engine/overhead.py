"""What the parent spends on each candidate: breeding, racing, journal, bookkeeping.

    python -m benchmarks.engine.overhead [--evaluations 500 2000 10000]

A run in whose executor a fold costs nothing: its score follows from the pipeline's digest, its
predictions are 200 numbers. Milliseconds of processor time for each candidate, by thousands, with a
journal and a store on disk. Saves `results/overhead.md`; `--profile` prints where the time goes.
"""

from __future__ import annotations

import argparse
import cProfile
import pstats
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from evolver.evaluation.fold import FoldScore, Request
from evolver.evaluation.folds import make_folds
from evolver.execution.protocol import Done, Job
from evolver.genome.codec import decode
from evolver.genome.digest import digest
from evolver.outcome import Effort
from evolver.problem import Budget, Problem, Settings
from evolver.run.search_loop import SearchLoop
from evolver.search.evolution import Evolution
from evolver.search.racing import Race
from evolver.storage.journal import Journal
from evolver.storage.predictions import Store
from primitives import Catalogue
from tests.pipelines import catalogue
from tests.tables import small_table

POPULATION = 50
FOLDS = 5


class Free:
    """An executor in which a fold costs nothing; what it does itself is not counted."""

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
        complexity = float(len(tree.steps))
        return FoldScore(quality + 0.05 * noise, complexity, np.zeros(200), Effort(0.001))


def main() -> None:
    """Measure every length and save the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--evaluations", type=int, nargs="+", default=[500, 2_000, 10_000])
    parser.add_argument("--profile", action="store_true")
    options = parser.parse_args()
    if options.profile:
        profile = cProfile.Profile()
        profile.runcall(measure, options.evaluations[0], 0.2)
        pstats.Stats(profile).sort_stats("cumulative").print_stats(45)
        return
    rows = []
    for evaluations in options.evaluations:
        for error in (0.0, Settings().racing_error):
            rows.append((evaluations, error, *measure(evaluations, error)))
            print(rows[-1], flush=True)
    lines = [
        "| candidates | racing error | ms a candidate | in the first tenth | in the last tenth |",
        "| --- | --- | --- | --- | --- |",
        *(f"| {n} | {e} | {m:.2f} | {f:.2f} | {last:.2f} |" for n, e, m, f, last in rows),
    ]
    folder = Path(__file__).parent / "results"
    folder.mkdir(exist_ok=True)
    (folder / "overhead.md").write_text("\n".join(lines) + "\n")


def measure(evaluations: int, error: float) -> tuple[float, float, float]:
    """Return milliseconds a candidate: over the run, its first tenth and its last."""
    space = catalogue("binary")
    X, y = small_table("binary")
    rng = np.random.default_rng(0)
    folds = make_folds(X, y, FOLDS, classification=True, groups=None, rng=rng)
    settings = Settings(lag=16, racing_error=error)
    evolution = Evolution(
        space, rng, operator_rates=settings.operator_rates, population_size=POPULATION
    )
    executor = Free(space)
    times: list[float] = []

    def note(progress: Any) -> None:
        times.append(time.process_time() - executor.seconds)

    with tempfile.TemporaryDirectory() as folder:
        loop = SearchLoop(
            evolution,
            Race(0, FOLDS, POPULATION, error),
            executor,
            Journal(Path(folder)),
            Store(Path(folder) / "predictions", settings.store_limit),
            Problem("binary", X, y, folds, bool),
            budget=Budget(None, evaluations),
            settings=settings,
            population_size=POPULATION,
            start=time.monotonic(),
        )
        start = time.process_time() - executor.seconds
        loop.search(note, threading.Event())
    tenth = evaluations // 10
    spent = [1000 * (b - a) for a, b in zip([start, *times], times, strict=False)]
    per = len(spent) / evaluations
    return (
        sum(spent) / evaluations,
        float(np.mean(spent[:tenth])) * per,
        float(np.mean(spent[-tenth:])) * per,
    )


if __name__ == "__main__":
    main()
