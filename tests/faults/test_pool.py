"""Faults in a pool: each gives a `Failed` value, and the pool works afterwards."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

from evolver.errors import EvolverError
from evolver.execution import child, fork_server
from evolver.execution.pool import ProcessPool
from evolver.execution.protocol import Job
from evolver.outcome import Failed, Failure
from tests.contracts.test_executors import run
from tests.faults.models import ON_FIT, left_behind

CAP = 700_000_000


def misbehave(argument: Any) -> Any:
    """Cause the fault that the argument names, and return the argument."""
    if argument == "UnpicklableResult":
        return (number for number in range(3))
    if argument in ON_FIT:
        ON_FIT[argument][0](np.ones(3))
    return argument


def modules_and_environment(argument: Any) -> tuple[list[str], dict[str, str]]:
    return sys.path, dict(os.environ)


def test_a_worker_finds_the_same_modules_as_its_parent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    before = dict(os.environ)
    pool = ProcessPool(modules_and_environment, 1, cap=CAP)
    try:
        path, environment = run(pool, [1])[0].result
    finally:
        pool.close()
    assert os.environ == before
    assert list(dict.fromkeys(path)) == list(dict.fromkeys(sys.path))
    for name in ("PYTHONPATH", "PYTHONSAFEPATH"):
        assert environment.get(name) == before.get(name)


@pytest.mark.parametrize("fault", [*sorted(ON_FIT), "UnpicklableResult"])
def test_a_fault_gives_a_value_and_other_jobs_get_their_results(fault: str) -> None:
    pool = ProcessPool(misbehave, 2, cap=CAP)
    expected = ON_FIT[fault][1] if fault in ON_FIT else Failure.ERROR
    try:
        timeout = 1.0 if expected is Failure.TIMEOUT else 60.0
        done = run(pool, [1, fault, 2, 3, 4], timeout=timeout)
        result = done[1].result
        if expected is None:
            assert result == fault
        else:
            assert isinstance(result, Failed)
            assert result.kind is expected
            assert result.reason
        assert [done[number].result for number in (0, 2, 3, 4)] == [1, 2, 3, 4]
        assert run(pool, [5])[0].result == 5
    finally:
        pool.close()
    assert left_behind() == []


@pytest.mark.parametrize("fault", ["BytesOnTheConnection", "ExitNine", "Abort"])
def test_a_job_whose_worker_had_earlier_jobs_is_run_again_in_a_new_process(
    fault: str, tmp_path: Path
) -> None:
    """The fault occurs only in the first process: the job itself did not cause it."""
    marker = tmp_path / "begun"

    def once(argument: Any) -> Any:
        if argument == fault and not marker.exists():
            marker.touch()
            ON_FIT[fault][0](np.ones(3))
        return argument

    pool = ProcessPool(once, 1, cap=CAP)
    try:
        done = run(pool, [1, fault, 2])
    finally:
        pool.close()
    assert [done[number].result for number in range(3)] == [1, fault, 2]


def test_the_reason_of_a_failure_is_how_the_process_ended_by_itself() -> None:
    pool = ProcessPool(misbehave, 1, cap=CAP)
    try:
        done = run(pool, ["ExitNine", "KillNine", "Exit"])
    finally:
        pool.close()
    reasons = [done[number].result.reason for number in range(3)]
    ended = "the worker process ended: "
    assert reasons == [f"{ended}exit code 9", f"{ended}SIGKILL", f"{ended}exit code 0"]


def test_a_result_that_does_not_load_in_time_never_reaches_the_parent() -> None:
    class Hostile:
        """Object whose loading takes 1000 s."""

        def __reduce__(self) -> Any:
            return time.sleep, (1000,)

    def give(argument: Any) -> Any:
        return Hostile() if argument == "hostile" else argument

    pool = ProcessPool(give, 1, cap=CAP)
    try:
        done = run(pool, [1, "hostile", 2], timeout=1.0)
    finally:
        pool.close()
    assert done[1].result.kind is Failure.TIMEOUT
    assert [done[0].result, done[2].result] == [1, 2]


@pytest.mark.skipif(sys.platform != "linux", reason="only on Linux there is a fork server")
def test_no_job_fails_when_the_fork_server_is_killed() -> None:
    pool = ProcessPool(misbehave, 2, cap=CAP)
    try:
        run(pool, [1, 2])
        for number in range(2):
            pool.submit(Job((number,), number, 60.0))
        os.kill(fork_server.server().session, signal.SIGKILL)
        results = {done.key[0]: done.result for _ in range(2) for done in pool.wait()}
        assert results | {done.key[0]: done.result for done in pool.wait()} == {0: 0, 1: 1}
        assert run(pool, [3])[0].result == 3
    finally:
        pool.close()


@pytest.mark.skipif(sys.platform != "linux", reason="only on Linux there is a fork server")
@pytest.mark.slow
def test_no_job_fails_when_the_folder_of_the_fork_server_is_removed() -> None:
    pool = ProcessPool(misbehave, 1, cap=CAP)
    try:
        run(pool, [1])
        shutil.rmtree(fork_server.server()._folder)
        done = run(pool, ["Abort", 2, 3])
    finally:
        pool.close()
    assert [done[1].result, done[2].result] == [2, 3]


def test_a_mapped_table_does_not_count_as_the_memory_of_each_worker() -> None:
    data = np.ones(40_000_000)  # 320 MB

    def total(argument: Any) -> float:
        found = float(data.sum())
        time.sleep(0.5)  # longer than the interval of the measurements
        return found

    pool = ProcessPool(total, 2, cap=400_000_000)
    try:
        done = run(pool, [1, 2, 3])
    finally:
        pool.close()
    assert [done[number].result for number in range(3)] == [4e7] * 3


def test_if_no_worker_can_be_started_one_clear_error_is_raised(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*arguments: object) -> None:
        raise OSError("no more processes")

    monkeypatch.setattr(child, "start", refuse)
    pool = ProcessPool(misbehave, 1)
    try:
        with pytest.raises(EvolverError, match="No worker can be started: no more processes"):
            run(pool, [1])
    finally:
        pool.close()


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only root may become another")
def test_a_low_limit_of_processes_raises_before_any_worker_is_started() -> None:
    code = """
    import os, resource
    from evolver.errors import EvolverError
    from evolver.execution.pool import ProcessPool
    os.setuid(65534)
    for limit in (2, 10_000):
        resource.setrlimit(resource.RLIMIT_NPROC, (limit, 10_000))
        try:
            ProcessPool(abs, 3)
        except EvolverError as error:
            print(error)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=False
    )
    errors = done.stdout.splitlines()
    assert errors[0].startswith(
        "The limit of processes (ulimit -u) must leave room for 5 more, got "
    )
    assert not any(error.startswith("The limit") for error in errors[1:])


def test_no_job_fails_however_long_a_leak_goes_on() -> None:
    pool = ProcessPool(misbehave, 1, cap=CAP)
    try:
        done = run(pool, ["SlowLeak"] * 40)
    finally:
        pool.close()
    assert {finished.result for finished in done.values()} == {"SlowLeak"}


def test_no_job_fails_when_an_idle_worker_is_killed() -> None:
    pool = ProcessPool(misbehave, 1)
    try:
        run(pool, [1])
        assert pool._workers
        for worker in pool._workers:
            os.kill(worker.pid, signal.SIGKILL)
        time.sleep(0.2)
        assert run(pool, [2])[0].result == 2
    finally:
        pool.close()


def test_closing_ends_workers_and_their_children() -> None:
    pool = ProcessPool(misbehave, 2)
    assert run(pool, ["LeftChild", 1])[0].result == "LeftChild"
    assert left_behind()
    workers = [worker.pid for worker in pool._workers]
    assert len(workers) == 2
    pool.close()
    assert left_behind() == []
    assert not any(psutil.pid_exists(pid) for pid in workers)


def test_the_data_of_the_function_are_read_only_in_a_worker() -> None:
    data = np.arange(10.0)

    def look(argument: Any) -> tuple[bool, float]:
        return data.flags.writeable, float(data.sum())

    pool = ProcessPool(look, 1)
    try:
        assert run(pool, [None])[0].result == (False, 45.0)
    finally:
        pool.close()


def test_numeric_libraries_have_one_thread() -> None:
    def threads(argument: Any) -> list[int]:
        import sklearn.ensemble  # noqa: F401 - loads OpenMP
        from threadpoolctl import threadpool_info

        return [library["num_threads"] for library in threadpool_info()]

    pool = ProcessPool(threads, 1)
    try:
        found = run(pool, [None])[0].result
    finally:
        pool.close()
    assert found
    assert set(found) == {1}


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
            while pool._workers[0].started is None:
                pool.wait(0.1)
            print(pool._workers[0].pid, flush=True)
            pool.wait()
            """
        )
    )
    with subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        worker = psutil.Process(int(parent.stdout.readline()))
        time.sleep(0.5)
        parent.kill()
    _, alive = psutil.wait_procs([worker], timeout=60)
    assert not alive
