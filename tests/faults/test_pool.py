"""The pool against real faults: every one is a value, and the pool works afterwards."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from evolver.execution.pool import ProcessPool
from evolver.execution.protocol import Job
from evolver.outcome import Failed, Failure
from tests.contracts.test_executors import run


def misbehave(argument: Any) -> Any:
    """Do what the argument says."""
    return FAULTS[argument]() if argument in FAULTS else argument


def hang_in_python() -> None:
    while True:
        pass


def hang_in_native_code() -> None:
    """Hold the GIL in C, deaf to polite signals."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGALRM):
        signal.signal(number, signal.SIG_IGN)
    ctypes.PyDLL(None).sleep(1000)


def leave_a_child_and_hang() -> None:
    subprocess.Popen([sys.executable, "-c", "import time; time.sleep(1000)", "evolver-test-child"])
    hang_in_python()


def exit_quietly() -> None:
    os._exit(0)


def ask_to_exit() -> None:
    sys.exit("please")


def interrupt() -> None:
    raise KeyboardInterrupt


FAULTS: dict[str, Any] = {
    "hang in Python": hang_in_python,
    "hang in native code": hang_in_native_code,
    "leave a child": leave_a_child_and_hang,
    "segfault": lambda: ctypes.string_at(0),
    "abort": os.abort,
    "exit quietly": exit_quietly,
    "kill -9": lambda: os.kill(os.getpid(), signal.SIGKILL),
    "ask to exit": ask_to_exit,
    "interrupt": interrupt,
    "unpicklable result": lambda: (number for number in range(3)),
    "out of memory": lambda: bytearray(1 << 62),
}

EXPECTED = {
    "hang in Python": Failure.TIMEOUT,
    "hang in native code": Failure.TIMEOUT,
    "leave a child": Failure.TIMEOUT,
    "segfault": Failure.CRASH,
    "abort": Failure.CRASH,
    "exit quietly": Failure.CRASH,
    "kill -9": Failure.CRASH,
    "ask to exit": Failure.ERROR,
    "interrupt": Failure.ERROR,
    "unpicklable result": Failure.ERROR,
    "out of memory": Failure.MEMORY,
}


@pytest.mark.parametrize("fault", sorted(FAULTS))
def test_a_fault_is_a_value_and_the_others_get_their_results(fault: str) -> None:
    pool = ProcessPool(misbehave, 2)
    try:
        done = run(pool, [1, fault, 2, 3, 4], timeout=1.0)
        failed = done[1].result
        assert isinstance(failed, Failed)
        assert failed.kind is EXPECTED[fault]
        assert failed.reason
        assert [done[number].result for number in (0, 2, 3, 4)] == [1, 2, 3, 4]
        assert run(pool, [5])[0].result == 5
    finally:
        pool.close()


def test_a_worker_killed_while_idle_costs_no_job() -> None:
    pool = ProcessPool(misbehave, 1)
    try:
        run(pool, [1])
        for worker in pool._workers:
            os.kill(worker.process.pid, signal.SIGKILL)
        time.sleep(0.2)
        assert run(pool, [2])[0].result == 2
    finally:
        pool.close()


def test_closing_ends_workers_and_their_children_and_leaves_no_file() -> None:
    pool = ProcessPool(misbehave, 2)
    pool.submit(Job((0,), "leave a child", None))
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and not children_left():
        pool.wait(0.1)
    assert children_left()
    workers = [worker.process.pid for worker in pool._workers]
    folder = pool._folder
    pool.close()
    assert not children_left()
    assert not any(psutil.pid_exists(pid) for pid in workers)
    assert not folder.exists()


def children_left() -> list[psutil.Process]:
    return [
        process
        for process in psutil.process_iter(["cmdline"])
        if "evolver-test-child" in (process.info["cmdline"] or [])
        and process.status() != psutil.STATUS_ZOMBIE
    ]


def test_data_are_shared_read_only_memory() -> None:
    import numpy as np

    data = np.arange(10.0)

    def look(argument: Any) -> tuple[bool, float]:
        return data.flags.writeable, float(data.sum())

    pool = ProcessPool(look, 1)
    try:
        assert run(pool, [None])[0].result == (False, 45.0)
    finally:
        pool.close()


def test_a_script_without_a_main_guard_is_not_run_again_by_its_workers(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        textwrap.dedent(
            """
            print("started")
            from evolver.execution.pool import ProcessPool
            from evolver.execution.protocol import Job

            class Mine:
                def __call__(self, argument):
                    return argument + 1

            pool = ProcessPool(Mine(), 1)
            pool.submit(Job((0,), 1))
            print(pool.wait()[0].result)
            pool.close()
            """
        )
    )
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["started", "2"], done.stderr


@pytest.mark.skipif(
    sys.platform != "linux", reason="only Linux tells a child of its parent's death"
)
def test_workers_end_when_the_parent_is_killed(tmp_path: Path) -> None:
    script = tmp_path / "parent.py"
    script.write_text(
        textwrap.dedent(
            """
            from evolver.execution.pool import ProcessPool
            from evolver.execution.protocol import Job

            def hang(argument):
                while True:
                    pass

            pool = ProcessPool(hang, 1)
            pool.submit(Job((0,), 1))
            print(pool._workers[0].process.pid, flush=True)
            pool.wait()
            """
        )
    )
    with subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        worker = psutil.Process(int(parent.stdout.readline()))
        time.sleep(0.5)
        parent.kill()
    _, alive = psutil.wait_procs([worker], timeout=10)
    assert not alive
