"""One call of `fit` or `refine`: from arguments to a problem, a plan, a journal and a search."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from time import monotonic
from typing import Any

import numpy as np

from evolver import checks
from evolver.budget import Budget, Deadline
from evolver.errors import InputError
from evolver.evaluation.folds import are_in_time, numbered
from evolver.evaluation.thresholds import decided_by
from evolver.limits import Limits
from evolver.objectives import Objective
from evolver.outcome import is_late
from evolver.problem import Problem
from evolver.run.evolve import evolve
from evolver.run.history import history_of, library_of
from evolver.run.plan import RunPlan
from evolver.run.progress import ProgressLine, say_end, say_forward, warn_of_time
from evolver.run.result import Result
from evolver.run.run_header import data_of, header_of
from evolver.schema import Given
from evolver.schema.as_written import as_written
from evolver.settings import Settings
from evolver.storage.journal import ABOUT, History, Journal, run_folder
from evolver.storage.predictions import FOLDER, Store
from evolver.task import Task
from evolver.warned import Finding, warn_of
from primitives import Catalogue

logger = logging.getLogger("evolver")

CHECKS_SHARE = 0.1
"""Share of the budget after which the remaining checks of the data are shortened."""


@dataclass(frozen=True, eq=False)
class FitRequest:
    """Arguments of a call except the data, checked as far as possible without the data.

    Parameters
    ----------
    task : type of Task
        Kind of the target.
    budget : Budget
    settings : Settings
    workers : int
        Number of worker processes.
    scoring, cv, time, population_size, search_space, random_state, run_dir, verbose, columns
        Parameters of the estimators.
    objectives : tuple of Objective
        Objectives beside the score.
    estimators : sequence of str or None
        Names or patterns of the models that `search_space` has; None: the caller has chosen none.
    template : sequence of str or None
        Words of the template; None: pipelines may have any form.
    earlier : sequence of StartingPoint
        Pipelines of other runs or of the caller, which are tried first.
    start : float
        Moment at which the budget began to run, as `time.monotonic` gives it.
    threshold : None, float, str, callable or array-like
        Parameter of the classifier.
    limits : Limits
        Limits of the model that predicts.
    begun : callable
        Called as soon as the run folder is known to be that of this run: no other process uses it,
        and it holds no other run.
    """

    task: type[Task]
    budget: Budget
    settings: Settings
    workers: int
    scoring: Any
    objectives: tuple[Objective, ...]
    cv: Any
    time: str | int | None
    population_size: int
    search_space: Catalogue | None
    random_state: Any
    run_dir: Path | None
    verbose: int
    columns: Given | None
    estimators: Sequence[str] | None
    template: Sequence[str] | None
    earlier: Sequence[checks.StartingPoint]
    start: float
    threshold: Any = None
    limits: Limits = field(default_factory=Limits)
    begun: Callable[[], object] = lambda: None

    @property
    def end_of_checks(self) -> Deadline:
        """Moment from which the checks of the data are shortened."""
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
    """Run a search, or continue a finished run and only refine it.

    Parameters
    ----------
    request : FitRequest
    X : DataFrame of shape (n_samples, n_features)
    y : array-like of shape (n_samples,)
    sample_weight, groups : array-like of shape (n_samples,), optional
    so_far : History, optional
        History of the finished run; the budget is added to what that run has taken.

    Returns
    -------
    problem : Problem
    result : Result
    history : History
        History from which the run can be continued.

    Raises
    ------
    InputError, InputTypeError, NoPipelineError
        As `fit` and `refine` say.
    """
    with (
        run_folder(request.run_dir) as folder,
        closing(Journal(request.run_dir, so_far)) as journal,
    ):
        if so_far is not None:
            _check_finished_run(request, journal, so_far)
        rng = _generator(request, journal, refines=so_far is not None)
        seed = rng.bit_generator.state
        problem = build_problem(request, X, y, sample_weight, groups, rng)
        if request.verbose and are_in_time(problem.folds):
            say_forward(len(problem.folds), problem.time)
        plan = _plan(request, journal, problem, groups is not None, refines=so_far is not None)
        header = {**header_of(plan, seed), ABOUT: _about(request, problem)}
        _begin(request, journal, plan, header, refines=so_far is not None)
        store = _store(folder, plan.settings, so_far)
        metric = checks.leading_name(request.scoring, problem.task)
        with ProgressLine(metric, verbose=request.verbose > 0) as progress:
            result = evolve(
                plan,
                rng=rng,
                journal=journal,
                store=store,
                start=request.start,
                progress=progress,
            )
        seconds = journal.seconds + monotonic() - request.start
        _say_how_it_ended(request, result, seconds)
        _say_if_nothing_is_new(request, result, journal, refines=so_far is not None)
        # A run folder keeps the predictions in its store, so the history need not hold them.
        n_folds = len(problem.folds)
        kept = {} if request.run_dir is not None else library_of(result.records, store, n_folds)
        history = history_of(
            result.records, header, journal.shares, seconds, kept, journal.simplified
        )
        return problem, result, history


def _about(request: FitRequest, problem: Problem) -> dict[str, Any]:
    """Return the description of a run for people who look at its journal."""
    return {
        "metrics": [checks.leading_name(request.scoring, problem.task), *problem.reported],
        "task": problem.task.name,
        "rows": len(problem.y),
        "columns": problem.X.shape[1],
        "seconds": request.budget.seconds,
        "evaluations": request.budget.evaluations,
    }


def _check_finished_run(request: FitRequest, journal: Journal, so_far: History) -> None:
    """Raise if there is no journal to continue; warn if there are no out-of-fold predictions."""
    if request.run_dir is None and not so_far.predictions:
        warnings.warn(
            "A pickled estimator holds no out-of-fold predictions, so the ensemble is chosen from"
            " new candidates alone. A `run_dir` keeps them.",
            UserWarning,
            stacklevel=5,  # the call of `refine`, through `search` and the estimator's method
        )
    if journal.header is None:
        raise InputError(
            f"`run_dir` must hold the journal of the run to refine, got {str(request.run_dir)!r}."
        )


def _generator(request: FitRequest, journal: Journal, *, refines: bool) -> np.random.Generator:
    """Return the generator of a run; a run that is resumed or refined begins with its old state.

    A resumed run with a `random_state` gets the state from that, and the journal refuses another.
    """
    rng = checks.check_generator(request.random_state)
    if journal.header is not None and (request.random_state is None or refines):
        rng.bit_generator.state = journal.header["random_state"]
    return rng


def _plan(
    request: FitRequest, journal: Journal, problem: Problem, grouped: bool, *, refines: bool
) -> RunPlan:
    """Return the plan of a run; the budget of a refinement is added to what the run has taken."""
    budget = request.budget
    if refines:
        budget = budget.extended_by(journal.seconds, len(journal.replayed))
    catalogue = _selected(request, problem, grouped=grouped)
    earlier = checks.encoded_points(request.earlier, catalogue)
    if request.template is not None:
        most = request.settings.max_steps
        catalogue = checks.templated(request.template, catalogue, problem.task.name, most)
    return RunPlan(
        problem,
        catalogue,
        budget,
        settings_of(request, journal),
        request.population_size,
        request.workers,
        earlier,
    )


def _selected(request: FitRequest, problem: Problem, *, grouped: bool) -> Catalogue:
    """Return the primitives of the search space that suit a problem."""
    try:
        return checks.selected_catalogue(request.search_space, problem, grouped=grouped)
    except InputError as error:
        if request.estimators is None:
            raise
        raise InputError(
            "`estimators` must name a model that suits the table, got"
            f" {list(request.estimators)}: {error}"
        ) from None


def _begin(
    request: FitRequest,
    journal: Journal,
    plan: RunPlan,
    header: Mapping[str, Any],
    *,
    refines: bool,
) -> None:
    """Begin the journal, or check that it belongs to this run; set the share of refinement."""
    journal.begin(header)
    request.begun()
    if refines:
        journal.refine()
    else:
        journal.share(plan.settings.refinement_share, plan.first_refined)


def _store(folder: Path, settings: Settings, so_far: History | None) -> Store:
    """Return the store of a run, with the predictions of the history of a run without a folder."""
    store = Store(folder / FOLDER, settings.store_limit)
    if so_far is not None:
        for (digest, fold), predictions in so_far.predictions.items():
            store.put(digest, fold, predictions)
    return store


def _say_how_it_ended(request: FitRequest, result: Result, seconds: float) -> None:
    """Print why the search ended early; warn if time decided in a run meant to be reproducible."""
    if request.verbose:
        say_end(seconds, result.ended_by)
    if request.random_state is not None and request.budget.evaluations is not None:
        warn_of_time(result.decided_by_time)


def _say_if_nothing_is_new(
    request: FitRequest, result: Result, journal: Journal, *, refines: bool
) -> None:
    """Log a warning if a run that was continued has no new candidate with an outcome."""
    n_known = sum(one.settled for one in journal.replayed.values())
    n_settled = sum(not (one.outcome is None or is_late(one.outcome)) for one in result.records)
    if n_settled > n_known or not n_known or result.ended_by in ("interrupt", "error"):
        return
    if refines:
        logger.warning(
            "The refinement finished no candidate within its budget: model and front are those of"
            " before. Refine with a greater budget."
        )
    elif request.run_dir is not None:
        logger.warning(
            "The run in %s was finished before: nothing was searched, and its result is shown."
            " A greater budget continues it (`evolver resume %s --time 10m`), and so does"
            " refinement (`evolver refine %s --time 2m`).",
            *[request.run_dir] * 3,
        )


def build_problem(
    request: FitRequest, X: Any, y: Any, sample_weight: Any, groups: Any, rng: np.random.Generator
) -> Problem:
    """Check the data and return the problem that they pose; warn of the findings of the checks.

    Parameters
    ----------
    request : FitRequest
    X : DataFrame of shape (n_samples, n_features)
    y : array-like of shape (n_samples,)
    sample_weight, groups : array-like of shape (n_samples,) or None
    rng : numpy.random.Generator

    Raises
    ------
    InputError, InputTypeError
        When an argument breaks a rule; the message names both.
    """
    findings: list[Finding] = []
    problem = _checked_problem(request, X, y, sample_weight, groups, rng, findings)
    for finding in findings:
        warn_of(finding, stacklevel=5)  # the line of the caller that calls `fit`
    return replace(problem, findings=tuple(findings))


def problem_again(
    request: FitRequest, so_far: History, X: Any, y: Any, sample_weight: Any, groups: Any
) -> Problem:
    """Return the problem of a finished run, from the same data as it was fitted on.

    Raises
    ------
    InputError
        If the data are others.
    """
    rng = np.random.default_rng()
    rng.bit_generator.state = so_far.header["random_state"]
    problem = _checked_problem(request, X, y, sample_weight, groups, rng, [])
    differ = [name for name, value in data_of(problem).items() if so_far.header[name] != value]
    if differ:
        raise InputError(
            f"The data must be those of the run, which differs in {', '.join(sorted(differ))}."
        )
    return problem


def _checked_problem(
    request: FitRequest,
    X: Any,
    y: Any,
    sample_weight: Any,
    groups: Any,
    rng: np.random.Generator,
    findings: list[Finding],
) -> Problem:
    """Return the problem of checked data, and append what the checks find to a list.

    Parameters are those of `build_problem`.
    """
    given = checks.check_table(X, checks.MIN_ROWS)
    time = None if request.time is None else checks.check_time(given, request.time, groups)
    schema = checks.schema_with_time(given, request.columns, time)
    findings += checks.findings_of_columns(schema, len(given))
    table, _ = schema.read(given)
    little_read = as_written(given, schema, table)
    findings += checks.misaligned(X, y=y, sample_weight=sample_weight, groups=groups)
    target, known = checks.check_target(y, request.task, findings)
    if not known.all():
        checks.check_splits_rows(request.cv)
    table, sample_weight, groups = checks.check_rows(table, known, sample_weight, groups)
    cv = request.cv
    if time is not None:
        # A caller may order the rows by a column that no pipeline is to learn from.
        times = checks.times_of((table if time in table else given[known])[time])
        order = np.argsort(times, kind="stable")
        table, target = table.iloc[order], target[order]
        sample_weight = None if sample_weight is None else sample_weight[order]
        cv = checks.splits_in_time(times[order], cv)
    task = request.task.of(target)
    checks.check_classes(task, target, sample_weight)
    checks.check_portfolio(request.settings.portfolio, task)
    scorers = {
        name: checks.with_positive_class(scorer, task, target, findings)
        for name, scorer in checks.check_scorers(request.scoring, task).items()
    }
    leading = next(iter(scorers.values()))
    rule = checks.check_threshold(request.threshold, task, target, leading)
    scorer, *reported = (
        (name, decided_by(rule, one, task.classes)) for name, one in scorers.items()
    )
    problem = Problem(
        task,
        table,
        target,
        (),
        scorer[1],
        request.objectives,
        sample_weight,
        schema=schema,
        reported=dict(reported),
        time=time,
        limits=request.limits,
        groups=None if groups is None else numbered(groups),
        as_written=little_read,
    )
    folds = checks.scorable_folds(
        problem, cv, groups=groups, rng=rng, end=request.end_of_checks, findings=findings
    )
    if time is not None:
        checks.check_forward(folds, request.cv)
    problem = replace(problem, folds=folds)
    # The rows that are looked at have a generator of their own: the search does not depend on them.
    findings += checks.findings_of_rows(problem, np.random.default_rng(0), request.end_of_checks)
    # The seed is drawn even if there is no ladder, so that the search is the same with and without.
    rng_of_ladder = np.random.default_rng(rng.integers(2**31))
    if not request.settings.row_ladder or request.settings.racing_error == 0:
        return problem
    ladder = checks.scorable_ladder(problem, rng=rng_of_ladder, end=request.end_of_checks)
    return replace(problem, ladder=ladder)


def settings_of(request: FitRequest, journal: Journal) -> Settings:
    """Return the settings of a run; a resumed run keeps its lag, which follows from the workers."""
    if request.settings.lag is None and journal.header is not None:
        return replace(request.settings, lag=int(journal.header["lag"]))
    return request.settings
