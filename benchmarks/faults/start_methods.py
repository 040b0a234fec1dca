"""Ways to start a worker: the seconds each takes, and the safety of native threads in it.

    python -m benchmarks faults.start_methods

The parent has fitted histogram boosting, which uses OpenMP, and then starts a worker that does the
same. A worker that is not done after `DEADLINE` seconds hangs. Saves `start_methods.json` and
`start_methods.md`.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence

import multiprocess
import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier

from benchmarks import markdown
from benchmarks.options import parser_of
from benchmarks.records import Records, publish

METHODS = ("fork", "forkserver", "spawn")
DEADLINE = 20.0
"""Seconds."""

PRELOAD = ["sklearn.ensemble", "pandas"]


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure a first and a second worker of the missing methods, and save records and table."""
    options = parser_of(__file__, __doc__, names=METHODS).parse_args(arguments)
    records = Records(options.out / "start_methods.json", "method", repeat=options.repeat)
    fit_boosting()
    for (method,) in records.missing(options.names):
        seconds = {worker: seconds_of_worker(method) for worker in ("first", "next")}
        records.add({"method": method, "platform": sys.platform, **seconds})
    publish(options.out / "start_methods.md", table_of(records))


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


def table_of(records: Records) -> str:
    """Return a row for each method."""
    rows = [[one["method"], shown(one["first"]), shown(one["next"])] for one in records]
    lines = markdown.table(["method", "first worker", "next worker"], rows)
    return "\n".join([f"On {records[0]['platform']}, in one run.", "", *lines]) + "\n"


def shown(seconds: float | None) -> str:
    return f"hangs (over {DEADLINE:g} s)" if seconds is None else f"{seconds:.2f} s"


if __name__ == "__main__":
    main()
