"""Exported files read as a person would have written them, and predict as the model does."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from evolver import EvolvedClassifier, EvolvedRegressor, InputError
from evolver.export.about import About
from evolver.export.fit_facts import Fit
from evolver.export.plain import plain
from evolver.export.readable import to_readable
from primitives.wrappers import RepeatedClassifier
from tests.alone import run_exported
from tests.export.test_plain import hostile, predictions
from tests.tables import small_table

TASKS = ("binary", "multiclass", "regression")


@pytest.fixture(scope="module")
def models() -> dict[str, tuple[Any, pd.DataFrame, np.ndarray]]:
    """Models of tables of numbers and categories, by task."""
    found = {}
    for task in TASKS:
        X, y = small_table(task)
        X = X.drop(columns="day")
        kind = EvolvedRegressor if task == "regression" else EvolvedClassifier
        model = kind(time_budget=None, max_evaluations=6, cv=3, n_jobs=2, random_state=0, verbose=0)
        found[task] = model.fit(X, y), X, y
    return found


def names_of(source: str) -> dict[str, Any]:
    names: dict[str, Any] = {"__name__": "exported"}
    exec(source, names)
    return names


@pytest.mark.parametrize("task", TASKS)
def test_every_member_predicts_the_same_and_is_short(models: Any, task: str) -> None:
    model, X, y = models[task]
    rows = pd.concat([X, hostile(X)])
    for digest in model.pareto_front_["digest"]:
        source = model.export(member=digest)
        again = names_of(source)["make_pipeline"]().fit(X, y)
        expected = model.select(digest)
        np.testing.assert_allclose(
            predictions(again, rows), predictions(expected, model._read(rows)), rtol=1e-9, atol=1e-9
        )
        np.testing.assert_array_equal(again.predict(rows), expected.predict(model._read(rows)))
        assert digest == "ensemble" or source.count("\n") <= 150
        for word in ("TableCleaner", "EarlyStopped", "make_column_selector", "Repeated"):
            assert word not in source
        done = subprocess.run(
            [sys.executable, "-m", "ruff", "check", "--isolated", "-"],
            input=source,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout


def test_a_program_saves_the_model_and_predicts_from_it_without_another_fit(
    models: Any, tmp_path: Path
) -> None:
    model, X, y = models["binary"]
    X.assign(target=y).to_csv(tmp_path / "train.csv", index=False)
    hostile(X).to_csv(tmp_path / "new.csv", index=False)
    file = tmp_path / "winner.py"
    model.export(file)
    out = ["--out", tmp_path / "a.csv"]
    run_exported(file, tmp_path / "train.csv", "--save", tmp_path / "m", *out)
    new = ["--predict", tmp_path / "new.csv"]
    run_exported(file, tmp_path / "train.csv", *new, "--out", tmp_path / "b.csv")
    (tmp_path / "train.csv").unlink()
    shown = run_exported(file, "--load", tmp_path / "m", *new, "--out", tmp_path / "c.parquet")
    assert "c.parquet" in shown
    fitted, loaded = pd.read_csv(tmp_path / "b.csv"), pd.read_parquet(tmp_path / "c.parquet")
    pd.testing.assert_frame_equal(fitted, loaded)
    known = pd.read_csv(tmp_path / "a.csv")
    assert known["prediction"].tolist() == model.predict(X).tolist()
    shares = loaded[[f"probability_{label}" for label in model.classes_]]
    np.testing.assert_allclose(shares, model.predict_proba(hostile(X)), atol=1e-9)


def test_a_program_without_files_tells_how_it_is_used(models: Any, tmp_path: Path) -> None:
    model, _, _ = models["binary"]
    source = model.export()
    assert "%" in source.split('"""')[1]  # argparse reads it as a format
    (tmp_path / "winner.py").write_text(source)
    command = [sys.executable, tmp_path / "winner.py"]
    for given, code in (((), 2), (("--help",), 0), (("--load", "m"), 2)):
        done = subprocess.run([*command, *given], capture_output=True, text=True, check=False)
        assert done.returncode == code, done.stderr
        assert "Model of target" in done.stdout + done.stderr
        assert ("needs a table to fit on" in done.stderr) == (code == 2)


def test_the_header_tells_target_score_versions_and_commands(models: Any) -> None:
    model, _, _ = models["regression"]
    source = model.export(member="best")
    header = source.split('"""')[1]
    row = model.pareto_front_.set_index("digest").loc[model._members.winner[:8]]
    assert row["pipeline"] in header
    for text in ("target", "neg_root_mean_squared_error", f"{row['score']:.6g}", model._date):
        assert text in header
    for text in ("scikit-learn", "pandas", "Python", "--save MODEL", "--load MODEL"):
        assert text in header


def test_a_notebook_has_the_diagram_and_its_checks_pass(models: Any, tmp_path: Path) -> None:
    model, X, y = models["multiclass"]
    X.assign(target=y).to_csv(tmp_path / "train.csv", index=False)
    model.export(tmp_path / "winner.ipynb")
    notebook = json.loads((tmp_path / "winner.ipynb").read_text())
    cells = ["".join(one["source"]) for one in notebook["cells"] if one["cell_type"] == "code"]
    assert "make_pipeline()" in cells
    program = "\n\n".join(cells).replace("cross_val_score(", "scores = cross_val_score(")
    program += "\nassert len(scores) == 5 and (scores < 0).all()\n"
    (tmp_path / "cells.py").write_text(program)
    run_exported(tmp_path / "cells.py")
    assert (tmp_path / "model.joblib").exists()


def test_an_imputer_that_has_nothing_to_fill_is_told_of_and_left_out_if_wanted() -> None:
    X, y = small_table("binary")
    X = X[["second", "third"]]
    model = EvolvedClassifier(
        time_budget=None, max_evaluations=2, cv=2, n_jobs=1, random_state=0, verbose=0
    ).fit(X, y)
    kept, left_out = (model.export(member="best", keep_imputers=keep) for keep in (True, False))
    assert kept is not None
    assert left_out is not None
    assert "SimpleImputer" not in left_out
    if "SimpleImputer" in kept:
        assert "is for later rows" in kept


def test_the_exact_style_has_the_steps_as_they_were_searched(models: Any) -> None:
    model, _, _ = models["binary"]
    exact = model.export(style="exact")
    assert "TableCleaner" in exact
    assert exact.count("\n") > 2 * model.export().count("\n")


def test_wrong_styles_are_refused(models: Any, tmp_path: Path) -> None:
    model, _, _ = models["binary"]
    with pytest.raises(InputError, match="`style` must be one of readable, exact, got 'short'"):
        model.export(style="short")
    with pytest.raises(InputError, match="notebook must be written in the readable style"):
        model.export(tmp_path / "m.ipynb", style="exact")
    assert not (tmp_path / "m.ipynb").exists()


def test_columns_in_other_forms_are_read_as_the_model_reads_them(tmp_path: Path) -> None:
    X, y = small_table("binary")
    number = np.arange(len(X))
    marked = X["category"].where(number % 9 != 0, "none")
    prices = [f"${value:,.1f}" for value in X["second"] * 99]
    commas = [f"{value:.1f}".replace(".", ",") for value in X["second"] * 99]
    tables = {
        "with_gaps(": X[["second"]].assign(category=marked),
        "tidy(": X[["second"]].assign(category=" " + X["category"]),
        "to_numbers(": X[["third"]].assign(price=["?", *prices[1:]]),
        'decimal=","': pd.DataFrame({"price": commas, "category": X["category"]}),
        "to_dates(": X[["second"]].assign(day=X["day"].dt.strftime("%d.%m.%Y")),
    }
    for helper, table in tables.items():
        model = EvolvedClassifier(
            time_budget=None, max_evaluations=2, cv=2, n_jobs=1, random_state=0, verbose=0
        ).fit(table, y)
        source = model.export(member="best")
        assert source is not None
        assert helper in source.replace("'decimal': ", "decimal=").replace(
            '"decimal": ', "decimal="
        )
        again = names_of(source)["make_pipeline"]().fit(table, y)
        expected = model.best_pipeline_.predict_proba(model._read(table))
        np.testing.assert_allclose(again.predict_proba(table), expected)
        table.assign(target=y).to_csv(tmp_path / "train.csv", index=False)
        (tmp_path / "winner.py").write_text(source)
        run_exported(tmp_path / "winner.py", tmp_path / "train.csv", "--out", tmp_path / "out.csv")
        found = pd.read_csv(tmp_path / "out.csv").filter(like="probability")
        np.testing.assert_allclose(found, expected, atol=1e-9)


def test_fits_that_differ_in_their_seeds_are_a_loop() -> None:
    X, y = small_table("binary")
    X = X[["second", "third"]]
    model = make_pipeline(LogisticRegression(random_state=7))
    repeated = RepeatedClassifier(model, 3).fit(X, y)
    source = to_readable(plain(repeated, Fit()), About())
    assert "for number in range(3)" in source
    assert "random_state=7 + number" in source
    again = names_of(source)["make_pipeline"]().fit(X, y)
    np.testing.assert_allclose(again.predict_proba(X), repeated.predict_proba(X))
