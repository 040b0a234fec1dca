"""Refinement at equal wall time: none, after part of the budget, or among evolution's candidates.

    python -m benchmarks refinement.schedules --datasets FOLDER [--budget 60] [--names ...]
        [--schedules ...] [--seeds 0 1 2]

    evolution      the whole budget
    70/30, 50/50   evolution (`fit`), then refinement alone (`model.refine`); each with a pool and a
                   final fit of its own
    interleaved    3 of 10 candidates after the first population (`refinement_share=0.3`)

With `--shared` the first three are branches of one search: it stops at the half and at 70 % of the
budget, is copied and refined there, and goes on, so that they differ from there on only.

Each table is fitted on 70 % of its rows and scored on the others. Every scored candidate is kept,
with the seconds of the run at which it was scored. Saves `schedules.json`, `schedules.md` and
`schedules.svg`.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks import markdown
from benchmarks.datasets import estimator_for, read_split
from benchmarks.errors import won_lost
from benchmarks.journals import moments
from benchmarks.options import add_datasets, parser_of
from benchmarks.records import Records, publish, write
from evolver import Settings
from evolver.search.hypervolume import hypervolume

NAMES = (
    "phoneme",
    "churn",
    "segment",
    "jasmine",
    "abalone",
    "space-ga",
    "bike-sharing",
    "adult",
)
"""Tables that samplers were not compared on. The last two have a ladder of rows."""

SCHEDULES: dict[str, tuple[float, float]] = {
    "evolution": (1.0, 0.0),
    "interleaved": (1.0, 0.3),
    "70/30": (0.7, 0.0),
    "50/50": (0.5, 0.0),
}
"""Share of the budget for `fit`, and `refinement_share` in it."""

ALONE: dict[str, Any] = {"refinement_share": 0.0, "portfolio_size": 0, "ensemble_size": 1}
"""Settings of evolution alone."""

COLOURS = {"interleaved": "#3b6e8f", "70/30": "#c06c3e", "50/50": "#9db4c0"}
BASE = "evolution"


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure the missing runs, and save records, table and picture."""
    parser = parser_of(__file__, __doc__, names=NAMES, seeds=[0, 1, 2], budget=60.0)
    add_datasets(parser)
    parser.add_argument("--schedules", nargs="+", choices=list(SCHEDULES), default=list(SCHEDULES))
    parser.add_argument("--shared", action="store_true", help="branches of one search")
    options = parser.parse_args(arguments)
    file = options.out / "schedules.json"
    records = Records(file, "budget", "seed", "name", "schedule", repeat=options.repeat)
    if options.datasets is not None:
        missing: dict[tuple[int, str], list[str]] = {}
        keys = [options.budget], options.seeds, options.names, options.schedules
        for _, seed, name, schedule in records.missing(*keys):
            missing.setdefault((seed, name), []).append(schedule)
        for (seed, name), schedules in missing.items():
            run = Run(options.datasets, name, options.budget, seed)
            apart = (run.apart(schedule) for schedule in schedules)
            for record in run.shared(schedules) if options.shared else apart:
                records.add(record)
    if records:
        publish(options.out / "schedules.md", table_of(records))
        write(options.out / "schedules.svg", picture_of(records))


class Run:
    """A table, a budget and a seed, on which schedules are measured.

    Parameters
    ----------
    datasets : Path
        Folder of the tables.
    name : str
        Name of the table.
    budget : float
        Seconds of every schedule.
    seed : int
    """

    def __init__(self, datasets: Path, name: str, budget: float, seed: int) -> None:
        self._X, self._y, *self._test = read_split(datasets, name, seed)
        self._name, self._budget, self._seed = name, budget, seed

    def apart(self, schedule: str) -> dict[str, Any]:
        """Measure a schedule in a run of its own."""
        evolving, share = SCHEDULES[schedule]
        with tempfile.TemporaryDirectory() as folder:
            settings = Settings(**ALONE | {"refinement_share": share, "refinement_start": 0.0})
            start = time.monotonic()
            model = self._fit(folder, evolving * self._budget, settings)
            if evolving < 1:
                left = self._budget - (time.monotonic() - start)
                model.refine(self._X, self._y, time_budget=left)
            return self._record(model, schedule, time.monotonic() - start)

    def shared(self, schedules: Sequence[str]) -> Iterator[dict[str, Any]]:
        """Measure schedules that begin with evolution as branches of one search.

        A fold may take as long as in one run of the whole budget. The seconds of reading a journal
        and of a final fit are part of the budget of a branch.
        """
        settings = Settings(**ALONE | {"fold_timeout": self._budget / 10})
        spent = known = 0.0
        with tempfile.TemporaryDirectory() as parent:
            folder = Path(parent) / "evolution"
            folder.mkdir()
            for schedule in sorted(schedules, key=lambda one: SCHEDULES[one][0]):
                evolving, _ = SCHEDULES[schedule]
                start = time.monotonic()
                model = self._fit(folder, known + evolving * self._budget - spent, settings)
                spent += time.monotonic() - start
                known = max(moments(folder, "scored").values())
                if evolving == 1:
                    yield self._record(model, schedule, spent)
                    return
                branch = shutil.copytree(folder, Path(parent) / schedule.replace("/", "-"))
                start = time.monotonic()
                model.set_params(run_dir=branch)
                model.refine(self._X, self._y, time_budget=self._budget - spent)
                yield self._record(model, schedule, spent + time.monotonic() - start)

    def _fit(self, folder: str | Path, seconds: float, settings: Settings) -> Any:
        model = estimator_for(self._y)(
            time_budget=seconds,
            random_state=self._seed,
            run_dir=folder,
            verbose=0,
            settings=settings,
        )
        return model.fit(self._X, self._y)

    def _record(self, model: Any, schedule: str, seconds: float) -> dict[str, Any]:
        times = moments(model.run_dir, "scored")
        board = model.leaderboard_
        scored = board[board["outcome"] == "scored"].sort_values("number")
        counts = board.groupby("proposer")["outcome"].value_counts()
        return {
            "name": self._name,
            "budget": self._budget,
            "seed": self._seed,
            "schedule": schedule,
            "seconds": round(seconds, 2),
            "score": model.best_score_,
            "test": model.score(*self._test),
            "winner_by": str(board.loc[board["score"].idxmax(), "proposer"]),
            "outcomes": {f"{who} {what}": int(count) for (who, what), count in counts.items()},
            "scored": [
                [round(times[number], 2), float(f"{score:.8g}"), complexity]
                for number, score, complexity in zip(
                    scored["number"], scored["score"], scored["complexity"], strict=True
                )
            ],
        }


def areas_of(records: Sequence[dict[str, Any]]) -> dict[str, float]:
    """Return the hypervolume of each schedule on one table and seed.

    The reference point is the score of the first candidate, which all of them have in common, and
    the complexity of the most complex winner, and as much again.
    """
    scored = {one["schedule"]: [point[1:] for point in one["scored"]] for one in records}
    floor = min(points[0][0] for points in scored.values())
    limit = 2 * max(max(points, key=lambda one: (one[0], -one[1]))[1] for points in scored.values())
    return {
        schedule: hypervolume([(score, (cost,)) for score, cost in points], floor, (limit,))
        for schedule, points in scored.items()
    }


def compared(records: list[dict[str, Any]], budget: float) -> dict[str, dict[str, list[float]]]:
    """Return by measure and by "table schedule" the differences to evolution alone, one a seed.

    Differences are percent of evolution's hypervolume or score.
    """
    found: dict[str, dict[str, list[float]]] = {"hypervolume": {}, "score": {}, "test": {}}
    by: dict[tuple[str, int], dict[str, dict[str, Any]]] = {}
    for one in records:
        if one["budget"] == budget:
            by.setdefault((one["name"], one["seed"]), {})[one["schedule"]] = one
    for (name, _), mine in by.items():
        if BASE not in mine:
            continue
        areas = areas_of(list(mine.values()))
        for schedule in mine.keys() - {BASE}:
            for measure, values in (
                ("hypervolume", areas),
                ("score", {key: one["score"] for key, one in mine.items()}),
                ("test", {key: one["test"] for key, one in mine.items()}),
            ):
                change = 100 * (values[schedule] - values[BASE]) / abs(values[BASE])
                found[measure].setdefault(f"{name} {schedule}", []).append(change)
    return found


def table_of(records: list[dict[str, Any]]) -> str:
    """Return, for each budget, a row for each table and schedule, and the counts of all tables."""
    intro = (
        "Percent better than evolution alone on the same seed, one number a seed: the hypervolume"
        " of the front, the winner's cross-validated score, its score on the held-out rows."
    )
    measures = ["hypervolume", "cross-validated", "held-out"]
    lines: list[str] = []
    for budget in sorted({one["budget"] for one in records}):
        found = compared(records, budget)
        runs = [
            (name, schedule)
            for name in NAMES
            for schedule in COLOURS
            if f"{name} {schedule}" in found["score"]
        ]
        rows = []
        for name, schedule in runs:
            seeds = [changes[f"{name} {schedule}"] for changes in found.values()]
            cells = [", ".join(f"{change:+.2f}" for change in changes) for changes in seeds]
            rows.append([name, schedule, *cells])
        lines += [f"## {budget:g} s", "", intro, ""]
        lines += markdown.table(["table", "schedule", *measures], rows)
        lines += ["", "Medians of the seeds, better : equal : worse (tables), and their mean:", ""]
        totals = [
            [schedule, *(totals_of(changes, schedule) for changes in found.values())]
            for schedule in COLOURS
            if any(one == schedule for _, one in runs)
        ]
        lines += [*markdown.table(["schedule", *measures], totals), ""]
    return "\n".join(lines)


def totals_of(changes: dict[str, list[float]], schedule: str) -> str:
    """Return how many tables are better, equal and worse by a schedule, and the mean change."""
    medians = [
        median(changes[key]) for key in (f"{name} {schedule}" for name in NAMES) if key in changes
    ]
    won, lost = won_lost(medians)
    equal = len(medians) - won - lost
    return f"{won} : {equal} : {lost}, {sum(medians) / len(medians):+.2f}"


def picture_of(records: list[dict[str, Any]]) -> str:
    """Return, for each budget and measure, the changes on each table as dots, one a seed."""
    width, height, gap = 230, 24, 100
    parts, top = [], 20
    for budget in sorted({one["budget"] for one in records}):
        found = compared(records, budget)
        parts.append(f'<text x="0" y="{top}">{budget:g} s</text>')
        for row, name in enumerate(NAMES):
            parts.append(f'<text x="0" y="{top + height * (row + 1) + 4}">{name}</text>')
        for column, (measure, changes) in enumerate(found.items()):
            middle = gap + width * column + width // 2
            scale = max([abs(one) for seeds in changes.values() for one in seeds], default=1.0)
            parts.append(
                f'<text x="{middle - 60}" y="{top}">{measure}, ± {scale:.2g} %</text>'
                f'<path d="M{middle} {top + 8}v{height * len(NAMES)}" stroke="#888"/>'
            )
            for row, name in enumerate(NAMES):
                for place, (schedule, colour) in enumerate(COLOURS.items()):
                    y = top + height * (row + 1) + 6 * (place - 1)
                    for change in changes.get(f"{name} {schedule}", []):
                        x = middle + change / (scale or 1.0) * (width / 2 - 10)
                        parts.append(f'<circle cx="{x:.1f}" cy="{y}" r="3" fill="{colour}"/>')
        top += height * (len(NAMES) + 1) + 20
    for place, (schedule, colour) in enumerate(COLOURS.items()):
        parts.append(f'<text x="{gap + 110 * place}" y="{top}" fill="{colour}">{schedule}</text>')
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{gap + 3 * width}" height="{top + 10}"'
        f' font-family="sans-serif" font-size="12">{"".join(parts)}</svg>\n'
    )


if __name__ == "__main__":
    main()
