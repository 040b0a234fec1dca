"""What each part of a run is worth: the same run with the part switched off.

    python -m benchmarks.ablation.measure --datasets FOLDER [--budget 60] [--names ...]
        [--arms ...] [--seeds 0 1 2]

Of each table 70 % is fitted on and 30 % scored. A run gives two scores: that of what predicts, and
that of its best single pipeline, so that the ensemble needs no run without it. It begins with the
portfolio that is learned from the trials of all other tables. Saves `results/records.json`; what is
there is not repeated. Without `--datasets` only draws `results/table.md` from what is there.
"""

from __future__ import annotations

import argparse
import itertools
import json
import tempfile
import time
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

import pandas as pd

from benchmarks.anytime.measure import split
from benchmarks.portfolio.learn import experience_of, learned
from evolver import EvolvedClassifier, EvolvedRegressor, Settings

ARMS: dict[str, dict[str, Any]] = {
    "all": {},
    "no portfolio": {"portfolio_size": 0},
    "no refinement": {"refinement_share": 0.0},
    "no racing": {"racing_error": 0.0},
    "half the population": {"population_size": 26},
}
"""Settings, and parameters of the estimators. With half the population 10 candidates grow at random
after the portfolio, instead of 34."""
NAMES = (
    "credit-g",
    "segment",
    "attrition",
    "eucalyptus",
    "abalone",
    "house-8L",
    "telco-churn",
    "splice",
    "auto-mpg",
    "bank-marketing",
    "glass",
    "ccpp",
    "sonar",
    "tic-tac-toe",
    "australian",
    "blood-transfusion",
    "churn",
    "jasmine",
    "phoneme",
    "phishing-websites",
    "vehicle",
    "vowel",
    "cmc",
    "car",
    "optdigits",
    "page-blocks",
    "mfeat-factors",
    "anneal",
    "kin8nm",
    "space-ga",
    "sensory",
    "concrete",
    "boston",
    "bike-sharing",
    "medical-insurance",
    "cpu-act",
)
RESULTS = Path(__file__).parent / "results"
RECORDS = RESULTS / "records.json"


def main() -> None:
    """Measure what is not there yet; save records and table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--datasets", type=Path, help="folder of NAME.parquet")
    parser.add_argument("--budget", type=float, default=60.0, help="seconds")
    parser.add_argument("--names", nargs="+", default=NAMES)
    parser.add_argument("--arms", nargs="+", choices=list(ARMS), default=list(ARMS))
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    options = parser.parse_args()
    RESULTS.mkdir(exist_ok=True)
    records = json.loads(RECORDS.read_text()) if RECORDS.exists() else []
    known = {(one["budget"], one["seed"], one["name"], one["arm"]) for one in records}
    for seed, name, arm in itertools.product(options.seeds, options.names, options.arms):
        if options.datasets is None or (options.budget, seed, name, arm) in known:
            continue
        records.append(measure(options.datasets / f"{name}.parquet", arm, options.budget, seed))
        print(records[-1], flush=True)
        RECORDS.write_text("[\n" + ",\n".join(json.dumps(one) for one in records) + "\n]\n")
    table = table_of(records)
    print(table)
    (RESULTS / "table.md").write_text(table)


def measure(file: Path, arm: str, budget: float, seed: int) -> dict[str, Any]:
    """Run one arm on one table; return the record."""
    table = pd.read_parquet(file)
    classification = not pd.api.types.is_float_dtype(table["target"])
    train, test = split(table, classification, seed)
    kind = "classification" if classification else "regression"
    with tempfile.TemporaryDirectory() as folder:
        others = experience_of(kind)
        others.trials.pop(file.stem, None)
        (Path(folder) / f"{kind}.json").write_text(learned(others).write())
        changes = dict(ARMS[arm])
        size = changes.pop("population_size", 50)
        model = (EvolvedClassifier if classification else EvolvedRegressor)(
            time_budget=budget,
            population_size=size,
            random_state=seed,
            verbose=0,
            settings=Settings(portfolio=folder, **changes),
        )
        start = time.monotonic()
        model.fit(train.drop(columns="target"), train["target"])
        seconds = time.monotonic() - start
    X, y = test.drop(columns="target"), test["target"]
    board = model.leaderboard_
    return {
        "name": file.stem,
        "budget": budget,
        "seed": seed,
        "arm": arm,
        "seconds": round(seconds, 2),
        "test": model.score(X, y),
        "single": float(model.scorer_(model.best_pipeline_, X, y)),
        "cross_validated": model.best_score_,
        "members": model.pareto_front_["pipeline"].iloc[0].count(" * "),
        "candidates": len(board),
        "scored": int((board["outcome"] == "scored").sum()),
        "winner_by": str(board.loc[board["score"].idxmax(), "proposer"]),
    }


def table_of(records: list[dict[str, Any]]) -> str:
    """Return what is lost in percent of the score of all parts, by part and table."""
    runs = {(one["budget"], one["seed"], one["name"], one["arm"]): one for one in records}
    lost: dict[str, dict[str, list[float]]] = {}
    for (budget, seed, name, arm), one in runs.items():
        whole = runs.get((budget, seed, name, "all"))
        if whole is None:
            continue
        part, score = ("no ensemble", one["single"]) if arm == "all" else (arm, one["test"])
        change = 100 * (whole["test"] - score) / abs(whole["test"])
        lost.setdefault(part, {}).setdefault(f"{name}, {budget:g} s", []).append(change)
    lines = [
        "Percent of the held-out score that is lost without a part, one number a seed; below 0:"
        " the run is better without it.",
        "",
        f"| table | {' | '.join(lost)} |",
        f"|{' --- |' * (len(lost) + 1)}",
    ]
    for name in sorted({one for found in lost.values() for one in found}):
        cells = [", ".join(f"{one:+.2f}" for one in lost[part].get(name, [])) for part in lost]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    means = []
    for found in lost.values():
        all_tables = [fmean(changes) for changes in found.values()]
        error = stdev(all_tables) / len(all_tables) ** 0.5 if len(all_tables) > 1 else float("nan")
        won, fell = sum(one > 0 for one in all_tables), sum(one < 0 for one in all_tables)
        means.append(f"{fmean(all_tables):+.2f} ± {1.96 * error:.2f}; {won} : {fell}")
    lines.append(f"| mean, 95 %; tables worse : better without | {' | '.join(means)} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
