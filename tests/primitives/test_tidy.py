"""Tidy texts are texts, whatever the rows hold."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from primitives.tidy import tidy


@pytest.mark.parametrize("values", [["a"], ["none"], [None], [np.nan, "?"], [1.0, "b "]], ids=str)
def test_a_column_without_a_value_stays_a_column_of_objects(values: list[object]) -> None:
    found = tidy(pd.DataFrame({"a": values}), ["a"])["a"]
    assert found.dtype == object
    assert all(isinstance(one, str) or pd.isna(one) for one in found)
