"""Races of recorded candidates: fold-seconds saved, and the loss of the winner.

    python -m benchmarks racing.simulate [--recorded FOLDER]
    python -m benchmarks racing.simulate --orders 25 [--recorded FOLDER]

The files of the folder were written by `racing.record`. The candidates are those of a run without
racing, whatever racing would have bred instead, so both ways are compared on the same ones; those
that failed are left out of both. Evaluating in full takes the folds of all rows alone; a race takes
those of fewer rows too. Saves `table.md`.

With `--orders`, the candidates are raced in so many orders, the first of them the order asked, at
several rates of error. Saves `sharpness.md`. The tables follow from the recordings, which carry the
provenance of their own.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean, median
from typing import Any, NamedTuple

import numpy as np

from benchmarks import markdown
from benchmarks.options import parser_of
from benchmarks.racing.record import RECORDED
from benchmarks.records import publish
from evolver.search.racing import FIRST, Race, Runner
from evolver.settings import Settings

LAG = 16
SIZE = 50
TOLERANCE = 0.002
ERRORS = (0.1, 0.2, 0.3)
CHOSEN_ON = Path(__file__).parents[2] / "tests" / "search" / "recorded"
"""Recordings of the tables on which the rate of error was chosen."""


class Raced(NamedTuple):
    """Cost and result of a race of recorded candidates."""

    candidates: int
    finished: int
    full_seconds: float
    raced_seconds: float
    best: float
    kept: float

    @property
    def ratio(self) -> float:
        """Seconds without the race divided by those with it."""
        return self.full_seconds / self.raced_seconds

    @property
    def loss(self) -> float:
        """Relative loss of the winner's score."""
        return (self.best - self.kept) / abs(self.best)


def main(arguments: Sequence[str] | None = None) -> None:
    """Race every recording, and save the table."""
    parser = parser_of(__file__, __doc__, repeat=False)
    parser.add_argument("--recorded", type=Path, metavar="FOLDER", help="recordings")
    parser.add_argument("--orders", type=int, default=0, help="number of orders of the candidates")
    options = parser.parse_args(arguments)
    folder = options.recorded or (CHOSEN_ON if options.orders else RECORDED)
    records = {file.stem: json.loads(file.read_text()) for file in sorted(folder.glob("*.json"))}
    if options.orders:
        publish(options.out / "sharpness.md", sharpness_of(records, options.orders))
    else:
        publish(options.out / "table.md", table_of(records))


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
            runner = Runner(number, known[number].costs, known[number].scores[:stage])
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
    return Runner(number, (fmean(one[1] for one in run),), tuple(one[0] for one in run))


def scored(record: dict[str, Any]) -> list[list[list[float]]]:
    """Return the candidates that did not fail."""
    return [run for run in record["candidates"] if run is not None]


def sharpness_of(records: dict[str, dict[str, Any]], orders: int) -> str:
    """Return a row for each rate of error: seconds saved, and how often the winner was dropped."""
    rows = []
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
        rows.append([error, *cells])
    meaning = (
        f"Full / raced, median of {orders} orders; share of the orders in which the winner was"
        f" dropped, and in which what won instead was worse by more than {TOLERANCE:.1%}."
    )
    return "\n".join([*markdown.table(["error", *records], rows), "", meaning]) + "\n"


def shuffled(runs: list[list[list[float]]], order: int) -> list[list[list[float]]]:
    """Return candidates in an order; 0 is the order asked."""
    places = np.random.default_rng(order).permutation(len(runs)) if order else range(len(runs))
    return [runs[place] for place in places]


def table_of(records: dict[str, dict[str, Any]]) -> str:
    """Return a row for each table, its seeds side by side, and the totals."""
    raced: dict[str, list[Raced]] = {}
    for stem, record in records.items():
        one = race(scored(record), record["ladder"], Settings().racing_error)
        raced.setdefault(stem.rpartition("-")[0], []).append(one)
    header = ["table", "candidates", "to the end", "full s", "raced s", "full / raced"]
    header += ["winner's loss"]
    rows = []
    for name, seeds in raced.items():
        cells = [
            [str(one.candidates) for one in seeds],
            [str(one.finished) for one in seeds],
            [f"{one.full_seconds:.0f}" for one in seeds],
            [f"{one.raced_seconds:.0f}" for one in seeds],
            [f"{one.ratio:.1f}" for one in seeds],
            [f"{one.loss:.2%}" for one in seeds],
        ]
        rows.append([name, *(", ".join(cell) for cell in cells)])
    every = [one for seeds in raced.values() for one in seeds]
    within = sum(one.loss <= TOLERANCE for one in every)
    total = sum(one.full_seconds for one in every) / sum(one.raced_seconds for one in every)
    totals = (
        f"{len(every)} searches. Full / raced: median {median(one.ratio for one in every):.1f},"
        f" least {min(one.ratio for one in every):.1f}, most"
        f" {max(one.ratio for one in every):.1f}, of all seconds together {total:.1f}. The"
        f" winner is the same or within {TOLERANCE:.1%} in {within}; worst loss"
        f" {max(one.loss for one in every):.2%}."
    )
    return "\n".join([*markdown.table(header, rows), "", totals]) + "\n"


if __name__ == "__main__":
    main()
