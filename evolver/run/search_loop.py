"""The loop between a proposer and an executor.

The fold is the unit of work. Whenever a worker is free it gets the next fold of the candidates
asked for, and if no fold waits the next candidate is asked for. So the first candidate already uses
every core, and little is lost at the end.

Timing decides nothing but the length of a run:

    ask       candidate k is asked for when exactly the outcomes of the candidates up to k - lag
              have been told
    tell      outcomes are told in the order in which the candidates were asked for
    judge     candidates are raced out in the same order

The journal has everything before it is acted on. To resume is to ask again: the candidates are the
same, and the folds that the journal knows are recalled instead of evaluated.
"""

from __future__ import annotations

import math
import threading
from collections import Counter, defaultdict
from collections.abc import Callable

from evolver.errors import InputError
from evolver.evaluation.fold import FoldScore, Request
from evolver.execution.protocol import Done, Executor, Job
from evolver.genome.codec import encode
from evolver.limits import Excess
from evolver.outcome import (
    NOT_BEGUN,
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
    is_not_begun,
    kind_of,
    took_too_long,
)
from evolver.run.final_fit import FinalFit
from evolver.run.fit_times import FitTimeModel
from evolver.run.fold_queue import FoldQueue, runner
from evolver.run.phases import Phases
from evolver.run.plan import RunPlan
from evolver.run.progress import Progress
from evolver.run.record import Record
from evolver.run.result import Decision, Reason
from evolver.run.time_budget import TimeBudget
from evolver.search.proposer import Proposer
from evolver.search.racing import Race
from evolver.search.selection import Member, front, non_dominated
from evolver.search.simplification import SIMPLIFICATION
from evolver.storage.journal import Journal
from evolver.storage.predictions import Store

SHARE_OF_TIMEOUT = 0.5
"""Largest share of the timeout of a fold that a pipeline of the portfolio is expected to take.

It holds where there is a time budget; a pipeline that should take longer is not begun. Five such
folds are an eighth of the time of two workers.
"""

INTERRUPT_SECONDS = 0.5
"""Longest time in seconds until an interrupt is noticed."""

Place = tuple[int, int]
"""Number of a candidate and number of one of its folds."""


class SearchLoop:
    """One search, which ends with the final fits.

    Parameters
    ----------
    plan : RunPlan
    proposer : Proposer
    executor : Executor
    journal : Journal
        Journal of this run, begun. Folds that it knows are not evaluated again.
    store : Store
        Receives the out-of-fold predictions.
    start : float
        Moment at which the budget began to run, as `time.monotonic` gives it.

    Attributes
    ----------
    records : list of Record
        One for each candidate, in the order asked.
    effort : Effort
        Effort of the folds that this search has run.
    worker_seconds : dict of str to float
        Seconds of workers on these folds, by the proposer of the candidate.
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
        self.worker_seconds: defaultdict[str, float] = defaultdict(float)
        self.ended_by: Reason = "interrupt"  # stays where an interrupt leaves the loop
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
        self._phases = Phases(plan, journal, self._time)
        if any(objective.is_time for objective in problem.objectives):
            self._time.note(Decision.COMPLEXITIES)
        if problem.limits.predict_seconds:
            self._time.note(Decision.SCORED)
        self._cut_short: set[tuple[int, ...]] = set()
        self._n_in_flight = 0
        self._n_told = 0
        self._ended: Counter[str] = Counter()
        self._front: list[Scored] = []
        self._n_idle = 0
        self._is_exhausted = False

    @property
    def front(self) -> list[Member]:
        """Non-dominated candidates so far."""
        return front(
            [record.member for record in self.records if isinstance(record.outcome, Scored)]
        )

    @property
    def decided_by_time(self) -> list[Decision]:
        """Decisions in which time took part in the search and the final fits, in their order."""
        decided = set(self._time.decisions)
        if self.ended_by == "time":
            decided.add(Decision.LENGTH)
        if any(took_too_long(record.outcome) for record in self.records if record.outcome):
            decided.add(Decision.SCORED)
        return [decision for decision in Decision if decision in decided]

    def search(self, progress: Callable[[Progress], None], interrupted: threading.Event) -> None:
        """Evaluate candidates until the search ends, and give each of them an outcome.

        The search ends when the budget is spent, the proposer has no more candidates, patience is
        over, or an interrupt is noted. An error of the system ends it too and is kept as `error`;
        the executor may be unusable then.

        Raises
        ------
        Exception
            The error of the system, if no fold was scored before it.
        """
        try:
            self._run(progress, interrupted)
            self._executor.abandon()
        except KeyboardInterrupt:
            if interrupted.is_set():  # the second interrupt is for the caller
                raise
            self._executor.abandon()
        except Exception as error:
            if isinstance(error, InputError) or not any(record.folds for record in self.records):
                raise
            self.ended_by, self.error = "error", error
        if self._journal.seconds and not self.effort.seconds:
            # The time of a resumed run was over before it ran a fold.
            self._time.leave_final_fits()
        for record in self.records:
            if record.outcome is None:
                record.outcome = Stopped(TIME_OVER, record.seconds)

    def final_fit(self, executor: Executor) -> FinalFit:
        """Return the final fits of the candidates that the search has found."""
        return FinalFit(self._plan, tuple(self.records), executor, self._time)

    def _run(self, progress: Callable[[Progress], None], interrupted: threading.Event) -> None:
        """Keep every worker busy until the search ends."""
        while True:
            self._submit()
            if self._n_in_flight == 0 or self._is_over or interrupted.is_set():
                self.ended_by = self._reason_of_end(interrupted.is_set())
                return
            # A candidate is bred while the workers are busy, so that none has to wait for it.
            if self._queue.is_empty:
                self._ask()
            for done in self._executor.wait(min(self._time.search_left, INTERRUPT_SECONDS)):
                self._n_in_flight -= 1
                # The free worker gets its next fold before the result is kept, which takes time.
                # A failed fold is kept first: other folds of its candidate must not be begun.
                if isinstance(done.result, FoldScore):
                    self._submit()
                if self._receive(done):
                    progress(self.progress())

    def _submit(self) -> None:
        """Give every idle worker a fold, while there are any."""
        while self._n_in_flight < self._executor.capacity and (job := self._next_job()) is not None:
            self._executor.submit(job)
            self._n_in_flight += 1

    def _next_job(self) -> Job | None:
        """Return the next job, asking for candidates while no fold waits; None if there is none."""
        while True:
            is_over = self._is_over
            place = None if is_over else self._queue.next()
            if place is not None:
                job = self._job(place)
                if job is not None:
                    return job
            # When the search is over, candidates of a resumed run are still recalled.
            elif (is_over and not self._is_known(len(self.records))) or not self._ask():
                return None

    def _job(self, place: Place) -> Job | None:
        """Return the job of a fold; settle its candidate and return None if time is too short."""
        number, unit = place
        record = self.records[number]
        longest = self._timeouts[-1]
        if self._plan.budget.seconds is not None:
            longest *= SHARE_OF_TIMEOUT
        if not record.folds and (self._fit_times.prior_seconds(record) or 0.0) > longest:
            reason = f"{NOT_BEGUN}: expected to take longer than {longest:g} s"
            self._settle(record, Stopped(reason, 0.0))
            return None
        timeout, left = self._timeouts[unit], self._time.search_left
        if left < timeout:
            if self._fit_times.expected(record, self._train_rows[unit]) > left:
                self._settle(record, Stopped(TIME_OVER, record.seconds))
                return None
            timeout = left
            self._cut_short.add(place)
        return Job(place, Request(encode(record.candidate.tree), unit), timeout)

    def _reason_of_end(self, is_interrupted: bool) -> Reason:
        """Return why the search ends."""
        if is_interrupted:
            return "interrupt"
        if self._is_over and not self._time.is_over:
            return "patience"
        is_complete = self._is_exhausted or len(self.records) == self._plan.budget.evaluations
        return "evaluations" if is_complete and not self._time.is_over else "time"

    @property
    def _is_over(self) -> bool:
        """True if the search must end: its time is over, or its patience, and it has simplified."""
        if self._time.is_over:
            return True
        return self._is_idle and not self._phases.goes_on(len(self.records))

    @property
    def _is_idle(self) -> bool:
        """True if the patience of the search is over."""
        return self._n_idle >= self._plan.patience

    def _is_known(self, number: int) -> bool:
        """Return True if the journal has the outcome of a candidate."""
        known = self._journal.replayed.get(number)
        return known is not None and known.settled

    def _ask(self) -> bool:
        """Ask for the next candidate and put its folds in line; return False if that is impossible.

        It is impossible while an outcome that must be told before is missing, and after the last
        candidate of the budget or of the proposer.
        """
        number = len(self.records)
        if self._is_exhausted or number == self._plan.budget.evaluations:
            return False
        if not self._tell_outcomes(number - self._plan.lag):
            return False
        self._phases.begin(number, is_idle=self._is_idle)
        candidate = self._proposer.ask()
        if candidate is None:
            # The proposer is not asked again: each call may draw random numbers, and the number of
            # calls would depend on timing.
            self._is_exhausted = True
            return False
        self._journal.propose(number, candidate)
        self._add(Record(number, candidate, self._race.margins))
        return True

    def _add(self, record: Record) -> None:
        """Add a record with all that the journal knows of it; put the rest of its folds in line."""
        self.records.append(record)
        known = self._journal.replayed.get(record.number)
        if known is not None:
            record.folds.update(known.folds)
            if known.final is not None:
                self._settle(record, known.final)
        self._queue.add(record)
        self._settle_if_scored(record)
        self._stop_raced_out()
        if known is not None:
            self._n_idle = 0  # patience counts new candidates alone

    def _tell_outcomes(self, last: int) -> bool:
        """Tell the outcomes up to candidate `last` in order; return False if one is missing.

        An outcome that only the end of the time decided counts as missing: when the run is resumed,
        the candidate is evaluated and has another.
        """
        while self._n_told <= last:
            record = self.records[self._n_told]
            if record.outcome is None or is_late(record.outcome):
                return False
            self._proposer.tell(record.candidate, record.outcome)
            if isinstance(record.outcome, Scored):
                self._race.tell(runner(record, len(self._train_rows)))
            self._n_told += 1
        return True

    def _receive(self, done: Done) -> bool:
        """Keep the result of a fold; return True if a candidate has its outcome by that."""
        number, unit = done.key
        record = self.records[number]
        self.worker_seconds[record.candidate.origin.proposer] += done.seconds
        excess = self._excess(done.result)
        if excess is not None and isinstance(done.result, FoldScore):
            self.effort += done.result.effort
            if record.outcome is None:
                self._settle(record, Stopped(excess.reason, record.seconds + done.seconds))
        elif isinstance(done.result, FoldScore):
            self._keep_fold(record, unit, done.result, done.seconds)
        elif record.outcome is None:
            self._settle(record, self._failure(record, done))
        has_outcome = self._settle_if_scored(record)
        return self._stop_raced_out() or has_outcome

    def _excess(self, result: object) -> Excess | None:
        """Return what the pipeline of a fold exceeds; None if it is within all limits."""
        usage = result.usage if isinstance(result, FoldScore) else None
        return None if usage is None else self._plan.problem.limits.excess(usage)

    def _keep_fold(self, record: Record, unit: int, result: FoldScore, seconds: float) -> None:
        """Keep a scored fold in the record, the journal, the store and the model of fit times."""
        self.effort += result.effort
        if unit >= self._ladder:  # an ensemble is chosen on folds of all rows
            self._store.put(record.candidate.digest, unit - self._ladder, result.predictions)
        usage = () if result.usage is None else result.usage.values
        fold = ScoredFold(
            result.score, result.costs, seconds, result.effort.saved, result.reported, usage
        )
        record.folds[unit] = fold
        self._journal.fold(record.number, unit, fold)
        self._fit_times.learn(record, unit)

    def _failure(self, record: Record, done: Done) -> Outcome:
        """Return the outcome of a candidate with a fold that failed."""
        seconds = record.seconds + done.seconds
        if done.result.kind is Failure.TIMEOUT and done.key in self._cut_short:
            return Stopped(TIME_OVER, seconds)
        return Failed(done.result.kind, done.result.reason, seconds)

    def _settle_if_scored(self, record: Record) -> bool:
        """Settle a candidate if all of its folds are scored; return True if it has an outcome."""
        if record.outcome is None and len(record.folds) == len(self._train_rows):
            units = [record.folds[unit] for unit in sorted(record.folds)]
            self._settle(record, aggregate_folds(units, self._ladder))
        return record.outcome is not None

    def _stop_raced_out(self) -> bool:
        """Settle the candidates that are raced out by now; return True if there are any."""
        any_stopped = False
        # A candidate that is stopped no longer delays those after it at the later stages.
        while stopped := self._queue.advance():
            any_stopped = True
            for record, raced in stopped:
                score = self._race.so_far(raced.scores)
                outcome = Stopped(RACED_OUT, record.seconds, len(raced.scores), score)
                self._settle(record, outcome)
        return any_stopped

    def _settle(self, record: Record, outcome: Outcome) -> None:
        """Give a candidate its outcome; the rest of its folds is not run."""
        known = self._journal.replayed.get(record.number)
        is_known = known is not None and known.settled
        record.outcome = outcome
        record.elapsed = known.elapsed if known and is_known else self._time.elapsed
        # A late candidate is not settled in the journal: a resumed run evaluates it.
        if not is_late(outcome):
            self._journal.settle(record.number, outcome, self._time.elapsed)
        rating = outcome.score if isinstance(outcome, Scored) else -math.inf
        self._store.rate(record.candidate.digest, rating)
        if isinstance(outcome, Scored):
            self._time.observe(record)
        if self._time.best is record:
            self._n_idle = 0
        elif not (isinstance(outcome, Failed) or is_late(outcome) or is_not_begun(outcome)):
            self._n_idle += 1
        self._ended[kind_of(outcome)] += 1
        if isinstance(outcome, Scored):
            found = [*self._front, outcome]
            self._front = [found[place] for place in non_dominated(found)]

    def progress(self, phase: str = "") -> Progress:
        """Return the state of the run; by default its phase is that of the last candidate."""
        best = self._time.best
        last = self.records[-1]
        if not phase and self._journal.simplifies_at(last.number):
            phase = SIMPLIFICATION  # others are asked too while simplifications are evaluated
        return Progress(
            phase or last.candidate.origin.proposer,
            self._time.elapsed,
            self._plan.budget,
            len(self.records),
            dict(self._ended),
            None if best is None else best.member,
            len(self._front),
            self._n_in_flight,
            self._executor.capacity,
        )
