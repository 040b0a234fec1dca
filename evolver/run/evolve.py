"""One run: from a problem to the records of its candidates and a fitted winner.

It puts proposers, race, executor and loop together, and lets what was found be fitted.
"""

from __future__ import annotations

import logging
import time
import warnings
from collections.abc import Callable

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
from evolver.outcome import Effort
from evolver.problem import Problem
from evolver.run.final_fit import FinalFit
from evolver.run.fitted_ensemble import Ensemble
from evolver.run.interrupt import first_interrupt_noted
from evolver.run.plan import RunPlan
from evolver.run.progress import Progress
from evolver.run.proposers import proposer_of
from evolver.run.record import Record
from evolver.run.result import Result
from evolver.run.search_loop import SearchLoop
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

LATEST_START = 0.5
"""Share of the budget after which no search begins: workers take about as long to load a table as
it took to check it."""

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
    """Search, then fit the winner.

    Parameters
    ----------
    plan : RunPlan
    rng : numpy.random.Generator
        The only source of randomness.
    journal : Journal
        Journal of this run, begun; what it knows is not evaluated again.
    store : Store
        Takes the out-of-fold predictions.
    start : float, optional
        Moment at which the budget began to run, as `time.monotonic` gives it; default now.
    progress : callable
        Called after every outcome.

    Raises
    ------
    NoPipelineError
        When candidates failed and none of them succeeded.
    """
    start = time.monotonic() if start is None else start
    if _is_too_late(plan, start, journal):
        return Result((), (), None, _fallback(plan.problem), Effort(), "time")
    refines = plan.settings.refinement_share > 0 or any(share > 0 for _, share in journal.shares)
    proposer = proposer_of(plan, rng, refines=refines, share_at=journal.share_at)
    place = _Workplace(plan)
    loop = SearchLoop(plan, proposer, place.executor, journal, store, start)
    ensemble = None
    try:
        with first_interrupt_noted() as interrupted:
            loop.search(progress, interrupted)
            if loop.error is not None:
                logger.warning("The search ended early, by an error: %s", reason_of(loop.error))
                place.renew()
            finish, record, pipeline = _winner(loop, place)
        is_wanted = loop.ended_by == "interrupt" or not interrupted.is_set()
        if record is not None and pipeline is not None and is_wanted:
            if loop.ended_by in ("interrupt", "error"):
                finish.limit_ensemble_time()
            ensemble = _ensemble(finish, record, pipeline, store)
    finally:
        place.close()
    if pipeline is None:
        pipeline = _fallback(plan.problem)
    winner = None if record is None else record.candidate
    return Result(
        tuple(loop.records),
        loop.front,
        winner,
        pipeline,
        loop.effort,
        loop.ended_by,
        ensemble,
        finish.failed_fits,
        loop.decided_by_time,
    )


def _winner(loop: SearchLoop, place: _Workplace) -> tuple[FinalFit, Record | None, Pipeline | None]:
    """Return the final fits with the first of them; in this process where no worker can start."""
    finish = loop.finish(place.executor)
    try:
        return finish, *finish.winner()
    except NoPipelineError:
        raise
    except (OSError, EvolverError) as error:
        place.stay_here(error)
        finish = loop.finish(place.executor)
        return finish, *finish.winner()


def _ensemble(
    finish: FinalFit,
    best: Record,
    pipeline: Pipeline,
    store: Store,
) -> Ensemble | None:
    """Return the ensemble; what goes wrong with it costs it alone, and is said."""
    try:
        return finish.ensemble(best, pipeline, store)
    except KeyboardInterrupt:
        logger.warning("No ensemble: interrupted.")
    except Exception as error:  # a scorer of the user's may ask more than predictions
        logger.warning("No ensemble: %s", reason_of(error))
    return None


class _Workplace:
    """The place where the folds and final fits of a run are run.

    After an error of the system there is another: better than to lose a search.
    """

    def __init__(self, plan: RunPlan) -> None:
        self._plan = plan
        self.executor = self._new()

    def renew(self) -> None:
        """Start new workers; where none can be started, stay in this process."""
        self.executor.close()
        try:
            self.executor = self._new()
        except (OSError, EvolverError) as error:
            self.stay_here(error)

    def stay_here(self, why: Exception) -> None:
        """Run what is left in this process."""
        logger.warning("The final fits are run in this process: %s", reason_of(why))
        self.executor.close()
        self.executor = InlineExecutor(Evaluator(self._plan.problem, self._plan.catalogue))

    def close(self) -> None:
        self.executor.close()

    def _new(self) -> Executor:
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
    """Say whether there is time for the fallback alone; a resumed run has what it has found."""
    seconds = plan.budget.seconds
    if seconds is None or journal.replayed:
        return False
    return Deadline.after(LATEST_START * seconds, start).is_over


def _fallback(problem: Problem) -> Pipeline:
    """Return what is left where no candidate could be fitted, and say so."""
    pipeline = fallback(problem)
    warnings.warn(
        f"No candidate could be fitted within the budget: the model is {title_of(pipeline)}.",
        UserWarning,
        stacklevel=6,
    )
    return pipeline
