"""What is it worth to read texts?

    python -m benchmarks.texts.measure --datasets FOLDER [--names ...] [--seeds 0 1] [--budget 30]

Runs on 70 % of the rows of each table that has columns of texts, with these columns as they are, as
categories, and left out; beginning with the portfolio that is learned without the table; scored on
the other 30 %. Saves `results/records.json`; what is there is not repeated. Without `--datasets`
only draws `results/table.md` from what is there.
"""

from __future__ import annotations

import argparse
import itertools
import tempfile
import warnings
from pathlib import Path
from statistics import fmean
from typing import Any

from benchmarks.ablation.measure import is_classification, split_of
from benchmarks.portfolio.learn import write_without
from benchmarks.records import Records
from evolver import EvolvedClassifier, EvolvedRegressor, Settings
from evolver.run.record import ENSEMBLE
from primitives.cleaning import column_forms

NAMES = ("fine-foods-reviews", "sms-spam")
"""All shared tables in which a column is taken for a text."""

WAYS = ("read", "categories", "left out")
WORKERS = 2
RESULTS = Path(__file__).parent / "results"


def main() -> None:
    """Measure what is not there yet; save records and table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--datasets", type=Path, help="folder of NAME.parquet")
    parser.add_argument("--names", nargs="+", default=NAMES)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1])
    parser.add_argument("--budget", type=float, default=30.0, help="seconds")
    options = parser.parse_args()
    records = Records(RESULTS / "records.json", "name", "seed", "budget", "way")
    for seed, name, way in itertools.product(options.seeds, options.names, WAYS):
        if options.datasets is None or records.has(name, seed, options.budget, way):
            continue
        records.add(measure(options.datasets / f"{name}.parquet", options.budget, seed, way))
    table = table_of(records)
    print(table)
    (RESULTS / "table.md").write_text(table)


def measure(file: Path, budget: float, seed: int, way: str) -> dict[str, Any]:
    """Return the record of a run; without a score where nothing but texts is there to be read."""
    train, test = split_of(file, seed)
    forms = column_forms(train.drop(columns="target"))
    texts = [name for name, form in forms.items() if form == "text"]
    record: dict[str, Any] = {"name": file.stem, "budget": budget, "seed": seed, "way": way}
    if way == "left out":
        if len(texts) == len(forms):
            return {**record, "score": None}
        train, test = train.drop(columns=texts), test.drop(columns=texts)
    elif way == "categories":
        train = train.astype(dict.fromkeys(texts, "category"))
    y = train["target"]
    classification = is_classification(y)
    kind = "classification" if classification else "regression"
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        write_without(file.stem, kind, Path(folder))
        model = (EvolvedClassifier if classification else EvolvedRegressor)(
            time_budget=budget,
            n_jobs=WORKERS,
            random_state=seed,
            verbose=0,
            settings=Settings(portfolio=folder),
        ).fit(train.drop(columns="target"), y)
        score = model.score(test.drop(columns="target"), test["target"])
    front = model.pareto_front_
    return {
        **record,
        "texts": texts,
        "score": score,
        "best": front[front["digest"] != ENSEMBLE]["pipeline"].iloc[0],
        "candidates": len(model.leaderboard_),
    }


def table_of(records: Records) -> str:
    """Return the mean scores of the ways, a line for each table."""
    lines = ["| table | " + " | ".join(WAYS) + " |", "|---" * (1 + len(WAYS)) + "|"]
    for name in sorted({one["name"] for one in records}):
        cells = []
        for way in WAYS:
            of = [one["score"] for one in records if (one["name"], one["way"]) == (name, way)]
            cells.append("" if not of or None in of else f"{fmean(of):.4f}")
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
