"""Header of a journal: data and settings of the run as short hashes.

A journal can be resumed only with the same data and settings. Each part has its own entry, so that
the error of a refused journal can name the part that differs.
"""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Iterable, Mapping
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, packages_distributions, version
from itertools import chain
from typing import Any

import numpy as np
import pandas as pd

from evolver.objectives import name_of
from evolver.problem import Problem
from evolver.run.plan import RunPlan
from evolver.search.portfolio import experience_of
from primitives import Catalogue
from primitives import space as spaces

LIBRARIES = ("evolver", "scikit-learn", "numpy", "scipy", "pandas", "deap", "optuna")
"""Libraries on whose versions the sequence of candidates and their scores depend."""

CELLS = 300_000
"""Largest number of values that are hashed together, so that no large table is copied."""


def header_of(plan: RunPlan, random_state: Mapping[str, Any]) -> dict[str, Any]:
    """Return the header of a journal.

    Parameters
    ----------
    plan : RunPlan
    random_state : mapping
        State of the run's bit generator before the first draw.
    """
    problem, settings = plan.problem, plan.settings
    # The portfolio of the package follows from its version, that of a folder is hashed.
    own = None
    if settings.portfolio is not None:
        own = experience_of(problem.task.family, settings.portfolio)
    search = (
        settings.max_steps,
        settings.initial_steps,
        settings.portfolio_size,
        "" if own is None else own.write(),
        sorted(settings.operator_rates.items()),
        settings.racing_error,
        settings.refinement_share,
        settings.refinement_start,
        settings.refinement_sampler,
    )
    return {
        "versions": _versions(plan.catalogue),
        **data_of(problem),
        "time": problem.time,
        "folds": len(problem.folds),
        "ladder": len(problem.ladder),
        "scoring": ", ".join(name_of(scorer) for scorer in problem.scorers),
        "complexity": ", ".join(objective.name for objective in problem.objectives),
        "search_space": _catalogue_hash(plan.catalogue),
        "warm_start": _hash(json.dumps(tree).encode() for tree in plan.earlier),
        "settings": _hash([repr((search, plan.population_size)).encode()]),
        # None as in the journals of before, which have no such entry.
        "limits": repr(problem.limits) if problem.limits.are_set else None,
        "lag": plan.lag,
        "random_state": random_state,
    }


def data_of(problem: Problem) -> dict[str, str]:
    """Return the hashes of table, target, weights and folds."""
    return {
        "X": _table_hash(problem.X),
        "y": _array_hash(problem.y),
        "sample_weight": _array_hash(problem.sample_weight),
        "cv": _hash(part.tobytes() for fold in problem.units for part in fold),
    }


def _versions(catalogue: Catalogue) -> dict[str, str]:
    """Return the versions of Python, the common libraries and those that the primitives need."""
    optional = {primitive.library for primitive in catalogue if primitive.library is not None}
    return {
        "python": ".".join(platform.python_version_tuple()[:2]),
        **{name: version(name) for name in LIBRARIES},
        **{name: _version_of(name) for name in sorted(optional)},
    }


@lru_cache
def _version_of(module: str) -> str:
    """Return the version of the library that has a module; empty if it is not installed.

    A library and its module may have different names.
    """
    try:
        return version(module)
    except PackageNotFoundError:
        names = packages_distributions().get(module, [])
        return version(names[0]) if names else ""


def _table_hash(X: pd.DataFrame) -> str:
    """Return the hash of the names, types and values of all columns, in their order."""
    names = json.dumps([[name, str(dtype)] for name, dtype in X.dtypes.items()])
    step = max(1, CELLS // len(X))
    blocks = (X.iloc[:, start : start + step] for start in range(0, X.shape[1], step))
    columns = chain.from_iterable(map(_contents, blocks))
    return _hash(chain([names.encode()], (column.tobytes() for column in columns)))


def _contents(X: pd.DataFrame) -> list[np.ndarray]:
    """Return numbers that stand for the values of each column: themselves, or their hashes.

    Columns of one type are hashed together: most of the time is what pandas does for each call.
    """
    found: list[np.ndarray] = [np.empty(0)] * X.shape[1]
    places: dict[Any, list[int]] = {}
    for place, dtype in enumerate(X.dtypes):
        together = isinstance(dtype, np.dtype | pd.StringDtype)
        places.setdefault(dtype if together else place, []).append(place)
    for some in places.values():
        values = _joined(X if len(some) == X.shape[1] else X.iloc[:, some])
        is_plain = isinstance(values, np.ndarray) and values.dtype.kind in "biufmM"
        contents = values if is_plain else pd.util.hash_array(values)
        for place, column in zip(some, contents.reshape(len(some), -1), strict=True):
            found[place] = column
    return found


def _joined(X: pd.DataFrame) -> Any:
    """Return the values of columns of one type, one column after the other, for pandas to hash.

    Objects become text, because they may be of mixed types.
    """
    dtype: Any = X.dtypes.iloc[0]
    if not isinstance(dtype, np.dtype | pd.StringDtype):
        return X.iloc[:, 0].array
    values: Any = X.to_numpy().T.ravel()
    if isinstance(dtype, pd.StringDtype):
        return pd.array(values, dtype=dtype)
    if dtype.kind == "O":
        return np.array([repr(one) for one in values], dtype=object)
    return values


def _array_hash(array: np.ndarray | None) -> str:
    """Return the hash of an array; empty if it is None."""
    if array is None:
        return ""
    return _table_hash(pd.DataFrame({"array": array} if array.ndim == 1 else array))


def _catalogue_hash(catalogue: Catalogue) -> str:
    """Return the hash of the names, inputs and parameter spaces of all primitives."""
    return _hash(
        " ".join(
            [
                primitive.name,
                str(primitive.inputs),
                str(primitive.fixed_weight),
                spaces.to_json(primitive.fixed_space),
            ]
        ).encode()
        for primitive in catalogue
    )


def _hash(parts: Iterable[bytes]) -> str:
    """Return the hash of some parts, in their order."""
    total = hashlib.blake2b(digest_size=16)
    for part in parts:
        # The length marks where a part ends: (ab, c) must differ from (a, bc).
        total.update(len(part).to_bytes(8, "little"))
        total.update(part)
    return total.hexdigest()
