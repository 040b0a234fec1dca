"""What makes a run that run: its data and settings as short hashes, for the head of its journal.

Each part has its own entry, so that a journal that is refused can say what differs.
"""

from __future__ import annotations

import hashlib
import json
import platform
import re
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, packages_distributions, version
from itertools import chain
from typing import Any

import numpy as np
import pandas as pd

from evolver.genome.codec import Encoded
from evolver.problem import Problem, Settings
from evolver.search.portfolio import experience_of
from primitives import Catalogue
from primitives import space as spaces

LIBRARIES = ("evolver", "scikit-learn", "numpy", "scipy", "pandas", "deap", "optuna")
"""On whose versions the sequence of candidates and their scores depend."""

CELLS = 300_000
"""Values that are hashed together: no copy of a large table is made."""


def header_of(
    problem: Problem,
    catalogue: Catalogue,
    settings: Settings,
    population_size: int,
    earlier: Sequence[Encoded],
    random_state: Mapping[str, Any],
) -> dict[str, Any]:
    """Return the head of a journal.

    Parameters
    ----------
    problem : Problem
    catalogue : Catalogue
        Selected for the problem.
    settings : Settings
        With the lag settled.
    population_size : int
    earlier : sequence of Encoded
        Pipelines of other runs that it begins with.
    random_state : mapping
        Of the run's bit generator, before anything was drawn.
    """
    own = None if settings.portfolio is None else experience_of(problem.task, settings.portfolio)
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
        "versions": _versions(catalogue),
        "X": _table_hash(problem.X),
        "y": _array_hash(problem.y),
        "sample_weight": _array_hash(problem.sample_weight),
        "folds": len(problem.folds),
        "ladder": len(problem.ladder),
        "cv": _hash(part.tobytes() for fold in problem.units for part in fold),
        "scoring": _name(problem.scorer),
        "complexity": _name(problem.complexity),
        "search_space": _catalogue_hash(catalogue),
        "warm_start": _hash(json.dumps(tree).encode() for tree in earlier),
        "settings": _hash([repr((search, population_size)).encode()]),
        "lag": settings.lag,
        "random_state": random_state,
    }


def _versions(catalogue: Catalogue) -> dict[str, str]:
    """Return the versions of Python, of what every run uses and of what the primitives need."""
    optional = {primitive.library for primitive in catalogue if primitive.library is not None}
    return {
        "python": ".".join(platform.python_version_tuple()[:2]),
        **{name: version(name) for name in LIBRARIES},
        **{name: _version_of(name) for name in sorted(optional)},
    }


def _version_of(module: str) -> str:
    """Return the version of an installed library by the name that it is imported by."""
    try:
        return version(module)
    except PackageNotFoundError:
        names = packages_distributions().get(module, [])
        return version(names[0]) if names else ""


def _table_hash(X: pd.DataFrame) -> str:
    """Return the hash of the names, types and values of all columns, in their order.

    Columns of one type are hashed together, as many as make about `CELLS` cells: each value has a
    hash of its own, and what pandas does for each column would take longest.
    """
    names = json.dumps([[name, str(dtype)] for name, dtype in X.dtypes.items()])
    step = max(1, CELLS // len(X))
    blocks = (X.iloc[:, start : start + step] for start in range(0, X.shape[1], step))
    columns = (hashes.tobytes() for block in blocks for hashes in _hashes(block))
    return _hash(chain([names.encode()], columns))


def _hashes(X: pd.DataFrame) -> np.ndarray:
    """Return the hash of every value, of shape (n_columns, n_rows)."""
    found = np.empty((X.shape[1], len(X)), np.uint64)
    places: dict[Any, list[int]] = {}
    for place, dtype in enumerate(X.dtypes):
        together = isinstance(dtype, np.dtype | pd.StringDtype)
        places.setdefault(dtype if together else place, []).append(place)
    for some in places.values():
        columns = X if len(some) == X.shape[1] else X.iloc[:, some]
        found[some] = pd.util.hash_array(_joined(columns)).reshape(len(some), -1)
    return found


def _joined(X: pd.DataFrame) -> Any:
    """Return the values of columns of one type, one column after the other, as pandas can hash
    them: objects, which may be of mixed types, as text."""
    dtype: Any = X.dtypes.iloc[0]
    if not isinstance(dtype, np.dtype | pd.StringDtype):
        return X.iloc[:, 0].array
    values: Any = X.to_numpy().T.ravel()
    if isinstance(dtype, pd.StringDtype):
        return pd.array(values, dtype=dtype)
    if dtype.kind == "O":
        return pd.array([repr(one) for one in values], dtype="str")
    return values


def _array_hash(array: np.ndarray | None) -> str:
    return "" if array is None else _table_hash(pd.DataFrame({"array": array}))


def _catalogue_hash(catalogue: Catalogue) -> str:
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


def _name(thing: Any) -> str:
    """Return text that names a scorer or a function in every process."""
    return getattr(thing, "__qualname__", None) or re.sub(r" at 0x[0-9a-fA-F]+", "", str(thing))


def _hash(parts: Iterable[bytes]) -> str:
    total = hashlib.blake2b(digest_size=16)
    for part in parts:
        total.update(len(part).to_bytes(8, "little"))
        total.update(part)
    return total.hexdigest()
