"""Targets of users go through fit, predict and the exported program unchanged."""

from __future__ import annotations

import runpy
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import GroupKFold, KFold, PredefinedSplit

from evolver import DataWarning, InputError, Settings
from evolver.estimators import EvolvedClassifier, EvolvedRegressor
from evolver.export.program import predict_table
from primitives import default_catalogue
from tests.alone import run_exported
from tests.tables import small_table

QUICK: dict[str, Any] = {
    "time_budget": None,
    "max_evaluations": 4,
    "cv": 2,
    "search_space": default_catalogue().only(
        "Encoder",
        "DecisionTreeClassifier",
        "LinearDiscriminantAnalysis",
        "Ridge",
        "DecisionTreeRegressor",
    ),
    "n_jobs": 1,
    "random_state": 0,
    "verbose": 0,
    "settings": Settings(in_process=True),
}

X, TEXTS = small_table("binary")
IS_FIRST = TEXTS == "class 0"
PRICES = small_table("regression")[1]

LABELS: dict[str, tuple[Any, list[Any]]] = {
    "Int64": (pd.Series(IS_FIRST, dtype="Int64"), [0, 1]),
    "Int64 with gaps": (pd.Series(IS_FIRST, dtype="Int64").mask(np.arange(120) < 5), [0, 1]),
    "integers with gaps": (pd.Series(IS_FIRST * 1).mask(np.arange(120) < 5), [0, 1]),
    "boolean": (pd.Series(IS_FIRST, dtype="boolean"), [False, True]),
    "bool": (IS_FIRST, [False, True]),
    "arrow integers": (pd.Series(IS_FIRST * 1, dtype="int64[pyarrow]"), [0, 1]),
    "arrow booleans": (pd.Series(IS_FIRST, dtype="bool[pyarrow]"), [False, True]),
    "large": (pd.Series(IS_FIRST * 1 + 2**53), [2**53, 2**53 + 1]),
    "strings": (pd.Series(TEXTS, dtype="string"), ["class 0", "class 1"]),
    "categories": (pd.Series(TEXTS, dtype="category"), ["class 0", "class 1"]),
    "objects": (np.where(IS_FIRST, 1, 0).astype(object), [0, 1]),
    "whole floats": (IS_FIRST * 1.0, [0.0, 1.0]),
}


@pytest.mark.filterwarnings("ignore:`y` has no value:UserWarning")
@pytest.mark.parametrize("case", sorted(LABELS))
def test_model_and_exported_program_agree_on_labels_and_columns(
    case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    y, expected = LABELS[case]
    model = EvolvedClassifier(**QUICK).fit(X, pd.Series(y, name="goal"))
    kinds = [type(label) for label in expected]
    assert model.classes_.tolist() == expected
    assert [type(label) for label in model.classes_.tolist()] == kinds
    predicted = predict_table(model, X)
    assert set(predicted["prediction"]) == set(expected)
    names = ["prediction", *(f"probability_{label}" for label in expected)]
    assert predicted.columns.tolist() == names
    known = pd.Series(y).notna().to_numpy()
    true = pd.Series(y)[known]
    assert model.score(X[known], true) > 0.5
    X.assign(goal=y).to_parquet(tmp_path / "train.parquet")
    model.export(tmp_path / "model.py")
    train, out = str(tmp_path / "train.parquet"), str(tmp_path / "out.parquet")
    monkeypatch.setattr("sys.argv", ["model.py", train, "--out", out])
    runpy.run_path(str(tmp_path / "model.py"), run_name="__main__")
    pd.testing.assert_frame_equal(pd.read_parquet(out), predicted, rtol=1e-9)


def test_an_exported_program_reads_prices_as_the_model_does(tmp_path: Path) -> None:
    prices = pd.Series([f"$ {price:,.2f}" for price in PRICES * 100], name="price")
    prices[:2] = "?"
    with pytest.warns(DataWarning, match="`y` has no value in 2 of 120 rows, 2 times '?'"):
        model = EvolvedRegressor(**QUICK).fit(X, prices)
    plain = EvolvedRegressor(**QUICK).fit(X[2:], (PRICES * 100).round(2)[2:])
    np.testing.assert_allclose(model.predict(X), plain.predict(X))
    X.assign(price=prices).to_parquet(tmp_path / "train.parquet")
    model.export(tmp_path / "model.py")
    out = tmp_path / "out.parquet"
    run_exported(tmp_path / "model.py", tmp_path / "train.parquet", "--out", out)
    np.testing.assert_allclose(pd.read_parquet(out)["prediction"], model.predict(X))


def test_rows_without_a_target_are_left_out_with_their_weights_and_groups() -> None:
    """A model learns the same as from the rows that have a target."""
    rng = np.random.default_rng(0)
    weights, groups = rng.uniform(1, 9, 120), np.arange(120) % 7
    gaps = np.arange(120) % 10 == 3
    target = pd.Series(PRICES).mask(gaps)
    for cv in (3, GroupKFold(3)):
        quick = {**QUICK, "cv": cv}
        with pytest.warns(DataWarning, match="no value in 12 of 120 rows. These") as warned:
            found = EvolvedRegressor(**quick).fit(X, target, weights, groups)
        assert [one.filename for one in warned if "no value" in str(one.message)] == [__file__]
        assert [one.code for one in found.warnings_] == ["rows-without-target"]
        rows = ~gaps
        same = EvolvedRegressor(**quick).fit(X[rows], PRICES[rows], weights[rows], groups[rows])
        pd.testing.assert_frame_equal(
            found.leaderboard_.drop(columns="seconds"), same.leaderboard_.drop(columns="seconds")
        )


@pytest.mark.parametrize(
    "cv", [PredefinedSplit(np.arange(120) % 3), list(KFold(3).split(X))], ids=["fold", "list"]
)
def test_given_splits_do_not_fit_rows_that_are_left_out(cv: Any) -> None:
    message = "`cv` must be a number of folds or a splitter .* while rows of `y` have no value"
    with pytest.raises(InputError, match=message):
        EvolvedRegressor(**{**QUICK, "cv": cv}).fit(X, pd.Series(PRICES).mask(PRICES > 200))
    EvolvedRegressor(**{**QUICK, "cv": cv}).fit(X, PRICES)


def test_the_index_of_the_target_in_another_order_is_warned_of_once() -> None:
    shuffled = pd.Series(PRICES).sample(frac=1, random_state=0)
    with pytest.warns(DataWarning, match=r"pass `y.loc\[X.index\]`") as warned:
        model = EvolvedRegressor(**QUICK).fit(X, shuffled)
    assert len(warned) == 1
    assert [one.code for one in model.warnings_] == ["index-order"]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        EvolvedRegressor(**QUICK).fit(X, shuffled.loc[X.index])


def test_rows_to_score_must_have_a_target() -> None:
    model = EvolvedRegressor(**QUICK).fit(X, PRICES)
    with pytest.raises(InputError, match="`y` must have a value in every row to score, got 1 rows"):
        model.score(X, [None, *PRICES[1:]])


def test_polars_targets_keep_their_name() -> None:
    pl = pytest.importorskip("polars")
    model = EvolvedRegressor(**QUICK).fit(X, pl.Series("price", PRICES))
    assert model.target_name_ == "price"
    model = EvolvedClassifier(**QUICK).fit(X, pl.DataFrame({"goal": TEXTS.tolist()}))
    assert model.target_name_ == "goal"
    assert model.classes_.tolist() == ["class 0", "class 1"]
