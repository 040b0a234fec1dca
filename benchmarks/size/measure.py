"""Sizes of the models that runs give, by the limit of the bytes of an ensemble.

    python -m benchmarks size --datasets FOLDER [--names ...] [--seeds 0] [--budget 60]
                              [--limits none 32] [--evaluations N] [--estimators ...]

Each table is fitted on 70 % of its rows, once with each limit of MiB ("none": without); the others
are scored. With a number of evaluations in place of seconds, the candidates are the same with every
limit, on a machine that does other work too. A record holds the bytes of the pickled model that
predicts, the processor seconds to predict one row, and the held-out score, all beside those of the
best pipeline alone. Saves `records.json` and `table.md`.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks import markdown
from benchmarks.datasets import constant_for, estimator_for, read_split
from benchmarks.errors import error_in, gain
from benchmarks.options import add_datasets, parser_of
from benchmarks.records import Records, publish
from evolver import Settings
from evolver.evaluation.usage import measured_usage
from evolver.limits import Limits

NAMES = (
    *("titanic", "credit-g", "wdbc", "phoneme", "churn", "abalone", "boston", "vehicle"),
    *("australian", "blood-transfusion", "car", "cmc", "colic", "concrete", "cpu-act", "dna"),
    *("energy-efficiency", "kr-vs-kp", "segment", "sick", "socmob", "space-ga", "spambase"),
    "telco-churn",
)
"""Tables of 270 to 8,200 rows, the first eight for a short version."""

LAG = 16
"""Lag of a run, so that its candidates do not follow from the number of cores."""

ONE_ROW = Limits(((1, 1.0),))
"""Limit by which the prediction of one row is measured; its value is not looked at."""

NONE = "none"
"""Word for no limit."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure what is missing, and save records and table."""
    parser = parser_of(__file__, __doc__, names=NAMES, seeds=[0], budget=60.0)
    add_datasets(parser)
    parser.add_argument(
        "--limits", nargs="+", default=[NONE, "32"], help="limits in MiB, or the word none"
    )
    parser.add_argument("--evaluations", type=int, help="candidates of a run, in place of seconds")
    parser.add_argument("--estimators", nargs="+", help="models of the runs, such as *Forest*")
    options = parser.parse_args(arguments)
    budget = f"{options.evaluations} candidates" if options.evaluations else f"{options.budget:g} s"
    if options.estimators:
        budget = f"{budget}, {' '.join(options.estimators)}"
    records = Records(
        options.out / "records.json", "budget", "name", "seed", "limit", repeat=options.repeat
    )
    if options.datasets is not None:
        ends: dict[str, Any] = {"time_budget": options.budget}
        if options.evaluations:
            ends = {"time_budget": None, "max_evaluations": options.evaluations}
        ends["estimators"] = options.estimators
        for _, name, seed, limit in records.missing(
            [budget], options.names, options.seeds, options.limits
        ):
            record = measure(options.datasets, name, seed, limit, ends)
            records.add({"budget": budget, **record})
    publish(options.out / "table.md", table_of(records))


def measure(
    datasets: Path, name: str, seed: int, limit: str, ends: dict[str, Any]
) -> dict[str, Any]:
    """Run one table with one limit, budget and models; return the record."""
    X, y, X_test, y_test = read_split(datasets, name, seed)
    most = None if limit == NONE else int(float(limit) * 1024**2)
    model = estimator_for(y)(
        **ends,
        random_state=seed,
        verbose=0,
        settings=Settings(ensemble_bytes=most, lag=LAG),
    ).fit(X, y)
    rows = model._read(X_test)
    used = measured_usage(model._model, rows, ONE_ROW)
    alone = measured_usage(model.best_pipeline_, rows, ONE_ROW)
    ensemble = (model._facts or {}).get("ensemble", [])
    return {
        "name": name,
        "seed": seed,
        "limit": limit,
        "bytes": int(used.model_bytes),
        "row_seconds": round(used.seconds[0], 5),
        "members": len(ensemble) or 1,
        "fits": sum(one["fits"] for one in ensemble) or 1,
        "score": model.score(X_test, y_test),
        "bytes_alone": int(alone.model_bytes),
        "row_seconds_alone": round(alone.seconds[0], 5),
        "score_alone": float(
            model.scorer_(model.best_pipeline_, rows, model._scored_target(y_test))
        ),
        "constant": float(model.scorer_(constant_for(y).fit(X, y), X_test, y_test)),
        "candidates": len(model.leaderboard_),
    }


def table_of(records: Sequence[dict[str, Any]]) -> str:
    """Return a summary by budget and limit, and a row for each run."""
    header = ["budget", "limit", "runs", "MB median", "MB largest", "ms a row median"]
    header += ["ms a row largest", "error less than without limit, median %"]
    header += ["of the best pipeline alone, median %"]
    columns = ["budget", "table", "seed", "limit", "MB", "ms a row", "members", "fits", "score"]
    columns += ["MB alone", "ms alone", "score alone"]
    summary: list[list[Any]] = []
    for budget in dict.fromkeys(one["budget"] for one in records):
        mine = [one for one in records if one["budget"] == budget]
        summary += [[budget, *row] for row in _summaries(mine)]
    rows = [
        [
            *(one["budget"], one["name"], one["seed"], one["limit"], f"{one['bytes'] / 1e6:.2f}"),
            *(f"{1e3 * one['row_seconds']:.1f}", one["members"], one["fits"]),
            *(f"{one['score']:.4f}", f"{one['bytes_alone'] / 1e6:.2f}"),
            *(f"{1e3 * one['row_seconds_alone']:.1f}", f"{one['score_alone']:.4f}"),
        ]
        for one in records
    ]
    lines = [
        "Limits in MiB; differences of the logarithm of the held-out error; tables that were run"
        " with each limit.",
        "",
        *markdown.table(header, summary),
        "",
        *markdown.table(columns, rows),
    ]
    return "\n".join(lines) + "\n"


def _summaries(records: Sequence[dict[str, Any]]) -> list[list[Any]]:
    """Return a row for each limit, over the tables that were run with all of them."""
    limits = list(dict.fromkeys(one["limit"] for one in records))
    runs = {(one["name"], one["seed"], one["limit"]): one for one in records}
    common = [
        place
        for place in dict.fromkeys((one["name"], one["seed"]) for one in records)
        if all((*place, limit) in runs for limit in limits)
    ]
    return [_summary(limit, [runs[*one, limit] for one in common], runs) for limit in limits]


def _summary(
    limit: str, mine: Sequence[dict[str, Any]], runs: dict[tuple[str, int, str], dict[str, Any]]
) -> list[Any]:
    """Return the row of a limit."""
    if not mine:
        return [limit, 0, *[""] * 6]
    sizes = [one["bytes"] / 1e6 for one in mine]
    seconds = [1e3 * one["row_seconds"] for one in mine]
    others = [runs.get((one["name"], one["seed"], NONE)) for one in mine]
    gains = [
        gain(error_in(other, other["score"]), error_in(one, one["score"]), 0.0)
        for one, other in zip(mine, others, strict=True)
        if other is not None
    ]
    alone = [
        gain(error_in(one, one["score"]), error_in(one, one["score_alone"]), 0.0) for one in mine
    ]
    return [
        *(limit, len(mine), f"{statistics.median(sizes):.2f}", f"{max(sizes):.2f}"),
        *(f"{statistics.median(seconds):.1f}", f"{max(seconds):.1f}"),
        *(f"{statistics.median(gains):+.2f}" if gains else "", f"{statistics.median(alone):+.2f}"),
    ]


if __name__ == "__main__":
    main()
