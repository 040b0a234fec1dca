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
    names = json.dumps([[name, str(dtype)] for name, dtype in X.dtypes.items()])
    columns = (pd.util.hash_pandas_object(_hashable(X[name]), index=False) for name in X)
    return _hash([names.encode(), *(column.to_numpy().tobytes() for column in columns)])


def _hashable(column: pd.Series[Any]) -> pd.Series[Any]:
    """Return a column of mixed objects as text, which pandas can hash."""
    return column.map(repr) if column.dtype == object else column


def _array_hash(array: np.ndarray | None) -> str:
    return "" if array is None else _table_hash(pd.DataFrame({"array": array}))


def _catalogue_hash(catalogue: Catalogue) -> str:
    return _hash(
        f"{primitive.name} {primitive.inputs} {spaces.to_json(primitive.fixed_space)}".encode()
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
