"""Exported files read dates, words and orders by a few lines, and predict as the model does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

from evolver import EvolvedClassifier, Settings
from evolver.evaluation.fold import fit
from evolver.export.fit_facts import Fit
from evolver.export.plain import plain
from evolver.genome.pipeline import to_estimator
from evolver.schema import learn
from evolver.schema.as_written import as_written
from primitives.dates import DateParts
from tests.alone import run_exported
from tests.export.test_plain import predictions
from tests.export.test_readable import names_of
from tests.genome.strategies import CATALOGUES, random_tree
from tests.tables import small_table

Columns = dict[str, tuple[Any, str]]


def columns(X: pd.DataFrame) -> Columns:
    """Return columns in many forms, and the helper of each."""
    number = np.arange(len(X))
    later = X["day"] + pd.to_timedelta(number % 40, unit="h")
    return {
        "word": (np.where(X["flag"], "Yes", "No"), "to_booleans"),
        "open": (X["flag"].astype(object).mask(number % 9 == 0), "to_booleans"),
        "size": (
            pd.Categorical(np.array(["S", "M", "L"])[number % 3], ["S", "M", "L"], ordered=True),
            "to_places",
        ),
        "count": (pd.array(X["third"].round(), dtype="Int64"), "to_floats"),
        "start": (X["day"].dt.strftime("%d.%m.%Y").mask(number % 8 == 0), "to_dates"),
        "kind": (X["category"].astype("string"), "with_gaps"),
        "end": (later.dt.strftime("%Y-%m-%d %H:%M"), "to_dates"),
    }


def table_of(task: str, *names: str) -> tuple[pd.DataFrame, np.ndarray]:
    """Return a small table with some of these columns, all by default."""
    X, y = small_table(task)
    some = {name: values for name, (values, _) in columns(X).items() if not names or name in names}
    return X[["second", "category"]].assign(**some), y


def hostile(X: pd.DataFrame) -> pd.DataFrame:
    """Return rows with gaps in every column, and with words and dates that training had not."""
    number, rows = np.arange(len(X)), {}
    for place, name in enumerate(X):
        values = X[name]
        if not pd.api.types.is_numeric_dtype(values):
            values = values.astype(object).mask(number % 5 == place % 5, "never seen")
        rows[name] = values.mask(number % 3 == place % 3)
    return X.assign(**rows)


@pytest.mark.parametrize("task", ["binary", "regression"])
@pytest.mark.parametrize("seed", range(6))
def test_a_specialised_pipeline_reads_columns_of_any_form_as_the_schema_does(
    task: str, seed: int
) -> None:
    X, y = table_of(task)
    schema = learn(X)
    model = fit(to_estimator(random_tree(CATALOGUES[task], seed), schema.columns), X, y, None)
    specialised = plain(model, Fit(*as_written(X, schema), rows=len(X)))
    again = clone(specialised).fit(X, y)
    rows = pd.concat([X, hostile(X)])
    expected = predictions(model, rows)
    for other, table in ((specialised, rows), (again, rows), (again, schema.read(rows)[0])):
        np.testing.assert_allclose(predictions(other, table), expected, rtol=0, atol=1e-9)
    for word in ("TableCleaner", "DateParts"):
        assert word not in repr(specialised)


@pytest.mark.parametrize("cyclic", [False, True])
@pytest.mark.parametrize("differences", [False, True])
def test_the_parts_of_dates_that_a_fit_chose_are_those_of_a_function(
    cyclic: bool, differences: bool
) -> None:
    X, _ = small_table("binary")
    hours = pd.to_timedelta(np.arange(len(X)) % 40, unit="h")
    X = X[["day"]].assign(later=X["day"] + hours)
    step = DateParts(cyclic, differences).fit(X)
    function = plain(step, Fit())
    rows = X.assign(day=X["day"].mask(np.arange(len(X)) % 3 == 0))
    np.testing.assert_array_equal(function.transform(rows), step.transform(rows))


def model_of(X: pd.DataFrame, y: np.ndarray) -> EvolvedClassifier:
    """Return a model of a few candidates."""
    return EvolvedClassifier(
        time_budget=None,
        max_evaluations=2,
        cv=2,
        n_jobs=1,
        random_state=0,
        verbose=0,
        settings=Settings(in_process=True),
    ).fit(X, y)


def test_a_program_reads_columns_of_any_form_as_the_model_does(tmp_path: Path) -> None:
    X, y = table_of("binary")
    model = model_of(X, y)
    model.export(tmp_path / "winner.py", member="best")
    source = (tmp_path / "winner.py").read_text()
    for _, helper in columns(small_table("binary")[0]).values():
        assert f"def {helper}(" in source
    for word in ("TableCleaner", "DateParts", "parse_dates"):
        assert word not in source
    assert source.count("\n") < 230
    assert max(map(len, source.splitlines())) <= 100
    X.assign(target=y).to_csv(tmp_path / "train.csv", index=False)
    hostile(X).to_csv(tmp_path / "new.csv", index=False)
    out = tmp_path / "out.csv"
    new = ("--predict", tmp_path / "new.csv", "--out", out)
    run_exported(tmp_path / "winner.py", tmp_path / "train.csv", *new)
    expected = model.best_pipeline_.predict_proba(model._read(hostile(X)))
    np.testing.assert_allclose(pd.read_csv(out).filter(like="probability"), expected, atol=1e-9)


@pytest.mark.parametrize(
    ("names", "lines"),
    [(("word", "open"), 120), (("size",), 120), (("count",), 100), (("start", "end"), 190)],
    ids=["words", "orders", "nullable", "dates"],
)
def test_files_of_tables_with_one_form_are_short(names: tuple[str, ...], lines: int) -> None:
    X, y = table_of("binary", *names)
    model = model_of(X, y)
    source = model.export(member="best")
    assert source is not None
    assert source.count("\n") <= lines
    again = names_of(source)["make_pipeline"]().fit(X, y)
    rows = pd.concat([X, hostile(X)])
    expected = model.best_pipeline_.predict_proba(model._read(rows))
    np.testing.assert_allclose(again.predict_proba(rows), expected, atol=1e-9)


def test_the_cleaner_stays_where_a_few_lines_read_other_values() -> None:
    X, y = table_of("binary", "word")
    minutes = np.arange(len(X))
    X = X.assign(time=[f"{minute % 24}:30" for minute in minutes])
    model = model_of(X, y)
    source = model.export(member="best")
    assert source is not None
    assert "class TableCleaner" in source
    again = names_of(source)["make_pipeline"]().fit(X, y)
    expected = model.best_pipeline_.predict_proba(model._read(X))
    np.testing.assert_allclose(again.predict_proba(X), expected, atol=1e-9)
