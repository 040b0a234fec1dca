"""Numbers, seeds, folders: what does not depend on the data."""

from __future__ import annotations

import tempfile
from numbers import Integral, Real
from pathlib import Path
from typing import Any

import joblib
import numpy as np
from sklearn.utils import check_random_state

from evolver.errors import InputError, InputTypeError
from evolver.files import PRIVATE_FOLDER
from evolver.genome.codec import Encoded
from evolver.objectives import OBJECTIVES, Objective, objective_of
from evolver.outcome import aggregate_folds
from evolver.search.portfolio import experience_of
from evolver.search.selection import FITNESS, non_dominated
from evolver.settings import Settings
from evolver.storage.entry_file import FILES
from evolver.storage.journal import read
from evolver.storage.predictions import FOLDER
from evolver.task import Task


def check_complexity(complexity: Any) -> tuple[Objective, ...]:
    """Return the objectives beside the score.

    Raises
    ------
    InputError
        When one is neither a known name nor callable, or there are none, too many or equal ones.
    """
    given = complexity if isinstance(complexity, tuple | list) else [complexity]
    for one in given:
        if not (callable(one) or (isinstance(one, str) and one in OBJECTIVES)):
            raise InputError(
                f"`complexity` must be one of {sorted(OBJECTIVES)}, a callable, or two of these,"
                f" got {complexity!r}."
            )
    objectives = tuple(objective_of(one) for one in given)
    n_distinct = len({objective.name for objective in objectives})
    if not 1 <= n_distinct == len(objectives) <= max(FITNESS):
        raise InputError(
            f"`complexity` must be one objective or {max(FITNESS)} of different names, got"
            f" {complexity!r}."
        )
    return objectives


def check_settings(settings: Any) -> Settings:
    """Return the settings, those by default for None; InputTypeError when they are no such."""
    if settings is None:
        return Settings()
    if not isinstance(settings, Settings):
        raise InputTypeError(f"`settings` must be an evolver.Settings or None, got {settings!r}.")
    return settings


def check_positive(name: str, value: Any) -> None:
    """Raise unless `value` is None or a finite number above 0."""
    if value is None:
        return
    if isinstance(value, bool) or not isinstance(value, Real):
        raise InputTypeError(f"`{name}` must be a number or None, got {value!r}.")
    if not 0 < float(value) < float("inf"):
        raise InputError(f"`{name}` must be finite and above 0, got {value!r}.")


def check_at_least(least: int, name: str, value: Any) -> None:
    """Raise unless `value` is an integer of at least `least`."""
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise InputTypeError(f"`{name}` must be an integer, got {value!r}.")
    if int(value) < least:
        raise InputError(f"`{name}` must be at least {least}, got {value!r}.")


def check_workers(n_jobs: Any) -> int:
    """Return a number of workers: None is 1, -1 is one for each core that may be used."""
    if n_jobs is not None and (isinstance(n_jobs, bool) or not isinstance(n_jobs, Integral)):
        raise InputTypeError(f"`n_jobs` must be an integer or None, got {n_jobs!r}.")
    jobs = 1 if n_jobs is None else int(n_jobs)
    if jobs == 0:
        raise InputError(
            "`n_jobs` must be at least 1, or negative to count from the number of cores, got 0."
        )
    return jobs if jobs > 0 else max(1, joblib.cpu_count() + 1 + jobs)


def check_generator(random_state: Any) -> np.random.Generator:
    """Return the Generator that a seed, a RandomState or None stands for."""
    if isinstance(random_state, np.random.Generator):
        return np.random.default_rng(random_state.integers(2**32, size=4).tolist())
    if random_state is None:
        return np.random.default_rng()
    try:
        return np.random.default_rng(check_random_state(random_state).randint(2**31))
    except ValueError as error:
        raise InputError(f"`random_state` must be a seed: {error}") from None


def check_folder(name: str, folder: Any) -> Path:
    """Return the whole path of a folder for a run, made where it does not exist.

    Raises
    ------
    InputError, InputTypeError
        When it is no path, cannot be written to, or holds anything but a run.
    """
    if not isinstance(folder, str | Path):
        raise InputTypeError(f"`{name}` must be a folder, got {folder!r}.")
    path = Path(folder).absolute()
    try:
        path.mkdir(PRIVATE_FOLDER, parents=True, exist_ok=True)
        _check_is_ours(name, path)
        with tempfile.TemporaryFile(dir=path):
            return path
    except OSError as error:
        raise InputError(
            f"`{name}` must be a folder that can be written to, got {str(folder)!r}: {error}"
        ) from None


def _check_is_ours(name: str, folder: Path) -> None:
    """Raise an InputError where a run would write to files that are not its own.

    A folder belongs to a run when it has a journal. Without one it must hold nothing else, hidden
    files included. Symbolic links would lead out of it.
    """
    links = [one for one in (*FILES, FOLDER) if (folder / one).is_symlink()]
    if links:
        raise InputError(
            f"`{name}` must hold a run's own files, but {links[0]!r} in {str(folder)!r} is a"
            " symbolic link."
        )
    others = sorted({entry.name for entry in folder.iterdir()} - set(FILES))
    if others and not _has_content(folder / FILES[0]):
        more = f" and {len(others) - 1} more" if len(others) > 1 else ""
        raise InputError(
            f"`{name}` must be a folder that is new, empty or holds a run, got {str(folder)!r},"
            f" which holds no {FILES[0]} but {others[0]!r}{more}."
        )


def _has_content(file: Path) -> bool:
    return file.is_file() and file.stat().st_size > 0


def check_warm_start(warm_start: Any) -> tuple[Encoded, ...]:
    """Return the pipelines of the fronts of runs, given by their folders.

    Raises
    ------
    InputError, InputTypeError
        When one of them is no such thing.
    """
    if warm_start is None or warm_start is False:  # as scikit-learn's own estimators have it
        return ()
    folders = warm_start if isinstance(warm_start, list | tuple) else [warm_start]
    return tuple(tree for folder in folders for tree in _front_of(folder))


def _front_of(folder: Any) -> list[Encoded]:
    if not isinstance(folder, str | Path):
        raise InputTypeError(
            f"`warm_start` must be a folder of a run, a list of them or None, got {folder!r}."
        )
    try:
        known = read(Path(folder))
    except ValueError as error:
        raise InputError(
            f"`warm_start` must name folders of runs, got {str(folder)!r}: {error}."
        ) from None
    if known.header is None:
        raise InputError(
            f"`warm_start` must name folders of runs that have begun, got {str(folder)!r}."
        )
    ladder, units = known.header["ladder"], known.header["ladder"] + known.header["folds"]
    complete = [
        one for one in known.candidates.values() if not one.failed and len(one.folds) == units
    ]
    outcomes = [aggregate_folds([one.folds[at] for at in range(units)], ladder) for one in complete]
    return [complete[place].tree for place in non_dominated(outcomes)]


def check_portfolio(folder: str | Path | None, task: Task) -> None:
    """Raise an InputError where a folder holds nothing that was learned for a task."""
    if folder is None:
        return
    try:
        experience_of(task.family, folder)
    except Exception as error:  # whatever a file that is no such thing raises
        raise InputError(
            "`settings.portfolio` must be a folder as benchmarks/portfolio/learn.py writes it, got"
            f" {str(folder)!r}: {error}"
        ) from error
