"""Exported files of pipelines with constructed columns."""

from __future__ import annotations

import runpy
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from evolver import EvolvedClassifier, EvolvedRegressor, Settings
from tests.export.test_plain import hostile, predictions
from tests.tables import small_table

TABLES = {
    "one formula": "Formula(X, first='second', operation='/', second='third')",
    "formulas of a formula": (
        "Formula(Formula(X, first='second', operation='/', second='third'), first='',"
        " operation='*', second='fourth')"
    ),
    "pairs": "PairFormulas(X, n_columns=6, operations='+-*/')",
    "groups": "GroupStatistics(X, n_numbers=2, n_groups=1)",
    "crosses": "CrossedTargets(X)",
    "subsets": "SubsetTargets(X, n_subsets=10, size=2)",
    "all": "CrossedTargets(GroupStatistics(PairFormulas(X, n_columns=2, operations='/')))",
}


@pytest.mark.parametrize("task", ["binary", "regression"])
@pytest.mark.parametrize("name", TABLES)
def test_a_file_predicts_the_same_and_names_the_columns(
    name: str, task: str, tmp_path: Path
) -> None:
    X, y = small_table(task)
    X = X.drop(columns="day")
    kind = EvolvedRegressor if task == "regression" else EvolvedClassifier
    model_name = "Ridge" if task == "regression" else "LogisticRegression"
    model = kind(
        time_budget=None,
        max_evaluations=1,
        cv=3,
        n_jobs=1,
        random_state=0,
        verbose=0,
        warm_start=[f"{model_name}(StandardScaler(Encoder({TABLES[name]})))"],
        settings=Settings(in_process=True),
    ).fit(X, y)
    assert model.best_pipeline_[1:-1][0] is not None
    rows = pd.concat([X, hostile(X)])
    expected = predictions(model.select("best"), model._read(rows))
    for style in ("readable", "exact"):
        file = tmp_path / f"{style}.py"
        model.export(file, style=style)
        again = runpy.run_path(str(file))["make_pipeline"]().fit(X, y)
        np.testing.assert_allclose(predictions(again, rows), expected, rtol=1e-9, atol=1e-9)
    source = (tmp_path / "readable.py").read_text(encoding="utf-8")
    for word in ("TableCleaner", "ExtraTrees", "OfImportantColumns", "FormulaColumns"):
        assert word not in source
    is_short = "formula" in name or name == "pairs"
    assert source.count("\n") <= (150 if is_short else 300)
    if "formula" in name:
        assert '"second", "/", "third"' in source
