"""What a run ends with: the winner fitted on all rows, and an ensemble unless it is worse.

The winner comes first. Then, while time is left, the members of an ensemble are chosen among the
best candidates and fitted, as many at once as there are workers, and last those with random states
again with others.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from statistics import fmean

import numpy as np
from sklearn.pipeline import Pipeline

from evolver.budget import Deadline
from evolver.ensemble.selection import TEMPERATURES, Library, Selection, select
from evolver.errors import NoPipelineError
from evolver.evaluation.blends import BlendScorer
from evolver.evaluation.fold import Request
from evolver.execution.protocol import Executor, Job
from evolver.genome.codec import encode
from evolver.genome.pipeline import to_estimator
from evolver.outcome import (
    TIME_OVER,
    Failed,
    Failure,
    Outcome,
    Scored,
    Stopped,
    commonest_reasons,
)
from evolver.run.fitted_ensemble import Ensemble, ensemble_of
from evolver.run.plan import RunPlan
from evolver.run.ranking import LIBRARY_SIZE, limit_per_predictor, ranking_key
from evolver.run.record import Record
from evolver.run.result import Decision
from evolver.run.time_budget import FINAL_OVERHEAD, FIT_MARGIN, REFITS_PER_MEMBER, TimeBudget
from evolver.storage.predictions import Store
from primitives.wrappers import random_states

logger = logging.getLogger("evolver")

INSTEAD = {
    Decision.WINNER: "the next best candidate is tried",
    Decision.MEMBERS: "the ensemble is without it",
    Decision.REPEATS: "the ensemble has fewer fits of it",
}
"""Consequence of a fit that fails, in words."""

Fitted = dict[int, dict[int, Pipeline]]
"""By number of the record and repeat; there is none without the first."""


class FinalFit:
    """The final fits of a run. Made when its search has ended. A fit that fails is said.

    Parameters
    ----------
    plan : RunPlan
    records : sequence of Record
    executor : Executor
        Executor with nothing under way.
    time_budget : TimeBudget

    Attributes
    ----------
    failed_fits : list of tuple of str
        Digest of a candidate that could not be fitted on all rows, and the reason, one line.
    """

    def __init__(
        self,
        plan: RunPlan,
        records: Sequence[Record],
        executor: Executor,
        time_budget: TimeBudget,
    ) -> None:
        self._plan = plan
        self._problem = plan.problem
        self._records = records
        self._executor = executor
        self._time = time_budget
        # Where there is no time budget, a fit may take as long as all folds may.
        self._longest = FIT_MARGIN * len(plan.problem.folds) * max(plan.fold_timeouts)
        self._failed: set[int] = set()
        self.failed_fits: list[tuple[str, str]] = []

    def winner(self) -> tuple[Record | None, Pipeline | None]:
        """Fit the best candidate on all rows; where that fails or cannot end in time, the next.

        Returns nothing where time was too short for any.
        """
        failures: list[Outcome | None] = []
        for record in self._by_merit():
            timeout = self._limited(self._time.fit_timeout(record))
            if self._time.expected_fit(record) > timeout and self._is_limited:
                self._time.note(Decision.WINNER)
                continue
            self._executor.submit(self._job(record, timeout))
            done = self._executor.wait(timeout)
            if done and isinstance(done[0].result, Pipeline):
                return record, done[0].result
            self._failed.add(record.number)
            if not done:
                self._executor.abandon()
                self._say(record, Failed(Failure.TIMEOUT, TIME_OVER, timeout), Decision.WINNER)
            else:
                failures.append(done[0].result)
                self._say(record, done[0].result, Decision.WINNER)
        self._complain_unless_late(failures)
        return None, None

    def limit_ensemble_time(self) -> None:
        """Leave an ensemble the seconds that it should take, however many are left."""
        self._time.leave_ensemble()

    def ensemble(self, best: Record, pipeline: Pipeline, store: Store) -> Ensemble | None:
        """Choose and fit an ensemble; None where it is worse than the winner, or time is short.

        Parameters
        ----------
        best : Record
        pipeline : Pipeline
            Pipeline of the best candidate, fitted.
        store : Store
            Has the out-of-fold predictions.
        """
        if not isinstance(best.outcome, Scored) or self._plan.settings.ensemble_size < 2:
            return None
        fitted: Fitted = {best.number: {0: pipeline}}
        candidates, library = self._library(best, store)
        chosen = self._selected(candidates, library, fitted)
        if chosen is None:
            return None
        weights = chosen.blend.weights
        self._fit([candidates[place] for place in heaviest_first(weights)], fitted)
        if any(candidates[place].number not in fitted for place in weights):
            kept = [place for place, one in enumerate(candidates) if one.number in fitted]
            candidates = [candidates[place] for place in kept]
            chosen = self._selected(candidates, [library[place] for place in kept], fitted)
            if chosen is None:
                return None
        weights = chosen.blend.weights
        self._repeat([candidates[place] for place in heaviest_first(weights)], fitted)
        members = [candidates[place] for place in weights]
        return ensemble_of(self._problem, members, [fitted[one.number] for one in members], chosen)

    def _library(self, best: Record, store: Store) -> tuple[list[Record], Library]:
        """Return the best candidates, not too many of them alike, that can be fitted in time and
        whose predictions are kept."""
        others = (
            record
            for record in self._by_merit()
            if record is not best
            and isinstance(record.outcome, Scored)
            and record.number not in self._failed
            and self._can_be_member([record])
        )
        shape, n_folds = self._problem.task.output_shape, len(self._problem.folds)
        candidates: list[Record] = []
        library: list[list[np.ndarray]] = []
        for record in limit_per_predictor(chain([best], others)):
            stored = [store.get(record.candidate.digest, fold) for fold in range(n_folds)]
            whole = [one for one in stored if one is not None and one.shape[1:] == shape]
            if len(whole) == n_folds:
                candidates.append(record)
                library.append(whole)
            elif record is best:
                return [], []
            if len(candidates) == LIBRARY_SIZE:
                break
        return candidates, library

    def _selected(
        self, candidates: Sequence[Record], library: Library, fitted: Fitted
    ) -> Selection | None:
        """Choose an ensemble of what is fitted or can be in the time that is left, half of which
        choosing may take."""
        end = self._time.deadline.at_most(self._time.left / 2)
        blends = BlendScorer(self._problem)
        return select(
            library,
            blends,
            self._plan.settings.ensemble_size,
            temperatures=TEMPERATURES if blends.is_log_loss else (1.0,),
            labels=blends.labels if blends.is_log_loss else None,
            affords=lambda places: self._can_be_member(
                [candidates[place] for place in places if candidates[place].number not in fitted]
            ),
            is_over=lambda: self._is_over(end),
        )

    def _can_be_member(self, records: Sequence[Record]) -> bool:
        """Say whether candidates can be fitted in time, and note where that decides."""
        affords = self._time.affords(records)
        if not affords:
            self._time.note(Decision.MEMBERS)
        return affords

    def _is_over(self, end: Deadline) -> bool:
        """Say whether the time to choose is over, and note where that decides."""
        if end.is_over:
            self._time.note(Decision.MEMBERS)
        return end.is_over

    def _fit(self, members: Sequence[Record], fitted: Fitted) -> None:
        """Fit those that are not fitted yet, as many as can be in time, in their order."""
        jobs = [(one, 0) for one in members if one.number not in fitted]
        self._run(jobs, fitted, Decision.MEMBERS)

    def _repeat(self, members: Sequence[Record], fitted: Fitted) -> None:
        """Fit those that have random states again with others, in their order, those all of whose
        repeats can be in time; what is left of it may be enough for more."""
        waiting = [one for one in members if random_states(to_estimator(one.candidate.tree))]
        while waiting:
            jobs: list[tuple[Record, int]] = []
            for record in waiting:
                more = [*jobs, *((record, repeat) for repeat in range(1, REFITS_PER_MEMBER))]
                if self._time.affords([one for one, _ in more]):
                    jobs = more
            if not jobs:
                self._time.note(Decision.REPEATS)
                break
            self._run(jobs, fitted, Decision.REPEATS)
            begun = {record.number for record, _ in jobs}
            waiting = [one for one in waiting if one.number not in begun]

    def _run(self, jobs: Sequence[tuple[Record, int]], fitted: Fitted, of: Decision) -> None:
        """Fit records and repeats of them, in their order, and note what is fitted in time; say
        what is not."""
        waiting = list(reversed(jobs))
        under_way: dict[tuple[int, ...], Record] = {}
        while waiting or under_way:
            timeout = self._limited(self._time.left - FINAL_OVERHEAD)
            if timeout <= 0:
                break
            while waiting and len(under_way) < self._executor.capacity:
                record, repeat = waiting.pop()
                self._executor.submit(self._job(record, timeout, repeat))
                under_way[record.number, repeat] = record
            done = self._executor.wait(timeout)
            for one in done:
                record = under_way.pop(one.key)
                if isinstance(one.result, Pipeline):
                    fitted.setdefault(record.number, {})[one.key[1]] = one.result
                else:
                    self._say(record, one.result, of)
            if not done:
                break
        if waiting:
            self._time.note(of)
        if under_way:
            self._executor.abandon()
        for record in under_way.values():
            self._say(record, Failed(Failure.TIMEOUT, TIME_OVER, 0.0), of)

    @property
    def _is_limited(self) -> bool:
        """True if there is a time budget."""
        return self._plan.budget.seconds is not None

    def _limited(self, seconds: float) -> float:
        """Return the limit of a fit where so many seconds are left."""
        return seconds if self._is_limited else self._longest

    def _say(self, record: Record, failed: Failed, of: Decision) -> None:
        """Say and note that a candidate could not be fitted on all rows, and what there is instead
        of the fit."""
        if failed.kind is Failure.TIMEOUT:
            self._time.note(of)
        reason = f"{failed.kind}: {failed.reason}"
        self.failed_fits.append((record.candidate.digest, reason))
        pipeline = record.candidate.tree
        logger.warning("%s cannot be fitted on all rows: %s; %s.", pipeline, reason, INSTEAD[of])

    def _job(self, record: Record, timeout: float, repeat: int = 0) -> Job:
        request = Request(encode(record.candidate.tree), None, repeat)
        return Job((record.number, repeat), request, timeout)

    def _complain_unless_late(self, failures: list[Outcome | None]) -> None:
        """Raise when what could have won, or all where none could, failed for reasons of its own
        more often than for time."""
        outcomes = failures if any(self._by_merit()) else [one.outcome for one in self._records]
        failed = [outcome for outcome in outcomes if isinstance(outcome, Failed)]
        late = sum(outcome.kind is Failure.TIMEOUT for outcome in failed)
        if failed and 2 * late < len(failed):
            raise NoPipelineError(
                f"No pipeline could be fitted ({len(self._records)} candidates). The commonest"
                f" reasons:\n{commonest_reasons(failed)}"
            )

    def _by_merit(self) -> Iterable[Record]:
        """Return what could be fitted, best first: what was scored, failing that what has folds."""
        complete = [record for record in self._records if isinstance(record.outcome, Scored)]
        if complete:
            return sorted(complete, key=ranking_key)
        begun = [
            record
            for record in self._records
            if record.folds and isinstance(record.outcome, Stopped)
        ]
        return sorted(
            begun,
            key=lambda one: (-len(one.folds), -fmean(fold.score for fold in one.folds.values())),
        )


def heaviest_first(weights: Mapping[int, float]) -> list[int]:
    """Return what has weights, in their order."""
    return sorted(weights, key=lambda place: -weights[place])
