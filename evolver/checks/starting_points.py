"""Check of the pipelines that a run is to begin with: those of earlier runs, and expressions."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from evolver.errors import InputError, InputTypeError, did_you_mean
from evolver.genome.codec import Encoded, decode, parse
from evolver.outcome import aggregate_folds
from evolver.search.selection import non_dominated
from evolver.storage.journal import read
from primitives import Catalogue
from primitives import space as spaces

StartingPoint = Encoded | str
"""Encoded pipeline of an earlier run, or an expression that a caller has written."""


def check_warm_start(warm_start: Any) -> tuple[StartingPoint, ...]:
    """Return the pipelines on the fronts of earlier runs, and the expressions as they are.

    Parameters
    ----------
    warm_start : str, Path, list of them, or None
        Folders of runs and expressions. False means None: it is the default of scikit-learn's
        estimators.

    Raises
    ------
    InputError, InputTypeError
        If `warm_start` is anything else, if a folder holds no run that has begun, or if a text that
        is no folder is not written as an expression.
    """
    if warm_start is None or warm_start is False:
        return ()
    given = warm_start if isinstance(warm_start, list | tuple) else [warm_start]
    points: list[StartingPoint] = []
    for one in given:
        if _is_expression(one):
            _parsed(one)
            points.append(one)
        else:
            points += _front_of(one)
    return tuple(points)


def encoded_points(points: Sequence[StartingPoint], catalogue: Catalogue) -> list[Encoded]:
    """Return starting points with the expressions encoded and their missing values filled in.

    Parameters
    ----------
    points : sequence of StartingPoint
    catalogue : Catalogue
        Primitives that suit the problem.

    Raises
    ------
    InputError
        If an expression has a step that is not in the catalogue or has wrong parameters, or if it
        is no complete pipeline.
    """
    return [_encoded(one, catalogue) if isinstance(one, str) else one for one in points]


def _is_expression(given: Any) -> bool:
    """Return True if a text is meant as an expression: no folder, and with a bracket."""
    return isinstance(given, str) and "(" in given and not os.path.exists(given)


def _parsed(text: str) -> Encoded:
    """Return the nodes of an expression.

    Raises
    ------
    InputError
        If it is not written as an expression.
    """
    try:
        return parse(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"`warm_start` must hold folders of runs or pipelines: {error}") from None


def _encoded(text: str, catalogue: Catalogue) -> Encoded:
    """Return the encoded pipeline of an expression.

    Raises
    ------
    InputError
        See `encoded_points`.
    """
    nodes: list[tuple[str, dict[str, spaces.Value]] | None] = []
    for node in _parsed(text):
        if node is None:
            nodes.append(None)
            continue
        name, values = node
        if name not in catalogue:
            hint = did_you_mean(name, [one.name for one in catalogue])
            raise InputError(
                "`warm_start` must have steps of the search space that suit the table, got"
                f" {name!r} in {text!r}.{hint}"
            )
        try:
            nodes.append((name, spaces.filled(catalogue[name].fixed_space, values)))
        except ValueError as error:
            raise InputError(
                f"`warm_start` must have parameters that suit the table. Step {name} of {text!r}:"
                f" {error}."
            ) from None
    try:
        decode(nodes, catalogue)
    except ValueError as error:
        raise InputError(
            f"`warm_start` must hold complete pipelines, got {text!r}: {error}"
        ) from None
    return nodes


def _front_of(folder: Any) -> list[Encoded]:
    """Return the encoded pipelines on the front of the run in a folder, best score first."""
    if not isinstance(folder, str | Path):
        raise InputTypeError(
            "`warm_start` must be a folder of a run, a pipeline as text, a list of them or None,"
            f" got {folder!r}."
        )
    try:
        state = read(Path(folder))
    except ValueError as error:
        raise InputError(
            f"`warm_start` must name folders of runs, got {str(folder)!r}: {error}."
        ) from None
    if state.header is None:
        raise InputError(
            f"`warm_start` must name folders of runs that have begun, got {str(folder)!r}."
        )
    ladder = state.header["ladder"]
    units = range(ladder + state.header["folds"])
    # Scores are comparable only over all folds.
    complete = [
        candidate
        for candidate in state.candidates.values()
        if candidate.final is None and len(candidate.folds) == len(units)
    ]
    outcomes = [
        aggregate_folds([candidate.folds[unit] for unit in units], ladder) for candidate in complete
    ]
    return [complete[place].tree for place in non_dominated(outcomes)]
