"""Search spaces, and what of them suits a problem."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from evolver.errors import InputError, InputTypeError
from evolver.evaluation.folds import are_in_time
from evolver.problem import Problem
from primitives import Catalogue, Traits, default_catalogue
from primitives.cleaning import clean_date, clean_number, plain_numbers

CELLS = 2_000_000
"""Numbers that are looked at together: no copy of a large table is made."""

DATE_PARTS = len(clean_date("date", pd.Series([pd.Timestamp(0)])))
"""Columns of numbers that one of dates becomes."""


def _traits_of(problem: Problem) -> Traits:
    """Return what a catalogue may know of a problem: how many columns a clean table has, without
    cleaning it."""
    forms = Counter(problem.forms.values())
    return Traits(
        task=problem.task.name,
        rows=min(len(train) for train, _ in problem.folds),
        numbers=forms["number"] + DATE_PARTS * forms["date"],
        categories=forms["string"],
        texts=forms["text"],
        gaps=_has_gaps(problem.X, problem.forms),
        **problem.task.target_traits(problem.y, problem.folds),
    )


def _has_gaps(X: pd.DataFrame, forms: Mapping[str, str]) -> bool:
    """Say whether there is a number or date in a clean table that is missing: also an infinite one
    is."""
    plain = plain_numbers(X)
    floats = [name for name, one in X.dtypes.items() if name in plain and one.kind == "f"]
    step = max(1, CELLS // len(X))
    for start in range(0, len(floats), step):
        numbers = X[floats[start : start + step]].to_numpy(np.float64)
        if not np.isfinite(numbers).all():
            return True
    return any(
        bool(X[name].isna().any())
        if form == "date"
        else bool(np.isnan(clean_number(name, X[name])[name]).any())
        for name, form in forms.items()
        if form in ("number", "date") and name not in plain
    )


def selected_catalogue(search_space: Any, problem: Problem, *, grouped: bool) -> Catalogue:
    """Return what of a search space suits a problem; None stands for the default catalogue.

    Where there are groups, or folds that are in time, it holds nothing that splits rows inside a
    fit.

    Raises
    ------
    InputError, InputTypeError
        When it is no catalogue, or holds no complete pipeline for the task.
    """
    catalogue = default_catalogue() if search_space is None else search_space
    if not isinstance(catalogue, Catalogue):
        raise InputTypeError(
            f"`search_space` must be a primitives.Catalogue or None, got {search_space!r}."
        )
    # Splits inside a fit would not keep groups together, or would fit on later rows.
    may_split = not grouped and not are_in_time(problem.folds)
    if not may_split:
        catalogue = catalogue.without(*(one.name for one in catalogue if one.cross_fits))
    try:
        traits = replace(_traits_of(problem), may_split=may_split)
        return catalogue.select(problem.task.name, traits)
    except ValueError as error:
        raise InputError(str(error)) from None
