"""Three places for the output of branches of pipelines, by the seconds that they save.

    python -m benchmarks engine.caches --datasets FOLDER [--names ...]

The list of pipelines of `engine` goes through the pool without a cache; with one cache for each
worker; with the same and affinity (a worker takes the next job of its own folds out of the next
`WINDOW`); and with one cache for all workers, in files that each maps into memory. Saves
`caches.json` and `caches.md`.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
import time
from collections.abc import Callable, Hashable, Sequence
from pathlib import Path
from typing import Any

from benchmarks import markdown
from benchmarks.engine.measure import CACHE
from benchmarks.engine.pipelines import TABLES, pipelines_of
from benchmarks.options import add_datasets, parser_of
from benchmarks.problems import problem_of
from benchmarks.records import Records, publish
from evolver.evaluation.cache import Cache, Kept, size_of
from evolver.evaluation.fold import Evaluator, FoldScore, Request
from evolver.execution import payload
from evolver.execution.pool import ProcessPool
from evolver.execution.protocol import Job
from evolver.outcome import Effort
from evolver.problem import Problem
from evolver.run.evolve import PRELOAD
from primitives import Catalogue

WORKERS = 2
WINDOW = 10
PLACES = ("off", "own", "own, affinity", "shared files")
"""Places of the cache, in the order measured."""

Order = Callable[[Sequence[tuple[int, Request]], int], int]
"""Choice of the next job for a worker: its place among the jobs that wait."""


class SharedCache(Cache):
    """Values in files of one folder, for all workers; each drops the oldest of its own."""

    def __init__(self, folder: Path, limit: int) -> None:
        super().__init__(limit)
        self._folder = folder
        self._own: list[tuple[Path, int]] = []

    def get(self, key: Hashable) -> Kept | None:
        try:
            kept: Kept = payload.read(str(self._file(key)))
        except (OSError, ValueError):
            return None
        return kept

    def put(self, key: Hashable, value: Any, seconds: float) -> None:
        size = size_of(value)
        if size is None or size > self.limit:
            return
        file = self._file(key)
        draft = file.with_suffix(f".{os.getpid()}")
        with draft.open("wb") as stream:
            payload.write(stream, Kept(value, seconds, size))
        draft.rename(file)
        self._own.append((file, size))
        self.size += size
        while self.size > self.limit:
            oldest, size = self._own.pop(0)
            oldest.unlink(missing_ok=True)
            self.size -= size

    def _file(self, key: Hashable) -> Path:
        return self._folder / hashlib.blake2b(repr(key).encode(), digest_size=16).hexdigest()


class Sharing(Evaluator):
    """An evaluator whose cache is shared."""

    def __init__(self, folder: Path, problem: Problem, catalogue: Catalogue) -> None:
        super().__init__(problem, catalogue, CACHE)
        self._cache = SharedCache(folder, CACHE)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure the missing tables, and save records and table."""
    parser = parser_of(__file__, __doc__, names=TABLES)
    add_datasets(parser)
    options = parser.parse_args(arguments)
    records = Records(options.out / "caches.json", "name", repeat=options.repeat)
    if options.datasets is not None:
        for (name,) in records.missing(options.names):
            records.add(measure(options.datasets, name))
    if records:
        publish(options.out / "caches.md", table_of(records))


def measure(datasets: Path, name: str) -> dict[str, Any]:
    """Return the record of a table: wall time and share of hits by place of the cache."""
    problem = problem_of(datasets, name)
    catalogue, trees = pipelines_of(name, problem)
    jobs = [Request(tree, fold) for tree in trees for fold in range(len(problem.folds))]
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        runs: list[tuple[Evaluator, Order]] = [
            (Evaluator(problem, catalogue), in_order),
            (Evaluator(problem, catalogue, CACHE), in_order),
            (Evaluator(problem, catalogue, CACHE), by_fold),
            (Sharing(Path(folder), problem, catalogue), in_order),
        ]
        found = [run(evaluator, jobs, order) for evaluator, order in runs]
    return {
        "name": name,
        "seconds": {place: seconds for place, (seconds, _) in zip(PLACES, found, strict=True)},
        "hits": {
            place: effort.hits / effort.lookups if effort.lookups else None
            for place, (_, effort) in zip(PLACES, found, strict=True)
        },
    }


def in_order(jobs: Sequence[tuple[int, Request]], worker: int) -> int:
    return 0


def by_fold(jobs: Sequence[tuple[int, Request]], worker: int) -> int:
    """Return the place of the next job of a worker's own folds, or the first."""
    places = (
        place
        for place, (_, one) in enumerate(jobs[:WINDOW])
        if one.fold is not None and one.fold % WORKERS == worker
    )
    return next(places, 0)


def run(evaluator: Evaluator, requests: Sequence[Request], choose: Order) -> tuple[float, Effort]:
    """Return the seconds of wall time and the effort."""
    pool = ProcessPool(evaluator, WORKERS, PRELOAD)
    effort = Effort()
    try:
        for _ in range(WORKERS):
            pool.submit(Job((-1,), requests[0]))
        warm = 0
        while warm < WORKERS:
            warm += len(pool.wait())
        start = time.monotonic()
        todo, in_flight = list(enumerate(requests)), 0
        while todo or in_flight:
            while todo and in_flight < WORKERS:
                idle = next(at for at, one in enumerate(pool._workers) if one.job is None)
                number, request = todo.pop(choose(todo, idle))
                pool.submit(Job((number,), request))
                in_flight += 1
            for done in pool.wait():
                in_flight -= 1
                if isinstance(done.result, FoldScore):
                    effort += done.result.effort
        return time.monotonic() - start, effort
    finally:
        pool.close()


def table_of(records: Records) -> str:
    """Return a row for each table."""
    header = ["table", "off s", *(f"{place} s (hits)" for place in PLACES[1:])]
    rows = [[one["name"], *(show(one, place) for place in PLACES)] for one in records]
    return "\n".join(markdown.table(header, rows)) + "\n"


def show(record: dict[str, Any], place: str) -> str:
    hits = record["hits"][place]
    share = "" if hits is None else f" ({hits:.0%})"
    return f"{record['seconds'][place]:.1f}{share}"


if __name__ == "__main__":
    main()
