"""Race recorded candidates: fold-seconds saved, and what became of the winner.

    python benchmarks/racing/simulate.py FILE ...

Each FILE was written by `record.py`. The candidates are those of a run without racing, whatever
racing would have bred instead.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from statistics import fmean, median

from evolver.search.racing import FIRST, Race, Runner

LAG = 16
SIZE = 50
ERROR = 0.1


def main() -> None:
    """Print a row for each file, and their medians."""
    rows = []
    print("file | candidates | to the end | seconds / full | winner kept | loss")
    for name in sys.argv[1:]:
        runs = [one for one in json.loads(Path(name).read_text()) if one is not None]
        spent, full, finished, best, kept = race(runs)
        loss = (best - kept) / abs(best)
        rows.append((full / spent, loss))
        print(
            f"{Path(name).stem} | {len(runs)} | {finished / len(runs):.0%} | 1 / {full / spent:.2f}"
            f" | {kept == best} | {loss:.4%}"
        )
    print(
        f"median {median(row[0] for row in rows):.2f}, worst loss {max(row[1] for row in rows):.4%}"
    )


def race(
    runs: list[list[list[float]]], error: float = ERROR
) -> tuple[float, float, int, float, float]:
    """Return seconds with and without racing, how many finish, and the best score of all and of
    those."""
    folds = len(runs[0])
    one = Race(0, folds, SIZE, error)
    errors, spent = [], 0.0
    finished: dict[int, float] = {}
    known = {}
    for number, run in enumerate(runs):
        if number == FIRST:
            one.begin([known[first] for first in range(FIRST)])
        if number - LAG in finished:
            one.tell(known[number - LAG])
        errors.append(one.errors)
        scores: list[float] = []
        for stage, (score, complexity, seconds) in enumerate(run):
            spent += seconds
            scores.append(score)
            runner = Runner(number, complexity, tuple(scores))
            if stage + 1 == folds:
                finished[number], known[number] = fmean(scores), runner
            elif not one.decide(runner, errors[number]):
                break
    full = sum(seconds for run in runs for _, _, seconds in run)
    best = max(fmean(score for score, _, _ in run) for run in runs)
    return spent, full, len(finished), best, max(finished.values())


if __name__ == "__main__":
    main()
