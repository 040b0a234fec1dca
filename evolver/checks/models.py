"""Check of the search space, and choice of its models by names or patterns."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase
from importlib.util import find_spec
from typing import Any

from evolver.errors import InputError, InputTypeError, did_you_mean
from primitives import Catalogue, Prediction, Primitive
from primitives.base import OF_CLASSES, OF_NUMBERS

TASKS_OF = {"classification": OF_CLASSES, "regression": OF_NUMBERS}
"""Tasks that primitives know, by `evolver.task.Task.family`."""


def check_search_space(search_space: Any) -> Catalogue:
    """Return a search space; raise an InputTypeError if it is no catalogue."""
    if not isinstance(search_space, Catalogue):
        raise InputTypeError(
            f"`search_space` must be a primitives.Catalogue or None, got {search_space!r}."
        )
    return search_space


def check_estimators(estimators: Any) -> tuple[str, ...]:
    """Return names or patterns of models; one text stands for a list of it.

    Raises
    ------
    InputError, InputTypeError
        If they are anything else, or none.
    """
    patterns = [estimators] if isinstance(estimators, str) else estimators
    is_list = isinstance(patterns, list | tuple)
    if not is_list or not all(isinstance(one, str) for one in patterns):
        raise InputTypeError(
            "`estimators` must be a list of names or patterns of models, or None, got"
            f" {estimators!r}."
        )
    if not patterns:
        raise InputError("`estimators` must have at least one name or pattern, got [].")
    return tuple(patterns)


def models_named(patterns: Sequence[str], catalogue: Catalogue, family: str) -> list[Primitive]:
    """Return the models of a catalogue that some pattern matches.

    Parameters
    ----------
    patterns : sequence of str
        Names of models or patterns of names, as `fnmatch` reads them.
    catalogue : Catalogue
    family : str
        `Task.family`: only models for it are named.

    Raises
    ------
    InputError
        If a pattern matches no model, or only models whose library is not installed.
    """
    models = [one for one in catalogue if is_model(one) and TASKS_OF[family] & set(one.tasks)]
    found: dict[str, Primitive] = {}
    for pattern in patterns:
        named = [one for one in models if fnmatchcase(one.name, pattern)]
        if not named:
            hint = did_you_mean(pattern.strip("*?"), [one.name for one in models])
            raise InputError(
                f"`estimators` must be names or patterns of models for {family} in the search"
                f" space, got {pattern!r}.{hint}"
            )
        usable = [one for one in named if one.library is None or find_spec(one.library)]
        if not usable:
            raise InputError(
                f"`estimators` must have models whose library is installed, got {pattern!r}, which"
                f" needs {named[0].library}."
            )
        found.update({one.name: one for one in usable})
    return list(found.values())


def with_models(catalogue: Catalogue, models: Sequence[Primitive]) -> Catalogue:
    """Return a catalogue with other models; all steps that are no models stay."""
    return Catalogue([*(one for one in catalogue if not is_model(one)), *models])


def is_model(primitive: Primitive) -> bool:
    """Return True if a primitive predicts from features, not from other models."""
    return issubclass(primitive.output, Prediction) and not primitive.wraps
