"""Traits of a table are those that it has after cleaning."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evolver.checks import space
from evolver.schema import learn
from primitives.cleaning import TableCleaner
from tests.evaluation.test_fold import problem

ROWS = 40
NUMBERS = st.sampled_from([0.0, 1.5, -2.0, 1e300])
ODD_NUMBERS = st.sampled_from([np.nan, np.inf, -np.inf])
DAYS = st.sampled_from(["2024-01-31", "2025-12-01T12:00"])
WORDS = st.sampled_from(["a", "b"])
SENTENCES = st.uuids().map("an identifier as a long text: {}".format)
KINDS = {
    "float64": (NUMBERS, ODD_NUMBERS, "float64"),
    "float32": (st.sampled_from([0.0, 1.5]), ODD_NUMBERS, "float32"),
    "int8": (st.integers(0, 9), None, "int8"),
    "bool": (st.booleans(), None, "bool"),
    "Int64": (st.integers(0, 9), st.none(), "Int64"),
    "Float64": (NUMBERS, st.none() | st.just(np.inf), "Float64"),
    "object": (st.integers(0, 9), st.sampled_from([None, np.inf]), "object"),
    "span": (st.integers(0, 9), st.just(pd.NaT), "timedelta64[s]"),
    "date": (DAYS.map(pd.Timestamp), st.just(pd.NaT), "datetime64[us]"),
    "date as text": (DAYS, st.none(), "str"),
    "date as object": (DAYS, st.none(), "object"),
    "word": (WORDS, st.none(), "str"),
    "category": (WORDS, st.none(), "category"),
    "code": (st.integers(0, 10**6).map("code {}".format), st.none(), "str"),
    "sentence": (SENTENCES, st.none(), "str"),
}


@st.composite
def tables(draw: st.DrawFn) -> pd.DataFrame:
    columns: dict[str, Any] = {}
    for number, kind in enumerate(draw(st.lists(st.sampled_from(sorted(KINDS)), min_size=1))):
        cells, gap, dtype = KINDS[kind]
        values = draw(st.lists(cells, min_size=ROWS, max_size=ROWS))
        if gap is not None and draw(st.booleans()):
            values[draw(st.integers(0, ROWS - 1))] = draw(gap)
        columns[f"{kind} {number}"] = pd.Series(values, dtype=dtype)
    return pd.DataFrame(columns)


@given(tables())
def test_traits_are_those_of_the_clean_table(X: pd.DataFrame) -> None:
    X, _ = learn(X).read(X)
    one = problem(X=X, y=np.arange(ROWS) % 2, folds=[(np.arange(20), np.arange(20, ROWS))])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(space, "CELLS", 2 * ROWS)
        traits = space._traits_of(one)
    clean = TableCleaner().fit_transform(X)
    numbers = clean.select_dtypes("number")
    dates = clean.select_dtypes("datetime")
    assert traits.numbers == numbers.shape[1]
    assert traits.dates == dates.shape[1]
    categories = clean.select_dtypes("category")
    assert traits.categories == categories.shape[1]
    many = [name for name in categories if len(categories[name].cat.categories) > 30]
    assert traits.high_cardinality == len(many)
    assert traits.texts + traits.columns == clean.shape[1]
    assert traits.gaps == (numbers.isna().any(axis=None) or dates.isna().any(axis=None))
