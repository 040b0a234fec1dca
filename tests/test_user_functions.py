"""Scorers and complexities of a user's script are kept, and serve the ensemble too."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import accuracy_score

from evolver.estimators import EvolvedClassifier, EvolvedRegressor
from tests.tables import small_table
from tests.test_cli import evolver
from tests.test_targets import QUICK

SCRIPT = """
import sys
import numpy as np
import pandas as pd
from evolver import EvolvedRegressor
from primitives import default_catalogue

UNIT = 2.0

def error(estimator, X, y):
    return -UNIT * float(np.abs(estimator.predict(X) - y).mean())

def length(pipeline):
    return float(len(pipeline.steps))

table = pd.read_parquet("train.parquet")
model = EvolvedRegressor(
    max_evaluations=3, time_budget=None, cv=2, n_jobs=1, random_state=0, verbose=0, run_dir="run",
    search_space=default_catalogue().only("Encoder", "Ridge", "DecisionTreeRegressor"),
    scoring={scoring}, complexity={complexity},
)
model.fit(table.drop(columns="goal"), table["goal"])
"""


@pytest.mark.parametrize(
    ("scoring", "complexity"),
    [
        pytest.param("error", "length", marks=pytest.mark.slow),
        ("lambda e, X, y: error(e, X, y)", "lambda e: length(e)"),
    ],
    ids=["functions", "lambdas"],
)
def test_a_model_with_functions_of_a_script_is_kept_for_other_processes(
    scoring: str, complexity: str, tmp_path: Path
) -> None:
    X, y = small_table("regression")
    X.assign(goal=y).to_parquet(tmp_path / "train.parquet")
    script = SCRIPT.format(scoring=scoring, complexity=complexity)
    (tmp_path / "script.py").write_text(script)
    program = [sys.executable, "script.py"]
    done = subprocess.run(program, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    out = tmp_path / "out.csv"
    result = evolver("predict", tmp_path / "run", tmp_path / "train.parquet", "--out", out)
    assert result.exit_code == 0, result.output
    assert len(pd.read_csv(out)) == 120
    result = evolver("export", tmp_path / "run", "--out", tmp_path / "model.py")
    assert result.exit_code == 0, result.output


def by_score(estimator: Any, X: Any, y: Any) -> float:
    return float(estimator.score(X, y))


def by_accuracy(estimator: Any, X: Any, y: Any) -> float:
    return float(accuracy_score(y, estimator.predict(X)))


def test_a_scorer_that_asks_for_the_score_of_a_model_is_given_that_of_ensembles(
    caplog: pytest.LogCaptureFixture,
) -> None:
    X, y = small_table("binary")
    quick = {**QUICK, "max_evaluations": 12}
    found = EvolvedClassifier(**quick, scoring=by_score).fit(X, y)
    same = EvolvedClassifier(**quick, scoring=by_accuracy).fit(X, y)
    assert "No ensemble" not in caplog.text
    pd.testing.assert_frame_equal(found.pareto_front_, same.pareto_front_)
    np.testing.assert_array_equal(found.predict_proba(X), same.predict_proba(X))


def test_the_score_of_an_ensemble_of_numbers_is_that_of_regressors() -> None:
    X, y = small_table("regression")
    model = EvolvedRegressor(**{**QUICK, "max_evaluations": 12}, scoring=by_score).fit(X, y)
    front = model.pareto_front_
    assert front["digest"][0] == "ensemble"
    assert front["score"][0] == pytest.approx(front["score"][1], abs=0.2)
