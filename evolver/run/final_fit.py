"""Final fits of a run: the winner on all rows, and the members of an ensemble unless it is worse.

    winner    best candidate that can be fitted on all rows
    choose    members of an ensemble, among the best candidates
    fit       members on all rows, as many at once as there are workers
    repeat    fits of the members that have random states, with other states
    honest    score of the model that predicts, corrected for its choice among many

Each step is taken only while time is left.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator, Sequence
from itertools import chain

import numpy as np
from sklearn.pipeline import Pipeline

from evolver.budget import Deadline
from evolver.ensemble.blend import Library, Truth
from evolver.ensemble.selection import TEMPERATURES, Selection, select
from evolver.evaluation.blends import BlendScorer
from evolver.evaluation.fold import FittedPipeline, Request
from evolver.evaluation.usage import usage_or_nan
from evolver.execution.protocol import Executor, Job
from evolver.genome.codec import encode
from evolver.genome.pipeline import to_estimator
from evolver.limits import Excess, Usage
from evolver.outcome import (
    TIME_OVER,
    Failed,
    Failure,
    HonestScore,
    Scored,
)
from evolver.run.fitted_ensemble import ENSEMBLE, Ensemble, ensemble_of
from evolver.run.honest_score import Finished, honest_score
from evolver.run.model_sizes import ModelSizes
from evolver.run.nothing_fitted import raise_unless_late
from evolver.run.plan import RunPlan
from evolver.run.ranking import LIBRARY_SIZE, by_merit, limit_per_predictor
from evolver.run.record import Record
from evolver.run.result import Decision
from evolver.run.time_budget import (
    FINAL_OVERHEAD,
    FIT_MARGIN,
    HONEST_SECONDS,
    REFITS_PER_MEMBER,
    TimeBudget,
)
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
"""Fitted pipelines by number of the record and repeat. Repeat 0, the first fit, is always there."""

Fit = tuple[Record, int]
"""Candidate to fit on all rows, and number of the repeat."""


class FinalFit:
    """Final fits of a run. It is made when the search has ended, and logs each fit that fails.

    Parameters
    ----------
    plan : RunPlan
    records : sequence of Record
    executor : Executor
        Executor with no job under way.
    time_budget : TimeBudget

    Attributes
    ----------
    failed_fits : list of tuple of str
        Digest of a candidate that could not be fitted on all rows, and the reason, one line.
    usage : dict of str to Usage
        Measured usage of the winner and the ensemble, by digest.
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
        # Without a time budget, a fit may take as long as all folds may.
        self._longest = FIT_MARGIN * len(plan.problem.folds) * max(plan.fold_timeouts)
        self._sizes = ModelSizes(plan.problem, plan.settings.ensemble_bytes)
        self._failed: set[int] = set()
        self._over: list[tuple[Record, Excess]] = []
        self.usage: dict[str, Usage] = {}
        self.failed_fits: list[tuple[str, str]] = []

    def winner(self) -> tuple[Record | None, Pipeline | None]:
        """Fit the best candidate on all rows; if that fails or takes too long, the next best.

        Returns
        -------
        record : Record or None
            Candidate that was fitted; None if there was no time to fit any.
        pipeline : Pipeline or None
            Its fitted pipeline.

        Raises
        ------
        NoPipelineError
            When no candidate could be fitted, mostly for other reasons than time.
        """
        failures: list[Failed] = []
        for record in by_merit(self._records):
            timeout = self._limited(self._time.fit_timeout(record))
            if self._time.expected_fit(record) > timeout and self._is_limited:
                self._time.note(Decision.WINNER)
                continue
            self._executor.submit(self._job(record, timeout))
            done = self._executor.wait(timeout)
            result = done[0].result if done else Failed(Failure.TIMEOUT, TIME_OVER, timeout)
            if isinstance(result, FittedPipeline):
                if self._is_within_limits(record, result.usage):
                    return record, result.pipeline
                continue
            if done:
                failures.append(result)
            else:
                self._executor.abandon()
            self._failed.add(record.number)
            self._note_failure(record, result, Decision.WINNER)
        raise_unless_late(self._records, failures, self._over)
        return None, None

    def _is_within_limits(self, record: Record, usage: Usage) -> bool:
        """Keep the usage of a fitted candidate; return False, and note why, if it is too much."""
        self._sizes.note(record, usage)
        excess = self._sizes.excess(usage)
        if excess is None:
            self.usage[record.candidate.digest] = usage
            return True
        self._over.append((record, excess))
        self._failed.add(record.number)
        self._note(record, excess.reason, Decision.WINNER)
        return False

    def limit_ensemble_time(self) -> None:
        """Limit the time of an ensemble to the seconds that it should take, if more are left."""
        self._time.leave_ensemble()

    def ensemble(self, best: Record, pipeline: Pipeline, store: Store) -> Ensemble | None:
        """Choose and fit an ensemble; return None if it is worse than the winner or time is short.

        Parameters
        ----------
        best : Record
            Candidate that won.
        pipeline : Pipeline
            Its fitted pipeline.
        store : Store
            Holds the out-of-fold predictions.
        """
        if not isinstance(best.outcome, Scored) or self._plan.settings.ensemble_size < 2:
            return None
        fitted: Fitted = {best.number: {0: pipeline}}
        self._sizes.allow(best)
        candidates, library = self._library(best, store)
        selection = self._select(candidates, library, fitted)
        if selection is None:
            return None
        self._fit(_heaviest_first(candidates, selection), fitted)
        members = [candidates[place] for place in selection.blend.weights]
        are_fitted = all(member.number in fitted for member in members)
        if not (are_fitted and self._sizes.affords(members)):
            # The weights hold only for all members together, so the choice is made again among
            # the candidates that are fitted, whose sizes are known now.
            kept = [place for place, record in enumerate(candidates) if record.number in fitted]
            candidates = [candidates[place] for place in kept]
            selection = self._select(candidates, [library[place] for place in kept], fitted)
            if selection is None:
                return None
        self._repeat(_heaviest_first(candidates, selection), fitted)
        members = [candidates[place] for place in selection.blend.weights]
        return self._within_limits(members, fitted, selection)

    def _within_limits(
        self, members: Sequence[Record], fitted: Fitted, selection: Selection
    ) -> Ensemble | None:
        """Return the ensemble, without repeats if they are too much, or None if it is over a limit.

        The parts were measured alone. The whole is measured once more.
        """
        repeated = [fitted[member.number] for member in members]
        for fits in (repeated, [{0: one[0]} for one in repeated]):
            ensemble = ensemble_of(self._problem, members, fits, selection)
            if not self._problem.limits.are_set:
                return ensemble
            usage = usage_or_nan(ensemble.estimator, self._problem)
            excess = self._sizes.excess(usage)
            if excess is None:
                self.usage[ENSEMBLE] = usage
                return ensemble
            logger.warning("An ensemble is over a limit: %s.", excess)
        return None

    def honest_score(
        self,
        best: Record | None,
        ensemble: Ensemble | None,
        store: Store,
        rng: np.random.Generator,
    ) -> HonestScore:
        """Return the score that the model of `predict` can be expected to have on new rows."""
        records = [record for record in self._records if record.number not in self._failed]
        size = self._plan.settings.ensemble_size
        finished = Finished(self._problem, records, best, ensemble, size, store)
        end = self._time.deadline.at_most(HONEST_SECONDS)
        return honest_score(finished, rng, lambda: self._is_over(end, Decision.HONEST))

    def _library(self, best: Record, store: Store) -> tuple[list[Record], Library]:
        """Return the candidates that members are chosen from, and their stored predictions.

        Both are empty if the predictions of the winner are not stored.
        """
        candidates: list[Record] = []
        library: list[Sequence[np.ndarray]] = []
        for record in limit_per_predictor(chain([best], self._possible_members(best))):
            predictions = self._stored_predictions(record, store)
            if predictions is not None:
                candidates.append(record)
                library.append(predictions)
            elif record is best:
                return [], []
            if len(candidates) == LIBRARY_SIZE:
                break
        return candidates, library

    def _possible_members(self, best: Record) -> Iterator[Record]:
        """Give the other scored candidates that can still be fitted in time, best first."""
        for record in by_merit(self._records):
            if (
                record is not best
                and isinstance(record.outcome, Scored)
                and record.number not in self._failed
                and self._can_be_fitted([record])
            ):
                yield record

    def _stored_predictions(self, record: Record, store: Store) -> Sequence[np.ndarray] | None:
        """Return the out-of-fold predictions of a candidate by fold; None unless all are usable."""
        shape, n_folds = self._problem.task.output_shape, len(self._problem.folds)
        stored = [store.get(record.candidate.digest, fold) for fold in range(n_folds)]
        # A file of the run folder may have been changed, and another shape cannot be averaged.
        usable = [fold for fold in stored if fold is not None and fold.shape[1:] == shape]
        return usable if len(usable) == n_folds else None

    def _select(
        self, candidates: Sequence[Record], library: Library, fitted: Fitted
    ) -> Selection | None:
        """Choose members among candidates that are fitted or can still be fitted in time."""
        # Half of the time that is left is for choosing, the other half for fitting.
        end = self._time.deadline.at_most(self._time.left / 2)
        blends = BlendScorer(self._problem)
        return select(
            library,
            blends,
            self._plan.settings.ensemble_size,
            temperatures=TEMPERATURES if blends.is_log_loss else (1.0,),
            truth=Truth(blends.labels, blends.row_weights) if blends.is_log_loss else None,
            affords=lambda places: self._affords([candidates[place] for place in places], fitted),
            is_over=lambda: self._is_over(end),
        )

    def _affords(self, members: Sequence[Record], fitted: Fitted) -> bool:
        """Return True if members are within the limits together, and can be fitted in time."""
        left = [member for member in members if member.number not in fitted]
        return self._sizes.affords(members) and self._can_be_fitted(left)

    def _can_be_fitted(self, records: Sequence[Record]) -> bool:
        """Return True if members can be fitted in time; note it as a decision of time if not."""
        affords = self._time.affords(records)
        if not affords:
            self._time.note(Decision.MEMBERS)
        return affords

    def _is_over(self, end: Deadline, decision: Decision = Decision.MEMBERS) -> bool:
        """Return True if the time of a decision is over; note it as a decision of time then."""
        is_over = end.is_over
        if is_over:
            self._time.note(decision)
        return is_over

    def _fit(self, members: Sequence[Record], fitted: Fitted) -> None:
        """Fit the members that are not fitted yet, in their order, while time is left."""
        fits = [(record, 0) for record in members if record.number not in fitted]
        self._run(fits, fitted, Decision.MEMBERS)

    def _repeat(self, members: Sequence[Record], fitted: Fitted) -> None:
        """Fit members that have random states again with other states, while time is left.

        A member is begun only if there is time for all of its repeats.
        """
        waiting = [
            record
            for record in self._small_enough(members)
            if random_states(to_estimator(record.candidate.tree))
        ]
        # Fits are expected to take longer than most do, so time may be left for further members
        # when the first ones are done.
        while waiting:
            fits: list[Fit] = []
            for record in waiting:
                more = [*fits, *((record, repeat) for repeat in range(1, REFITS_PER_MEMBER))]
                if self._time.affords([each for each, _ in more]):
                    fits = more
            if not fits:
                self._time.note(Decision.REPEATS)
                break
            self._run(fits, fitted, Decision.REPEATS)
            begun = {record.number for record, _ in fits}
            waiting = [record for record in waiting if record.number not in begun]

    def _small_enough(self, members: Sequence[Record]) -> list[Record]:
        """Return the members whose repeats are within the limits, the smallest chosen first."""
        counts: dict[int, int] = {}
        for record in sorted(members, key=self._bytes):
            if self._sizes.affords(members, {**counts, record.number: REFITS_PER_MEMBER}):
                counts[record.number] = REFITS_PER_MEMBER
        return [record for record in members if record.number in counts]

    def _bytes(self, record: Record) -> float:
        usage = self._sizes.expected(record)
        return 0.0 if usage is None else usage.model_bytes

    def _run(self, fits: Sequence[Fit], fitted: Fitted, decision: Decision) -> None:
        """Run fits in their order until time is over, and add the fitted pipelines to `fitted`.

        Parameters
        ----------
        fits : sequence of Fit
        fitted : Fitted
        decision : Decision
            Decision that the fits are for.
        """
        waiting = list(reversed(fits))
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
            for fit in done:
                record = under_way.pop(fit.key)
                if isinstance(fit.result, FittedPipeline):
                    fitted.setdefault(record.number, {})[fit.key[1]] = fit.result.pipeline
                    if fit.key[1] == 0:
                        self._sizes.note(record, fit.result.usage)
                else:
                    self._note_failure(record, fit.result, decision)
            if not done:
                break
        if waiting:
            self._time.note(decision)
        self._abandon(under_way.values(), decision)

    def _abandon(self, under_way: Collection[Record], decision: Decision) -> None:
        """End the fits that are under way, and note each as late."""
        if under_way:
            self._executor.abandon()
        for record in under_way:
            self._note_failure(record, Failed(Failure.TIMEOUT, TIME_OVER, 0.0), decision)

    @property
    def _is_limited(self) -> bool:
        """True if there is a time budget."""
        return self._plan.budget.seconds is not None

    def _limited(self, seconds: float) -> float:
        """Return the timeout of a fit for the seconds that are left."""
        return seconds if self._is_limited else self._longest

    def _note_failure(self, record: Record, failed: Failed, decision: Decision) -> None:
        """Keep and log the reason why a candidate could not be fitted on all rows."""
        if failed.kind is Failure.TIMEOUT:
            self._time.note(decision)
        self._note(record, f"{failed.kind}: {failed.reason}", decision)

    def _note(self, record: Record, reason: str, decision: Decision) -> None:
        """Keep and log a reason why a candidate cannot be used as fitted on all rows."""
        self.failed_fits.append((record.candidate.digest, reason))
        logger.warning(
            "%s cannot be fitted on all rows: %s; %s.",
            record.candidate.tree,
            reason,
            INSTEAD[decision],
        )

    def _job(self, record: Record, timeout: float, repeat: int = 0) -> Job:
        """Return the job of a fit on all rows."""
        request = Request(encode(record.candidate.tree), None, repeat)
        return Job((record.number, repeat), request, timeout)


def _heaviest_first(candidates: Sequence[Record], selection: Selection) -> list[Record]:
    """Return the members of a selection, those of the greatest weight first."""
    weights = selection.blend.weights
    return [candidates[place] for place in sorted(weights, key=lambda place: -weights[place])]
