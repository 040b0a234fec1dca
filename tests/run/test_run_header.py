"""Hash of a table: it depends on every value, and is the same as in all journals so far."""

from __future__ import annotations

import hashlib
import json
from inspect import signature
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evolver.run import run_header
from evolver.run.run_header import _table_hash

ROWS = 6
COLUMNS = {
    "float64": [0.5, -0.0, 0.0, np.nan, np.inf, 1e300],
    "float32": np.arange(6, dtype="float32") / 3,
    "int8": np.arange(6, dtype="int8"),
    "uint64": np.arange(6, dtype="uint64") + 2**63,
    "bool": np.arange(6) % 2 == 0,
    "date": pd.to_datetime(["2024-01-31", None, "2024-02-29", "2025-12-01"] + [None] * 2),
    "zone": pd.date_range("2024-03-30", periods=6, tz="Europe/Zurich"),
    "span": pd.to_timedelta(np.arange(6), unit="h"),
    "str": pd.array(["a", "b", None, "a", "", "naïve 名前"], dtype="str"),
    "string": pd.array(["a", "b", None, "a", "", "c"], dtype="string"),
    "object": np.array(["a", None, np.nan, "nan", 1, 1.0], dtype=object),
    "other object": np.array([b"a", (1, 2), None, True, "a", 3], dtype=object),
    "Int64": pd.array([1, None, 3, 4, 5, 6], dtype="Int64"),
    "boolean": pd.array([True, None, False] * 2, dtype="boolean"),
    "category": pd.Categorical(["x", None, "y", "x", "y", "z"]),
    "other category": pd.Categorical([3, 1, 2, 3, 1, None], ordered=True),
}
if "na_value" in signature(pd.StringDtype).parameters:  # since pandas 2.3
    missable = pd.StringDtype("python", np.nan)
    COLUMNS["python string"] = pd.array(["a", "b", None] * 2, dtype=missable)


def slow_hash(X: pd.DataFrame) -> str:
    """Return the hash of a table, column by column."""
    names = json.dumps([[name, str(dtype)] for name, dtype in X.dtypes.items()])
    total = hashlib.blake2b(digest_size=16)
    columns = [X[name].map(repr) if X[name].dtype == object else X[name] for name in X]
    contents = [
        column.to_numpy()
        if isinstance(column.dtype, np.dtype) and column.dtype.kind in "biufmM"
        else pd.util.hash_pandas_object(column, index=False).to_numpy()
        for column in columns
    ]
    for part in [names.encode(), *(one.tobytes() for one in contents)]:
        total.update(len(part).to_bytes(8, "little"))
        total.update(part)
    return total.hexdigest()


@given(st.lists(st.sampled_from(sorted(COLUMNS)), min_size=1, max_size=12), st.integers(1, 40))
def test_columns_have_the_same_hash_together_and_one_by_one(kinds: list[str], cells: int) -> None:
    X = pd.DataFrame({f"{kind} {number}": COLUMNS[kind] for number, kind in enumerate(kinds)})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run_header, "CELLS", cells)
        assert _table_hash(X) == slow_hash(X)
    assert _table_hash(X) == slow_hash(X)


def test_a_block_of_numbers_has_the_hash_of_its_columns() -> None:
    values = np.random.default_rng(0).normal(size=(30, 40))
    for order in ("C", "F"):
        X = pd.DataFrame(np.asarray(values, order=order)).rename(columns=str)
        assert _table_hash(X) == slow_hash(X)


@pytest.mark.parametrize("kind", sorted(COLUMNS))
def test_the_hash_depends_on_every_value(kind: str) -> None:
    X: Any = pd.DataFrame({kind: COLUMNS[kind], f"{kind} again": COLUMNS[kind]})
    known = _table_hash(X)
    for row in range(ROWS):
        changed = X.copy()
        changed.iloc[row, 1] = changed.iloc[(row + 1) % ROWS, 1]
        assert changed.equals(X) or _table_hash(changed) != known
