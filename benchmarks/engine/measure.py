"""How close the engine comes to the physical limit, and to scikit-learn's `cross_val_predict`.

    python -m benchmarks.engine.measure --datasets FOLDER [--names ...] [--workers 2]

The pipelines of `pipelines.json`, by five folds, in one run for each table:

- through the pool with the cache off: seconds inside fit, transform and predict / (workers x wall);
- through the pool with the cache on, and by `cross_val_predict` of each compiled pipeline with as
  many processes, both started before the clock;
- the overhead of a job, what idle time comes from, bytes sent, peak memory, seconds to the first
  fold.

Saves `results/records.json`, `results/table.md` and `results/engine.svg`.
"""

from __future__ import annotations

import argparse
import json
import threading
import time
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cloudpickle
from joblib import Parallel, delayed
from sklearn.model_selection import cross_val_predict

from benchmarks.engine.problems import TABLES, pipelines_of, problem_of
from evolver.evaluation.fold import Evaluator, FoldScore, Request
from evolver.execution import memory, processes
from evolver.execution.pool import ProcessPool
from evolver.execution.protocol import Done, Job
from evolver.genome.codec import Encoded, decode
from evolver.genome.pipeline import to_estimator
from evolver.outcome import Effort
from evolver.problem import Problem, Settings
from evolver.run.evolve import PRELOAD
from primitives import Catalogue

RESULTS = Path(__file__).parent / "results"
CACHE = Settings().cache_limit


def main() -> None:
    """Measure every table and save records, table and picture."""
    options = parse_arguments()
    RESULTS.mkdir(exist_ok=True)
    file = RESULTS / "records.json"
    records = json.loads(file.read_text()) if file.exists() else {}
    for name in options.names:
        problem = problem_of(options.datasets, name)
        records[name] = measure(problem, *pipelines_of(name, problem), options.workers)
        print(name, json.dumps(records[name]), flush=True)
        file.write_text(json.dumps(records, indent=1) + "\n")
    ordered = {name: records[name] for name in TABLES if name in records}
    (RESULTS / "table.md").write_text(table_of(ordered, options.workers))
    (RESULTS / "engine.svg").write_text(picture_of(ordered))


@dataclass
class Passed:
    """What one pass over the list gave."""

    wall: float = 0.0
    first: float = 0.0
    tail: float = 0.0
    busy: float = 0.0
    in_jobs: float = 0.0
    failed: int = 0
    effort: Effort = field(default_factory=Effort)


def measure(
    problem: Problem, catalogue: Catalogue, trees: Sequence[Encoded], workers: int
) -> dict[str, Any]:
    """Return the record of one table."""
    jobs = [Request(tree, fold) for tree in trees for fold in range(len(problem.folds))]
    with peak_memory() as peak:
        off = through_the_pool(Evaluator(problem, catalogue), jobs, workers)
        on = through_the_pool(Evaluator(problem, catalogue, CACHE), jobs, workers)
    plain = by_scikit_learn(problem, catalogue, trees, workers)
    room = workers * off.wall
    return {
        "rows": len(problem.y),
        "jobs": len(jobs),
        "failed": off.failed,
        "seconds_off": off.wall,
        "seconds_on": on.wall,
        "seconds_scikit_learn": plain,
        "efficiency": off.busy / room,
        "idle_tail": off.tail / room,
        "idle_between_jobs": (room - off.tail - off.in_jobs) / room,
        "inside_jobs_beside_estimators": (off.in_jobs - off.busy) / room,
        "overhead_ms_per_job": 1000 * (room - off.tail - off.busy) / len(jobs),
        "hit_rate": on.effort.hits / max(1, on.effort.lookups),
        "seconds_saved": on.effort.saved,
        "bytes_per_job": max(len(cloudpickle.dumps(job, protocol=5)) for job in jobs),
        "seconds_to_first_fold": off.first,
        "peak_mb": max(peak) / 1e6,
    }


def through_the_pool(evaluator: Evaluator, jobs: Sequence[Request], workers: int) -> Passed:
    """Run the jobs in order, a new one whenever a worker is free; the clock starts when every
    worker has answered once."""
    passed = Passed()
    begin = time.monotonic()
    pool = ProcessPool(evaluator, workers, PRELOAD)
    try:
        for number in range(workers):
            pool.submit(Job((-1, number), jobs[0]))
        warm: list[Done] = []
        while len(warm) < workers:
            warm.extend(pool.wait())
            passed.first = passed.first or time.monotonic() - begin - warm[0].seconds
        start = time.monotonic()
        todo, in_flight, emptied = list(enumerate(jobs)), 0, 0.0
        while todo or in_flight:
            while todo and in_flight < workers:
                number, request = todo.pop(0)
                pool.submit(Job((number,), request))
                in_flight += 1
            done = pool.wait()
            in_flight -= len(done)
            if not todo and in_flight:
                emptied = emptied or time.monotonic()
            for one in done:
                passed.in_jobs += one.seconds
                if isinstance(one.result, FoldScore):
                    passed.effort += one.result.effort
                    passed.busy += one.result.effort.seconds
                else:
                    passed.failed += 1
        end = time.monotonic()
    finally:
        pool.close()
    passed.wall, passed.tail = end - start, end - (emptied or end)
    return passed


def by_scikit_learn(
    problem: Problem, catalogue: Catalogue, trees: Sequence[Encoded], workers: int
) -> float:
    """Return the seconds that `cross_val_predict` takes for all pipelines, one after another."""
    method = "predict" if problem.task == "regression" else "predict_proba"
    Parallel(workers)(delayed(time.sleep)(0.5) for _ in range(workers))  # starts the processes
    seconds = 0.0
    for tree in trees:
        pipeline = to_estimator(decode(tree, catalogue))
        start = time.monotonic()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            cross_val_predict(
                pipeline, problem.X, problem.y, cv=problem.folds, method=method, n_jobs=workers
            )
        seconds += time.monotonic() - start
    return seconds


@contextmanager
def peak_memory() -> Iterator[list[int]]:
    """Note now and then what this process and its children hold, but for files that they map."""
    held, over = [0], threading.Event()

    def watch() -> None:
        import os

        while not over.wait(0.5):
            held.append(memory.private(processes.family(processes.known(os.getpid()))))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield held
    finally:
        over.set()
        watcher.join()


def table_of(records: dict[str, dict[str, Any]], workers: int) -> str:
    """Return the records as a table, with the totals of the ratios."""
    columns = {
        "table": lambda name, one: f"{name} ({one['rows']:,} rows)",
        "jobs": lambda name, one: one["jobs"],
        "efficiency": lambda name, one: f"{one['efficiency']:.3f}",
        "idle: tail": lambda name, one: f"{one['idle_tail']:.3f}",
        "idle: between": lambda name, one: f"{one['idle_between_jobs']:.3f}",
        "in jobs, beside": lambda name, one: f"{one['inside_jobs_beside_estimators']:.3f}",
        "overhead ms/job": lambda name, one: f"{one['overhead_ms_per_job']:.1f}",
        "cross_val_predict s": lambda name, one: f"{one['seconds_scikit_learn']:.1f}",
        "off s": lambda name, one: f"{one['seconds_off']:.1f}",
        "on s": lambda name, one: f"{one['seconds_on']:.1f}",
        "off x": lambda name, one: f"{one['seconds_scikit_learn'] / one['seconds_off']:.2f}",
        "on x": lambda name, one: f"{one['seconds_scikit_learn'] / one['seconds_on']:.2f}",
        "hits": lambda name, one: f"{one['hit_rate']:.0%}",
        "saved s": lambda name, one: f"{one['seconds_saved']:.1f}",
        "bytes/job": lambda name, one: one["bytes_per_job"],
        "first fold s": lambda name, one: f"{one['seconds_to_first_fold']:.1f}",
        "peak MB": lambda name, one: f"{one['peak_mb']:.0f}",
    }
    lines = [f"| {' | '.join(columns)} |", f"|{' --- |' * len(columns)}"]
    for name, one in records.items():
        lines.append(f"| {' | '.join(str(show(name, one)) for show in columns.values())} |")
    sums = {
        key: sum(one[f"seconds_{key}"] for one in records.values())
        for key in ("scikit_learn", "off", "on")
    }
    busy = sum(one["efficiency"] * one["seconds_off"] for one in records.values())
    return "\n".join(
        [
            *lines,
            "",
            f"{workers} workers. All tables together: efficiency {busy / sums['off']:.3f};"
            f" cross_val_predict {sums['scikit_learn'] / sums['off']:.2f} x the seconds with the"
            f" cache off, {sums['scikit_learn'] / sums['on']:.2f} x with it on.",
            "",
        ]
    )


def picture_of(records: dict[str, dict[str, Any]]) -> str:
    """Return bars of seconds relative to `cross_val_predict`: cache off, cache on."""
    bars, top = [], 30
    for name, one in records.items():
        bars.append(f'<text x="0" y="{top + 14}">{name}</text>')
        for key, colour in (("off", "#9db4c0"), ("on", "#3b6e8f")):
            share = one[f"seconds_{key}"] / one["seconds_scikit_learn"]
            bars.append(
                f'<rect x="110" y="{top}" width="{300 * share:.0f}" height="14" fill="{colour}"/>'
                f'<text x="{116 + 300 * share:.0f}" y="{top + 12}">{share:.2f}</text>'
            )
            top += 18
        top += 8
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="520" height="{top}"'
        ' font-family="sans-serif" font-size="12">'
        '<text x="0" y="16">Seconds relative to cross_val_predict: cache off (light), on (dark)'
        f'</text><path d="M410 22V{top}" stroke="#888" stroke-dasharray="3"/>{"".join(bars)}'
        "</svg>\n"
    )


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--datasets", type=Path, required=True, help="folder of NAME.parquet")
    parser.add_argument("--names", nargs="+", default=TABLES)
    parser.add_argument("--workers", type=int, default=2)
    return parser.parse_args()


if __name__ == "__main__":
    main()
