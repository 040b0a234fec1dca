"""Main loop of a worker process: receive a job, run it, send its result or the reason of failure.

The parent enforces the limits of time and memory; the worker only runs jobs, and ends when its
parent ends. Exceptions are sent as text, because those of foreign libraries may not unpickle.
"""

from __future__ import annotations

import os
import pickle
import signal
import socket
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from threadpoolctl import threadpool_limits

from evolver.execution import fork_server, payload, wire
from evolver.execution.inline import reason_of
from evolver.execution.protocol import Function
from evolver.execution.surroundings import Surroundings
from evolver.execution.wire import Kind
from evolver.outcome import Failed, Failure

THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)
"""Environment variables that set the number of threads of numeric libraries."""


def work(connection: socket.socket, file: Any, variables: Mapping[str, str | None]) -> None:
    """Run jobs until the connection ends.

    Parameters
    ----------
    connection : socket
        Connection to the pool. For each job a frame with its pickled argument arrives, and frames
        with the start of the job and its answer are sent back.
    file : str or object with `detach`
        File with the function, made by `evolver.execution.payload`.
    variables : mapping
        Environment variables with the values that they had before the process was started; None
        for one that was not set.
    """
    pid = os.getpid()
    _set_group_and_signals()
    fork_server.end_with_parent()
    fork_server.set_variables({**variables, **dict.fromkeys(THREAD_VARIABLES, "1")})
    function = payload.read(file if isinstance(file, str) else file.detach())
    surroundings = Surroundings()
    # The pool may be closed while a job begins or ends.
    with threadpool_limits(1), suppress(BrokenPipeError, ConnectionResetError):
        while (frame := wire.receive(connection)) is not None:
            wire.send(connection, frame.job, Kind.STARTED)
            surroundings.restore()
            kind, content, is_foreign = _answer(function, frame.content, surroundings)
            if os.getpid() != pid:  # the job forked, and this is the copy: it must not answer
                os._exit(1)
            if surroundings.is_changed(with_libraries=is_foreign):
                wire.send(connection, frame.job, Kind.WORN)
            wire.send(connection, frame.job, kind, content)


def _answer(
    function: Function, message: bytes, surroundings: Surroundings
) -> tuple[Kind, bytes, bool]:
    """Return kind and content of the answer to a job, and True if it may have changed libraries."""
    is_foreign = True  # until the argument is known
    try:
        argument = pickle.loads(message)
        is_foreign = getattr(function, "is_foreign", _always)(argument)
        if is_foreign:
            surroundings.watch_libraries()
        return *wire.encode(function(argument)), is_foreign
    except MemoryError as error:
        return *wire.encode(Failed(Failure.MEMORY, reason_of(error), 0.0)), is_foreign
    except BaseException as error:  # SystemExit and KeyboardInterrupt of an estimator included
        return *wire.encode(Failed(Failure.ERROR, reason_of(error), 0.0)), is_foreign


def _always(argument: Any) -> bool:
    """Return True for every job."""
    return True


def _set_group_and_signals() -> None:
    """Make this process the leader of a group, and set its signal handlers."""
    if hasattr(os, "setpgid"):  # the parent can kill the whole group, children included
        os.setpgid(0, 0)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent handles Ctrl-C in a terminal
    # The caller may ignore SIGCHLD; then nobody could wait for the children of a job.
    if hasattr(signal, "SIGCHLD"):
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
