"""What runs in a worker process: one job after another, each answered with its result or why there
is none.

A worker owes nothing to its parent but answers: it is killed when it is late, and it must end when
the parent does. Exceptions cross as text, because those of foreign libraries may not unpickle.
"""

from __future__ import annotations

import ctypes
import os
import pickle
import random
import signal
import sys
from collections.abc import Mapping
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import cloudpickle
import numpy as np
from threadpoolctl import threadpool_limits

from evolver.execution import fork_server, payload
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


def work(connection: Connection, function_file: Path, variables: Mapping[str, str | None]) -> None:
    """Answer jobs until the connection ends.

    Parameters
    ----------
    connection : Connection
        Brings pickled arguments; takes `STARTED` and then a pickled result for each.
    function_file : Path
        Where `payload.write` put the function.
    variables : mapping
        Of the environment, which were changed to start this process.
    """
    _end_with_parent()
    _lead_a_group()
    fork_server.set_variables({**variables, **dict.fromkeys(THREAD_VARIABLES, "1")})
    function = payload.read(function_file)
    folder = os.getcwd()
    with threadpool_limits(1):
        while True:
            try:
                message = connection.recv_bytes()
            except EOFError:
                return
            connection.send_bytes(STARTED)
            _restore(folder)
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


def _restore(folder: str) -> None:
    """Undo what the last job may have done to the process: its folder, output and random state."""
    os.chdir(folder)
    _silence()
    random.seed(0)
    np.random.seed(0)


def _silence() -> None:
    """Send what estimators print nowhere, also from native code."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(nowhere, stream)
    if nowhere > 2:  # it may have taken the place of an output that a job closed
        os.close(nowhere)


def _lead_a_group() -> None:
    """Be killed together with all children, and leave Ctrl-C in a terminal to the parent."""
    if hasattr(os, "setpgid"):
        os.setpgid(0, 0)
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _end_with_parent() -> None:
    """Ask the kernel to kill this process when its parent dies."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
        fork_server.let_go()
