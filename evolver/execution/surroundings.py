"""State of a worker's process, restored before each job.

A job may change its process. The next job must find the state that the first one found. What cannot
be restored is compared after each job, and a changed process is replaced by a new one.

    restored    working directory, output, environment, random states, signal handlers, timers, and
                settings of Python, numpy and scikit-learn
    compared    limits, root directory, user, processors and priority of the process, and the
                functions and classes of libraries

Three changes stay undetected: values inside the objects of libraries, threads that go on, and
memory that native code has overwritten.
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
"""Packages whose functions and classes no job may replace."""

PARTS = (type, FunctionType, BuiltinFunctionType, property, staticmethod, classmethod)
"""Types of the parts of a library that are compared."""


class Surroundings:
    """State of a worker's process before its first job."""

    def __init__(self) -> None:
        self._folder = _folder()
        self._streams = sys.stdin, sys.stdout, sys.stderr
        self._environment = dict(os.environ)
        self._path = list(sys.path)
        self._recursion = sys.getrecursionlimit()
        self._errors = np.geterr()
        self._settings = sklearn.get_config()
        self._handlers = {number: signal.getsignal(number) for number in _signals()}
        self._process = _process()
        self._libraries: _Libraries | None = None

    def restore(self) -> None:
        """Restore the state that a job may have changed."""
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
        # A timer that a job left running would send its signal to a later job.
        if hasattr(signal, "setitimer"):
            for timer in (signal.ITIMER_REAL, signal.ITIMER_VIRTUAL, signal.ITIMER_PROF):
                signal.setitimer(timer, 0)
        for number, handler in self._handlers.items():
            if handler is not None and signal.getsignal(number) is not handler:
                signal.signal(number, handler)
        # Code that draws from the global generators gives the same result in every worker.
        random.seed(0)
        np.random.seed(0)

    def watch_libraries(self) -> None:
        """Note the parts of the libraries, before the first job that may replace some."""
        if self._libraries is None:
            self._libraries = _Libraries()

    def is_changed(self, *, with_libraries: bool) -> bool:
        """Return True if a job changed state that cannot be restored.

        Parameters
        ----------
        with_libraries : bool
            True if libraries are compared too, which takes some milliseconds.
        """
        if _process() != self._process:
            return True
        return with_libraries and self._libraries is not None and self._libraries.are_changed()


class _Libraries:
    """Functions and classes of the watched packages, with the methods of the classes."""

    def __init__(self) -> None:
        self._modules = {
            name: module
            for name, module in list(sys.modules.items())
            if name.partition(".")[0] in WATCHED and isinstance(module, ModuleType)
        }
        namespaces = [_Namespace.of(names) for names in self._namespaces()]
        self._watched = [namespace for namespace in namespaces if namespace.names]

    def are_changed(self) -> bool:
        """Return True if a part was replaced or removed."""
        if any(sys.modules.get(name) is not module for name, module in self._modules.items()):
            return True
        try:
            return any(watched.get(watched.space) != watched.parts for watched in self._watched)
        except KeyError:
            return True

    def _namespaces(self) -> Iterator[Mapping[str, Any]]:
        """Yield the namespaces of the modules and of the classes that they define."""
        for name, module in self._modules.items():
            yield vars(module)
            for part in list(vars(module).values()):
                if isinstance(part, type) and part.__module__ == name:
                    yield vars(part)


@dataclass(frozen=True, eq=False)
class _Namespace:
    """Namespace of a module or class, with the parts that must stay.

    Parameters
    ----------
    space : mapping
        Namespace as it is now.
    names : tuple of str
        Names of the parts to compare.
    get : callable
        Function that takes these parts from a namespace.
    parts : object
        Parts as they were.
    """

    space: Mapping[str, Any]
    names: tuple[str, ...]
    get: Callable[[Mapping[str, Any]], Any]
    parts: Any

    @classmethod
    def of(cls, space: Mapping[str, Any]) -> _Namespace:
        """Note the parts of a namespace."""
        names = tuple(name for name, part in list(space.items()) if isinstance(part, PARTS))
        # Taking all parts at once is several times as fast as one after another.
        get = itemgetter(*names) if names else dict
        return cls(space, names, get, get(space))


def silence() -> None:
    """Discard all output of this process, that of native code included."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(nowhere, stream)
    if nowhere > 2:  # else it is itself one of the streams, which a job had closed
        os.close(nowhere)


def _folder() -> str:
    """Return the working directory, or the folder for temporary files if it is gone."""
    try:
        return os.getcwd()
    except OSError:
        return tempfile.gettempdir()


def _enter(folder: str) -> None:
    """Make a folder the working directory, or the root directory if it is gone."""
    try:
        os.chdir(folder)
    except OSError:
        os.chdir(os.sep)


def _signals() -> list[signal.Signals]:
    """Return the signals that can have a handler."""
    fixed = {getattr(signal, name, None) for name in ("SIGKILL", "SIGSTOP")}
    return sorted(number for number in signal.Signals if number not in fixed)


def _process() -> tuple[Any, ...]:
    """Return the attributes of this process that cannot always be restored."""
    getters: list[Callable[[], Any]] = [_limits, _root]
    for name in ("getresuid", "getresgid"):
        if hasattr(os, name):
            getters.append(getattr(os, name))
    if hasattr(os, "sched_getaffinity"):
        getters.append(lambda: os.sched_getaffinity(0))
    if hasattr(os, "nice"):
        getters.append(lambda: os.nice(0))
    return tuple(get() for get in getters)


def _limits() -> list[tuple[int, int]]:
    """Return the soft and hard limits of resources, in the order of their names."""
    with contextlib.suppress(ImportError):
        import resource

        names = sorted(name for name in dir(resource) if name.startswith("RLIMIT_"))
        return [resource.getrlimit(getattr(resource, name)) for name in names]
    return []


def _root() -> tuple[int, int]:
    """Return the device and inode of the root directory."""
    status = os.stat(os.sep)
    return status.st_dev, status.st_ino
