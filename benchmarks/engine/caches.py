"""Three places for what branches of pipelines gave: which saves most.

    python -m benchmarks.engine.caches --datasets FOLDER [--names ...]

The list of `measure.py` through the pool, with one cache for each worker; the same with affinity
(a worker takes the next job whose fold is its own, out of the next `WINDOW`); and one cache for all
workers, in files that each maps into memory. Saves `results/caches.md`.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import tempfile
import time
from collections.abc import Callable, Hashable, Sequence
from pathlib import Path
from typing import Any

from benchmarks.engine.measure import CACHE, RESULTS
from benchmarks.engine.problems import TABLES, pipelines_of, problem_of
from evolver.evaluation.cache import Cache, Kept, size_of
from evolver.evaluation.fold import Evaluator, FoldScore, Request
from evolver.execution import payload
from evolver.execution.pool import ProcessPool
from evolver.execution.protocol import Job
from evolver.outcome import Effort
from evolver.run.evolve import PRELOAD

WORKERS = 2
WINDOW = 10


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
        with draft.open("wb") as file:
            payload.write(file, Kept(value, seconds, size))
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

    def __init__(self, folder: Path, *arguments: Any) -> None:
        super().__init__(*arguments, CACHE)
        self._cache = SharedCache(folder, CACHE)


def main() -> None:
    """Measure every table and save the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--datasets", type=Path, required=True, help="folder of NAME.parquet")
    parser.add_argument("--names", nargs="+", default=TABLES)
    options = parser.parse_args()
    lines = [
        "| table | off s | own s (hits) | own, affinity s (hits) | shared files s (hits) |",
        "| --- | --- | --- | --- | --- |",
    ]
    for name in options.names:
        problem = problem_of(options.datasets, name)
        catalogue, trees = pipelines_of(name, problem)
        jobs = [Request(tree, fold) for tree in trees for fold in range(len(problem.folds))]
        with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
            cells = [
                show(*run(Evaluator(problem, catalogue), jobs, in_order)),
                show(*run(Evaluator(problem, catalogue, CACHE), jobs, in_order)),
                show(*run(Evaluator(problem, catalogue, CACHE), jobs, by_fold)),
                show(*run(Sharing(Path(folder), problem, catalogue), jobs, in_order)),
            ]
        lines.append(f"| {name} | {' | '.join(cells)} |")
        print(json.dumps(lines[-1]), flush=True)
    (RESULTS / "caches.md").write_text("\n".join(lines) + "\n")


def in_order(jobs: Sequence[tuple[int, Request]], worker: int) -> int:
    return 0


def by_fold(jobs: Sequence[tuple[int, Request]], worker: int) -> int:
    """Return the place of the next job of a worker's own folds, or the first."""
    own = (place for place, (_, one) in enumerate(jobs[:WINDOW]) if one.fold % WORKERS == worker)
    return next(own, 0)


def run(
    evaluator: Evaluator,
    requests: Sequence[Request],
    choose: Callable[[Sequence[tuple[int, Request]], int], int],
) -> tuple[float, Effort]:
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


def show(seconds: float, effort: Effort) -> str:
    hits = f" ({effort.hits / effort.lookups:.0%})" if effort.lookups else ""
    return f"{seconds:.1f}{hits}"


if __name__ == "__main__":
    main()
