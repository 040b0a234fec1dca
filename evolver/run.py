"""One run: from a problem to the records of its candidates and a fitted winner.

The only module that holds a clock, an executor and a search at once. The fold is the unit of work:
whenever a worker is free it gets the next fold of the candidates asked for, and when there is none
the next candidate is asked for. So the first candidate already uses every core, and little is lost
at the end.

Timing decides nothing but the length of a run: outcomes are told in the order in which candidates
were asked, and candidate k is asked for when exactly the outcomes of the candidates up to k - lag
have been told.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from statistics import fmean
from typing import Any

import numpy as np
from sklearn.pipeline import Pipeline

from evolver.errors import NoPipelineError
from evolver.evaluation.fold import Evaluator, FoldScore, Request
from evolver.execution.inline import InlineExecutor
from evolver.execution.pool import ProcessPool
from evolver.execution.protocol import Done, Executor, Job
from evolver.genome.candidate import Candidate
from evolver.genome.codec import encode
from evolver.outcome import Failed, Failure, Outcome, Scored, Stopped, commonest_reasons
from evolver.problem import Budget, Problem, Settings
from evolver.search.evolution import Evolution
from evolver.search.proposer import Proposer
from evolver.search.selection import Member, front
from primitives import Catalogue

LAG_PER_WORKER = 8
PRELOAD = (
    "pandas",
    "sklearn.ensemble",
    "evolver.execution.worker",
    "evolver.evaluation.fold",
    "primitives.regressors",
)

FINAL_OVERHEAD = 0.5
"""Seconds to start a worker for the final fit and to bring its result home."""


@dataclass(eq=False)
class Record:
    """What is known of one candidate, in the order asked. The outcome is None while folds are
    out."""

    number: int
    candidate: Candidate
    folds: dict[int, FoldScore] = field(default_factory=dict)
    seconds: dict[int, float] = field(default_factory=dict)
    outcome: Outcome | None = None

    @property
    def member(self) -> Member:
        """This record as a member of a population; it must be scored."""
        assert isinstance(self.outcome, Scored)
        return Member(self.candidate, self.outcome)


@dataclass(frozen=True)
class Progress:
    """What a run shows while it goes on."""

    seconds: float
    candidates: int
    failed: int
    best: Member | None


@dataclass(frozen=True, eq=False)
class Result:
    """What a run gives back.

    Parameters
    ----------
    records : sequence of Record
        One for each candidate, in the order asked.
    front : sequence of Member
        Non-dominated, best score first; empty where no candidate had all its folds scored.
    winner : Candidate
    pipeline : Pipeline
        The winner, fitted on all rows.
    """

    records: Sequence[Record]
    front: Sequence[Member]
    winner: Candidate
    pipeline: Pipeline


def evolve(
    problem: Problem,
    catalogue: Catalogue,
    *,
    budget: Budget,
    settings: Settings,
    population_size: int,
    workers: int,
    rng: np.random.Generator,
    start: float | None = None,
    progress: Callable[[Progress], None] = lambda _: None,
) -> Result:
    """Search, then fit the winner.

    Parameters
    ----------
    problem : Problem
    catalogue : Catalogue
        Selected for the problem.
    budget : Budget
    settings : Settings
    population_size : int
    workers : int
        Number of processes.
    rng : numpy.random.Generator
        The only source of randomness.
    start : float, optional
        When the budget began to run, as `time.monotonic` gives it; default now.
    progress : callable
        Called after every outcome.

    Raises
    ------
    NoPipelineError
        When no fold of any candidate could be scored, or nothing that scored could be fitted on all
        rows.
    """
    evolution = Evolution(
        catalogue,
        rng,
        operator_rates=settings.operator_rates,
        population_size=population_size,
        initial_steps=settings.initial_steps,
        max_steps=settings.max_steps,
    )
    evaluator = Evaluator(problem, catalogue)

    def executor(capacity: int) -> Executor:
        return (
            InlineExecutor(evaluator)
            if settings.in_process
            else ProcessPool(evaluator, capacity, PRELOAD)
        )

    run = Run(evolution, len(problem.folds), budget, settings, workers, start, progress)
    run.search(executor)
    winner, pipeline = run.fit_winner(executor)
    return Result(run.records, run.front, winner, pipeline)


class Run:
    """The loop between a proposer and an executor. Made for one search, then for fitting its
    winner."""

    def __init__(
        self,
        proposer: Proposer,
        n_folds: int,
        budget: Budget,
        settings: Settings,
        workers: int,
        start: float | None,
        progress: Callable[[Progress], None],
    ) -> None:
        self.records: list[Record] = []
        self._proposer = proposer
        self._n_folds = n_folds
        self._budget = budget
        self._fold_seconds = settings.fold_seconds(budget)
        self._workers = workers
        self._lag = settings.lag or LAG_PER_WORKER * workers
        self._start = time.monotonic() if start is None else start
        self._progress = progress
        self._waiting: deque[tuple[int, int]] = deque()
        self._cut_short: set[tuple[int, ...]] = set()
        self._in_flight = 0
        self._told = 0
        self._failed = 0
        self._best: Record | None = None

    @property
    def front(self) -> list[Member]:
        """The non-dominated candidates so far."""
        return front(
            [record.member for record in self.records if isinstance(record.outcome, Scored)]
        )

    def search(self, executor: Callable[[int], Executor]) -> None:
        """Evaluate candidates until the budget is spent, there are no more, or the user
        interrupts."""
        workers = executor(self._workers)
        try:
            self._loop(workers)
        except KeyboardInterrupt:
            pass  # what was found so far is kept and fitted; a second interrupt is the caller's
        finally:
            workers.close()
        self._stop_unfinished()

    def fit_winner(self, executor: Callable[[int], Executor]) -> tuple[Candidate, Pipeline]:
        """Fit the best candidate on all rows; where that fails or takes too long, the next."""
        failures: list[Outcome] = []
        worker = executor(1)
        try:
            for record in self._by_merit():
                seconds = self._seconds_left()
                if failures and seconds is not None and seconds <= 0:
                    break
                timeout = None if seconds is None else max(seconds, 1.0)
                worker.submit(
                    Job((record.number,), Request(encode(record.candidate.tree), None), timeout)
                )
                result = worker.wait()[0].result
                if isinstance(result, Pipeline):
                    return record.candidate, result
                failures.append(result)
        finally:
            worker.close()
        outcomes = [
            *failures,
            *(record.outcome for record in self.records if record.outcome is not None),
        ]
        reasons = commonest_reasons(outcomes) or "no fold was finished within the budget"
        raise NoPipelineError(
            f"No pipeline could be fitted ({len(self.records)} candidates). The commonest"
            f" reasons:\n{reasons}"
        )

    def _loop(self, executor: Executor) -> None:
        while True:
            while self._in_flight < executor.capacity and (job := self._next_job()) is not None:
                executor.submit(job)
                self._in_flight += 1
            if self._in_flight == 0:
                return
            for done in executor.wait(self._search_seconds_left()):
                self._in_flight -= 1
                self._receive(done)
            if self._is_over():
                return

    def _next_job(self) -> Job | None:
        """Return the next fold to run; asks for a candidate where none is waiting."""
        if self._is_over() or not (self._waiting or self._ask()):
            return None
        number, fold = self._waiting.popleft()
        left = self._search_seconds_left()
        timeout = self._fold_seconds
        if left is not None and left < timeout:
            timeout = left
            self._cut_short.add((number, fold))
        return Job(
            (number, fold), Request(encode(self.records[number].candidate.tree), fold), timeout
        )

    def _ask(self) -> bool:
        number = len(self.records)
        if self._budget.evaluations is not None and number >= self._budget.evaluations:
            return False
        if not self._tell(number - self._lag):
            return False
        candidate = self._proposer.ask()
        if candidate is None:
            return False
        self.records.append(Record(number, candidate))
        self._waiting.extend((number, fold) for fold in range(self._n_folds))
        return True

    def _tell(self, last: int) -> bool:
        """Tell the outcomes up to candidate `last` in order; say whether all of them are known."""
        while self._told <= last:
            record = self.records[self._told]
            if record.outcome is None:
                return False
            self._proposer.tell(record.candidate, record.outcome)
            self._told += 1
        return True

    def _receive(self, done: Done) -> None:
        number, fold = done.key
        record = self.records[number]
        record.seconds[fold] = done.seconds
        if isinstance(done.result, FoldScore):
            record.folds[fold] = done.result
        if record.outcome is None:
            self._settle(record, done)

    def _settle(self, record: Record, done: Done) -> None:
        """Give a record its outcome, if it has one now."""
        seconds = sum(record.seconds.values())
        result = done.result
        if isinstance(result, Failed):
            if result.kind is Failure.TIMEOUT and done.key in self._cut_short:
                record.outcome = Stopped("the time was over", seconds)
            else:
                record.outcome = Failed(result.kind, result.reason, seconds)
                self._failed += 1
            self._waiting = deque(job for job in self._waiting if job[0] != record.number)
        elif len(record.folds) == self._n_folds:
            folds = [record.folds[fold] for fold in range(self._n_folds)]
            complexity = fmean(fold.complexity for fold in folds)
            record.outcome = Scored(tuple(fold.score for fold in folds), complexity, seconds)
            self._best = min((r for r in (self._best, record) if r is not None), key=_merit)
        else:
            return
        self._progress(self._now())

    def _now(self) -> Progress:
        best = None if self._best is None else self._best.member
        return Progress(time.monotonic() - self._start, len(self.records), self._failed, best)

    def _stop_unfinished(self) -> None:
        for record in self.records:
            if record.outcome is None:
                record.outcome = Stopped("the time was over", sum(record.seconds.values()))

    def _by_merit(self) -> Iterable[Record]:
        """Return what could be fitted, best first: all that was scored, or failing that what has
        the most folds."""
        scored = [record for record in self.records if isinstance(record.outcome, Scored)]
        if scored:
            return sorted(scored, key=_merit)
        begun = [
            record
            for record in self.records
            if record.folds and isinstance(record.outcome, Stopped)
        ]
        return sorted(
            begun,
            key=lambda record: (-len(record.folds), -fmean(f.score for f in record.folds.values())),
        )

    def _is_over(self) -> bool:
        left = self._search_seconds_left()
        return left is not None and left <= 0

    def _seconds_left(self) -> float | None:
        return (
            None
            if self._budget.seconds is None
            else self._start + self._budget.seconds - time.monotonic()
        )

    def _search_seconds_left(self) -> float | None:
        left = self._seconds_left()
        return None if left is None else left - self._reserve()

    def _reserve(self) -> float:
        """Return the seconds that the final fit needs, judged by the slowest fold of the best
        candidate.

        All rows are n / (n - 1) times those of a training part; the power covers models that are
        slower than linear.
        """
        if self._best is None:
            return 0.1 * (self._budget.seconds or 0.0)
        slowest = max(self._best.seconds.values())
        growth = (self._n_folds / max(1, self._n_folds - 1)) ** 1.5
        return float(FINAL_OVERHEAD + 1.2 * growth * slowest)


def _merit(record: Record) -> tuple[Any, ...]:
    """Order scored records best first: by score, then simplicity, then age."""
    assert isinstance(record.outcome, Scored)
    return -record.outcome.score, record.outcome.complexity, record.number
