"""One call of `fit` or `refine`: arguments become a problem, a plan, a journal and a search."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from evolver import checks
from evolver.budget import Budget, Deadline
from evolver.errors import InputError
from evolver.genome.codec import Encoded
from evolver.objectives import Objective
from evolver.problem import Problem
from evolver.run.evolve import evolve
from evolver.run.history import history_of, library_of
from evolver.run.plan import RunPlan
from evolver.run.progress import ProgressLine, say_end, silent, warn_of_time
from evolver.run.result import Result
from evolver.run.run_header import header_of
from evolver.settings import Settings
from evolver.storage.journal import History, Journal, run_folder
from evolver.storage.predictions import FOLDER, Store
from evolver.task import Task
from primitives import Catalogue

CHECKS_SHARE = 0.1
"""Share of the budget after which the rest is checked on less."""


@dataclass(frozen=True, eq=False)
class FitRequest:
    """Arguments of a call, without the data, checked as far as they do not depend on the data.

    Parameters
    ----------
    task : type of Task
        Kind of the target.
    budget : Budget
    settings : Settings
    workers : int
        Number of worker processes.
    scoring, cv, population_size, search_space, random_state, run_dir, verbose
        Parameters of the estimators.
    objectives : tuple of Objective
        Objectives beside the score.
    earlier : sequence of Encoded
        Pipelines of other runs, which are tried first.
    start : float
        Moment at which the budget began to run, as `time.monotonic` gives it.
    begun : callable
        Called once the run folder is this run's: nobody else uses it, and it holds no other run.
    """

    task: type[Task]
    budget: Budget
    settings: Settings
    workers: int
    scoring: str | Callable[..., float] | None
    objectives: tuple[Objective, ...]
    cv: Any
    population_size: int
    search_space: Catalogue | None
    random_state: Any
    run_dir: Path | None
    verbose: int
    earlier: Sequence[Encoded]
    start: float
    begun: Callable[[], object] = lambda: None

    @property
    def end_of_checks(self) -> Deadline:
        """Moment from which the data are checked on less."""
        seconds = self.budget.seconds
        return Deadline.after(None if seconds is None else CHECKS_SHARE * seconds, self.start)


def search(
    request: FitRequest,
    X: Any,
    y: Any,
    sample_weight: Any = None,
    groups: Any = None,
    so_far: History | None = None,
) -> tuple[Problem, Result, History]:
    """Run a search; with the history of a finished run, go on with it and refine alone.

    The budget of a run that goes on comes on top of what it has taken.

    Raises
    ------
    InputError, InputTypeError, NoPipelineError
        As `fit` and `refine` say.
    """
    refines = so_far is not None
    with (
        run_folder(request.run_dir) as folder,
        closing(Journal(request.run_dir, so_far)) as journal,
    ):
        if so_far is not None and request.run_dir is None and not so_far.predictions:
            warnings.warn(
                "Out-of-fold predictions are in no pickle, but in a `run_dir`: an ensemble can be"
                " chosen from new candidates alone.",
                UserWarning,
                stacklevel=4,
            )
        if refines and journal.header is None:
            raise InputError(
                f"`run_dir` must hold the journal of the run to refine, got"
                f" {str(request.run_dir)!r}."
            )
        rng = checks.check_generator(request.random_state)
        if journal.header is not None and (request.random_state is None or refines):
            rng.bit_generator.state = journal.header["random_state"]
        seed = rng.bit_generator.state
        problem = build_problem(request, X, y, sample_weight, groups, rng)
        budget = request.budget
        if refines:
            budget = budget.extended_by(journal.seconds, len(journal.replayed))
        plan = RunPlan(
            problem,
            checks.selected_catalogue(request.search_space, problem, grouped=groups is not None),
            budget,
            settings_of(request, journal),
            request.population_size,
            request.workers,
            request.earlier,
        )
        header = header_of(plan, seed)
        journal.begin(header)
        request.begun()
        if refines:
            journal.refine()
        else:
            journal.share(plan.settings.refinement_share, plan.first_refined)
        store = Store(folder / FOLDER, plan.settings.store_limit)
        if so_far is not None:
            for (digest, fold), predictions in so_far.predictions.items():
                store.put(digest, fold, predictions)
        result = evolve(
            plan,
            rng=rng,
            journal=journal,
            store=store,
            start=request.start,
            progress=ProgressLine() if request.verbose else silent,
        )
        seconds = journal.seconds + time.monotonic() - request.start
        if request.verbose:
            say_end(seconds, result.ended_by)
        if request.random_state is not None and request.budget.evaluations is not None:
            warn_of_time(result.decided_by_time)
        kept = (
            {}
            if request.run_dir is not None
            else library_of(result.records, store, len(problem.folds))
        )
        known = history_of(result.records, header, journal.shares, seconds, kept)
        return problem, result, known


def build_problem(
    request: FitRequest, X: Any, y: Any, sample_weight: Any, groups: Any, rng: np.random.Generator
) -> Problem:
    """Check the data, and make a problem of them."""
    table = checks.check_table(X, checks.MIN_ROWS)
    target = checks.check_target(y, request.task)
    sample_weight, groups = checks.check_rows(table, target, sample_weight, groups)
    task = request.task.of(target)
    checks.check_classes(task, target, sample_weight)
    checks.check_portfolio(request.settings.portfolio, task)
    problem = Problem(
        task,
        table,
        target,
        (),
        checks.check_scorer(request.scoring, task),
        request.objectives,
        sample_weight,
    )
    folds = checks.scorable_folds(
        problem, request.cv, groups=groups, rng=rng, end=request.end_of_checks
    )
    problem = replace(problem, folds=folds)
    rng_of_ladder = np.random.default_rng(rng.integers(2**31))
    if not request.settings.row_ladder or request.settings.racing_error == 0:
        return problem
    ladder = checks.scorable_ladder(problem, rng=rng_of_ladder, end=request.end_of_checks)
    return replace(problem, ladder=ladder)


def settings_of(request: FitRequest, journal: Journal) -> Settings:
    """Return the settings of a run; one that is resumed keeps its lag, on any number of workers."""
    if request.settings.lag is None and journal.header is not None:
        return replace(request.settings, lag=int(journal.header["lag"]))
    return request.settings
