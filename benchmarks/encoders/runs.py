"""Whole runs of two versions at equal time, on the tables with texts, dates and many categories.

    python -m benchmarks encoders.runs --datasets FOLDER --label LABEL [--names ...] [--seeds 0]

Each table is fitted on 70 % of its rows within the budget, and scored on the others. Run it from a
checkout of each version, alternately for each table, with the same `--out`, and the labels "before"
and "now". Saves `runs.json`, and `runs.md` once both labels are there.
"""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks import markdown
from benchmarks.anytime.measure import scored_candidates
from benchmarks.datasets import constant_for, estimator_for, read_split
from benchmarks.errors import error_in, gain, won_lost
from benchmarks.options import add_datasets, parser_of
from benchmarks.records import Records, publish

NAMES = (
    *("titanic", "fine-foods-reviews", "sms-spam", "vega-movies", "bike-sharing", "nyc-flights"),
    *("nyc-taxi-tips", "melbourne-housing", "ames-housing", "adult", "kropt", "instructor-eval"),
)
"""Tables with texts, dates or categories."""

LABELS = ("before", "now")
"""Names of the versions that are compared."""

NOISE = 1.0
"""Percent of the logarithm of the error below which a difference is noise."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure the missing tables of one version, and save records and table."""
    parser = parser_of(__file__, __doc__, names=NAMES, seeds=[0], budget=30.0)
    add_datasets(parser)
    parser.add_argument("--label", choices=LABELS, default=LABELS[1], help="version")
    options = parser.parse_args(arguments)
    records = Records(options.out / "runs.json", "label", "seed", "name", repeat=options.repeat)
    if options.datasets is not None:
        for _, seed, name in records.missing([options.label], options.seeds, options.names):
            record = measure(options.datasets, name, options.budget, seed)
            records.add({"label": options.label, **record})
    if {record["label"] for record in records} == set(LABELS):
        publish(options.out / "runs.md", table_of(records))


def measure(datasets: Path, name: str, budget: float, seed: int) -> dict[str, Any]:
    """Run one table; return the record."""
    X, y, X_test, y_test = read_split(datasets, name, seed)
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = estimator_for(y)(time_budget=budget, random_state=seed, verbose=0, run_dir=folder)
        model.fit(X, y)
        done = scored_candidates(folder)
    return {
        "name": name,
        "seed": seed,
        "budget": budget,
        "first_full": round(done[0].seconds, 2) if done else None,
        "candidates": len(model.leaderboard_),
        "score": float(model.score(X_test, y_test)),
        "constant": float(model.scorer_(constant_for(y).fit(X, y), X_test, y_test)),
    }


def table_of(records: Sequence[dict[str, Any]]) -> str:
    """Return the gains of the later version on the tables that both have."""
    runs = {(record["label"], record["seed"], record["name"]): record for record in records}
    pairs = [
        (name, seed, runs["before", seed, name], record)
        for (label, seed, name), record in runs.items()
        if label == "now" and ("before", seed, name) in runs
    ]
    gains = [
        gain(error_in(before, before["score"]), error_in(now, now["score"]), 0.0)
        for _, _, before, now in pairs
    ]
    rows = [
        [
            name,
            str(seed),
            f"{before['score']:.5g}",
            f"{now['score']:.5g}",
            f"{percent:+.1f}",
            f"{before['first_full']} / {now['first_full']}",
            f"{before['candidates']} / {now['candidates']}",
        ]
        for (name, seed, before, now), percent in zip(pairs, gains, strict=True)
    ]
    better, worse = won_lost(one for one in gains if abs(one) >= NOISE)
    firsts = [
        median(run["first_full"] for run in side if run["first_full"] is not None)
        for side in zip(*((before, now) for _, _, before, now in pairs), strict=True)
    ]
    heading = (
        f"{len(pairs)} pairs of runs: the error is smaller by a median of {median(gains):.1f} % of"
        f" its logarithm; {better} are better and {worse} worse by at least {NOISE:g} %. The first"
        f" candidate is scored after {firsts[0]:.1f} s before and {firsts[1]:.1f} s now (median)."
    )
    names = ["table", "seed", "before", "now", "gain (%)", "first (s)", "candidates"]
    return "\n".join([heading, "", *markdown.table(names, rows)]) + "\n"


if __name__ == "__main__":
    main()
