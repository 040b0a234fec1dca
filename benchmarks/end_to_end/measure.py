"""One run from a table to the predictions of the exported file, for each of some real tables.

    python benchmarks/end_to_end/measure.py --datasets FOLDER [--names ...] [--seeds 0 1] [--budget
    60]

Of each table 70 % is fitted on and 30 % predicted. The exported file fits and predicts the same
rows in an interpreter of its own in which neither package can be imported. A record holds whether
the run was on time, better than the constant prediction, and how far the exported file's
predictions are from the model's.
"""

from __future__ import annotations

import argparse
import itertools
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.model_selection import train_test_split

from evolver import EvolvedClassifier, EvolvedRegressor
from evolver.report.picture import front_svg

NAMES = (
    "credit-g",
    "segment",
    "adult",
    "ames-housing",
    "abalone",
    "arcene",
    "arrhythmia",
    "bike-sharing",
    "covertype-20k",
    "nyc-flights",
)
"""Of many kinds: mixed, multiclass, with gaps, 10,000 columns, tiny classes, dates, many rows."""

WITHOUT_US = """
import runpy, sys

class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("evolver", "primitives"):
            raise ImportError(name + " must not be needed")

sys.meta_path.insert(0, Refuse())
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def main() -> None:
    """Measure every table and save records and a summary."""
    options = parse_arguments()
    options.out.mkdir(parents=True, exist_ok=True)
    records = []
    for name, seed in itertools.product(options.names, options.seeds):
        model, record = measure(options.datasets / f"{name}.parquet", options.budget, seed)
        records.append(record)
        print(json.dumps(record), flush=True)
        picture = front_svg(model.leaderboard_, model.pareto_front_)
        (options.out / f"{name}-{seed}.svg").write_text(picture, encoding="utf-8")
    (options.out / "records.json").write_text(json.dumps(records, indent=1) + "\n")
    (options.out / "table.md").write_text(summary(records, options.budget))


def measure(file: Path, budget: float, seed: int) -> tuple[Any, dict[str, Any]]:
    """Run one table; return the fitted model and the record."""
    table = pd.read_parquet(file)
    classification = not pd.api.types.is_float_dtype(table["target"])
    train, test = split(table, classification, seed)
    X, y = train.drop(columns="target"), train["target"]
    make = EvolvedClassifier if classification else EvolvedRegressor
    model = make(time_budget=budget, random_state=seed, verbose=0)
    start = time.monotonic()
    model.fit(X, y)
    seconds = time.monotonic() - start
    X_test, y_test = test.drop(columns="target"), test["target"]
    constant = DummyClassifier(strategy="prior") if classification else DummyRegressor()
    outcomes = model.leaderboard_["outcome"].value_counts()
    return model, {
        "name": file.stem,
        "metric": str(model.scorer_),
        "budget": budget,
        "seed": seed,
        "score": model.score(X_test, y_test),
        "constant_score": float(model.scorer_(constant.fit(X, y), X_test, y_test)),
        "seconds": round(seconds, 2),
        "overrun": round(seconds / budget - 1, 4),
        "candidates": int(outcomes.sum()),
        "failed": int(outcomes.get("failed", 0)),
        "pipeline": model.pareto_front_["pipeline"].iloc[0] if len(model.pareto_front_) else None,
        **agreement(model, train, test),
    }


def split(
    table: pd.DataFrame, classification: bool, seed: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return 70 % and 30 % of the rows, classes in equal shares where each has two rows or more."""
    stratify = table["target"] if classification else None
    if stratify is not None and stratify.value_counts().min() < 2:
        stratify = None
    train, test = train_test_split(table, test_size=0.3, random_state=seed, stratify=stratify)
    if classification:  # a class that is in the test rows alone can be neither learned nor scored
        test = test[test["target"].isin(train["target"].unique())]
    return train, test


def agreement(model: Any, train: pd.DataFrame, test: pd.DataFrame) -> dict[str, Any]:
    """Return how the predictions of the exported file compare with the model's."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        train.to_parquet(folder / "train.parquet")
        test.to_parquet(folder / "test.parquet")
        model.export(folder / "winner.py")
        command = [sys.executable, "-W", "ignore", "-c", WITHOUT_US, folder / "winner.py"]
        command += [folder / "train.parquet", "--predict", folder / "test.parquet"]
        subprocess.run([*command, "--out", folder / "out.parquet"], check=True)
        alone = pd.read_parquet(folder / "out.parquet")
    X = test.drop(columns="target")
    expected = model.predict(X)
    if not hasattr(model, "classes_"):
        return {"largest_difference": largest_difference(alone["prediction"].to_numpy(), expected)}
    probabilities = alone.drop(columns="prediction").to_numpy()
    return {
        "equal_labels": bool((alone["prediction"].to_numpy() == expected).all()),
        "largest_difference": largest_difference(probabilities, model.predict_proba(X)),
    }


def largest_difference(got: np.ndarray, expected: np.ndarray) -> float:
    """Return the largest relative difference; probabilities below 1e-12 are taken as equal."""
    scale = np.maximum(np.abs(expected), 1e-12)
    return float(np.max(np.abs(got - expected) / scale))


def summary(records: list[dict[str, Any]], budget: float) -> str:
    """Return the records as a Markdown table."""
    header = ["table", "seed", "metric", "score", "constant", "seconds", "overrun", "candidates"]
    header += ["failed", "export"]
    lines = [f"{budget:g} s a run.", "", row(header), row(["---"] * len(header))]
    for record in records:
        metric = record["metric"].removeprefix("make_scorer(").split(",")[0].rstrip(")")
        difference = f"{record['largest_difference']:.1e}"
        cells = [record["name"], record["seed"], metric]
        cells += [f"{record['score']:.4f}", f"{record['constant_score']:.4f}", record["seconds"]]
        cells += [f"{record['overrun']:+.1%}", record["candidates"], record["failed"], difference]
        lines.append(row(cells))
    note = (
        "`export`: largest relative difference of the exported file's predictions from the model's."
    )
    return "\n".join([*lines, "", note, ""])


def row(cells: list[Any]) -> str:
    return f"| {' | '.join(str(cell) for cell in cells)} |"


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--datasets", type=Path, required=True, help="folder of NAME.parquet")
    parser.add_argument("--names", nargs="+", default=NAMES)
    parser.add_argument("--budget", type=float, default=60.0, help="seconds for a fit")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    results = Path(__file__).parent / "results"
    parser.add_argument("--out", type=Path, default=results, help="folder of the results")
    return parser.parse_args()


if __name__ == "__main__":
    main()
