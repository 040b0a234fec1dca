"""Findings in the rows of a problem: signs that scores will not hold on new rows.

Each check looks at a part of a large table, so that all together take seconds at the most.
"""

from __future__ import annotations

import warnings
from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from sklearn.metrics import r2_score, roc_auc_score

from evolver.budget import NO_END, Deadline
from evolver.evaluation.folds import are_in_time
from evolver.problem import Problem
from evolver.warned import Finding
from primitives.screening import associations
from primitives.sparse import matrix_of

ROWS = 2_000
"""Number of rows that a check reads."""

COLUMNS = 10
"""Number of columns, of the strongest association with the target, that are tried alone."""

TARGETS = 10
"""Number of targets that are looked at, of several."""

MOST_COLUMNS = 5_000
"""Largest number of columns of a table that is searched."""

TOO_GOOD = 0.99
"""Score of a column alone (area under the ROC curve, or R²) above which it tells the target."""

MAX_DEPTH = 10
"""Depth of the tree on one column; a less deep one is a coarse copy of a number."""

LEAST_ROWS = 200
"""Number of rows below which a score of a column alone says little."""

DUPLICATES = 0.05
"""Share of validation rows with a twin in the training part from which they are told."""

FIRST_COLUMNS = 3
"""Number of columns by which most rows without a twin are told."""


def findings_of_rows(
    problem: Problem, rng: np.random.Generator, end: Deadline = NO_END
) -> list[Finding]:
    """Return what the caller should know of the rows of a problem with its folds.

    A table of more than `MOST_COLUMNS` columns, or a sparse one, is not searched: it would take too
    long. Checks that have not begun at the end of the time for checks are left out without a word.

    Parameters
    ----------
    problem : Problem
    rng : numpy.random.Generator
        Source of the rows that are read of a large table.
    end : Deadline, default: never
        Moment after which no check begins.
    """
    if problem.X.shape[1] > MOST_COLUMNS or matrix_of(problem.X) is not None:
        return []
    alone = [
        replace(problem, task=task, y=y) for task, y in problem.task.single(problem.y)[:TARGETS]
    ]
    # Each check is a generator, which does nothing before it is asked.
    checks = (
        *(_giving_target_away(one, rng, end) for one in alone),
        _same_columns(problem.X, end),
        _twins_across_folds(problem),
        _sorted_by_time(problem),
        *(_sorted_by_target(one) for one in alone),
    )
    return [finding for check in checks if not end.is_over for finding in check]


def _giving_target_away(
    problem: Problem, rng: np.random.Generator, end: Deadline
) -> Iterator[Finding]:
    """Yield a finding for each column that tells the target of other rows nearly without error."""
    rows = rng.permutation(len(problem.y))[:ROWS]
    if len(rows) < LEAST_ROWS or (problem.y == problem.y[0]).all():
        return
    X, y = problem.X.iloc[rows], problem.y[rows]
    strength = associations(X, y, np.random.RandomState(0))
    for place in np.argsort(-strength, kind="stable")[:COLUMNS]:
        if end.is_over:
            return
        name = str(X.columns[place])
        score = _score_alone(X.iloc[:, place], y, problem)
        if score > TOO_GOOD:
            words = "R²" if problem.task.classes is None else "area under the ROC curve"
            yield Finding(
                "gives-target-away",
                f"Column {name!r} alone predicts the target ({words} {score:.3f}): a column that is"
                " known only after the target must be left out, as in"
                f" columns={{{name!r}: 'ignore'}}.",
                name,
            )


def _score_alone(column: pd.Series[Any], y: np.ndarray, problem: Problem) -> float:
    """Return the score of a small tree on one column, fitted on half of the rows."""
    values = _as_numbers(column)[:, None]
    half = len(y) // 2
    model = problem.task.small_tree(max_depth=MAX_DEPTH)
    # A half may lack a class; its score is then not defined, and no finding.
    with warnings.catch_warnings(), suppress(ValueError):
        warnings.simplefilter("ignore")
        model.fit(values[:half], y[:half])
        if problem.task.classes is None:
            return float(r2_score(y[half:], model.predict(values[half:])))
        found = model.predict_proba(values[half:])
        if found.shape[1] == 2:
            return float(roc_auc_score(y[half:] == model.classes_[1], found[:, 1]))
        return float(roc_auc_score(y[half:], found, multi_class="ovr", labels=model.classes_))
    return 0.0


def _as_numbers(column: pd.Series[Any]) -> np.ndarray:
    """Return a column as numbers; each distinct value that is no number gets one."""
    if column.dtype.kind in "fiub":
        return column.to_numpy(np.float64)
    return pd.factorize(column, sort=False)[0].astype(np.float64)


def _same_columns(X: pd.DataFrame, end: Deadline) -> Iterator[Finding]:
    """Yield a finding if columns repeat others."""
    some = X.iloc[:: max(1, len(X) // ROWS)]
    groups = defaultdict(list)
    for place in range(X.shape[1]):
        groups[_as_codes(some.iloc[:, place]).tobytes()].append(place)
    pairs = [
        (str(X.columns[first]), str(X.columns[place]))
        for first, *others in groups.values()
        for place in others
        if not end.is_over and X.iloc[:, first].equals(X.iloc[:, place])
    ]
    if pairs:
        one, other = pairs[0]
        more = f", and {len(pairs) - 1} more repeat others" if len(pairs) > 1 else ""
        column = other if len(pairs) == 1 else None
        message = f"Column {other!r} repeats column {one!r}{more}."
        yield Finding("same-columns", message, column)


def _as_codes(column: pd.Series[Any]) -> np.ndarray:
    """Return a column as numbers that are equal for equal columns."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        return column.cat.codes.to_numpy()
    is_array = isinstance(column.dtype, np.dtype) and column.dtype.kind != "O"
    return column.to_numpy() if is_array else pd.factorize(column)[0]


def _twins_across_folds(problem: Problem) -> Iterator[Finding]:
    """Yield a finding if rows of a validation part are in the training part too."""
    train, valid = problem.folds[0]
    X, y = problem.X, problem.y
    # Numbers differ most often, so that a few of them make most tables known to have no twins.
    first = np.argsort([dtype.kind != "f" for dtype in X.dtypes], kind="stable")[:FIRST_COLUMNS]
    for table in (X.iloc[:, first], X):
        rows = _hashes(table, y)
        twins = np.isin(rows[valid], rows[train])
        if twins.mean() < DUPLICATES:
            return
    yield Finding(
        "duplicates-across-folds",
        f"{int(twins.sum())} of {len(valid)} rows of a validation part equal a row of the"
        " training part, target included: scores may be too good. Rows that belong together"
        " need `groups`; others that stand twice should be dropped.",
    )


def _hashes(X: pd.DataFrame, y: np.ndarray) -> np.ndarray:
    """Return a number for each row, equal for equal rows with equal targets."""
    columns = y[:, np.newaxis] if y.ndim == 1 else y
    targets = {f"\0{place}": column for place, column in enumerate(columns.T)}
    hashes: np.ndarray = pd.util.hash_pandas_object(X.assign(**targets), index=False).to_numpy()
    return hashes


def _sorted_by_time(problem: Problem) -> Iterator[Finding]:
    """Yield a finding for each column of dates in whose order the rows are, but not the folds."""
    if are_in_time(problem.folds):
        return
    for name, dtype in problem.X.dtypes.items():
        if dtype.kind != "M":
            continue
        dates = problem.X[name].dropna()
        if len(dates) >= LEAST_ROWS and dates.nunique() > 1 and dates.is_monotonic_increasing:
            yield Finding(
                "sorted-by-time",
                f"The rows are in the order of column {name!r}, but folds are drawn at random:"
                " scores of models that predict the future may be too good. With"
                f" time={name!r}, folds go forward.",
                str(name),
            )


def _sorted_by_target(problem: Problem) -> Iterator[Finding]:
    """Yield a finding if the rows are in the order of the target, and folds are blocks of them."""
    if are_in_time(problem.folds):
        return
    y = pd.Series(problem.y)
    blocks = all(valid[-1] - valid[0] == len(valid) - 1 for _, valid in problem.folds)
    if blocks and y.nunique() > 1 and (y.is_monotonic_increasing or y.is_monotonic_decreasing):
        yield Finding(
            "sorted-by-target",
            "The rows are sorted by the target and the folds are blocks of rows, so that a training"
            " part lacks the targets that it is validated on: shuffle the rows, or give a number of"
            " folds as `cv`.",
        )
