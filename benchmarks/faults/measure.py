"""Each fault in a run of its own: what happened, the seconds it cost, and whether the run was late.

    python -m benchmarks.faults.measure [FAULT ...]

Run it from the top of the project: the faults are those of `tests/faults/models.py`. Each is put
into a search space with good primitives, under a budget of `SECONDS`. Saves `results/records.json`
and `results/table.md`.
"""

from __future__ import annotations

import json
import sys
import time
import warnings
from pathlib import Path
from typing import Any

from evolver import EvolvedClassifier, Settings
from primitives import default_catalogue
from tests.faults.models import EXPECTED, catalogue_with_faults
from tests.tables import small_table

SECONDS = 6.0
FOLD_SECONDS = 1.5
CAP = 700_000_000
GOOD = ("Encoder", "StandardScaler", "GaussianNB", "LogisticRegression")
RESULTS = Path(__file__).parent / "results"


def main() -> None:
    """Measure the faults named, or all, and save the records and the table."""
    file = RESULTS / "records.json"
    known = json.loads(file.read_text()) if file.exists() else []
    measured = {record["fault"]: record for record in known}
    for fault in sys.argv[1:] or EXPECTED:
        measured[fault] = measure(fault)
        print(json.dumps(measured[fault]), flush=True)
    RESULTS.mkdir(exist_ok=True)
    records = [measured[fault] for fault in EXPECTED if fault in measured]
    file.write_text(json.dumps(records, indent=1) + "\n")
    (RESULTS / "table.md").write_text(render(records))


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
    faulty = board[board["pipeline"].str.startswith(f"{fault}(")]
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


def render(records: list[dict[str, Any]]) -> str:
    """Return the records as a Markdown table."""
    header = ["fault", "what happened", "seconds lost", "faulty / all candidates", "overrun", "AUC"]
    lines = [f"{SECONDS:g} s a run, {FOLD_SECONDS:g} s a fold.", "", row(header)]
    lines.append(row(["---"] * len(header)))
    for record in records:
        happened = record["outcome"]
        if record["failure"]:
            happened = f"{record['failure']}: {record['reason']}"
        counts = f"{record['of_them_faulty']} / {record['candidates']}"
        cells = [record["fault"], happened, record["seconds_lost"], counts]
        lines.append(row([*cells, f"{record['overrun']:+.1%}", record["score_of_the_model"]]))
    return "\n".join([*lines, ""])


def row(cells: list[Any]) -> str:
    return f"| {' | '.join(str(cell) for cell in cells)} |"


if __name__ == "__main__":
    main()
