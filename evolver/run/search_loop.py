"""The loop between a proposer and an executor.

The fold is the unit of work: whenever a worker is free it gets the next fold of the candidates
asked for, and when there is none the next candidate is asked for. So the first candidate already
uses every core, and little is lost at the end.

Timing decides nothing but the length of a run: outcomes are told in the order in which candidates
were asked, candidate k is asked for when exactly the outcomes of the candidates up to k - lag have
been told, and who is raced out is judged in the same order. Everything is in the journal before it
is acted on, and resuming is asking again: the candidates are the same, and the folds that the
journal knows are not evaluated but recalled.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable

from evolver.errors import InputError
from evolver.evaluation.fold import FoldScore, Request
from evolver.execution.protocol import Done, Executor, Job
from evolver.genome.codec import encode
from evolver.outcome import (
    RACED_OUT,
    TIME_OVER,
    Effort,
    Failed,
    Failure,
    Outcome,
    Scored,
    ScoredFold,
    Stopped,
    aggregate_folds,
    is_late,
    took_too_long,
)
from evolver.run.final_fit import FinalFit
from evolver.run.fit_times import FitTimeModel
from evolver.run.fold_queue import FoldQueue, runner
from evolver.run.plan import RunPlan
from evolver.run.progress import Progress
from evolver.run.record import Record
from evolver.run.result import Decision, Reason
from evolver.run.time_budget import TimeBudget
from evolver.search.proposer import Proposer
from evolver.search.racing import Race
from evolver.search.selection import Member, front
from evolver.storage.journal import Journal
from evolver.storage.predictions import Store

WORTH = 0.5
"""Share of the limit of a fold, where there is a time budget. A pipeline of the portfolio that is
expected to take longer is not begun: five such folds are an eighth of what two workers have."""

INTERRUPT_SECONDS = 0.5
"""Longest time in seconds until an interrupt is noticed."""


class SearchLoop:
    """One search, which ends with the final fits.

    Parameters
    ----------
    plan : RunPlan
    proposer : Proposer
    executor : Executor
    journal : Journal
        Journal of this run, begun; folds that it knows are not evaluated again.
    store : Store
        Takes the out-of-fold predictions.
    start : float
        Moment at which the budget began to run, as `time.monotonic` gives it.

    Attributes
    ----------
    records : list of Record
        One for each candidate, in the order asked.
    effort : Effort
        Effort of the folds that this search has run.
    ended_by : Reason
    error : Exception or None
        Error of the system that ended the search.
    """

    def __init__(
        self,
        plan: RunPlan,
        proposer: Proposer,
        executor: Executor,
        journal: Journal,
        store: Store,
        start: float,
    ) -> None:
        problem, settings = plan.problem, plan.settings
        self.records: list[Record] = []
        self.effort = Effort()
        self.ended_by: Reason = "interrupt"
        self.error: Exception | None = None
        self._plan = plan
        self._proposer = proposer
        self._executor = executor
        self._journal = journal
        self._store = store
        self._train_rows = [len(train) for train, _ in problem.units]
        self._timeouts = plan.fold_timeouts
        self._ladder = len(problem.ladder)
        self._race = Race(
            self._ladder, len(problem.folds), plan.population_size, settings.racing_error
        )
        race = self._race if self._race.ends_any else None
        self._queue = FoldQueue(race, len(problem.units))
        self._fit_times = FitTimeModel(self._train_rows)
        self._time = TimeBudget(
            plan.budget,
            start,
            self._fit_times,
            rows=len(problem.y),
            members=settings.ensemble_size,
            workers=executor.capacity,
            spent=journal.seconds,
        )
        if any(objective.is_time for objective in problem.objectives):
            self._time.note(Decision.COMPLEXITIES)
        self._cut_short: set[tuple[int, ...]] = set()
        self._in_flight = 0
        self._idle = 0
        self._is_exhausted = False
        self._told = 0
        self._failed = 0

    @property
    def front(self) -> list[Member]:
        """The non-dominated candidates so far."""
        return front(
            [record.member for record in self.records if isinstance(record.outcome, Scored)]
        )

    @property
    def decided_by_time(self) -> list[Decision]:
        """Decisions of time in the search and the final fits, in the order of a run."""
        decided = set(self._time.decisions)
        if self.ended_by == "time":
            decided.add(Decision.LENGTH)
        if any(took_too_long(record.outcome) for record in self.records if record.outcome):
            decided.add(Decision.SCORED)
        return [one for one in Decision if one in decided]

    def search(self, progress: Callable[[Progress], None], interrupted: threading.Event) -> None:
        """Evaluate candidates until the budget is spent, there are no more, or an interrupt is
        noted.

        An error that is no candidate's ends the search as an interrupt does, and is kept as
        `error`; the executor may be of no use any more then.

        Raises
        ------
        Exception
            The error, where no fold was scored before it.
        """
        try:
            self._loop(progress, interrupted)
            self._executor.abandon()
        except KeyboardInterrupt:
            if interrupted.is_set():  # a second one is the caller's
                raise
            self._executor.abandon()
        except Exception as error:
            if isinstance(error, InputError) or not any(one.folds for one in self.records):
                raise
            self.ended_by, self.error = "error", error
        if self._journal.seconds and not self.effort.seconds:
            # The time of a resumed run was over before it went on.
            self._time.leave_final_fits()
        for record in self.records:
            if record.outcome is None:
                record.outcome = Stopped(TIME_OVER, record.seconds)

    def finish(self, executor: Executor) -> FinalFit:
        """Return the final fits of what the search found."""
        return FinalFit(self._plan, tuple(self.records), executor, self._time)

    def _loop(self, progress: Callable[[Progress], None], interrupted: threading.Event) -> None:
        while True:
            self._submit()
            if self._in_flight == 0 or self._is_over or interrupted.is_set():
                self.ended_by = self._reason(interrupted.is_set())
                return
            if self._queue.is_empty:  # a worker need not wait for a child to be bred
                self._ask()
            for done in self._executor.wait(min(self._time.search_left, INTERRUPT_SECONDS)):
                self._in_flight -= 1
                if isinstance(done.result, FoldScore):
                    self._submit()  # first: the worker need not wait for the bookkeeping
                if self._receive(done):
                    progress(self._now())

    def _submit(self) -> None:
        """Give every idle worker a fold, as long as there are any."""
        while self._in_flight < self._executor.capacity and (job := self._next_job()) is not None:
            self._executor.submit(job)
            self._in_flight += 1

    def _next_job(self) -> Job | None:
        """Return the next fold to run; asks for candidates where none is waiting."""
        while True:
            over = self._is_over
            place = None if over else self._queue.next()
            if place is None:
                if (over and not self._is_known(len(self.records))) or not self._ask():
                    return None
                continue
            number, unit = place
            record = self.records[number]
            longest = self._timeouts[-1] * (1.0 if self._plan.budget.seconds is None else WORTH)
            if not record.folds and (self._fit_times.prior_seconds(record) or 0.0) > longest:
                reason = f"expected to take longer than {longest:g} s"
                self._settle(record, Failed(Failure.TIMEOUT, reason, 0.0))
                continue
            left = self._time.search_left
            timeout = self._timeouts[unit]
            if left < timeout:
                if self._fit_times.expected(record, self._train_rows[unit]) > left:
                    self._settle(record, Stopped(TIME_OVER, record.seconds))
                    continue
                timeout = left
                self._cut_short.add(place)
            return Job(place, Request(encode(record.candidate.tree), unit), timeout)

    def _reason(self, interrupted: bool) -> Reason:
        """Return why the search ends."""
        if interrupted:
            return "interrupt"
        if self._is_over and not self._time.is_over:
            return "patience"
        is_complete = self._is_exhausted or len(self.records) == self._plan.budget.evaluations
        return "evaluations" if is_complete and not self._time.is_over else "time"

    @property
    def _is_over(self) -> bool:
        """True when the search must end: its time is over, or nothing better was found for long."""
        return self._time.is_over or self._idle >= self._plan.patience

    def _is_known(self, number: int) -> bool:
        """Say whether the journal has the outcome of a candidate."""
        known = self._journal.replayed.get(number)
        return known is not None and known.settled

    def _ask(self) -> bool:
        """Ask for the next candidate, and recall what the journal knows of it."""
        number = len(self.records)
        if self._is_exhausted or number == self._plan.budget.evaluations:
            return False
        if not self._tell(number - self._plan.lag):
            return False
        self._begin_refinement(number)
        candidate = self._proposer.ask()
        if candidate is None:
            self._is_exhausted = True
            return False
        self._journal.propose(number, candidate)
        record = Record(number, candidate, self._race.margins)
        self.records.append(record)
        known = self._journal.replayed.get(number)
        if known is not None:
            record.folds.update(known.folds)
            if known.failed is not None:
                self._settle(record, known.failed)
        self._queue.add(record)
        self._conclude(record)
        self._advance()
        if known is not None:
            self._idle = 0  # patience counts new candidates alone
        return True

    def _begin_refinement(self, number: int) -> None:
        """Give refinement its share once its part of the time has come, where that was not said by
        count before; what the journal knows came before."""
        journal, settings, seconds = self._journal, self._plan.settings, self._plan.budget.seconds
        first = max(self._plan.first_population, len(journal.replayed))
        if journal.shares or seconds is None or number < first:
            return
        if self._time.elapsed >= settings.refinement_start * seconds:
            journal.share(settings.refinement_share, number)
            self._time.note(Decision.REFINEMENT)

    def _tell(self, last: int) -> bool:
        """Tell the outcomes up to candidate `last` in order; say whether all of them are known.

        That the time was over for one is not told: whoever resumes the run will know better.
        """
        while self._told <= last:
            record = self.records[self._told]
            if record.outcome is None or is_late(record.outcome):
                return False
            self._proposer.tell(record.candidate, record.outcome)
            if isinstance(record.outcome, Scored):
                self._race.tell(runner(record, len(self._train_rows)))
            self._told += 1
        return True

    def _receive(self, done: Done) -> bool:
        """Take in what became of a fold; say whether some candidate has an outcome now."""
        number, unit = done.key
        record = self.records[number]
        if isinstance(done.result, FoldScore):
            result = done.result
            self.effort += result.effort
            if unit >= self._ladder:
                self._store.put(record.candidate.digest, unit - self._ladder, result.predictions)
            record.folds[unit] = ScoredFold(
                result.score, result.costs, done.seconds, result.effort.saved
            )
            self._journal.fold(number, unit, record.folds[unit])
            self._fit_times.learn(record, unit)
        elif record.outcome is None:
            self._settle(record, self._failure(record, done))
        known = self._conclude(record)
        return self._advance() or known

    def _failure(self, record: Record, done: Done) -> Outcome:
        """Return the outcome of a record, a fold of which failed."""
        seconds = record.seconds + done.seconds
        if done.result.kind is Failure.TIMEOUT and done.key in self._cut_short:
            return Stopped(TIME_OVER, seconds)
        return Failed(done.result.kind, done.result.reason, seconds)

    def _conclude(self, record: Record) -> bool:
        """Settle a record all of whose folds are scored; say whether it has an outcome."""
        if record.outcome is None and len(record.folds) == len(self._train_rows):
            units = [record.folds[unit] for unit in sorted(record.folds)]
            self._settle(record, aggregate_folds(units, self._ladder))
        return record.outcome is not None

    def _advance(self) -> bool:
        """Judge who can be judged; say whether any is raced out."""
        any_stopped = False
        while stopped := self._queue.advance():
            any_stopped = True
            for record, raced in stopped:
                score = self._race.so_far(raced.scores)
                out = Stopped(RACED_OUT, record.seconds, len(raced.scores), score)
                self._settle(record, out)
        return any_stopped

    def _settle(self, record: Record, outcome: Outcome) -> None:
        """Give a record its outcome; what is left of its folds is not run."""
        record.outcome = outcome
        if not is_late(outcome):
            self._journal.settle(record.number, outcome, self._time.elapsed)
        rating = outcome.score if isinstance(outcome, Scored) else -math.inf
        self._store.rate(record.candidate.digest, rating)
        if isinstance(outcome, Scored):
            self._time.observe(record)
        if self._time.best is record:
            self._idle = 0
        elif isinstance(outcome, Scored | Stopped) and not is_late(outcome):
            self._idle += 1
        self._failed += isinstance(outcome, Failed)

    def _now(self) -> Progress:
        best = self._time.best
        member = None if best is None else best.member
        return Progress(self._time.elapsed, len(self.records), self._failed, member)
