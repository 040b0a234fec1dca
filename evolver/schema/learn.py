"""Learning of a schema from a whole training table.

A column of text has the first kind in this order by which at least 99 % of its values are read:
boolean, number, date, duration. Otherwise it holds categories or texts. Marks of missing values
do not count. A type that says what a column is, such as a categorical one, is kept.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd
from scipy.sparse import csr_matrix

from evolver.errors import InputError, InputTypeError
from evolver.schema.numbers import number_profiles
from evolver.schema.schema import KINDS, Profile, Schema
from evolver.schema.written import profiles_of_short, read_again, written_profile
from primitives.cleaning import plain_numbers
from primitives.formats import PLAIN
from primitives.reading import LEFT_OUT, NUMBER, Column, as_texts, few_texts
from primitives.sparse import matrix_of

Given = Mapping[str, str | Sequence[Any]]
"""Kinds of columns that a caller gives, by name."""


def learn(X: pd.DataFrame, given: Given | None = None) -> Schema:
    """Return the schema of a training table.

    Parameters
    ----------
    X : DataFrame of shape (n_samples, n_features)
        Table with unique column names.
    given : mapping of str to str or sequence, optional
        Kinds of columns, one of `KINDS`, or the values of an ordered column, the least first.

    Raises
    ------
    InputError, InputTypeError
        If a given column or kind does not exist, or if a column is nested.
    """
    given = _checked(given or {}, X)
    if matrix_of(X) is not None:
        return Schema({str(X.columns[0]): sparse_profile(matrix_of(X))})
    names: list[str] = list(X.columns)
    plain = plain_numbers(X) - given.keys()
    found = number_profiles(X, [name for name in names if name in plain])
    if len(names) > 1:
        texts = few_texts(X, [name for name in names if name not in plain and name not in given])
        found |= profiles_of_short(X, [name for name in names if name in texts])
    found |= {
        name: written_profile(name, X[name], given.get(name), alone=len(names) == 1)
        for name in names
        if name not in found
    }
    return Schema(_not_empty(_agreeing({name: found[name] for name in names}, X), given))


def _checked(given: Given, X: pd.DataFrame) -> Given:
    """Return the kinds that a caller gives; raise an error for a wrong name or kind."""
    if not isinstance(given, Mapping):
        raise InputTypeError(f"`columns` must map names of columns to kinds, got {given!r}.")
    unknown = sorted(str(name) for name in given.keys() - set(X))
    if unknown:
        raise InputError(f"`columns` must name columns of `X`, got {unknown[0]!r}.")
    for name, kind in given.items():
        is_list = isinstance(kind, Sequence) and not isinstance(kind, str | bytes)
        if (is_list and len(set(as_texts(kind))) < max(2, len(kind))) or (
            not is_list and kind not in KINDS
        ):
            raise InputError(
                f"`columns` must give each column one of {', '.join(KINDS)}, or a list of at least"
                f" two different values in their order, got {kind!r} for {name!r}."
            )
    return given


def sparse_profile(matrix: csr_matrix) -> Profile:
    """Return the profile of the column that holds the rows of a sparse matrix."""
    rows, columns = matrix.shape
    share = matrix.nnz / (rows * columns)
    return Profile(Column("sparse"), 0, "", note=f"{columns} features, {share:.2g} of them not 0")


def _agreeing(profiles: dict[str, Profile], X: pd.DataFrame) -> dict[str, Profile]:
    """Return the profiles with ambiguous columns read as the other columns of the table are."""
    marks = Counter(
        mark
        for one in profiles.values()
        if not one.other_forms
        for mark in [_mark(one.column)]
        # A number without decimals says nothing of their mark.
        if mark and (one.column.kind != "number" or mark in one.example)
    )
    return {
        name: _as_most(one, X[name], marks) if one.other_forms else one
        for name, one in profiles.items()
    }


def _as_most(profile: Profile, values: pd.Series[Any], marks: Counter[str]) -> Profile:
    """Return the profile of an ambiguous column in the form that most other columns have."""
    columns = [profile.column._replace(form=form) for form in profile.other_forms]
    best = max([profile.column, *columns], key=lambda column: marks[_mark(column)])
    if best == profile.column:
        return profile
    return read_again(profile, values, best)


def _mark(column: Column) -> str:
    """Return the mark by which the forms of two columns agree: the decimal mark, or the order."""
    if column.kind == "number":
        return (column.form or PLAIN)[:1]
    order = re.match("%[md][/.-](?=%[md])", column.form)
    return f"{order[0][1]} first" if order else ""


def _not_empty(profiles: dict[str, Profile], given: Given) -> dict[str, Profile]:
    """Return the profiles; if no column is learned from, all are that no caller left out."""
    if any(one.column.kind not in LEFT_OUT for one in profiles.values()):
        return profiles
    return {
        name: one
        if name in given
        else replace(one, column=NUMBER if one.low is not None else Column("category"), note="")
        for name, one in profiles.items()
    }
