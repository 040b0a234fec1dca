"""Ways to start a worker: how long each takes, and whether native threads are safe in it.

    python benchmarks/faults/start_methods.py

The parent has fitted histogram boosting, which uses OpenMP, and then starts a worker that does the
same. A worker that is not done after `DEADLINE` seconds hangs. Saves `results/start_methods.md`.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import multiprocess
import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier

METHODS = ("fork", "forkserver", "spawn")
DEADLINE = 20.0
PRELOAD = ["sklearn.ensemble", "pandas"]
RESULTS = Path(__file__).parent / "results" / "start_methods.md"


def fit_boosting() -> None:
    """Fit a model with OpenMP threads."""
    X = np.random.default_rng(0).normal(size=(2_000, 10))
    HistGradientBoostingClassifier(max_iter=20).fit(X, X[:, 0] > 0)


def seconds_of_worker(method: str) -> float | None:
    """Return the seconds from the start of a worker to its end; None where it hangs."""
    context = multiprocess.get_context(method)
    if method == "forkserver":
        context.set_forkserver_preload(PRELOAD)
    start = time.monotonic()
    worker = context.Process(target=fit_boosting)
    worker.start()
    worker.join(DEADLINE)
    if worker.is_alive():
        worker.kill()
        worker.join()
        return None
    return time.monotonic() - start


def main() -> None:
    """Measure a first and a second worker of every method, and save the table."""
    fit_boosting()
    lines = ["| method | first worker | next worker |", "| --- | --- | --- |"]
    for method in METHODS:
        cells = [seconds_of_worker(method) for _ in range(2)]
        shown = [
            f"hangs (over {DEADLINE:g} s)" if cell is None else f"{cell:.2f} s" for cell in cells
        ]
        lines.append(f"| {method} | {shown[0]} | {shown[1]} |")
        print(lines[-1], flush=True)
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text("\n".join([f"On {sys.platform}, in one run.", "", *lines, ""]))


if __name__ == "__main__":
    main()
