"""Rows of a sparse matrix as a column of a DataFrame, and what is read from them."""

from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from primitives.sparse import (
    MATRIX,
    SparseRows,
    SparseTable,
    as_sparse_frame,
    matrix_of,
    read_sparse,
    read_sparse_and_topics,
    sparse_topics,
)


def dense(X: pd.DataFrame) -> np.ndarray:
    matrix: np.ndarray = matrix_of(X).toarray()
    return matrix


@given(st.data())
def test_a_column_of_rows_is_divided_as_a_dense_matrix(data: st.DataObject) -> None:
    rows = data.draw(st.integers(1, 8))
    values = np.random.default_rng(rows).poisson(0.5, (rows, 5)).astype(float)
    table = as_sparse_frame(sp.csr_matrix(values))
    places = data.draw(st.lists(st.integers(-rows, rows - 1), max_size=10))
    mask = np.array(data.draw(st.lists(st.booleans(), min_size=rows, max_size=rows)))
    np.testing.assert_array_equal(dense(table.iloc[places]), values[places].reshape(-1, 5))
    np.testing.assert_array_equal(dense(table[mask]), values[mask])
    np.testing.assert_array_equal(dense(pd.concat([table, table])), np.vstack([values, values]))
    np.testing.assert_array_equal(dense(pickle.loads(pickle.dumps(table))), values)


def test_equal_rows_have_equal_hashes_and_others_have_not() -> None:
    values = np.array([[0, 1, 2], [0, 1, 2], [0, 2, 1], [1, 2, 0], [0, 0, 0]], float)
    table = as_sparse_frame(values)
    hashes = pd.util.hash_pandas_object(table, index=False).to_numpy()
    assert hashes[0] == hashes[1]
    assert len(set(hashes[1:])) == 4
    shuffled = table.iloc[[1, 0, 2, 4, 3]]
    equal = table[MATRIX].array == shuffled[MATRIX].array
    np.testing.assert_array_equal(equal, [True, True, True, False, False])


def test_a_row_that_is_not_there_is_empty() -> None:
    rows = SparseRows(sp.csr_matrix(np.eye(3)))
    taken = rows.take([2, -1], allow_fill=True)
    np.testing.assert_array_equal(taken.matrix.toarray(), [[0, 0, 1], [0, 0, 0]])


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_missing_values_are_refused(value: float) -> None:
    with pytest.raises(ValueError, match="must have finite values"):
        as_sparse_frame(sp.csr_matrix([[0.0, value]]))


def test_the_reading_of_other_rows_says_nothing_of_their_own_targets() -> None:
    """Random columns, as many as rows, fit any target; out of fold they tell nothing."""
    rng = np.random.default_rng(0)
    X = as_sparse_frame(sp.random(200, 400, density=0.1, random_state=0))
    y = rng.integers(0, 2, 200)
    encoder = read_sparse(1.0, True, "binary", 0)
    out_of_fold = encoder.fit_transform(X, y)[:, 0]
    assert abs(np.corrcoef(out_of_fold, y)[0, 1]) < 0.25
    assert np.corrcoef(encoder.transform(X)[:, 0], y)[0, 1] > 0.8


def test_readings_and_components_of_a_table_stand_side_by_side() -> None:
    X = sp.random(60, 300, density=0.1, random_state=0)
    y = np.random.default_rng(0).integers(0, 3, 60)
    table = SparseTable().fit_transform(X)
    both = read_sparse_and_topics(1.0, 7, False, "multiclass", 0).fit_transform(table, y)
    assert both.shape == (60, 2 + 7)
    components = sparse_topics(7, False, 0).fit_transform(table, y)
    assert components.shape == (60, 7)


def test_another_number_of_columns_is_refused() -> None:
    table = SparseTable().fit(sp.csr_matrix((3, 5)))
    with pytest.raises(ValueError, match="X has 4 features, but SparseTable is expecting 5"):
        table.transform(sp.csr_matrix((3, 4)))
