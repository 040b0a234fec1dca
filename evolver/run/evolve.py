"""One run: from a plan to the records of its candidates and a fitted winner.

`evolve` puts proposers, race, executor and search loop together, then lets the final fits be made.
"""

from __future__ import annotations

import copy
import logging
import threading
import time
import warnings
from collections.abc import Callable, Sequence

import numpy as np
from sklearn.pipeline import Pipeline

from evolver.budget import Deadline
from evolver.errors import EvolverError, NoPipelineError
from evolver.evaluation.fallback import fallback, title_of
from evolver.evaluation.fold import Evaluator
from evolver.execution import memory
from evolver.execution.inline import InlineExecutor, reason_of
from evolver.execution.pool import ProcessPool
from evolver.execution.protocol import Executor
from evolver.limits import Limits, Usage
from evolver.outcome import Effort
from evolver.problem import Problem
from evolver.run.final_fit import FinalFit
from evolver.run.fitted_ensemble import ENSEMBLE, Ensemble
from evolver.run.interrupt import first_interrupt_noted
from evolver.run.model_sizes import usage_by_folds
from evolver.run.plan import RunPlan
from evolver.run.progress import FINAL_FITS, Progress
from evolver.run.proposers import proposer_of
from evolver.run.record import Record
from evolver.run.result import Result
from evolver.run.search_loop import SearchLoop
from evolver.search.selection import Member
from evolver.storage.journal import Journal
from evolver.storage.predictions import Store

logger = logging.getLogger("evolver")

PRELOAD = (
    "pandas",
    "sklearn.ensemble",
    "evolver.execution.worker",
    "evolver.evaluation.fold",
    "primitives.regressors",
)
"""Modules that are imported once, before workers are forked, so that each starts quickly."""

LATEST_START = 0.5
"""Largest share of the budget that may have passed when a search begins; later, there is none.

Workers take about as long to load a table as it took to check it.
"""

SHARE_OF_CACHE = 0.125
"""Largest share of the memory of a worker that its cache may hold."""


def evolve(
    plan: RunPlan,
    *,
    rng: np.random.Generator,
    journal: Journal,
    store: Store,
    start: float | None = None,
    progress: Callable[[Progress], None] = lambda _: None,
) -> Result:
    """Search, then fit the winner and an ensemble.

    Parameters
    ----------
    plan : RunPlan
    rng : numpy.random.Generator
        Only source of randomness.
    journal : Journal
        Journal of this run, begun. Folds that it knows are not evaluated again.
    store : Store
        Receives the out-of-fold predictions.
    start : float, optional
        Moment at which the budget began to run, on the clock of `time.monotonic`; default now.
    progress : callable
        Called after every outcome.

    Raises
    ------
    NoPipelineError
        When no candidate could be fitted, mostly for other reasons than time.
    """
    start = time.monotonic() if start is None else start
    # A generator of its own: what the search draws depends on how long it is.
    rng_of_score = np.random.default_rng(copy.deepcopy(rng).integers(2**32, size=4))
    if _is_too_late(plan, start, journal):
        return Result((), (), None, _fallback(plan.problem), Effort(), "time")
    proposer = proposer_of(
        plan, rng, share_at=journal.share_at, simplifies_at=journal.simplifies_at
    )
    place = _Workplace(plan)
    loop = SearchLoop(plan, proposer, place.executor, journal, store, start)
    try:
        with first_interrupt_noted() as interrupted:
            began = time.monotonic()
            _search(loop, place, progress, interrupted)
            ended = time.monotonic()
            if loop.records:
                progress(loop.progress(FINAL_FITS))
            final_fit, record, pipeline = _winner(loop, place)
        # From here on the first interrupt raises: `_ensemble` catches it and the winner is kept.
        ensemble = None
        if loop.ended_by == "interrupt" or not interrupted.is_set():
            ensemble = _ensemble(loop, final_fit, record, pipeline, store)
    finally:
        place.close()
    honest = final_fit.honest_score(record, ensemble, store, rng_of_score)
    if pipeline is None:
        pipeline = _fallback(plan.problem)
    return Result(
        records=tuple(loop.records),
        front=loop.front,
        winner=None if record is None else record.candidate,
        pipeline=pipeline,
        effort=loop.effort,
        ended_by=loop.ended_by,
        ensemble=ensemble,
        failed_fits=final_fit.failed_fits,
        decided_by_time=loop.decided_by_time,
        honest=honest,
        peak_memory=place.executor.peak_memory,
        usage=_usage(loop, final_fit, plan.problem.limits),
        seconds={
            "before the search": began - start,
            **loop.worker_seconds,
            "idle": max(0.0, plan.workers * (ended - began) - sum(loop.worker_seconds.values())),
            "final fits": time.monotonic() - ended,
        },
        out_of_fold=_out_of_fold([record, *loop.front], ensemble, store, len(plan.problem.folds)),
    )


def _out_of_fold(
    members: Sequence[Record | Member | None],
    ensemble: Ensemble | None,
    store: Store,
    n_folds: int,
) -> dict[str, Sequence[np.ndarray]]:
    """Return the out-of-fold predictions of winner, front and ensemble, by digest."""
    found: dict[str, Sequence[np.ndarray]] = {}
    for digest in {one.candidate.digest: None for one in members if one is not None}:
        predictions = [store.get(digest, fold) for fold in range(n_folds)]
        kept = [one for one in predictions if one is not None]
        if len(kept) == n_folds:
            found[digest] = kept
    if ensemble is not None:
        found[ENSEMBLE] = ensemble.predictions
    return found


def _usage(loop: SearchLoop, final_fit: FinalFit, limits: Limits) -> dict[str, Usage]:
    """Return the usage of the winner and the ensemble, and by the folds of other candidates."""
    by_folds = {one.candidate.digest: usage_by_folds(one, limits) for one in loop.records}
    known = {digest: usage for digest, usage in by_folds.items() if usage is not None}
    return {**known, **final_fit.usage}


def _search(
    loop: SearchLoop,
    place: _Workplace,
    progress: Callable[[Progress], None],
    interrupted: threading.Event,
) -> None:
    """Search; after an error of the system, log it and start new workers for the final fits."""
    loop.search(progress, interrupted)
    if loop.error is not None:
        logger.warning("The search ended early, by an error: %s", reason_of(loop.error))
        place.renew()


def _winner(loop: SearchLoop, place: _Workplace) -> tuple[FinalFit, Record | None, Pipeline | None]:
    """Fit the winner; return the final fits, its record and its pipeline.

    Where no worker can start, the winner is fitted in this process.
    """
    final_fit = loop.final_fit(place.executor)
    try:
        return final_fit, *final_fit.winner()
    except NoPipelineError:
        raise  # an `EvolverError` too, but another process would not help
    except (OSError, EvolverError) as error:
        place.stay_here(error)
        final_fit = loop.final_fit(place.executor)
        return final_fit, *final_fit.winner()


def _ensemble(
    loop: SearchLoop,
    final_fit: FinalFit,
    best: Record | None,
    pipeline: Pipeline | None,
    store: Store,
) -> Ensemble | None:
    """Return the ensemble; None if there is no winner, or if an error or interrupt ends it."""
    if best is None or pipeline is None:
        return None
    try:
        if loop.ended_by in ("interrupt", "error"):
            final_fit.limit_ensemble_time()
        return final_fit.ensemble(best, pipeline, store)
    except KeyboardInterrupt:
        logger.warning("No ensemble: interrupted.")
    except Exception as error:  # a scorer of the user's may ask for more than predictions
        logger.warning("No ensemble: %s", reason_of(error))
    return None


class _Workplace:
    """Executor of a run, which is replaced after an error of the system.

    Without another executor, an error of the system would cost all that the search has found.

    Attributes
    ----------
    executor : Executor
        Executor for folds and final fits.
    """

    def __init__(self, plan: RunPlan) -> None:
        self._plan = plan
        self.executor = self._new()

    def renew(self) -> None:
        """Start new workers; where none can be started, run the rest in this process."""
        self.executor.close()
        try:
            self.executor = self._new()
        except (OSError, EvolverError) as error:
            self.stay_here(error)

    def stay_here(self, why: Exception) -> None:
        """Run the rest in this process, and log why."""
        logger.warning("The final fits are run in this process: %s", reason_of(why))
        self.executor.close()
        self.executor = InlineExecutor(Evaluator(self._plan.problem, self._plan.catalogue))

    def close(self) -> None:
        """End every job and worker."""
        self.executor.close()

    def _new(self) -> Executor:
        """Return an executor with as many workers as are asked for and fit in free memory."""
        plan, settings = self._plan, self._plan.settings
        fitting, fair = memory.shares(plan.workers)
        memory_cap = settings.worker_memory or fair
        cache_limit = min(settings.cache_limit, int(SHARE_OF_CACHE * memory_cap))
        evaluator = Evaluator(plan.problem, plan.catalogue, cache_limit)
        if settings.in_process:
            return InlineExecutor(evaluator)
        if fitting < plan.workers:
            logger.warning(
                "Memory is free for %d worker(s) of %d MB, not for %d.",
                fitting,
                memory.LEAST_CAP // 1024**2,
                plan.workers,
            )
        return ProcessPool(evaluator, fitting, PRELOAD, memory_cap)


def _is_too_late(plan: RunPlan, start: float, journal: Journal) -> bool:
    """Return True if too little of the budget is left for a search.

    A resumed run is never too late: it can be ended with the candidates of its journal.
    """
    seconds = plan.budget.seconds
    if seconds is None or journal.replayed:
        return False
    return Deadline.after(LATEST_START * seconds, start).is_over


def _fallback(problem: Problem) -> Pipeline:
    """Fit and return the model of a run without a fitted candidate, and warn of it."""
    pipeline = fallback(problem)
    warnings.warn(
        f"No candidate could be fitted within the budget: the model is {title_of(pipeline)}.",
        UserWarning,
        stacklevel=6,  # the call of `fit`, through `evolve`, `search` and the estimator's method
    )
    return pipeline
