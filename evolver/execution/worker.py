"""What runs in a worker process: one job after another, each answered with its result or why there
is none.

A worker owes nothing to its parent but answers: it is killed when it is late, and it must end when
the parent does. Exceptions cross as text, because those of foreign libraries may not unpickle.
"""

from __future__ import annotations

import ctypes
import os
import pickle
import signal
import sys
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import cloudpickle
from threadpoolctl import threadpool_limits

from evolver.execution import payload
from evolver.execution.inline import reason_of
from evolver.execution.protocol import Function
from evolver.outcome import Failed, Failure

STARTED = b"started"
THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)


def work(connection: Connection, function_file: Path) -> None:
    """Answer jobs until the connection ends.

    Parameters
    ----------
    connection : Connection
        Brings pickled arguments; takes `STARTED` and then a pickled result for each.
    function_file : Path
        Where `payload.write` put the function.
    """
    _end_with_parent()
    _ignore_interrupts()
    for variable in THREAD_VARIABLES:
        os.environ[variable] = "1"
    function = payload.read(function_file)
    with threadpool_limits(1):
        while True:
            try:
                message = connection.recv_bytes()
            except EOFError:
                return
            connection.send_bytes(STARTED)
            connection.send_bytes(_answer(function, message))


def _answer(function: Function, message: bytes) -> bytes:
    try:
        return _pickled(function(pickle.loads(message)))
    except MemoryError as error:
        return _pickled(Failed(Failure.MEMORY, reason_of(error), 0.0))
    except BaseException as error:  # also SystemExit and KeyboardInterrupt raised by an estimator
        return _pickled(Failed(Failure.ERROR, reason_of(error), 0.0))


def _pickled(value: Any) -> bytes:
    message: bytes = cloudpickle.dumps(value, protocol=5)
    return message


def _ignore_interrupts() -> None:
    """Leave Ctrl-C, which a terminal sends to every process, to the parent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _end_with_parent() -> None:
    """Ask the kernel to kill this process when its parent dies, and let go of what keeps a fork
    server alive."""
    if sys.platform != "linux":
        return
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
    server = sys.modules.get("multiprocess.forkserver")
    alive = None if server is None else server._forkserver._forkserver_alive_fd
    if alive is not None:
        os.close(alive)
        server._forkserver._forkserver_alive_fd = None  # type: ignore[union-attr]  # `alive` shows that it is there
