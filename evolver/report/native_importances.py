"""Importances of the columns of a table that a fitted model itself has learned.

They are those of the features that the model reads, traced back to the columns that the features
are made of. The trace follows `get_feature_names_out`: each column is given a name that no other
text contains, and every feature is of the columns whose names are in its own name.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from copy import copy
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.compose import TransformedTargetRegressor
from sklearn.pipeline import Pipeline, make_pipeline

from primitives.cleaning import TableCleaner
from primitives.early_stopping import EarlyStopped

MARK = "\x00column {}\x00"
"""Name of a column by its place, in characters that no feature name has."""


def native_importances(pipeline: Pipeline, columns: Sequence[str]) -> np.ndarray:
    """Return the importance of each column for the model at the end of a fitted pipeline.

    Parameters
    ----------
    pipeline : Pipeline
        Fitted pipeline, from the table to predictions.
    columns : sequence of str
        Names of the columns of the table.

    Returns
    -------
    ndarray of shape (n_columns,)
        Importances of at least 0, which add up to 1. A column that the model does not read has 0.

    Raises
    ------
    AttributeError
        If the model has no importances, or if a feature is made of several columns.
    """
    *steps, model = _in_sequence(pipeline)
    found = getattr(model, "feature_importances_", None)
    if found is None or not steps or not isinstance(steps[0], TableCleaner):
        raise AttributeError(
            f"`feature_importances_` needs a model that has importances of its own, got"
            f" {type(model).__name__}. Permutation importance suits every model."
        )
    read = list(steps[0].get_feature_names_out())
    totals = dict.fromkeys(columns, 0.0)
    names = _marked_features(steps[1:], len(read))
    for name, importance in zip(names, np.asarray(found, dtype=np.float64), strict=True):
        if importance > 0:
            totals[read[_only_column(name, read)]] += importance
    values = np.array(list(totals.values()))
    return values / values.sum() if values.any() else values


def _in_sequence(model: Any) -> list[Any]:
    """Return the fitted steps that lead to the predictions of a model, the innermost model last."""
    if isinstance(model, Pipeline):
        *transformers, last = (step for _, step in model.steps)
        return [*transformers, *_in_sequence(last)]
    if isinstance(model, TransformedTargetRegressor):
        return _in_sequence(model.regressor_)
    if isinstance(model, EarlyStopped):
        return _in_sequence(model.estimator_)
    return [model]


def _marked_features(steps: Sequence[Any], n_columns: int) -> list[str]:
    """Return the names of the features after some steps if each column is called by its mark."""
    names = np.array([MARK.format(place) for place in range(n_columns)], dtype=object)
    if not steps:
        return list(names)
    unnamed = make_pipeline(*map(_without_names, steps))
    return [str(name) for name in unnamed.get_feature_names_out(names)]


def _without_names(value: Any) -> Any:
    """Return a fitted estimator, or a list of them, that does not know the names of its input.

    Estimators accept no other names than those that they know. The copy shares all else.
    """
    if isinstance(value, list | tuple):
        return type(value)(map(_without_names, value))
    if not isinstance(value, BaseEstimator):
        return value
    unnamed = copy(value)
    unnamed.__dict__ = {
        name: _without_names(part)
        for name, part in vars(value).items()
        if name != "feature_names_in_"
    }
    return unnamed


def _only_column(name: str, read: Sequence[str]) -> int:
    """Return the place of the column that a feature is made of.

    Raises
    ------
    AttributeError
        If it is made of several columns.
    """
    places = {int(place) for place in re.findall(MARK.format(r"(\d+)"), name)}
    if len(places) == 1:
        return places.pop()
    readable = re.sub(MARK.format(r"(\d+)"), lambda mark: read[int(mark[1])], name)
    raise AttributeError(
        "`feature_importances_` needs features that are each made of one column, got"
        f" {readable!r}. Permutation importance suits every pipeline."
    )
