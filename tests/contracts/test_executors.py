"""Contract of executors, tested with every implementation."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from evolver.execution.inline import InlineExecutor
from evolver.execution.pool import ProcessPool
from evolver.execution.protocol import Done, Executor, Job
from evolver.outcome import Failed, Failure


class Sum:
    """Function that adds its argument to the sum of its data, or fails on demand."""

    def __init__(self) -> None:
        self.data = np.arange(100_000, dtype=float)

    def __call__(self, argument: Any) -> Any:
        if argument == "raise":
            raise ValueError("as asked\nand more")
        if argument == "unprintable":
            raise UnprintableError
        return self.data.sum() + argument


class UnprintableError(Exception):
    """Exception whose text cannot be shown."""

    def __str__(self) -> str:
        raise RuntimeError("no text")


EXECUTORS: dict[str, Callable[[Any], Executor]] = {
    "inline": InlineExecutor,
    "one process": lambda function: ProcessPool(function, 1),
    "two processes": lambda function: ProcessPool(function, 2),
}


@pytest.fixture(params=sorted(EXECUTORS))
def executor(request: pytest.FixtureRequest) -> Iterator[Executor]:
    one = EXECUTORS[request.param](Sum())
    yield one
    one.close()


def run(executor: Executor, arguments: list[Any], timeout: float | None = 60.0) -> dict[int, Done]:
    jobs = [Job((number,), argument, timeout) for number, argument in enumerate(arguments)]
    done: dict[int, Done] = {}
    in_flight = 0
    while len(done) < len(arguments):
        while jobs and in_flight < executor.capacity:
            executor.submit(jobs.pop(0))
            in_flight += 1
        for one in executor.wait():
            done[one.key[0]] = one
            in_flight -= 1
    return done


def test_every_job_comes_back_once_with_its_result(executor: Executor) -> None:
    total = np.arange(100_000, dtype=float).sum()
    start = time.monotonic()
    done = run(executor, list(range(20)))
    assert {number: one.result for number, one in done.items()} == {n: total + n for n in range(20)}
    within = executor.capacity * (time.monotonic() - start)
    assert 0 < sum(one.seconds for one in done.values()) < within


def test_an_error_is_a_value_and_the_next_job_runs(executor: Executor) -> None:
    done = run(executor, ["raise", 1, "unprintable", 2])
    failed = done[0].result
    assert isinstance(failed, Failed)
    assert (failed.kind, failed.reason) == (Failure.ERROR, "ValueError: as asked")
    assert done[2].result.reason == "UnprintableError: its text cannot be shown"
    assert not isinstance(done[1].result, Failed)
    assert not isinstance(done[3].result, Failed)


def test_waiting_for_nothing_returns(executor: Executor) -> None:
    assert list(executor.wait()) == []
    assert list(executor.wait(0.0)) == []


def test_abandoned_jobs_do_not_come_back(executor: Executor) -> None:
    for number in range(executor.capacity):
        executor.submit(Job((number,), number, 60.0))
    executor.abandon()
    assert list(executor.wait(0.5)) == []
    assert len(run(executor, [1, 2])) == 2


def test_closing_twice_does_no_harm(executor: Executor) -> None:
    executor.close()
    executor.close()


def test_functions_of_the_main_script_reach_the_workers(executor: Executor) -> None:
    """A worker cannot import a function that is defined in `__main__`, as in a notebook."""
    scope: dict[str, Any] = {"__name__": "__main__"}
    exec("class Local:\n    def __call__(self, argument):\n        return argument * 3", scope)
    made = type(executor)
    one = made(scope["Local"]()) if made is InlineExecutor else ProcessPool(scope["Local"](), 1)
    try:
        assert run(one, [5])[0].result == 15
    finally:
        one.close()


def test_the_callers_environment_is_as_before(executor: Executor) -> None:
    before = dict(os.environ)
    run(executor, [1])
    assert dict(os.environ) == before


def hold(megabytes: int) -> int:
    """Hold memory long enough to be measured."""
    held = np.ones(megabytes * 131_072)
    time.sleep(1.0)
    return len(held)


def test_the_most_memory_that_a_worker_held_is_known() -> None:
    pool = ProcessPool(hold, 1)
    try:
        run(pool, [50, 300, 50])
        assert pool.peak_memory > 300e6
    finally:
        pool.close()
    assert InlineExecutor(hold).peak_memory == 0
