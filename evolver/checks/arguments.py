"""Checks of the arguments that do not depend on the data: numbers, seeds and folders."""

from __future__ import annotations

import tempfile
from numbers import Integral, Real
from pathlib import Path
from typing import Any

import joblib
import numpy as np
from sklearn.utils import check_random_state

from evolver.errors import InputError, InputTypeError
from evolver.objectives import OBJECTIVES, Objective, objective_of
from evolver.search.portfolio import experience_of
from evolver.search.selection import FITNESS
from evolver.settings import Settings
from evolver.storage.entry_file import FILES
from evolver.storage.predictions import FOLDER
from evolver.task import Task


def check_complexity(complexity: Any) -> tuple[Objective, ...]:
    """Return the objectives beside the score.

    Raises
    ------
    InputError
        If an objective is neither a known name nor a callable, or if there are none, too many, or
        two of the same name.
    """
    given = complexity if isinstance(complexity, tuple | list) else [complexity]
    for choice in given:
        if not (callable(choice) or (isinstance(choice, str) and choice in OBJECTIVES)):
            raise InputError(
                f"`complexity` must be one of {sorted(OBJECTIVES)}, a callable, or two of these,"
                f" got {complexity!r}."
            )
    objectives = tuple(objective_of(choice) for choice in given)
    n_distinct = len({objective.name for objective in objectives})
    if not 1 <= n_distinct == len(objectives) <= max(FITNESS):
        raise InputError(
            f"`complexity` must be one objective or {max(FITNESS)} of different names, got"
            f" {complexity!r}."
        )
    return objectives


def check_settings(settings: Any) -> Settings:
    """Return the settings; None stands for the default ones.

    Raises
    ------
    InputTypeError
        If `settings` is anything else.
    """
    if settings is None:
        return Settings()
    if not isinstance(settings, Settings):
        raise InputTypeError(f"`settings` must be an evolver.Settings or None, got {settings!r}.")
    return settings


def check_positive(name: str, value: Any) -> None:
    """Raise an InputError or InputTypeError unless `value` is None or a finite number above 0."""
    if value is None:
        return
    if isinstance(value, bool) or not isinstance(value, Real):
        raise InputTypeError(f"`{name}` must be a number or None, got {value!r}.")
    if not 0 < float(value) < float("inf"):
        raise InputError(f"`{name}` must be finite and above 0, got {value!r}.")


def check_at_least(least: int, name: str, value: Any) -> None:
    """Raise an InputError or InputTypeError unless `value` is an integer of at least `least`."""
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise InputTypeError(f"`{name}` must be an integer, got {value!r}.")
    if int(value) < least:
        raise InputError(f"`{name}` must be at least {least}, got {value!r}.")


def check_workers(n_jobs: Any) -> int:
    """Return the number of workers that `n_jobs` stands for, as joblib reads it.

    None stands for 1 and -1 for the number of cores that this process may use.

    Raises
    ------
    InputError, InputTypeError
        If it is 0, or no integer.
    """
    if n_jobs is not None and (isinstance(n_jobs, bool) or not isinstance(n_jobs, Integral)):
        raise InputTypeError(f"`n_jobs` must be an integer or None, got {n_jobs!r}.")
    jobs = 1 if n_jobs is None else int(n_jobs)
    if jobs == 0:
        raise InputError(
            "`n_jobs` must be at least 1, or negative to count from the number of cores, got 0."
        )
    return jobs if jobs > 0 else max(1, joblib.cpu_count() + 1 + jobs)


def check_generator(random_state: Any) -> np.random.Generator:
    """Return a new Generator, seeded by a seed, a RandomState, a Generator or fresh entropy.

    Raises
    ------
    InputError
        If `random_state` is anything else.
    """
    # The state of a run is saved and restored, so it must not be shared with the caller.
    if isinstance(random_state, np.random.Generator):
        return np.random.default_rng(random_state.integers(2**32, size=4).tolist())
    if random_state is None:
        return np.random.default_rng()
    try:
        return np.random.default_rng(check_random_state(random_state).randint(2**31))
    except ValueError as error:
        raise InputError(f"`random_state` must be a seed: {error}") from None


def check_folder(name: str, folder: Any) -> Path:
    """Return the absolute path of a folder for a run. Nothing is created.

    Parameters
    ----------
    name : str
        Name of the argument, for the error message.
    folder : str or Path
        Folder of a run: new, empty, or with an earlier run.

    Raises
    ------
    InputError, InputTypeError
        If it is no path, cannot be written to, or holds anything but a run.
    """
    if not isinstance(folder, str | Path):
        raise InputTypeError(f"`{name}` must be a folder, got {folder!r}.")
    path = Path(folder).absolute()
    try:
        existing = next(one for one in (path, *path.parents) if one.exists())
        if existing == path:
            _check_files(name, path)
        # Permissions do not tell whether the disk is full or the file system read-only.
        with tempfile.TemporaryFile(dir=existing):
            return path
    except OSError as error:
        raise InputError(
            f"`{name}` must be a folder that can be written to, got {str(folder)!r}: {error}"
        ) from None


def _check_files(name: str, folder: Path) -> None:
    """Raise an InputError if a run could overwrite files of the user in a folder.

    A folder belongs to a run if it has a journal. Without a journal it must be empty, hidden files
    included.
    """
    # A symbolic link would lead to a file outside the folder.
    links = [entry for entry in (*FILES, FOLDER) if (folder / entry).is_symlink()]
    if links:
        raise InputError(
            f"`{name}` must hold the files of a run, but {links[0]!r} in {str(folder)!r} is a"
            " symbolic link."
        )
    others = sorted({entry.name for entry in folder.iterdir()} - set(FILES))
    # A run that is killed as it begins leaves an empty journal and no other file.
    if others and not _has_content(folder / FILES[0]):
        more = f" and {len(others) - 1} more" if len(others) > 1 else ""
        raise InputError(
            f"`{name}` must be a folder that is new, empty or holds a run, got {str(folder)!r},"
            f" which holds no {FILES[0]}, but holds {others[0]!r}{more}."
        )


def _has_content(file: Path) -> bool:
    return file.is_file() and file.stat().st_size > 0


def check_portfolio(folder: str | Path | None, task: Task) -> None:
    """Raise an InputError if a folder holds no portfolio for the kind of a task."""
    if folder is None:
        return
    try:
        experience_of(task.family, folder)
    except Exception as error:  # a file of any other content may raise any error
        raise InputError(
            "`settings.portfolio` must be a folder written by benchmarks/portfolio/learn.py, got"
            f" {str(folder)!r}: {error}"
        ) from error
