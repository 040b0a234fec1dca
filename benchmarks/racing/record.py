"""Recordings of runs in which every candidate is evaluated to the end.

    python -m benchmarks racing.record --datasets FOLDER [--names ...] [--seeds 0 1 2]

Saves NAME-SEED.json for each run: the number of folds of fewer rows (`ladder`), and for every
candidate in the order asked score, complexity and seconds by fold, those of fewer rows first; null
for one that failed. `racing.simulate` races them. A recording that exists is not repeated.
"""

from __future__ import annotations

import itertools
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.datasets import estimator_for, read
from benchmarks.journals import entries
from benchmarks.options import add_datasets, parser_of
from benchmarks.problems import problem_in
from benchmarks.records import save
from evolver import Settings

NAMES = (
    "credit-g",
    "segment",
    "abalone",
    "spambase",
    "phoneme",
    "bike-sharing",
    "california-housing",
    "elevators",
)
"""Tables that the rate of error was not chosen on; the last three have a ladder."""

NONE = sys.float_info.min
"""Rate of error so small that no candidate is raced out; at 0 there would be no ladder either."""

RECORDED = Path(__file__).parent / "results" / "recorded"


def main(arguments: Sequence[str] | None = None) -> None:
    """Record the missing tables and seeds."""
    parser = parser_of(__file__, __doc__, names=NAMES, seeds=[0, 1, 2], out=RECORDED)
    add_datasets(parser, required=True)
    parser.add_argument("--evaluations", type=int, default=100, help="candidates of a search")
    parser.add_argument("--fold-timeout", type=float, default=3.0, help="seconds")
    options = parser.parse_args(arguments)
    for seed, name in itertools.product(options.seeds, options.names):
        file = options.out / f"{name}-{seed}.json"
        if file.exists() and not options.repeat:
            continue
        X, y = read(options.datasets, name)
        with tempfile.TemporaryDirectory() as folder:
            model = estimator_for(y)(
                time_budget=None,
                max_evaluations=options.evaluations,
                random_state=seed,
                verbose=0,
                run_dir=folder,
                settings=Settings(lag=16, fold_timeout=options.fold_timeout, racing_error=NONE),
            )
            model.fit(X, y)
            runs = candidates(folder)
        save(file, {"ladder": len(problem_in(model).ladder), "candidates": runs})
        print(name, seed, len(runs), flush=True)


def candidates(folder: str) -> list[list[list[float]] | None]:
    """Return [score, complexity, seconds] by fold of each candidate of a run, as asked."""
    runs: dict[int, list[list[float]]] = {}
    for number, kind, body in entries(folder):
        if kind == "candidate":
            runs[number] = []
        elif kind == "fold":
            runs[number].append(body[:4])
    folds = max(len(run) for run in runs.values())
    complete = [sorted(run) if len(run) == folds else None for _, run in sorted(runs.items())]
    return [
        None if run is None else [[float(f"{value:.8g}") for value in values] for _, *values in run]
        for run in complete
    ]


if __name__ == "__main__":
    main()
