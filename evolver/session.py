"""One call of `fit` or `refine`: what a caller gave becomes a problem, a journal and a search."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from evolver import checks
from evolver.errors import InputError
from evolver.genome.codec import Encoded
from evolver.outcome import Scored
from evolver.problem import LAG_PER_WORKER, Budget, Problem, Settings
from evolver.run.evolve import evolve
from evolver.run.progress import ProgressLine, say_end, silent, warn_of_time
from evolver.run.record import LIBRARY_SIZE, Result, history_of, limit_per_predictor, ranking_key
from evolver.run.run_header import header_of
from evolver.storage.journal import History, Journal, run_folder
from evolver.storage.predictions import FOLDER, Store
from primitives import Catalogue

CHECKS_SHARE = 0.1
"""Share of the budget after which the rest is checked on less."""


@dataclass(frozen=True, eq=False)
class FitRequest:
    """What is asked for but the data, checked as far as it does not depend on them.

    Parameters
    ----------
    classification : bool
    budget : Budget
    settings : Settings
    workers : int
    scoring, complexity, cv, population_size, search_space, random_state, run_dir, verbose
        As the estimators have them.
    earlier : sequence of Encoded
        Pipelines of other runs to begin with.
    start : float
        When the budget began to run, as `time.monotonic` gives it.
    begun : callable
        Called once the run folder is this run's: nobody else uses it, and it holds no other run.
    """

    classification: bool
    budget: Budget
    settings: Settings
    workers: int
    scoring: str | Callable[..., float] | None
    complexity: str | Callable[[Any], float]
    cv: Any
    population_size: int
    search_space: Catalogue | None
    random_state: Any
    run_dir: Path | None
    verbose: int
    earlier: Sequence[Encoded]
    start: float
    begun: Callable[[], object] = lambda: None

    def spent(self) -> float:
        """Return the share of the budget that is gone; 0 where time is no matter."""
        seconds = self.budget.seconds
        return 0.0 if seconds is None else (time.monotonic() - self.start) / seconds


def search(
    call: FitRequest,
    X: Any,
    y: Any,
    sample_weight: Any = None,
    groups: Any = None,
    so_far: History | None = None,
) -> tuple[Problem, Result, History]:
    """Search as a call says; with what is known of a finished run, go on with it and refine alone.

    The budget of a run that goes on comes on top of what it has taken.

    Raises
    ------
    InputError, InputTypeError, NoPipelineError
        As `fit` and `refine` say.
    """
    refines = so_far is not None
    with run_folder(call.run_dir) as folder, closing(Journal(call.run_dir, so_far)) as journal:
        if so_far is not None and call.run_dir is None and not so_far.predictions:
            warnings.warn(
                "Out-of-fold predictions are in no pickle, but in a `run_dir`: an ensemble can be"
                " chosen from new candidates alone.",
                UserWarning,
                stacklevel=4,
            )
        if refines and journal.header is None:
            raise InputError(
                f"`run_dir` must hold the journal of the run to refine, got {str(call.run_dir)!r}."
            )
        rng = checks.check_generator(call.random_state)
        if journal.header is not None and (call.random_state is None or refines):
            rng.bit_generator.state = journal.header["random_state"]
        seed = rng.bit_generator.state
        problem = build_problem(call, X, y, sample_weight, groups, rng)
        catalogue = checks.selected_catalogue(
            call.search_space, problem, grouped=groups is not None
        )
        settings = replace(call.settings, lag=lag_of(call, journal))
        header = header_of(problem, catalogue, settings, call.population_size, call.earlier, seed)
        journal.begin(header)
        call.begun()
        budget = call.budget
        if refines:
            budget = budget.extended_by(journal.seconds, len(journal.replayed))
            journal.refine()
        else:
            first = settings.first_refined(budget, call.population_size)
            journal.share(settings.refinement_share, first)
        store = Store(folder / FOLDER, settings.store_limit)
        if so_far is not None:
            for (digest, fold), predictions in so_far.predictions.items():
                store.put(digest, fold, predictions)
        result = evolve(
            problem,
            catalogue,
            budget=budget,
            settings=settings,
            population_size=call.population_size,
            workers=call.workers,
            rng=rng,
            journal=journal,
            store=store,
            earlier=call.earlier,
            start=call.start,
            progress=ProgressLine() if call.verbose else silent,
        )
        seconds = journal.seconds + time.monotonic() - call.start
        if call.verbose:
            say_end(seconds, result.ended_by)
        if call.random_state is not None and call.budget.evaluations is not None:
            warn_of_time(result.decided_by_time)
        kept = {} if call.run_dir is not None else _library(result, store, len(problem.folds))
        known = history_of(result.records, header, journal.shares, seconds, kept)
        return problem, result, known


def _library(result: Result, store: Store, folds: int) -> dict[tuple[str, int], np.ndarray]:
    """Return the predictions that an ensemble could be chosen from."""
    scored = [record for record in result.records if isinstance(record.outcome, Scored)]
    best = islice(limit_per_predictor(sorted(scored, key=ranking_key)), LIBRARY_SIZE)
    digests = [record.candidate.digest for record in best]
    kept = {(one, fold): store.get(one, fold) for one in digests for fold in range(folds)}
    return {place: found for place, found in kept.items() if found is not None}


def build_problem(
    call: FitRequest, X: Any, y: Any, sample_weight: Any, groups: Any, rng: np.random.Generator
) -> Problem:
    """Check the data and put them in order."""
    table = checks.check_table(X, checks.MIN_ROWS)
    target = checks.check_target(y, classification=call.classification)
    sample_weight, groups = checks.check_rows(table, target, sample_weight, groups)
    if call.classification:
        checks.check_classes(target, sample_weight)
    task = (
        "regression"
        if not call.classification
        else "binary"
        if len(np.unique(target)) == 2
        else "multiclass"
    )
    checks.check_portfolio(call.settings.portfolio, task)
    scorer = checks.check_scorer(call.scoring, task, target)
    folds = checks.scorable_folds(
        table,
        target,
        call.cv,
        scorer,
        classification=call.classification,
        sample_weight=sample_weight,
        groups=groups,
        rng=rng,
        is_over=lambda: call.spent() > CHECKS_SHARE,
    )
    ladder = checks.scorable_ladder(
        table,
        target,
        folds,
        scorer,
        classification=call.classification,
        sample_weight=sample_weight,
        rng=np.random.default_rng(rng.integers(2**31)),
        is_over=lambda: call.spent() > CHECKS_SHARE,
    )
    climbs = call.settings.row_ladder and call.settings.racing_error > 0
    return Problem(
        task, table, target, folds, scorer, call.complexity, sample_weight, ladder if climbs else ()
    )


def lag_of(call: FitRequest, journal: Journal) -> int:
    """Return the lag of a run; one that is resumed keeps its own, on any number of workers."""
    if call.settings.lag is not None:
        return call.settings.lag
    if journal.header is not None:
        return int(journal.header["lag"])
    return LAG_PER_WORKER * call.workers
