"""Faults of pipelines, each in a run of its own: its outcome, its seconds, the run's lateness.

    python -m benchmarks faults [--names FAULT ...]

The faults are those of `tests/faults/models.py`. Each is put into a search space with good
primitives, under a budget of `SECONDS`. Saves `records.json` and `table.md`.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Sequence
from typing import Any

from benchmarks import markdown
from benchmarks.options import parser_of
from benchmarks.records import Records, publish
from evolver import EvolvedClassifier, Settings
from primitives import default_catalogue
from tests.faults.models import EXPECTED, catalogue_with_faults
from tests.tables import small_table

SECONDS = 6.0
FOLD_SECONDS = 1.5
CAP = 700_000_000
"""Bytes of a worker."""

GOOD = ("Encoder", "StandardScaler", "GaussianNB", "LogisticRegression")


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure the missing faults, and save records and table."""
    parser = parser_of(__file__, __doc__, names=list(EXPECTED))
    options = parser.parse_args(arguments)
    records = Records(options.out / "records.json", "fault", repeat=options.repeat)
    for (fault,) in records.missing(options.names):
        records.add(measure(fault))
    publish(options.out / "table.md", table_of(records))


def measure(fault: str) -> dict[str, Any]:
    """Run a search in which one fault happens again and again."""
    X, y = small_table("binary")
    space = catalogue_with_faults(default_catalogue().only(*GOOD)).only(*GOOD, fault)
    model = EvolvedClassifier(
        time_budget=SECONDS,
        cv=3,
        search_space=space,
        n_jobs=2,
        random_state=0,
        verbose=0,
        settings=Settings(fold_timeout=FOLD_SECONDS, worker_memory=CAP, initial_steps=2),
    )
    start = time.monotonic()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(X, y)
    seconds = time.monotonic() - start
    board = model.leaderboard_
    faulty = board[board["expression"].str.startswith(f"{fault}(")]
    ended = faulty[faulty["outcome"] != "stopped"]  # the end of the run cut the others short
    return {
        "fault": fault,
        "outcome": ended["outcome"].mode()[0],
        "failure": ended["failure"].mode()[0],
        "reason": ended["reason"].mode()[0],
        "seconds_lost": round(float(faulty["seconds"].sum()), 2),
        "candidates": len(board),
        "of_them_faulty": len(faulty),
        "seconds": round(seconds, 2),
        "overrun": round(seconds / SECONDS - 1, 4),
        "score_of_the_model": round(float(model.score(X, y)), 4),
    }


def table_of(records: Sequence[dict[str, Any]]) -> str:
    """Return a row for each fault, in the order of the tests."""
    header = ["fault", "what happened", "seconds lost", "faulty / all candidates", "overrun", "AUC"]
    order = list(EXPECTED)
    rows = []
    for one in sorted(records, key=lambda one: order.index(one["fault"])):
        happened = f"{one['failure']}: {one['reason']}" if one["failure"] else one["outcome"]
        counts = f"{one['of_them_faulty']} / {one['candidates']}"
        cells = [one["fault"], happened, one["seconds_lost"], counts]
        rows.append([*cells, f"{one['overrun']:+.1%}", one["score_of_the_model"]])
    intro = f"{SECONDS:g} s a run, {FOLD_SECONDS:g} s a fold."
    return "\n".join([intro, "", *markdown.table(header, rows)]) + "\n"


if __name__ == "__main__":
    main()
