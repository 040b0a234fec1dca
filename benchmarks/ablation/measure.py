"""Effect of each part of a run: the same run with the part switched off.

    python -m benchmarks ablation --datasets FOLDER [--names ...] [--arms ...] [--seeds 0 1 2]

Each table is fitted on 70 % of its rows and scored on the others. A run with all parts also gives
the score of its best single pipeline, and the score of its model where the models of five folds are
averaged instead of one model of all rows, so neither needs a run of its own. A run begins with the
portfolio that is learned from the trials of all other tables. Saves `records.json`, `effects.md`
and `table.md`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from joblib import Parallel, delayed
from sklearn.base import clone
from sklearn.ensemble import VotingClassifier, VotingRegressor
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import KFold, StratifiedKFold

from benchmarks.ablation.effects import effects_of, table_of
from benchmarks.datasets import constant_for, is_classification, read_split
from benchmarks.options import add_datasets, parser_of
from benchmarks.peers.names import NAMES as COMPARED
from benchmarks.portfolio.unseen import fitted
from benchmarks.records import Records, publish
from primitives.constructors import CONSTRUCTORS
from primitives.wrappers import TemperatureScaledClassifier

ARMS: dict[str, dict[str, Any]] = {
    "all": {},
    "no portfolio": {"portfolio_size": 0},
    "no refinement": {"refinement_share": 0.0},
    "no racing": {"racing_error": 0.0},
    "no constructors": {"without_steps": tuple(one.name for one in CONSTRUCTORS)},
}
"""Settings that differ from the default ones, and steps that are left out, by arm."""

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


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure the missing runs, and save records and tables."""
    parser = parser_of(__file__, __doc__, names=NAMES, seeds=[0, 1, 2], budget=60.0)
    add_datasets(parser)
    parser.add_argument("--arms", nargs="+", choices=list(ARMS), default=list(ARMS))
    options = parser.parse_args(arguments)
    file = options.out / "records.json"
    records = Records(file, "budget", "seed", "name", "arm", repeat=options.repeat)
    if options.datasets is not None:
        runs = records.missing([options.budget], options.seeds, options.names, options.arms)
        for budget, seed, name, arm in runs:
            records.add(measure(options.datasets, name, arm, budget, seed))
    if records:
        publish(options.out / "effects.md", effects_of(records))
        publish(options.out / "table.md", table_of(records))


def measure(folder: Path, name: str, arm: str, budget: float, seed: int) -> dict[str, Any]:
    """Run one arm on one table; return the record."""
    X, y, X_test, y_test = read_split(folder, name, seed)
    model, seconds = fitted(name, X, y, budget, seed, **ARMS[arm])
    board = model.leaderboard_.sort_values("number", ignore_index=True)
    return {
        "name": name,
        "budget": budget,
        "seed": seed,
        "arm": arm,
        "seconds": round(seconds, 2),
        "test": model.score(X_test, y_test),
        "single": float(model.scorer_(model.best_pipeline_, X_test, y_test)),
        "fold_models": fold_models_score(model, X, y, X_test, y_test) if arm == "all" else None,
        "constant": float(model.scorer_(constant_for(y).fit(X, y), X_test, y_test)),
        "cross_validated": model.best_score_,
        "members_by": members_by(model),
        "winner_by": by(board.loc[board["score"].idxmax()]),
        "candidates": len(board),
        "scored": int((board["outcome"] == "scored").sum()),
        "improved": improvements(board),
        "ended_by": model.statistics_["ended_by"],
    }


def by(row: Any) -> str:
    """Return the proposer and the operator of a candidate."""
    return f"{row['proposer']}, {row['operator']}"


def members_by(model: Any) -> dict[str, int]:
    """Return the number of members of the model by proposer and operator."""
    best = model.pareto_front_["expression"].iloc[0]
    board = model.leaderboard_.drop_duplicates("expression")
    is_member = [text == best or f" * {text}" in best for text in board["expression"]]
    return dict(Counter(by(row) for _, row in board[is_member].iterrows()))


def improvements(board: pd.DataFrame) -> list[tuple[int, float, str]]:
    """Return the candidates that were better than all before them.

    Each is given by the number of candidates scored so far, its score, and its origin.
    """
    found: list[tuple[int, float, str]] = []
    for number, (_, row) in enumerate(board[board["outcome"] == "scored"].iterrows(), 1):
        if not found or row["score"] > found[-1][1]:
            found.append((number, float(row["score"]), by(row)))
    return found


def fold_models_score(model: Any, X: Any, y: Any, X_test: Any, y_test: Any) -> float | None:
    """Return the score of the model where models of five folds are averaged.

    None where some fold would miss a class.
    """
    whole = model.best_pipeline_ if model.ensemble_ is None else model.ensemble_
    is_scaled = type(whole) is TemperatureScaledClassifier
    inner = whole.estimator if is_scaled else whole
    classification = is_classification(y)
    if classification and y.value_counts().min() < FOLDS:
        return None
    folds = (StratifiedKFold if classification else KFold)(FOLDS, shuffle=True, random_state=0)
    models = Parallel(WORKERS)(
        delayed(clone(inner).fit)(X.iloc[rows], y.iloc[rows]) for rows, _ in folds.split(X, y)
    )
    members = [(str(number), FrozenEstimator(one)) for number, one in enumerate(models)]
    averaged = (
        VotingClassifier(members, voting="soft") if classification else VotingRegressor(members)
    )
    if is_scaled:
        averaged = TemperatureScaledClassifier(averaged, whole.temperature)
    return float(model.scorer_(averaged.fit(X, y), X_test, y_test))


if __name__ == "__main__":
    main()
