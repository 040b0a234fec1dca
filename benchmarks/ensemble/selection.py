"""Ways to select an ensemble: selected on two folds, judged on the third.

    python -m benchmarks portfolio.trials --datasets FOLDER --predictions FOLDER
    python -m benchmarks ensemble.selection --predictions FOLDER

From the candidates of each table of the portfolio's trials, libraries of 12 and of 30 are drawn,
twice each. Greedy selection that begins with the best one, two or four candidates, each with and
without a temperature, is compared on the third fold with the candidate that is best on two. Saves
`selection.json` and `selection.md`; without `--predictions` only draws the second from the first.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

import numpy as np

from benchmarks import markdown
from benchmarks.errors import error_of, gain, won_lost
from benchmarks.options import add_predictions, parser_of
from benchmarks.records import Records, publish
from evolver.ensemble.blend import Library, average
from evolver.ensemble.greedy import best_temperature, greedy
from evolver.ensemble.selection import TEMPERATURES
from evolver.evaluation.blends import areas, negative_errors, negative_log_losses
from primitives.wrappers import scaled

TRIALS = Path(__file__).parents[1] / "portfolio" / "results"
METRICS: dict[str, Callable[[Any, Any, Any], np.ndarray]] = {
    "binary": areas,
    "multiclass": negative_log_losses,
    "regression": negative_errors,
}
FOLDS, MEMBERS = 3, 8
SIZES, DRAWS = (12, 30), 2
BEGINNINGS = (1, 2, 4)
LEAST = 1e-4
"""Error below which all are equally good."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Select and judge on the missing tables, and save records and table."""
    parser = parser_of(__file__, __doc__)
    add_predictions(parser)
    options = parser.parse_args(arguments)
    records = Records(options.out / "selection.json", "name", repeat=options.repeat)
    files = [] if options.predictions is None else sorted(options.predictions.glob("*.npz"))
    for (name,) in records.missing(file.stem for file in files):
        task = json.loads((TRIALS / f"{name}.json").read_text(encoding="utf-8"))["task"]
        with np.load(options.predictions / f"{name}.npz") as kept:
            table = Table(task, dict(kept))
        if len(table.usable) >= max(SIZES):
            records.add({"name": name, "task": task, "errors": table.errors()})
    if records:
        publish(options.out / "selection.md", table_of(records))


class Table:
    """Out-of-fold predictions of the candidates of a table."""

    def __init__(self, task: str, kept: dict[str, np.ndarray]) -> None:
        self._task = task
        y = kept["y"]
        self._y = [y[kept[f"rows-{fold}"]] for fold in range(FOLDS)]
        self._classes = None if task == "regression" else np.unique(y)
        shape = () if self._classes is None else (len(self._classes),)
        numbers = {int(key.partition("-")[0]) for key in kept if key[0].isdigit()}
        self._library = {
            number: [kept[f"{number}-{fold}"].astype(float) for fold in range(FOLDS)]
            for number in sorted(numbers)
        }
        self.usable = [
            number
            for number, folds in self._library.items()
            if all(one.shape[1:] == shape for one in folds)
        ]

    def errors(self) -> dict[str, float]:
        """Return the mean error by size of the library and way to select."""
        found: dict[str, list[float]] = {}
        rng = np.random.default_rng(0)
        for size, _ in itertools.product(SIZES, range(DRAWS)):
            library = [self._library[one] for one in rng.permutation(self.usable)[:size]]
            for judged in range(FOLDS):
                others = [fold for fold in range(FOLDS) if fold != judged]
                for way, error in self._judged(library, others, judged).items():
                    found.setdefault(f"{way}, of {size}", []).append(error)
        return {way: fmean(errors) for way, errors in found.items()}

    def _judged(self, library: Library, chosen_by: Sequence[int], judged: int) -> dict[str, float]:
        best = greedy(library, self._blends, chosen_by, 1)
        found = {"single": self._error(library, best, 1.0, judged)}
        for begin in BEGINNINGS:
            weights = greedy(library, self._blends, chosen_by, MEMBERS, begin=begin)
            found[f"begin {begin}"] = self._error(library, weights, 1.0, judged)
            if self._task == "multiclass":
                temperature = best_temperature(
                    library, self._blends, weights, chosen_by, TEMPERATURES
                )
                found[f"begin {begin}, temperature"] = self._error(
                    library, weights, temperature, judged
                )
        return found

    def _error(
        self, library: Library, weights: dict[int, float], temperature: float, fold: int
    ) -> float:
        predictions = scaled(average(library, weights, fold), temperature)
        return error_of(self._task, float(self._blends(fold, predictions)[0]))

    def _blends(self, fold: int, blends: np.ndarray) -> np.ndarray:
        found: np.ndarray = METRICS[self._task](self._y[fold], blends, self._classes)
        return found


def table_of(records: list[dict[str, Any]]) -> str:
    """Return by task how much less the error is than that of the single candidate."""
    intro = (
        "Percent (of the logarithm) by which the error on the third fold is less than that of the"
        " best single candidate: mean over the tables ± 95 %, median; tables better : worse."
    )
    rows = []
    for way in dict.fromkeys(way for one in records for way in one["errors"]):
        if way.startswith("single"):
            continue
        base = f"single, of {way.rpartition(' ')[2]}"
        cells = []
        for task in METRICS:
            gains = [
                gain(one["errors"][base], one["errors"][way], LEAST)
                for one in records
                if one["task"] == task and way in one["errors"]
            ]
            cells.append(_summary(gains) if gains else "")
        rows.append([way, *cells])
    return "\n".join([intro, "", *markdown.table(["", *METRICS], rows)]) + "\n"


def _summary(gains: list[float]) -> str:
    error = 1.96 * stdev(gains) / len(gains) ** 0.5
    won, lost = won_lost(gains)
    return f"{fmean(gains):+.1f} ± {error:.1f}, {np.median(gains):+.1f}; {won} : {lost}"


if __name__ == "__main__":
    main()
