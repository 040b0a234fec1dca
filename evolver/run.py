"""One run: from a problem to the records of its candidates and a fitted winner.

It puts proposers, race, executor and loop together, and lets what was found be fitted.
"""

from __future__ import annotations

import logging
import time
import warnings
from collections.abc import Callable, Sequence

import numpy as np
from sklearn.pipeline import Pipeline

from evolver.errors import EvolverError, NoPipelineError
from evolver.evaluation.fallback import fallback, title_of
from evolver.evaluation.fold import Evaluator
from evolver.execution import memory
from evolver.execution.inline import InlineExecutor, reason_of
from evolver.execution.pool import ProcessPool
from evolver.execution.protocol import Executor
from evolver.genome.codec import Encoded
from evolver.interrupt import first_interrupt_noted
from evolver.journal import Journal
from evolver.loop import Loop
from evolver.outcome import Effort
from evolver.problem import Budget, Problem, Settings
from evolver.record import Progress, Result
from evolver.search.proposers import proposer_of
from evolver.search.racing import Race
from evolver.store import Store
from primitives import Catalogue

logger = logging.getLogger("evolver")

PRELOAD = (
    "pandas",
    "sklearn.ensemble",
    "evolver.execution.worker",
    "evolver.evaluation.fold",
    "primitives.regressors",
)

LATEST_START = 0.5
"""Share of the budget after which no search begins: what took so long to check takes workers about
as long to load."""

SHARE_OF_CACHE = 0.125
"""Of the memory a worker may hold, at the most."""


def evolve(
    problem: Problem,
    catalogue: Catalogue,
    *,
    budget: Budget,
    settings: Settings,
    population_size: int,
    workers: int,
    rng: np.random.Generator,
    journal: Journal,
    store: Store,
    earlier: Sequence[Encoded] = (),
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
    journal : Journal
        Of this run, begun; what it knows is not evaluated again.
    store : Store
        Takes the out-of-fold predictions.
    earlier : sequence of Encoded
        Pipelines of other runs, with which this one begins.
    start : float, optional
        When the budget began to run, as `time.monotonic` gives it; default now.
    progress : callable
        Called after every outcome.

    Raises
    ------
    NoPipelineError
        When candidates failed and none of them succeeded.
    """
    start = time.monotonic() if start is None else start
    if _is_too_late(budget, start, journal):
        return Result((), (), None, _fallback(problem), Effort(), "time")
    proposer = proposer_of(
        problem,
        catalogue,
        settings,
        rng,
        population_size=population_size,
        shares=journal.shares,
        earlier=earlier,
    )
    executor = _executor(problem, catalogue, settings, workers)
    race = Race(len(problem.ladder), len(problem.folds), population_size, settings.racing_error)
    loop = Loop(
        proposer,
        race,
        executor,
        journal,
        store,
        problem,
        budget=budget,
        settings=settings,
        population_size=population_size,
        start=start,
    )
    ensemble = None
    try:
        loop.search(progress)
        if loop.error is not None:
            logger.warning("The search ended early, by an error: %s", reason_of(loop.error))
            executor.close()
            executor = _executor_or_inline(problem, catalogue, settings, workers)
        finish = loop.finish(executor)
        with first_interrupt_noted() as interrupted:
            try:
                record, pipeline = finish.winner()
            except (OSError, EvolverError) as error:
                if isinstance(error, NoPipelineError):
                    raise
                executor.close()
                executor = _inline(problem, catalogue, error)
                finish = loop.finish(executor)
                record, pipeline = finish.winner()
        if record is not None and pipeline is not None and not interrupted.is_set():
            if loop.ended_by in ("interrupt", "error"):
                finish.hurry()
            try:
                ensemble = finish.ensemble(record, pipeline, problem, store, settings.ensemble_size)
            except KeyboardInterrupt:
                logger.warning("No ensemble: interrupted.")
            except Exception as error:  # a scorer of the user's may ask more than predictions
                logger.warning("No ensemble: %s: %s", type(error).__name__, error)
    finally:
        executor.close()
    if pipeline is None:
        pipeline = _fallback(problem)
    winner = None if record is None else record.candidate
    return Result(
        loop.records,
        loop.front,
        winner,
        pipeline,
        loop.effort,
        loop.ended_by,
        ensemble,
        finish.failed_fits,
        loop.decided_by_time,
    )


def _executor_or_inline(
    problem: Problem, catalogue: Catalogue, settings: Settings, workers: int
) -> Executor:
    """Return where final fits are run after an error: in new workers, or in this process where none
    can be started."""
    try:
        return _executor(problem, catalogue, settings, workers)
    except (OSError, EvolverError) as error:
        return _inline(problem, catalogue, error)


def _inline(problem: Problem, catalogue: Catalogue, why: Exception) -> Executor:
    """Return this process as the place of the final fits: better than to lose a search."""
    logger.warning("The final fits are run in this process: %s", reason_of(why))
    return InlineExecutor(Evaluator(problem, catalogue))


def _is_too_late(budget: Budget, start: float, journal: Journal) -> bool:
    """Say whether no more than the fallback can be had in the time that is left; of a run that goes
    on, what it has found can."""
    if budget.seconds is None or journal.candidates:
        return False
    return time.monotonic() - start > LATEST_START * budget.seconds


def _fallback(problem: Problem) -> Pipeline:
    """Return what is left where no candidate could be fitted, and say so."""
    pipeline = fallback(problem)
    warnings.warn(
        f"No candidate could be fitted within the budget: the model is {title_of(pipeline)}.",
        UserWarning,
        stacklevel=6,
    )
    return pipeline


def _executor(problem: Problem, catalogue: Catalogue, settings: Settings, workers: int) -> Executor:
    """Return where folds and final fits are run."""
    fitting, fair = memory.shares(workers)
    if fitting < workers and not settings.in_process:
        logger.warning(
            "Memory is free for %d worker(s) of %d MB, not for %d.",
            fitting,
            memory.LEAST_CAP // 1024**2,
            workers,
        )
    memory_cap = settings.worker_memory or fair
    cache_limit = min(settings.cache_limit, int(SHARE_OF_CACHE * memory_cap))
    evaluator = Evaluator(problem, catalogue, cache_limit)
    if settings.in_process:
        return InlineExecutor(evaluator)
    return ProcessPool(evaluator, fitting, PRELOAD, memory_cap)
