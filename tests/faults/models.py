"""Models with a fault: they break something when they are fitted or asked for predictions."""

from __future__ import annotations

import contextlib
import ctypes
import os
import random
import resource
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
import psutil
import sklearn
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB

from evolver.execution import wire
from evolver.outcome import Failure
from primitives import CLASSIFICATION, Catalogue, Features, Prediction, Primitive

CHILD = "evolver-fault-child-" + os.environ.get("PYTEST_XDIST_WORKER", "")
"""Argument on the command line of every child that a fault leaves behind.

Tests that run at the same time in another process have children of another name.
"""

SLEEP = shutil.which("sleep")
"""Program that waits."""

LEAK_BYTES = 60_000_000
"""Bytes that the leaking model keeps of each fit."""


class UnprintableError(Exception):
    """Exception whose text cannot be computed."""

    def __str__(self) -> str:
        raise RuntimeError("no text")


def loop_forever(X: np.ndarray) -> None:
    while True:
        pass


def hang_in_native_code(X: np.ndarray) -> None:
    """Hold the GIL in native code, and ignore all signals that can be ignored."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGALRM):
        signal.signal(number, signal.SIG_IGN)
    ctypes.PyDLL(None).sleep(1000)


def leave_a_child(X: np.ndarray) -> None:
    subprocess.Popen([sys.executable, "-c", "import time; time.sleep(1000)", CHILD])


def leave_children_forever(X: np.ndarray) -> None:
    """Start children without end, each in a session of its own."""
    while True:
        # `sleep` under the name of the children: an interpreter for each would take the processor.
        subprocess.Popen([CHILD, "1000"], executable=SLEEP, start_new_session=True)
        time.sleep(0.005)


def leave_a_child_and_crash(X: np.ndarray) -> None:
    leave_a_child(X)
    time.sleep(0.2)
    os.abort()


def allocate_beyond_the_cap(X: np.ndarray) -> None:
    """Take memory and write to it, without end."""
    held = []
    while True:
        held.append(np.ones(10_000_000))


def leak(X: np.ndarray, held: list[np.ndarray] = []) -> None:  # noqa: B006
    """Keep some memory of every fit until the process ends."""
    held.append(np.ones(LEAK_BYTES // 8))


def raise_without_text(X: np.ndarray) -> None:
    raise UnprintableError


def flood(X: np.ndarray) -> None:
    for _ in range(2_000):
        print("x" * 1_000)
        print("y" * 1_000, file=sys.stderr)
    os.write(1, b"z" * 100_000)


def storm(X: np.ndarray) -> None:
    for number in range(5_000):
        warnings.warn(f"warning {number}", UserWarning, stacklevel=1)


def ask_to_exit(X: np.ndarray) -> None:
    sys.exit("please")


def interrupt(X: np.ndarray) -> None:
    raise KeyboardInterrupt


def change_the_input(X: np.ndarray) -> None:
    X[:] = 0.0


def seed_globally(X: np.ndarray) -> None:
    np.random.seed(1)
    random.seed(1)


def sockets() -> list[int]:
    """Return the descriptors of open sockets; a worker has one, to its parent."""
    found = []
    for descriptor in range(3, 256):
        with contextlib.suppress(OSError):
            if stat.S_ISSOCK(os.fstat(descriptor).st_mode):
                found.append(descriptor)
    return found


def write_to_the_connection(X: np.ndarray) -> None:
    for descriptor in sockets():
        os.write(descriptor, b"abc")


def forge_an_answer(X: np.ndarray) -> None:
    """Send valid answers for other jobs, and for a job that does not exist."""
    for descriptor in sockets():
        with socket.socket(fileno=os.dup(descriptor)) as connection:
            for job in (0, 1, 2, 10**6):
                wire.send(connection, job, *wire.encode(0.99))


def answer_for_ever(X: np.ndarray) -> None:
    for descriptor in sockets():
        with socket.socket(fileno=os.dup(descriptor)) as connection:
            while True:
                wire.send(connection, 1, wire.Kind.WORN)


def promise_too_much(X: np.ndarray) -> None:
    """Send the header of an answer that is larger than the memory of the machine."""
    for descriptor in sockets():
        os.write(descriptor, wire.HEADER.pack(wire.MAGIC, 1, wire.Kind.DATA, 10**15))
    time.sleep(1000)


def close_everything(X: np.ndarray) -> None:
    os.closerange(3, 256)


def hang_with_half_an_answer(X: np.ndarray) -> None:
    """Send the header of a large answer and few bytes of it, then stop the process."""
    for descriptor in sockets():
        os.write(descriptor, wire.HEADER.pack(wire.MAGIC, 1, wire.Kind.DATA, 10**8) + b"few")
    os.kill(os.getpid(), signal.SIGSTOP)


def fork_and_return(X: np.ndarray) -> None:
    os.fork()


def leave_a_daemon(X: np.ndarray) -> None:
    """Leave a child in a session of its own, whose parent has ended."""
    code = (
        "import subprocess, sys;"
        "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(1000)', sys.argv[1]],"
        " start_new_session=True)"
    )
    subprocess.run([sys.executable, "-c", code, CHILD], check=True)


def leave_a_daemon_and_crash(X: np.ndarray) -> None:
    leave_a_daemon(X)
    os.abort()


def limit_the_process(X: np.ndarray) -> None:
    """Set a limit of open files at which no later job of this process can open one."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, 3))


def change_the_root(X: np.ndarray) -> None:
    if os.geteuid() == 0:
        os.chroot("/proc")


def patch_a_library(X: np.ndarray) -> None:
    def refuse(*arguments: Any, **options: Any) -> None:
        raise RuntimeError("patched")

    for model in (GaussianNB, LogisticRegression):
        model.fit = refuse


def change_what_is_restored(X: np.ndarray) -> None:
    os.environ.clear()
    sys.path.clear()
    sys.setrecursionlimit(60)
    sys.stdout = sys.stderr = None
    np.seterr(all="raise")
    sklearn.set_config(transform_output="pandas")
    socket.setdefaulttimeout(0.001)
    signal.setitimer(signal.ITIMER_REAL, 0.3)


ON_FIT: dict[str, tuple[Callable[[np.ndarray], Any], Failure | None]] = {
    "EndlessLoop": (loop_forever, Failure.TIMEOUT),
    "EndlessNativeCall": (hang_in_native_code, Failure.TIMEOUT),
    "Segfault": (lambda X: ctypes.string_at(0), Failure.CRASH),
    "Abort": (lambda X: os.abort(), Failure.CRASH),
    "Exit": (lambda X: os._exit(0), Failure.CRASH),
    "KillNine": (lambda X: os.kill(os.getpid(), signal.SIGKILL), Failure.CRASH),
    "LeftChild": (leave_a_child, None),
    "EndlessChildren": (leave_children_forever, Failure.TIMEOUT),
    "LeftChildAndCrash": (leave_a_child_and_crash, Failure.CRASH),
    "Allocation": (allocate_beyond_the_cap, Failure.MEMORY),
    "HugeAllocation": (lambda X: bytearray(1 << 62), Failure.MEMORY),
    "SlowLeak": (leak, None),
    "Unprintable": (raise_without_text, Failure.ERROR),
    "Flood": (flood, None),
    "Storm": (storm, None),
    "AskedExit": (ask_to_exit, Failure.ERROR),
    "Interrupt": (interrupt, Failure.ERROR),
    "ChangedInput": (change_the_input, None),
    "ClosedOutput": (lambda X: [os.close(1), os.close(2)], None),
    "GlobalSeed": (seed_globally, None),
    "OtherFolder": (lambda X: os.chdir("/"), None),
    "BytesOnTheConnection": (write_to_the_connection, Failure.CRASH),
    "ForgedAnswer": (forge_an_answer, Failure.CRASH),
    "EndlessAnswers": (answer_for_ever, Failure.CRASH),
    "HugeAnswer": (promise_too_much, Failure.CRASH),
    "HalfAnAnswer": (hang_with_half_an_answer, Failure.TIMEOUT),
    "ClosedConnection": (close_everything, Failure.CRASH),
    "ExitNine": (lambda X: os._exit(9), Failure.CRASH),
    "Fork": (fork_and_return, None),
    "LeftDaemon": (leave_a_daemon, None),
    "LeftDaemonAndCrash": (leave_a_daemon_and_crash, Failure.CRASH),
    "Limits": (limit_the_process, None),
    "OtherRoot": (change_the_root, None),
    "PatchedLibrary": (patch_a_library, None),
    "OtherState": (change_what_is_restored, None),
}
"""Action of a model when it is fitted, and the expected failure; None if it is scored."""

ON_PREDICT: dict[str, Callable[[np.ndarray], Any]] = {
    "WrongShape": lambda answer: answer[:-1],
    "NoNumbers": lambda answer: np.full_like(answer, np.nan),
    "Complex": lambda answer: answer.astype(complex),
    "Text": lambda answer: answer.astype(str),
}
"""Change of the probabilities that a model predicts; each must end as an error."""

EXPECTED: dict[str, Failure | None] = {
    **{name: failure for name, (_, failure) in ON_FIT.items()},
    **dict.fromkeys(ON_PREDICT, Failure.ERROR),
}


class Faulty(DummyClassifier):
    """Constant prediction with a fault."""

    faults: ClassVar[dict[str, Any]] = ON_FIT

    def __init__(self, fault: str = "") -> None:
        super().__init__()
        self.fault = fault

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Any:
        if self.fault in ON_FIT:
            ON_FIT[self.fault][0](X)
        return super().fit(X, y, sample_weight)

    def predict_proba(self, X: Any) -> Any:
        answer = super().predict_proba(X)
        return ON_PREDICT[self.fault](answer) if self.fault in ON_PREDICT else answer


def build(fault: str) -> Callable[[], Faulty]:
    """Return a function that makes a model with a fault."""

    def faulty() -> Faulty:
        return Faulty(fault)

    return faulty


def left_behind() -> list[int]:
    """Return the numbers of the children that faults left behind and that still run."""
    return [
        process.pid
        for process in psutil.process_iter(["cmdline", "status"])
        if CHILD in (process.info["cmdline"] or []) and process.info["status"] != "zombie"
    ]


def catalogue_with_faults(good: Catalogue) -> Catalogue:
    """Return a catalogue with one more primitive for every fault."""
    return good.add(
        *(
            Primitive(name, (Features,), Prediction, build(name), {}, CLASSIFICATION)
            for name in EXPECTED
        )
    )
