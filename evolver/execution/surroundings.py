"""The state of a worker's process: a job finds it as it was, and gets another process where it
cannot be put back.

    put back    folder, output, environment, random states, signals, timers, and settings of Python,
                numpy and scikit-learn
    noticed     limits, root, user, processors and priority of the process, and functions or classes
                of libraries that were replaced

Not noticed are values inside the objects of libraries, threads that go on, and memory that native
code has overwritten.
"""

from __future__ import annotations

import contextlib
import gc
import os
import random
import signal
import socket
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from operator import itemgetter
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import Any

import numpy as np
import sklearn

WATCHED = (
    "builtins",
    "catboost",
    "evolver",
    "joblib",
    "lightgbm",
    "numpy",
    "pandas",
    "primitives",
    "random",
    "scipy",
    "sklearn",
    "xgboost",
)
"""Packages whose functions and classes must stay as they are."""

PARTS = (type, FunctionType, BuiltinFunctionType, property, staticmethod, classmethod)
"""Types of what a library is made of."""


class Surroundings:
    """The state of a worker's process before its first job."""

    def __init__(self) -> None:
        self._folder = _folder()
        self._streams = sys.stdin, sys.stdout, sys.stderr
        self._environment = dict(os.environ)
        self._path = list(sys.path)
        self._recursion = sys.getrecursionlimit()
        self._errors = np.geterr()
        self._settings = sklearn.get_config()
        self._handlers = {one: signal.getsignal(one) for one in _signals()}
        self._process = _process()
        self._libraries: _Libraries | None = None

    def restore(self) -> None:
        """Put back what a job may have changed."""
        _enter(self._folder)
        silence()
        sys.stdin, sys.stdout, sys.stderr = self._streams
        if os.environ != self._environment:
            os.environ.clear()
            os.environ.update(self._environment)
        sys.path[:] = self._path
        sys.setrecursionlimit(self._recursion)
        socket.setdefaulttimeout(None)
        np.seterr(**self._errors)
        sklearn.set_config(**self._settings)
        gc.enable()
        if hasattr(signal, "setitimer"):
            for timer in (signal.ITIMER_REAL, signal.ITIMER_VIRTUAL, signal.ITIMER_PROF):
                signal.setitimer(timer, 0)
        for number, handler in self._handlers.items():
            if handler is not None and signal.getsignal(number) is not handler:
                signal.signal(number, handler)
        random.seed(0)
        np.random.seed(0)

    def watch_libraries(self) -> None:
        """Note the libraries as they are, before the first job that may replace parts of them."""
        if self._libraries is None:
            self._libraries = _Libraries()

    def is_changed(self, *, with_libraries: bool) -> bool:
        """Say whether a job changed what cannot be put back.

        Parameters
        ----------
        with_libraries : bool
            Whether libraries are looked at too, which takes some milliseconds.
        """
        if _process() != self._process:
            return True
        return with_libraries and self._libraries is not None and self._libraries.are_changed()


class _Libraries:
    """The functions and classes of the watched packages, and the parts of the classes."""

    def __init__(self) -> None:
        self._modules = {
            name: module
            for name, module in list(sys.modules.items())
            if name.partition(".")[0] in WATCHED and isinstance(module, ModuleType)
        }
        spaces = [_Space.of(space) for space in self._namespaces()]
        self._spaces = [space for space in spaces if space.names]

    def are_changed(self) -> bool:
        """Say whether any part is another, or gone."""
        if any(sys.modules.get(name) is not module for name, module in self._modules.items()):
            return True
        try:
            return any(one.get(one.space) != one.parts for one in self._spaces)
        except KeyError:
            return True

    def _namespaces(self) -> Iterator[Mapping[str, Any]]:
        for name, module in self._modules.items():
            yield vars(module)
            for one in list(vars(module).values()):
                if isinstance(one, type) and one.__module__ == name:
                    yield vars(one)


@dataclass(frozen=True, eq=False)
class _Space:
    """A namespace with the parts that must stay; `get` takes them from it all at once, which is
    several times as fast as one by one."""

    space: Mapping[str, Any]
    names: tuple[str, ...]
    get: Callable[[Mapping[str, Any]], Any]
    parts: Any

    @classmethod
    def of(cls, space: Mapping[str, Any]) -> _Space:
        names = tuple(name for name, one in list(space.items()) if isinstance(one, PARTS))
        get = itemgetter(*names) if names else dict
        return cls(space, names, get, get(space))


def silence() -> None:
    """Send what estimators print nowhere, also from native code."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(nowhere, stream)
    if nowhere > 2:  # it may have taken the place of an output that a job closed
        os.close(nowhere)


def _folder() -> str:
    """Return the working directory; another where it is gone."""
    try:
        return os.getcwd()
    except OSError:
        return tempfile.gettempdir()


def _enter(folder: str) -> None:
    """Make a folder the working directory; the root where it is gone."""
    try:
        os.chdir(folder)
    except OSError:
        os.chdir(os.sep)


def _signals() -> list[signal.Signals]:
    """Return the signals that may have a handler."""
    fixed = {getattr(signal, name, None) for name in ("SIGKILL", "SIGSTOP")}
    return sorted(one for one in signal.Signals if one not in fixed)


def _process() -> tuple[Any, ...]:
    """Return what the system knows of this process and cannot always be put back."""
    asked: list[Callable[[], Any]] = [_limits, _root]
    for name in ("getresuid", "getresgid"):
        if hasattr(os, name):
            asked.append(getattr(os, name))
    if hasattr(os, "sched_getaffinity"):
        asked.append(lambda: os.sched_getaffinity(0))
    if hasattr(os, "nice"):
        asked.append(lambda: os.nice(0))
    return tuple(one() for one in asked)


def _limits() -> list[tuple[int, int]]:
    with contextlib.suppress(ImportError):
        import resource

        names = sorted(name for name in dir(resource) if name.startswith("RLIMIT_"))
        return [resource.getrlimit(getattr(resource, name)) for name in names]
    return []


def _root() -> tuple[int, int]:
    status = os.stat(os.sep)
    return status.st_dev, status.st_ino
