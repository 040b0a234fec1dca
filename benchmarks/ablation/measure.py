"""What each part of a run is worth: the same run with the part switched off.

    python -m benchmarks.ablation.measure --datasets FOLDER [--budget 60] [--names ...]
        [--arms ...] [--seeds 0 1 2]

Of each table 70 % is fitted on and 30 % scored. A run with all parts also gives the score of its
best single pipeline, and that of what predicts where the models of five folds are averaged instead
of one model of all rows, so that neither needs a run of its own. A run begins with the portfolio
that is learned from the trials of all other tables. Saves `results/records.json`; what is there is
not repeated. Without `--datasets` only draws the tables from what is there.
"""

from __future__ import annotations

import argparse
import itertools
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pandas as pd
from joblib import Parallel, delayed
from sklearn.base import clone
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.ensemble import VotingClassifier, VotingRegressor
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import KFold, StratifiedKFold

from benchmarks.ablation.effects import effects_of, table_of
from benchmarks.anytime.measure import split
from benchmarks.peers.names import NAMES as COMPARED
from benchmarks.portfolio.learn import write_without
from benchmarks.records import Records
from evolver import EvolvedClassifier, EvolvedRegressor, Settings
from primitives.wrappers import TemperatureScaledClassifier

ARMS: dict[str, dict[str, Any]] = {
    "all": {},
    "no portfolio": {"portfolio_size": 0},
    "no refinement": {"refinement_share": 0.0},
    "no racing": {"racing_error": 0.0},
}
"""Settings."""
FOLDS, WORKERS = 5, 2
NAMES = (
    *COMPARED,
    "sonar",
    "tic-tac-toe",
    "australian",
    "blood-transfusion",
    "churn",
    "jasmine",
    "phoneme",
    "vehicle",
    "vowel",
    "cmc",
    "page-blocks",
    "kin8nm",
    "space-ga",
    "sensory",
    "concrete",
    "boston",
    "bike-sharing",
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
    records = Records(RECORDS, "budget", "seed", "name", "arm")
    for seed, name, arm in itertools.product(options.seeds, options.names, options.arms):
        if options.datasets is None or records.has(options.budget, seed, name, arm):
            continue
        records.add(measure(options.datasets / f"{name}.parquet", arm, options.budget, seed))
    for name, text in (("effects.md", effects_of(records)), ("table.md", table_of(records))):
        print(text)
        (RESULTS / name).write_text(text)


def measure(file: Path, arm: str, budget: float, seed: int) -> dict[str, Any]:
    """Run one arm on one table; return the record."""
    train, test = split_of(file, seed)
    model, seconds = fitted(file.stem, train, arm, budget, seed)
    X, y = test.drop(columns="target"), test["target"]
    board = model.leaderboard_
    constant = DummyClassifier() if is_classification(y) else DummyRegressor()
    return {
        "name": file.stem,
        "budget": budget,
        "seed": seed,
        "arm": arm,
        "seconds": round(seconds, 2),
        "test": model.score(X, y),
        "single": float(model.scorer_(model.best_pipeline_, X, y)),
        "fold_models": fold_models_score(model, train, X, y) if arm == "all" else None,
        "constant": float(model.scorer_(constant.fit(train[X.columns], train["target"]), X, y)),
        "cross_validated": model.best_score_,
        "members_by": members_by(model),
        "winner_by": by(board.loc[board["score"].idxmax()]),
        "candidates": len(board),
        "scored": int((board["outcome"] == "scored").sum()),
        "improved": improvements(board),
        "ended_by": model.statistics_["ended_by"],
    }


def split_of(file: Path, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the rows of a table to fit on and those to score."""
    table = pd.read_parquet(file)
    return split(table, is_classification(table["target"]), seed)


def is_classification(target: pd.Series) -> bool:
    """Say whether a target is of classes."""
    return not pd.api.types.is_float_dtype(target)


def fitted(
    name: str, train: pd.DataFrame, arm: str, budget: float, seed: int
) -> tuple[EvolvedClassifier | EvolvedRegressor, float]:
    """Return a model that began with what was learned without the table, and its seconds."""
    classification = is_classification(train["target"])
    kind = "classification" if classification else "regression"
    with tempfile.TemporaryDirectory() as folder:
        write_without(name, kind, Path(folder))
        model = (EvolvedClassifier if classification else EvolvedRegressor)(
            time_budget=budget,
            random_state=seed,
            verbose=0,
            settings=Settings(portfolio=folder, **ARMS[arm]),
        )
        start = time.monotonic()
        model.fit(train.drop(columns="target"), train["target"])
        return model, time.monotonic() - start


def by(row: Any) -> str:
    """Return who proposed a candidate, and how."""
    return f"{row['proposer']}, {row['operator']}"


def members_by(model: Any) -> dict[str, int]:
    """Return how many members of what predicts came from where."""
    best = model.pareto_front_["pipeline"].iloc[0]
    board = model.leaderboard_.drop_duplicates("pipeline")
    is_member = [text == best or f" * {text}" in best for text in board["pipeline"]]
    return dict(Counter(by(row) for _, row in board[is_member].iterrows()))


def improvements(board: pd.DataFrame) -> list[tuple[int, float, str]]:
    """Return each candidate that was better than all before it: how many had been scored with it,
    its score, and where it came from."""
    found: list[tuple[int, float, str]] = []
    for number, (_, row) in enumerate(board[board["outcome"] == "scored"].iterrows(), 1):
        if not found or row["score"] > found[-1][1]:
            found.append((number, float(row["score"]), by(row)))
    return found


def fold_models_score(model: Any, train: pd.DataFrame, X: Any, y: Any) -> float | None:
    """Return the score of what predicts, its models fitted on each of some folds and averaged; None
    where a fold has not all classes."""
    known, target = train.drop(columns="target"), train["target"]
    whole = model.best_pipeline_ if model.ensemble_ is None else model.ensemble_
    is_scaled = type(whole) is TemperatureScaledClassifier
    inner = whole.estimator if is_scaled else whole
    classification = isinstance(model, EvolvedClassifier)
    if classification and target.value_counts().min() < FOLDS:
        return None
    folds = (StratifiedKFold if classification else KFold)(FOLDS, shuffle=True, random_state=0)
    fitted = Parallel(WORKERS)(
        delayed(clone(inner).fit)(known.iloc[rows], target.iloc[rows])
        for rows, _ in folds.split(known, target)
    )
    members = [(str(number), FrozenEstimator(one)) for number, one in enumerate(fitted)]
    averaged = (
        VotingClassifier(members, voting="soft") if classification else VotingRegressor(members)
    )
    if is_scaled:
        averaged = TemperatureScaledClassifier(averaged, whole.temperature)
    return float(model.scorer_(averaged.fit(known, target), X, y))


if __name__ == "__main__":
    main()
