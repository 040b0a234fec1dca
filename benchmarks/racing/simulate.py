"""Race recorded candidates: fold-seconds saved, and what became of the winner.

    python -m benchmarks.racing.simulate [--recorded FOLDER]
    python -m benchmarks.racing.simulate --orders 25 [--recorded FOLDER]

The files of the folder were written by `record.py`. The candidates are those of a run without
racing, whatever racing would have bred instead, so both ways are compared on the same ones; those
that failed are left out of both. Evaluating in full takes the folds of all rows alone; a race takes
those of fewer rows too. Saves `results/table.md`.

With `--orders`, the candidates are raced in so many orders, the first of them that in which they
were asked for, at several rates of error: saves `results/sharpness.md`.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from statistics import fmean, median
from typing import Any, NamedTuple

import numpy as np

from benchmarks.racing.record import RECORDED
from evolver.problem import Settings
from evolver.search.racing import FIRST, Race, Runner

LAG = 16
SIZE = 50
TOLERANCE = 0.002
ERRORS = (0.1, 0.2, 0.3)
RESULTS = Path(__file__).parent / "results"
CHOSEN_ON = Path(__file__).parents[2] / "tests" / "search" / "recorded"
"""Recordings of the tables on which the rate of error was chosen."""


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
    parser.add_argument("--recorded", type=Path, help="folder of the recordings")
    parser.add_argument("--orders", type=int, default=0)
    options = parser.parse_args()
    folder = options.recorded or (CHOSEN_ON if options.orders else RECORDED)
    records = {file.stem: json.loads(file.read_text()) for file in sorted(folder.glob("*.json"))}
    table = sharpness_of(records, options.orders) if options.orders else table_of(records)
    print(table)
    (RESULTS / ("sharpness.md" if options.orders else "table.md")).write_text(table)


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
        errors.append(one.margins)
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


def scored(record: dict[str, Any]) -> list[list[list[float]]]:
    """Return the candidates that did not fail."""
    return [run for run in record["candidates"] if run is not None]


def sharpness_of(records: dict[str, dict[str, Any]], orders: int) -> str:
    """Return a row for each rate of error: seconds saved, and how often the winner was dropped."""
    lines = [f"| error | {' | '.join(records)} |", f"|{' --- |' * (1 + len(records))}"]
    for error in ERRORS:
        cells = []
        for record in records.values():
            runs = scored(record)
            found = [
                race(shuffled(runs, order), record["ladder"], error) for order in range(orders)
            ]
            dropped = fmean(one.loss > 0 for one in found)
            worse = fmean(one.loss > TOLERANCE for one in found)
            ratio = median(one.ratio for one in found)
            cells.append(f"{ratio:.1f} x, {dropped:.0%}, {worse:.0%}")
        lines.append(f"| {error} | {' | '.join(cells)} |")
    meaning = (
        f"Full / raced, median of {orders} orders; share of the orders in which the winner was"
        f" dropped, and in which what won instead was worse by more than {TOLERANCE:.1%}."
    )
    return "\n".join([*lines, "", meaning, ""])


def shuffled(runs: list[list[list[float]]], order: int) -> list[list[list[float]]]:
    """Return candidates in an order; 0 is that in which they were asked for."""
    places = np.random.default_rng(order).permutation(len(runs)) if order else range(len(runs))
    return [runs[place] for place in places]


def table_of(records: dict[str, dict[str, Any]]) -> str:
    """Return a row for each table, its seeds side by side, and what holds of all."""
    raced: dict[str, list[Raced]] = {}
    for stem, record in records.items():
        one = race(scored(record), record["ladder"], Settings().racing_error)
        raced.setdefault(stem.rpartition("-")[0], []).append(one)
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
