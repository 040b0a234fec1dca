"""Code that runs in a worker process: one job after another, each answered with its result or why
there is none.

A worker owes nothing to its parent but answers: it is killed when it is late, and it must end when
the parent does. Exceptions cross as text, because those of foreign libraries may not unpickle.
"""

from __future__ import annotations

import os
import pickle
import signal
import socket
from collections.abc import Mapping
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


def work(connection: socket.socket, file: Any, variables: Mapping[str, str | None]) -> None:
    """Answer jobs until the connection ends.

    Parameters
    ----------
    connection : socket
        Brings frames with pickled arguments; takes a frame when a job starts and one with its
        answer.
    file : str or object with `detach`
        The function's file, by its name or its descriptor.
    variables : mapping
        Variables of the environment that were changed to start this process.
    """
    me = os.getpid()
    _lead_a_group()
    fork_server.end_with_parent()
    fork_server.set_variables({**variables, **dict.fromkeys(THREAD_VARIABLES, "1")})
    function = payload.read(file if isinstance(file, str) else file.detach())
    surroundings = Surroundings()
    with threadpool_limits(1):
        while (frame := wire.receive(connection)) is not None:
            wire.send(connection, frame.job, Kind.STARTED)
            surroundings.restore()
            kind, content, is_foreign = _answer(function, frame.content, surroundings)
            if os.getpid() != me:  # a job forked and came back twice
                os._exit(1)
            if surroundings.is_changed(with_libraries=is_foreign):
                wire.send(connection, frame.job, Kind.WORN)
            wire.send(connection, frame.job, kind, content)


def _answer(
    function: Function, message: bytes, surroundings: Surroundings
) -> tuple[Kind, bytes, bool]:
    """Return the answer to a job, and whether code ran that may have changed libraries."""
    is_foreign = True
    try:
        argument = pickle.loads(message)
        is_foreign = getattr(function, "is_foreign", _always)(argument)
        if is_foreign:
            surroundings.watch_libraries()
        return *wire.encode(function(argument)), is_foreign
    except MemoryError as error:
        return *wire.encode(Failed(Failure.MEMORY, reason_of(error), 0.0)), is_foreign
    except BaseException as error:  # also SystemExit and KeyboardInterrupt raised by an estimator
        return *wire.encode(Failed(Failure.ERROR, reason_of(error), 0.0)), is_foreign


def _always(argument: Any) -> bool:
    return True


def _lead_a_group() -> None:
    """Be killed together with all children, leave Ctrl-C in a terminal to the parent, and have
    children whose ends can be waited for."""
    if hasattr(os, "setpgid"):
        os.setpgid(0, 0)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(signal, "SIGCHLD"):
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
