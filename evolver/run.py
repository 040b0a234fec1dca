"""One run: from a problem to the records of its candidates and a fitted winner.

It puts proposers, race, executor and loop together, and lets what was found be fitted.
"""

from __future__ import annotations

import logging
import time
import warnings
from collections.abc import Callable, Sequence

import numpy as np

from evolver.evaluation.fallback import fallback
from evolver.evaluation.fold import Evaluator
from evolver.execution import memory
from evolver.execution.inline import InlineExecutor
from evolver.execution.pool import ProcessPool
from evolver.execution.protocol import Executor
from evolver.genome.codec import Encoded
from evolver.interrupt import first_interrupt_noted
from evolver.journal import Journal
from evolver.loop import Loop
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
        finish = loop.finish
        with first_interrupt_noted() as interrupted:
            record, pipeline = finish.winner()
        if record is not None and pipeline is not None and not interrupted.is_set():
            if loop.ended_by == "interrupt":
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
        warnings.warn(
            "No candidate could be fitted within the budget: the model is a small decision tree.",
            UserWarning,
            stacklevel=5,
        )
        pipeline = fallback(problem)
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


def _executor(problem: Problem, catalogue: Catalogue, settings: Settings, workers: int) -> Executor:
    """Return where folds and final fits are run."""
    memory_cap = settings.worker_memory or memory.cap(workers)
    cache_limit = min(settings.cache_limit, int(SHARE_OF_CACHE * memory_cap))
    evaluator = Evaluator(problem, catalogue, cache_limit)
    if settings.in_process:
        return InlineExecutor(evaluator)
    return ProcessPool(evaluator, workers, PRELOAD, memory_cap)
