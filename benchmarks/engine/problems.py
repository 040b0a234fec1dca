"""The tables and pipelines that the engine is measured on."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd

from evolver.checks import check_scorer, selected_catalogue
from evolver.evaluation.folds import make_folds
from evolver.genome.codec import Encoded, decode
from evolver.problem import Problem
from primitives import Catalogue

TABLES = ("credit-g", "segment", "abalone", "bike-sharing", "adult")
"""From 1,000 to 50,000 rows; two classes, seven, and numbers; with categories, gaps and dates."""

PIPELINES_FILE = Path(__file__).parent / "pipelines.json"


def problem_of(folder: Path, name: str) -> Problem:
    """Return a table as the estimators would pose it, by five folds."""
    table = pd.read_parquet(folder / f"{name}.parquet")
    X, y = table.drop(columns="target"), table["target"].to_numpy()
    classification = not pd.api.types.is_float_dtype(table["target"])
    if classification:
        y = y.astype(object)
    task = (
        "regression" if not classification else "binary" if len(np.unique(y)) == 2 else "multiclass"
    )
    rng = np.random.default_rng(0)
    folds = make_folds(X, y, 5, classification=classification, groups=None, rng=rng)
    return Problem(task, X, y, folds, check_scorer(None, task, y))


def pipelines_of(name: str, problem: Problem) -> tuple[Catalogue, list[Encoded]]:
    """Return the catalogue and the pipelines of a table."""
    catalogue = selected_catalogue(None, problem, grouped=False)
    trees = json.loads(PIPELINES_FILE.read_text(encoding="utf-8"))[name]
    for tree in trees:
        decode(tree, catalogue)
    return catalogue, trees
