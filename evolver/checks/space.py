"""Check of the search space, and choice of its primitives that suit a problem."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from evolver.checks.models import check_search_space
from evolver.checks.tables import dense_bytes
from evolver.errors import InputError
from evolver.evaluation.folds import are_in_time
from evolver.problem import Problem
from primitives import Catalogue, Traits, default_catalogue
from primitives.cleaning import clean_column, column_of_type, plain_numbers
from primitives.high_cardinality import has_many_values
from primitives.reading import FLOATS, Column
from primitives.sparse import matrix_of

CELLS = 2_000_000
"""Number of cells that are copied at a time, so that a large table is never copied whole."""


def _traits_of(problem: Problem) -> Traits:
    """Return the traits of a problem as they are after cleaning, without cleaning the table."""
    if matrix_of(problem.X) is not None:
        return Traits(
            task=problem.task.name,
            rows=min(len(train) for train, _ in problem.folds),
            numbers=0,
            categories=0,
            sparse=1,
            **problem.task.target_traits(problem.y, problem.folds),
        )
    by_type = {dtype: column_of_type(dtype) for dtype in set(problem.X.dtypes)}
    columns = {str(name): by_type[dtype] for name, dtype in problem.X.dtypes.items()}
    kinds = Counter(column.kind for column in columns.values())
    return Traits(
        task=problem.task.name,
        rows=min(len(train) for train, _ in problem.folds),
        numbers=kinds["number"] + kinds["ordered"],
        categories=kinds["category"],
        texts=kinds["text"],
        dates=kinds["date"],
        high_cardinality=_high_cardinality(problem.X, columns),
        gaps=_has_gaps(problem.X, columns),
        number_names=tuple(name for name, one in columns.items() if one.kind in FLOATS),
        **problem.task.target_traits(problem.y, problem.folds),
    )


def _high_cardinality(X: pd.DataFrame, columns: Mapping[str, Column]) -> int:
    """Return the number of columns of categories that have many values after cleaning."""
    return sum(
        has_many_values(clean_column(X[name], column).dtype)
        for name, column in columns.items()
        if column.kind == "category"
    )


def _has_gaps(X: pd.DataFrame, columns: Mapping[str, Column]) -> bool:
    """Return True if a number or a date of the table is missing after cleaning.

    Cleaning turns infinite numbers into missing ones.
    """
    # Integers and Booleans of numpy have no gaps. Its floats are read in blocks. Other columns are
    # cleaned one by one, until one has a gap.
    plain = plain_numbers(X)
    floats = [name for name, dtype in X.dtypes.items() if name in plain and dtype.kind == "f"]
    step = max(1, CELLS // len(X))
    for start in range(0, len(floats), step):
        numbers = X[floats[start : start + step]].to_numpy(np.float64)
        if not np.isfinite(numbers).all():
            return True
    return any(
        bool(pd.isna(clean_column(X[name], column)).any())
        for name, column in columns.items()
        if name not in plain and column.kind not in ("category", "text")
    )


def selected_catalogue(search_space: Any, problem: Problem, *, grouped: bool) -> Catalogue:
    """Return the primitives of a search space that suit a problem.

    Parameters
    ----------
    search_space : Catalogue or None
        Search space of a caller; None: the default catalogue.
    problem : Problem
        Problem with its folds.
    grouped : bool
        True if rows belong to groups. Then, and if the folds are in the order of time, no primitive
        is chosen that splits rows inside its fit.

    Raises
    ------
    InputError, InputTypeError
        If the search space is no catalogue, or if no complete pipeline for the task can be made.
    """
    catalogue = default_catalogue() if search_space is None else check_search_space(search_space)
    # A split inside a fit would separate rows of one group, or fit on later rows than it validates.
    may_split = not grouped and not are_in_time(problem.folds)
    if not may_split:
        catalogue = catalogue.without(
            *(primitive.name for primitive in catalogue if primitive.cross_fits)
        )
    try:
        traits = replace(_traits_of(problem), may_split=may_split)
        return catalogue.select(problem.task.name, traits)
    except ValueError as error:
        matrix = matrix_of(problem.X)
        if matrix is None:
            raise InputError(str(error)) from None
        raise InputError(
            f"`search_space` must have an encoder of sparse matrices for `X` of shape"
            f" {matrix.shape}, which takes {dense_bytes(matrix)} bytes as a dense table: {error}"
        ) from None
