"""Score of the best pipeline after 15, 30 and 60 seconds of a run on ten real tables.

    python -m benchmarks anytime --datasets FOLDER --label LABEL [--names ...] [--seeds 0 1]

Each table is fitted on 70 % of its rows and scored on the others. The journal of a run says when
each candidate was done; the best one at each moment is fitted on all rows afterwards and scored on
the held-out ones. Saves `LABEL.json`.
"""

from __future__ import annotations

import tempfile
import time
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.datasets import DIVERSE, constant_for, estimator_for, read_split
from benchmarks.journals import moments, trees
from benchmarks.options import add_datasets, parser_of
from benchmarks.problems import problem_in
from benchmarks.records import Records
from evolver.checks import selected_catalogue
from evolver.genome.codec import Encoded, decode
from evolver.genome.pipeline import to_estimator

MOMENTS = (15.0, 30.0, 60.0)
"""Seconds from the start of `fit`."""


class Done(NamedTuple):
    """A candidate that was fully scored so many seconds after the start."""

    seconds: float
    number: int
    tree: Encoded


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure the missing tables, and save the records."""
    parser = parser_of(__file__, __doc__, names=DIVERSE, seeds=[0, 1], budget=60.0)
    add_datasets(parser, required=True)
    parser.add_argument("--label", default="now", help="name of the version that is measured")
    options = parser.parse_args(arguments)
    file = options.out / f"{options.label}.json"
    records = Records(file, "seed", "name", repeat=options.repeat)
    for seed, name in records.missing(options.seeds, options.names):
        records.add(measure(options.datasets, name, options.budget, seed))


def measure(datasets: Path, name: str, budget: float, seed: int) -> dict[str, Any]:
    """Run one table; return the record."""
    X, y, X_test, y_test = read_split(datasets, name, seed)
    with tempfile.TemporaryDirectory() as folder:
        model = estimator_for(y)(time_budget=budget, random_state=seed, verbose=0, run_dir=folder)
        start = time.monotonic()
        model.fit(X, y)
        seconds = time.monotonic() - start
        done = scored_candidates(folder)
    outcomes = model.leaderboard_["outcome"].value_counts()
    return {
        "name": name,
        "seed": seed,
        "budget": budget,
        "seconds": round(seconds, 2),
        "overrun": round(seconds / budget - 1, 4),
        **{outcome: int(outcomes.get(outcome, 0)) for outcome in ("scored", "stopped", "failed")},
        "first_full": round(done[0].seconds, 2) if done else None,
        "test": {
            f"{moment:g}": score_at(moment, done, model, X_test, y_test) for moment in MOMENTS
        },
        "final_test": model.score(X_test, y_test),
        "constant_test": float(model.scorer_(constant_for(y).fit(X, y), X_test, y_test)),
    }


def scored_candidates(folder: str) -> list[Done]:
    """Return the candidates of a run that were fully scored, in the order of time."""
    encoded = trees(folder)
    times = moments(folder, "scored")
    return sorted(
        (Done(seconds, number, encoded[number]) for number, seconds in times.items()),
        key=lambda one: one.seconds,
    )


def score_at(moment: float, done: list[Done], model: Any, X_test: Any, y_test: Any) -> float | None:
    """Return the test score of the best candidate at a moment; None where there was none."""
    so_far = [one for one in done if one.seconds <= moment]
    if not so_far:
        return None
    scores = model.leaderboard_.set_index("number")["score"]
    best = max(so_far, key=lambda one: scores[one.number])
    problem = problem_in(model)
    tree = decode(best.tree, selected_catalogue(None, problem, grouped=False))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pipeline = to_estimator(tree).fit(problem.X, problem.y)
        return float(model.scorer_(pipeline, X_test, y_test))


if __name__ == "__main__":
    main()
