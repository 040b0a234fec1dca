"""Screening keeps the columns with the strongest association, whatever their type."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.feature_selection import f_classif

from primitives import screening
from primitives.screening import ColumnScreener, shares_between

ROWS = 400
RNG = np.random.default_rng(0)
Y = RNG.integers(0, 3, ROWS)
NOISE = pd.DataFrame(RNG.normal(size=(ROWS, 50))).rename(columns="noise {}".format)
WORDS = pd.DataFrame(RNG.choice(list("abc"), size=(ROWS, 50))).rename(columns="words {}".format)
DAYS = pd.Timestamp("2024-01-01") + pd.to_timedelta(Y * 40 + RNG.integers(0, 50, ROWS), unit="D")
TELLING = {
    "numbers": Y + RNG.normal(size=ROWS),
    "whole numbers": (Y > 1).astype("int8"),
    "flags": Y > 1,
    "numbers with gaps": np.where(RNG.random(ROWS) < 0.3, np.nan, Y),
    "numbers, some infinite": np.where(RNG.random(ROWS) < 0.3, np.inf, Y),
    "huge numbers": np.where(Y > 1, 1e300, -1e300),
    "nullable": pd.array(np.where(RNG.random(ROWS) < 0.3, None, Y), dtype="Int64"),
    "words": pd.array(np.array(["x", "y", "z"])[Y], dtype="str"),
    "words with gaps": np.where(RNG.random(ROWS) < 0.3, None, np.array(["x", "y", "z"])[Y]),
    "categories": pd.Categorical(np.array(["x", "y", "z"])[Y]),
    "days": DAYS,
    "mixed": np.array([0, "b", 2.5], dtype=object)[Y],
}


@pytest.mark.parametrize("kind", sorted(TELLING))
def test_what_tells_the_classes_is_kept(kind: str) -> None:
    X = pd.concat([NOISE, WORDS, pd.DataFrame({kind: TELLING[kind]})], axis=1)
    assert kind in ColumnScreener(max_columns=3).fit(X, Y).transform(X)


@pytest.mark.parametrize("kind", ["numbers", "words", "days"])
def test_what_tells_a_number_is_kept(kind: str) -> None:
    X = pd.concat([NOISE, WORDS, pd.DataFrame({kind: TELLING[kind]})], axis=1)
    assert kind in ColumnScreener(max_columns=3).fit(X, Y + RNG.random(ROWS)).transform(X)


def test_an_identifier_is_not_kept_for_being_different_in_every_row() -> None:
    identifiers = [f"row {number:03}" for number in RNG.permutation(ROWS)]
    X = NOISE.assign(identifier=identifiers, telling=TELLING["words"])
    assert list(ColumnScreener(max_columns=1).fit(X, Y).transform(X)) == ["telling"]


def test_columns_are_taken_by_name_and_of_an_array_by_number() -> None:
    X = NOISE.assign(telling=TELLING["numbers"])
    screener = ColumnScreener(max_columns=2).fit(X, Y)
    pd.testing.assert_frame_equal(screener.transform(X), screener.transform(X[list(X)[::-1]]))
    of_array = ColumnScreener(max_columns=2).fit(X.to_numpy(), Y).transform(X.to_numpy())
    np.testing.assert_array_equal(of_array, screener.transform(X))
    assert screener.n_features_in_ == len(screener.feature_names_in_) == X.shape[1]


def test_a_wide_table_is_looked_at_on_fewer_rows_and_in_blocks() -> None:
    X = pd.concat([NOISE, WORDS], axis=1).assign(telling=TELLING["words"], too=TELLING["numbers"])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(screening, "MOST_NUMBERS", 100 * len(NOISE.columns))
        patch.setattr(screening, "MOST_OTHERS", 100 * len(WORDS.columns))
        patch.setattr(screening, "BLOCK", 300)
        kept = ColumnScreener(max_columns=2).fit(X, Y).columns_
    assert kept == ["telling", "too"]


@given(st.integers(2, 5), st.integers(0, 2**32 - 1))
def test_columns_are_in_the_order_of_the_test_of_variance(classes: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    groups = np.concatenate([np.arange(classes).repeat(2), rng.integers(0, classes, 20)])
    values: Any = rng.normal(size=(len(groups), 8)) + groups[:, None] * rng.random(8)
    scale = 10.0 ** rng.integers(-5, 5, 8)
    shares = shares_between(values * scale + scale, groups)
    np.testing.assert_array_equal(np.argsort(shares), np.argsort(f_classif(values, groups)[0]))
