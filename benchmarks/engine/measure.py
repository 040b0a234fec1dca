"""Efficiency of the engine, and its seconds against scikit-learn's `cross_val_predict`.

    python -m benchmarks engine --datasets FOLDER [--names ...] [--workers 2]

The pipelines of `pipelines.json`, by five folds, in one run for each table:

- through the pool with the cache off: seconds inside fit, transform and predict / (workers x wall);
- through the pool with the cache on, and by `cross_val_predict` of each compiled pipeline with as
  many processes, both started before the clock;
- the overhead of a job, the causes of idle time, bytes sent, peak memory, seconds to the first
  fold.

Saves `records.json`, `table.md` and `engine.svg`.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cloudpickle
from joblib import Parallel, delayed
from sklearn.model_selection import cross_val_predict

from benchmarks import markdown
from benchmarks.engine.peak_memory import sampled_memory
from benchmarks.engine.pipelines import TABLES, pipelines_of
from benchmarks.options import add_datasets, parser_of
from benchmarks.problems import problem_of
from benchmarks.records import Records, publish, write
from evolver.evaluation.fold import Evaluator, FoldScore, Request
from evolver.execution.pool import ProcessPool
from evolver.execution.protocol import Done, Job
from evolver.genome.codec import Encoded, decode
from evolver.genome.pipeline import to_estimator
from evolver.outcome import Effort
from evolver.problem import Problem
from evolver.run.evolve import PRELOAD
from evolver.settings import Settings
from primitives import Catalogue

CACHE = Settings().cache_limit
"""Bytes."""

COLUMNS: dict[str, Callable[[dict[str, Any]], object]] = {
    "table": lambda one: f"{one['name']} ({one['rows']:,} rows)",
    "jobs": lambda one: one["jobs"],
    "efficiency": lambda one: f"{one['efficiency']:.3f}",
    "idle: tail": lambda one: f"{one['idle_tail']:.3f}",
    "idle: between": lambda one: f"{one['idle_between_jobs']:.3f}",
    "in jobs, beside": lambda one: f"{one['inside_jobs_beside_estimators']:.3f}",
    "overhead ms/job": lambda one: f"{one['overhead_ms_per_job']:.1f}",
    "cross_val_predict s": lambda one: f"{one['seconds_scikit_learn']:.1f}",
    "off s": lambda one: f"{one['seconds_off']:.1f}",
    "on s": lambda one: f"{one['seconds_on']:.1f}",
    "off x": lambda one: f"{one['seconds_scikit_learn'] / one['seconds_off']:.2f}",
    "on x": lambda one: f"{one['seconds_scikit_learn'] / one['seconds_on']:.2f}",
    "hits": lambda one: f"{one['hit_rate']:.0%}",
    "saved s": lambda one: f"{one['seconds_saved']:.1f}",
    "bytes/job": lambda one: one["bytes_per_job"],
    "first fold s": lambda one: f"{one['seconds_to_first_fold']:.1f}",
    "peak MB": lambda one: f"{one['peak_mb']:.0f}",
}
"""Columns of the table by their titles."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure the missing tables, and save records, table and picture."""
    parser = parser_of(__file__, __doc__, names=TABLES, workers=2)
    add_datasets(parser)
    options = parser.parse_args(arguments)
    records = Records(options.out / "records.json", "name", repeat=options.repeat)
    if options.datasets is not None:
        for (name,) in records.missing(options.names):
            records.add(measure(options.datasets, name, options.workers))
    if records:
        publish(options.out / "table.md", table_of(records))
        write(options.out / "engine.svg", picture_of(records))


@dataclass
class Passed:
    """Seconds, failures and effort of one pass over the list."""

    wall: float = 0.0
    first: float = 0.0
    tail: float = 0.0
    busy: float = 0.0
    in_jobs: float = 0.0
    failed: int = 0
    effort: Effort = field(default_factory=Effort)


def measure(datasets: Path, name: str, workers: int) -> dict[str, Any]:
    """Return the record of one table."""
    problem = problem_of(datasets, name)
    catalogue, trees = pipelines_of(name, problem)
    jobs = [Request(tree, fold) for tree in trees for fold in range(len(problem.folds))]
    with sampled_memory() as held:
        off = through_the_pool(Evaluator(problem, catalogue), jobs, workers)
        on = through_the_pool(Evaluator(problem, catalogue, CACHE), jobs, workers)
    plain = by_scikit_learn(problem, catalogue, trees, workers)
    room = workers * off.wall
    return {
        "name": name,
        "workers": workers,
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
        "peak_mb": max(held) / 1e6,
    }


def through_the_pool(evaluator: Evaluator, jobs: Sequence[Request], workers: int) -> Passed:
    """Run the jobs in order, a new one whenever a worker is free."""
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
        # Every worker has answered once: the start of processes and imports are not timed.
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
    method = "predict" if problem.task.classes is None else "predict_proba"
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


def table_of(records: Sequence[dict[str, Any]]) -> str:
    """Return the records as a table, with the totals of the ratios."""
    rows = ([show(one) for show in COLUMNS.values()] for one in records)
    sums = {
        key: sum(one[f"seconds_{key}"] for one in records) for key in ("scikit_learn", "off", "on")
    }
    busy = sum(one["efficiency"] * one["seconds_off"] for one in records)
    workers = records[0].get("workers", 2)  # older records do not say; they had two
    totals = (
        f"{workers} workers. All tables together: efficiency {busy / sums['off']:.3f};"
        f" cross_val_predict {sums['scikit_learn'] / sums['off']:.2f} x the seconds with the"
        f" cache off, {sums['scikit_learn'] / sums['on']:.2f} x with it on."
    )
    return "\n".join([*markdown.table(list(COLUMNS), rows), "", totals]) + "\n"


def picture_of(records: Sequence[dict[str, Any]]) -> str:
    """Return bars of seconds relative to `cross_val_predict`: cache off, cache on."""
    bars, top = [], 30
    for one in records:
        bars.append(f'<text x="0" y="{top + 14}">{one["name"]}</text>')
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


if __name__ == "__main__":
    main()
