"""Probabilities of rare classes, by how they are calibrated on out-of-fold predictions.

    python -m benchmarks decisions.calibration --datasets FOLDER [--names ...] [--seeds 0 1]

Rows of the rarer class are left out until it has 1 % or 10 % of the rows. Five kinds of models are
fitted, by five folds, on at most 4,000 rows. A line of the log-odds is learned from the out-of-fold
predictions: nothing, a bias (a line of slope 1), or slope and bias (Platt 1999). On the other rows:
log loss, and the mean probability against the share of the class. Saves `calibration.json` and
`calibration.md`.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean, median
from typing import Any

import numpy as np
import pandas as pd
from scipy.optimize import brentq
from scipy.special import expit
from sklearn.compose import ColumnTransformer, make_column_selector
from sklearn.ensemble import ExtraTreesClassifier, HistGradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import StratifiedKFold, cross_val_predict, train_test_split
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OrdinalEncoder, StandardScaler

from benchmarks import markdown
from benchmarks.datasets import read
from benchmarks.options import add_datasets, parser_of
from benchmarks.records import Records, publish
from evolver.evaluation.calibration import Line, is_shifted, log_odds, needed_line, platt_line

NAMES = (
    *("adult", "bank-marketing", "default-credit-card", "give-me-some-credit", "lending-club"),
    *("stackoverflow-remote", "mammography", "churn", "telco-churn"),
)
"""Tables of two classes with enough rows of each."""

SHARES = (0.01, 0.1)
FITTED = 4_000
HELD_OUT = 20_000
MODELS = {
    "linear": LogisticRegression(max_iter=1000),
    "linear, balanced": LogisticRegression(max_iter=1000, class_weight="balanced"),
    "boosting": HistGradientBoostingClassifier(max_iter=60, random_state=0),
    "trees, balanced": ExtraTreesClassifier(
        200, min_samples_leaf=3, class_weight="balanced", random_state=0
    ),
    "bayes": GaussianNB(),
}
LEAST = 1e-6
"""Probability that smaller ones count as in the log loss."""

WAYS = ("nothing", "bias", "slope and bias")


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure the missing tables, and save records and table."""
    parser = parser_of(__file__, __doc__, names=NAMES, seeds=[0, 1])
    add_datasets(parser)
    options = parser.parse_args(arguments)
    records = Records(options.out / "calibration.json", "seed", "name", repeat=options.repeat)
    if options.datasets is not None:
        for seed, name in records.missing(options.seeds, options.names):
            records.add(
                {"seed": seed, "name": name, "models": measure(options.datasets, name, seed)}
            )
    if records:
        publish(options.out / "calibration.md", table_of(records))


def measure(datasets: Path, name: str, seed: int) -> list[dict[str, Any]]:
    """Return log loss and mean of the probabilities of each model, share and way."""
    X, target = read(datasets, name)
    y = np.asarray(target == target.value_counts().idxmin())
    found = []
    for share in SHARES:
        rows = rows_with_share(y, share, np.random.default_rng(seed))
        train, test = train_test_split(
            rows, train_size=min(FITTED, len(rows) // 2), random_state=seed, stratify=y[rows]
        )
        test = test[:HELD_OUT]
        for model_name, model in MODELS.items():
            for way, scores in ways(model, X.iloc[train], y[train], X.iloc[test], y[test]).items():
                found.append({"share": share, "model": model_name, "way": way, **scores})
    return found


def rows_with_share(y: np.ndarray, share: float, rng: np.random.Generator) -> np.ndarray:
    """Return rows of which a share is of the rarer class, in random order."""
    rare, others = rng.permutation(np.flatnonzero(y)), rng.permutation(np.flatnonzero(~y))
    n_rare = min(len(rare), round(len(others) * share / (1 - share)))
    n_others = min(len(others), round(n_rare * (1 - share) / share))
    return rng.permutation(np.concatenate([rare[:n_rare], others[:n_others]]))


def ways(
    model: Any, X: pd.DataFrame, y: np.ndarray, X_test: pd.DataFrame, y_test: np.ndarray
) -> dict[str, dict[str, Any]]:
    """Return the scores of each way to calibrate a model."""
    known, new = probabilities(model, X, y, X_test)
    lines = {"nothing": None, "bias": bias_of(y, known), "slope and bias": platt_line(y, known)}
    found = {}
    for way, line in lines.items():
        shares = (new if line is None else line(new))[:, 1]
        found[way] = {
            "log_loss": float(log_loss(y_test, np.clip(shares, LEAST, 1 - LEAST))),
            "ratio": float(shares.mean() / y_test.mean()),
            "shifted": is_shifted(y, known),
            "needed": needed_line(y, known) is not None,
        }
    return found


def probabilities(
    model: Any, X: pd.DataFrame, y: np.ndarray, X_test: pd.DataFrame
) -> tuple[np.ndarray, np.ndarray]:
    """Return the probabilities of a model for its rows, out of fold, and for others."""
    texts = make_column_selector(dtype_include=["object", "category", "bool", "string"])
    coded = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
    columns = ColumnTransformer(
        [("texts", coded, texts)], remainder=SimpleImputer(), verbose_feature_names_out=False
    )
    pipeline = make_pipeline(columns, SimpleImputer(), StandardScaler(), model)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        folds = StratifiedKFold(5, shuffle=True, random_state=0)
        known = cross_val_predict(pipeline, X, y, cv=folds, method="predict_proba")
        return known, pipeline.fit(X, y).predict_proba(X_test)


def bias_of(second: np.ndarray, shares: np.ndarray) -> Line:
    """Return the line of slope 1 by which the mean probability is the share of the class."""
    odds, share = log_odds(shares, LEAST), second.mean()
    bias = brentq(lambda bias: expit(odds + bias).mean() - share, -30, 30)
    return Line(1.0, float(bias), LEAST)


def table_of(records: Records) -> str:
    """Return the median of the log loss relative to that of nothing, and of the mean."""
    rows = []
    for share in SHARES:
        for name in MODELS:
            for needed in (True, False):
                of = {
                    way: [
                        one
                        for record in records
                        for one in record["models"]
                        if (one["share"], one["model"], one["way"]) == (share, name, way)
                        and one["needed"] == needed
                    ]
                    for way in WAYS
                }
                if of["nothing"]:
                    rows.append(_row(f"{share:.0%}", name, of, needed=needed))
    head = ["share", "model", "line needed", "runs"]
    head += [f"mean / share, {way}" for way in WAYS]
    head += [f"log loss, {way}" for way in WAYS[1:]] + [f"worse, {way}" for way in WAYS[1:]]
    return "\n".join(markdown.table(head, rows)) + "\n"


def _row(share: str, name: str, of: dict[str, list[Any]], *, needed: bool) -> list[str]:
    cells = [share, name, "yes" if needed else "no", str(len(of["nothing"]))]
    cells += [f"{median(one['ratio'] for one in of[way]):.2f}" for way in WAYS]
    changes = {
        way: [
            one["log_loss"] / before["log_loss"]
            for one, before in zip(of[way], of["nothing"], strict=True)
        ]
        for way in WAYS[1:]
    }
    cells += [f"{median(values) - 1:+.1%}" for values in changes.values()]
    cells += [f"{fmean(value > 1.005 for value in values):.0%}" for values in changes.values()]
    return cells


if __name__ == "__main__":
    main()
