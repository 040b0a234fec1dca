"""Checks of the target: its values, its name, and the rows that have one."""

from __future__ import annotations

from collections import Counter
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd
from sklearn.utils import column_or_1d

from evolver.errors import InputError, InputTypeError
from evolver.task import Task
from evolver.warned import Finding
from primitives.targets import (
    TIMES_BY_KIND,
    is_mark,
    kind_of,
    known_rows,
    may_hold_texts,
    plain_values,
    read_target,
    read_target_numbers,
)

# Some messages below repeat scikit-learn's own, because `check_estimator` looks for their words:
# "Input y contains NaN", and "requires y to be passed, but the target y is None".

MAX_CLASSES_OF_NUMBERS = 20
"""Largest number of distinct whole numbers that are taken as classes."""

SHARE_OF_NUMBERS = 0.95
"""Least share of the texts of a target that are numbers, if the others are errors among them."""

OWN = (pd.Series, pd.DataFrame, pd.Index, np.ndarray, list, tuple)
"""Types of targets that need no other library."""

SHOWN = 5
"""Most examples that a message shows."""


def check_target(
    y: Any, task: type[Task], findings: list[Finding]
) -> tuple[np.ndarray, np.ndarray]:
    """Return the values of the rows with a target, and a mask of these rows.

    Parameters
    ----------
    y : array-like of shape (n_samples,) or (n_samples, n_targets)
        Target of a caller, or several of them.
    task : type of Task
        Kind of the target.
    findings : list of Finding
        List to which findings are appended: rows without a target, labels that differ in little.

    Returns
    -------
    values : ndarray of shape (n_known,) or (n_known, n_targets)
        Labels as integers, booleans, floats or strings; or numbers as float64. Several labels are
        integers, 1 where one is true.
    known : ndarray of shape (n_samples,)
        True for each row that has all targets.

    Raises
    ------
    InputError, InputTypeError
        If the target is not given, missing in every row, or infinite. For classification, also if
        it is continuous, of several types, or text that is not valid Unicode, or if one of several
        is no label of 0 and 1; for regression, if a value is no number.
    """
    classification = task.family == "classification"
    table = several_targets(y)
    if table is not None:
        return _check_several(table, classification, findings)
    column = target_column(y, warn=True)
    values, known = _read(column, classification, "`y`")
    if not known.all():
        findings.append(_rows_without_target(column, known))
    if classification:
        _check_unicode(values)
        findings += _odd_labels(values, column[known].iloc[0])
    elif (values == values[0]).all():
        message = f"`y` is {values[0]:g} in every row, so that nothing can be learned."
        findings.append(Finding("constant-target", message))
    return values, known


def _read(column: pd.Series[Any], classification: bool, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the known values of a target, and a mask of their rows; name it in errors."""
    if not known_rows(column, classification).any():
        raise InputError(
            f"{name} must have a value in some rows: Input y contains NaN in every row."
        )
    try:
        values, known = read_target(column, classification)
        return values, known
    except ValueError as error:
        raise InputError(f"{name} {error}") from None
    except TypeError as error:
        raise InputTypeError(f"{name} {error}") from None


def _check_several(
    table: pd.DataFrame, classification: bool, findings: list[Finding]
) -> tuple[np.ndarray, np.ndarray]:
    """Return the values of the rows with all targets, and a mask of these rows."""
    known = np.all([known_rows(table[name], classification) for name in table], axis=0)
    if not known.any():
        raise InputError("`y` must have a value in every column in some rows, got none such.")
    columns = []
    for name in table:
        values, _ = _read(table[name][known], classification, f"`y`, column {name!r},")
        if classification and not set(values.tolist()) <= {0, 1}:
            other = next(value for value in values.tolist() if value not in (0, 1))
            raise InputError(
                "`y` must hold 0 and 1, or booleans, where it has several columns for"
                f" classification, got {other!r} in column {name!r}: each column is a label that is"
                " true or false. Fit a model for each column instead."
            )
        columns.append(values)
    if classification and all(len(set(values.tolist())) == 1 for values in columns):
        raise InputError("`y` must have a label that is true in some rows and false in others.")
    if not known.all():
        findings.append(
            Finding(
                "rows-without-target",
                f"`y` lacks a value in {int((~known).sum())} of {len(known)} rows. These rows are"
                " left out.",
            )
        )
    dtype = np.int64 if classification else np.float64
    return np.column_stack(columns).astype(dtype), known


def several_targets(y: Any) -> pd.DataFrame | None:
    """Return targets of any library as a table if there are several; None for a single one.

    Columns without names are called "target_0", "target_1" and so on.

    Raises
    ------
    InputError
        If two columns have one name.
    """
    y = _native(y)
    if isinstance(y, list | tuple) and y and isinstance(y[0], list | tuple | np.ndarray):
        y = _as_array(y)
    if not isinstance(y, pd.DataFrame | np.ndarray) or y.ndim != 2 or y.shape[1] < 2:
        return None
    table = pd.DataFrame(y)
    if table.columns.equals(pd.RangeIndex(table.shape[1])):
        return table.set_axis([f"target_{place}" for place in range(table.shape[1])], axis=1)
    table.columns = table.columns.map(str)
    if not table.columns.is_unique:
        raise InputError(f"`y` must have unique column names, got {list(table.columns)}.")
    return table


def _as_array(y: Any) -> Any:
    """Return rows as an array of objects; unchanged if they differ in length."""
    try:
        return np.array(y, dtype=object)
    except ValueError:
        return y


def target_column(y: Any, *, warn: bool = False) -> pd.Series[Any]:
    """Return a target of any library as a column; types and gaps are kept.

    Parameters
    ----------
    y : array-like of shape (n_samples,)
    warn : bool, default=False
        True to warn of an array of one column, as scikit-learn does.

    Raises
    ------
    InputError
        If it is not given, or not one column.
    """
    if y is None:
        raise InputError(
            "`y` must be given: this estimator requires y to be passed, but the target y is None."
        )
    y = _native(y)
    if isinstance(y, pd.DataFrame) and y.shape[1] == 1:
        y = y.iloc[:, 0]
    if isinstance(y, pd.Series):
        return y
    if isinstance(y, pd.Index | pd.api.extensions.ExtensionArray | np.ma.MaskedArray):
        return pd.Series(y)
    try:
        # numpy would make strings of a list with strings and others, gaps included.
        plain = np.asarray(y, dtype=object if isinstance(y, list | tuple) else None)
        return pd.Series(column_or_1d(plain, warn=warn), dtype=plain.dtype)
    except ValueError as error:
        raise InputError(f"`y` must be one column: {error}") from None


def _native(y: Any) -> Any:
    """Return a column of Arrow or Polars as one of pandas, or as an array; others unchanged."""
    if isinstance(y, OWN):
        return y
    if type(y).__module__.partition(".")[0] == "pyarrow" and hasattr(y, "type"):
        return pd.Series(pd.arrays.ArrowExtensionArray(y))
    column = nw.from_native(y, pass_through=True, allow_series=True)
    if isinstance(column, nw.LazyFrame):
        column = column.collect()
    if isinstance(column, nw.DataFrame):
        if len(column.columns) > 1:
            return pd.DataFrame(
                {name: _native(column[name].to_native()) for name in column.columns}
            )
        column = column[column.columns[0]]
    if not isinstance(column, nw.Series):
        return y
    # An array of integers with gaps would be one of floats, which are too few for large integers.
    has_gaps = column.null_count() > 0
    return pd.Series(column.to_list(), dtype=object) if has_gaps else column.to_numpy()


def target_name(y: Any) -> str | list[str]:
    """Return the name of a target of any library, "target" if it has none; or several names."""
    table = several_targets(y)
    if table is not None:
        return list(table.columns)
    name: Any = None
    if isinstance(y, pd.DataFrame):
        name = y.columns[0]
    elif isinstance(y, pd.Series | pd.Index):
        name = y.name
    elif not isinstance(y, OWN):
        column = nw.from_native(y, pass_through=True, allow_series=True)
        if isinstance(column, nw.DataFrame | nw.LazyFrame):
            name = column.collect_schema().names()[0]
        elif isinstance(column, nw.Series):
            name = column.name
    is_missing = name is None or (pd.api.types.is_scalar(name) and pd.isna(name)) or name == ""
    return "target" if is_missing else str(name)


def family_of_target(y: Any) -> str:
    """Return the kind of task that suits a target by its values; missing values are left out.

    ================================================================  ==============
    values                                                            kind
    ================================================================  ==============
    booleans, categories of any values                                classification
    numbers with a fraction                                           regression
    whole numbers, at most 20 distinct, on average in two rows each   classification
    other whole numbers                                               regression
    texts of which at least 95 % are numbers                          as these numbers
    dates and time spans, which no task takes                         regression
    anything else                                                     classification
    ================================================================  ==============

    Several targets are labels if all of them are classes.

    Returns
    -------
    str
        A key of `evolver.task.TASKS`.

    Raises
    ------
    InputError
        If it is no column, and no table.
    """
    table = several_targets(y)
    if table is not None:
        families = {family_of_target(table[name]) for name in table}
        return "regression" if "regression" in families else "classification"
    column = target_column(y)
    if isinstance(column.dtype, pd.CategoricalDtype):
        return "classification"
    values = plain_values(column[known_rows(column, classification=False)])
    kinds = {kind_of(kind) for kind in set(map(type, values.tolist()))}
    if kinds == {"string"}:
        numbers, _ = read_target_numbers(values.tolist())
        values = numbers[~np.isnan(numbers)]
        is_number = len(values) >= SHARE_OF_NUMBERS * len(numbers)
    else:
        is_number = bool(kinds) and kinds <= {"integer", "float"}
    if not is_number:
        return "regression" if kinds & set(TIMES_BY_KIND) else "classification"
    distinct = np.unique(values.astype(np.float64))
    are_classes = (
        len(distinct) <= min(MAX_CLASSES_OF_NUMBERS, len(values) / 2)
        and (distinct == np.round(distinct)).all()
    )
    return "classification" if are_classes else "regression"


def needs_reading(y: Any, classification: bool) -> bool:
    """Return True if a checked target holds bytes, or texts of numbers for regression."""
    table = several_targets(y)
    if table is not None:
        return any(needs_reading(table[name], classification) for name in table)
    column = target_column(y)
    if not may_hold_texts(column.dtype):
        return column.dtype.kind == "S"
    texts = bytes if classification else (bytes, str)
    return any(isinstance(value, texts) for value in column.to_numpy(dtype=object))


def _check_unicode(labels: np.ndarray) -> None:
    """Raise an InputError if a label is text that is not valid Unicode."""
    if labels.dtype.kind not in "OU":
        return
    for label in dict.fromkeys(labels.tolist()):
        try:
            label.encode()
        except UnicodeEncodeError:
            raise InputError(f"`y` must hold valid Unicode text, got {str(label)!r}.") from None


def _rows_without_target(column: pd.Series[Any], known: np.ndarray) -> Finding:
    """Return the finding of rows that are left out."""
    without = column[~known]
    marks = Counter(str(value) for value in without if is_mark(value))
    said = "".join(f", {count} times {mark!r}" for mark, count in marks.most_common(SHOWN))
    return Finding(
        "rows-without-target",
        f"`y` has no value in {len(without)} of {len(column)} rows{said}. These rows are left out.",
    )


def _odd_labels(labels: np.ndarray, first: Any) -> list[Finding]:
    """Return findings about labels: decoded bytes, many classes, labels that differ in little."""
    findings = []
    if isinstance(first, bytes):
        findings.append(
            Finding("decoded-labels", "`y` holds bytes: the classes are strings, read as UTF-8.")
        )
    n_classes = len(pd.unique(labels))
    if len(labels) > MAX_CLASSES_OF_NUMBERS and 2 * n_classes > len(labels):
        findings.append(
            Finding(
                "many-classes",
                f"`y` has {n_classes} classes in {len(labels)} rows. If it holds numbers, use"
                " EvolvedRegressor (`--task regression`).",
            )
        )
    if labels.dtype.kind not in "OU":
        return findings
    alike: dict[str, list[str]] = {}
    for label in sorted(set(labels.tolist())):
        alike.setdefault(" ".join(label.split()).casefold(), []).append(label)
    groups = [" and ".join(map(repr, some)) for some in alike.values() if len(some) > 1]
    if groups:
        more = f" and {len(groups) - SHOWN} more" if len(groups) > SHOWN else ""
        findings.append(
            Finding(
                "near-duplicate-labels",
                "`y` has labels that differ only in white space or case:"
                f" {'; '.join(groups[:SHOWN])}{more}. They are separate classes; if they are one,"
                " write them alike.",
            )
        )
    return findings
