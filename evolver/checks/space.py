"""Search spaces, and what of them suits a problem."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from evolver.errors import InputError, InputTypeError
from evolver.evaluation.folds import are_in_time
from evolver.problem import Problem
from primitives import Catalogue, Traits, default_catalogue
from primitives.cleaning import TableCleaner


def _traits_of(problem: Problem) -> Traits:
    """Return what a catalogue may know of a problem."""
    cleaned = TableCleaner().fit_transform(problem.X)
    numbers, categories = cleaned.select_dtypes("number"), cleaned.select_dtypes("str")
    smallest_class, numeral_classes = 0, False
    if problem.task != "regression":
        labels = np.unique(problem.y)
        numeral_classes = all(_is_numeral(label) for label in labels)
        counts = [np.unique(problem.y[train], return_counts=True)[1] for train, _ in problem.folds]
        smallest_class = min(
            int(count.min()) if len(count) == len(labels) else 0 for count in counts
        )
    return Traits(
        task=problem.task,
        rows=min(len(train) for train, _ in problem.folds),
        numbers=numbers.shape[1],
        categories=categories.shape[1],
        texts=cleaned.shape[1] - numbers.shape[1] - categories.shape[1],
        gaps=bool(numbers.isna().any(axis=None)),
        smallest_class=smallest_class,
        target_min=float(problem.y.min()) if problem.task == "regression" else float("nan"),
        numeral_classes=numeral_classes,
    )


def _is_numeral(label: Any) -> bool:
    """Say whether a class is a string that reads as a number."""
    try:
        return isinstance(label, str) and np.isfinite(float(label))
    except ValueError:
        return False


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
        return catalogue.select(problem.task, traits)
    except ValueError as error:
        raise InputError(str(error)) from None
