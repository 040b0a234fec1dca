"""Race recorded candidates: fold-seconds saved, and what became of the winner.

    python benchmarks/racing/simulate.py [--recorded FOLDER] [--error 0.1]

The files of the folder were written by `record.py`. The candidates are those of a run without
racing, whatever racing would have bred instead, so both ways are compared on the same ones; those
that failed are left out of both. Evaluating in full takes the folds of all rows alone; a race takes
those of fewer rows too. Saves `results/table.md`.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from statistics import fmean, median
from typing import NamedTuple

from evolver.problem import Settings
from evolver.search.racing import FIRST, Race, Runner

LAG = 16
SIZE = 50
TOLERANCE = 0.002
RESULTS = Path(__file__).parent / "results"


class Raced(NamedTuple):
    """What a race of recorded candidates took and found."""

    candidates: int
    finished: int
    full_seconds: float
    raced_seconds: float
    best: float
    kept: float

    @property
    def ratio(self) -> float:
        """Seconds without the race by those with it."""
        return self.full_seconds / self.raced_seconds

    @property
    def loss(self) -> float:
        """Of the winner's score, relative."""
        return (self.best - self.kept) / abs(self.best)


def main() -> None:
    """Race every recording; print and save the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--recorded", type=Path, default=RESULTS / "recorded")
    parser.add_argument("--error", type=float, default=Settings().racing_error)
    options = parser.parse_args()
    raced: dict[str, list[Raced]] = {}
    for file in sorted(options.recorded.glob("*.json")):
        name, _, _ = file.stem.rpartition("-")
        record = json.loads(file.read_text())
        runs = [run for run in record["candidates"] if run is not None]
        raced.setdefault(name, []).append(race(runs, record["ladder"], options.error))
    table = table_of(raced)
    print(table)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "table.md").write_text(table)


def race(runs: list[list[list[float]]], ladder: int, error: float) -> Raced:
    """Race candidates, given [score, complexity, seconds] by fold of each."""
    units = len(runs[0])
    one = Race(ladder, units - ladder, SIZE, error)
    finals = [fmean(score for score, _, _ in run[ladder:]) for run in runs]
    known = [whole(number, run) for number, run in enumerate(runs)]
    finished: set[int] = set()
    errors, spent = [], 0.0
    for number, run in enumerate(runs):
        if number == FIRST:
            one.begin(known[:FIRST])
        if number - LAG in finished:
            one.tell(known[number - LAG])
        errors.append(one.errors)
        for stage in range(1, units + 1):
            spent += run[stage - 1][2]
            runner = Runner(number, known[number].complexity, known[number].scores[:stage])
            if stage == units:
                finished.add(number)
            elif not one.decide(runner, errors[number]):
                break
    return Raced(
        len(runs),
        len(finished),
        sum(seconds for run in runs for _, _, seconds in run[ladder:]),
        spent,
        max(finals),
        max(finals[number] for number in finished),
    )


def whole(number: int, run: list[list[float]]) -> Runner:
    return Runner(number, fmean(one[1] for one in run), tuple(one[0] for one in run))


def table_of(raced: dict[str, list[Raced]]) -> str:
    """Return a row for each table, its seeds side by side, and what holds of all."""
    lines = [
        "| table | candidates | to the end | full s | raced s | full / raced | winner's loss |",
        f"|{' --- |' * 7}",
    ]
    for name, seeds in raced.items():
        cells = [
            [str(one.candidates) for one in seeds],
            [str(one.finished) for one in seeds],
            [f"{one.full_seconds:.0f}" for one in seeds],
            [f"{one.raced_seconds:.0f}" for one in seeds],
            [f"{one.ratio:.1f}" for one in seeds],
            [f"{one.loss:.2%}" for one in seeds],
        ]
        lines.append(f"| {name} | {' | '.join(', '.join(cell) for cell in cells)} |")
    every = [one for seeds in raced.values() for one in seeds]
    within = sum(one.loss <= TOLERANCE for one in every)
    total = sum(one.full_seconds for one in every) / sum(one.raced_seconds for one in every)
    return "\n".join(
        [
            *lines,
            "",
            f"{len(every)} searches. Full / raced: median {median(one.ratio for one in every):.1f},"
            f" least {min(one.ratio for one in every):.1f}, most"
            f" {max(one.ratio for one in every):.1f}, of all seconds together {total:.1f}. The"
            f" winner is the same or within {TOLERANCE:.1%} in {within}; worst loss"
            f" {max(one.loss for one in every):.2%}.",
            "",
        ]
    )


if __name__ == "__main__":
    main()
