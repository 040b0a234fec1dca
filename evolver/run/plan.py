"""Plan of a run: everything that is settled before it begins, as one frozen value."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from evolver.budget import Budget
from evolver.genome.codec import Encoded
from evolver.problem import Problem
from evolver.settings import SMALL_ROWS, Settings
from primitives import Catalogue

LAG_PER_WORKER = 8
"""Default lag for each worker, in candidates."""

GROWN_SHARE = 0.25
"""Share of the places in the first population, of those that the portfolio leaves, for pipelines
that grow at random. They are rarely better than what was learned on other tables."""

LEAST_TIMEOUT = 2.0
"""Seconds that a fold may take, however few its rows and short the budget are."""

UNLIMITED_TIMEOUT = 600.0
"""Seconds that a fold may take where there is no time budget."""

TIMEOUT_SHARE = 0.1
"""Share of the time budget that a fold may take."""

LEAST_GROWTH = 0.75
"""Lowest power of the number of rows by which the seconds of a fold grow."""


@dataclass(frozen=True, eq=False)
class RunPlan:
    """Problem, search space, budget and settings of a run, and what follows from them.

    Parameters
    ----------
    problem : Problem
    catalogue : Catalogue
        Primitives that suit the problem.
    budget : Budget
    settings : Settings
    population_size : int
    workers : int
        Number of worker processes.
    earlier : sequence of Encoded, default=()
        Pipelines of other runs, which are tried first.
    """

    problem: Problem
    catalogue: Catalogue
    budget: Budget
    settings: Settings
    population_size: int
    workers: int
    earlier: Sequence[Encoded] = ()

    @property
    def lag(self) -> int:
        """Lag of what is told behind what is asked, in candidates."""
        return self.settings.lag or LAG_PER_WORKER * self.workers

    @property
    def first_population(self) -> int:
        """Number of candidates before the first that is bred."""
        learned = min(self.settings.portfolio_size, self.population_size)
        share = GROWN_SHARE if learned else 1.0
        return learned + math.ceil(share * (self.population_size - learned))

    @property
    def first_refined(self) -> int | None:
        """Number of the first candidate that may be refined; None where the time decides it."""
        settings = self.settings
        if settings.refinement_share == 0 or settings.refinement_start == 0:
            return self.population_size
        if self.budget.evaluations is None:
            return None
        return max(self.population_size, round(settings.refinement_start * self.budget.evaluations))

    @property
    def patience(self) -> float:
        """Number of candidates without a better one after which the search ends."""
        patience = self.settings.patience
        is_large = len(self.problem.y) > SMALL_ROWS
        if patience is None or self.budget.evaluations is not None or is_large:
            return math.inf
        return patience

    @property
    def fold_timeouts(self) -> list[float]:
        """Seconds that each fold may take, those of fewer rows first.

        A pipeline that takes too long on few rows would on all, so fewer rows have less time.
        """
        seconds, whole = self.budget.seconds, self.settings.fold_timeout
        if whole is None:
            whole = UNLIMITED_TIMEOUT
            if seconds is not None:
                whole = max(LEAST_TIMEOUT, TIMEOUT_SHARE * seconds)
        most = max(len(train) for train, _ in self.problem.units)
        shares = [len(train) / most for train, _ in self.problem.ladder]
        shares += [1.0] * len(self.problem.folds)
        return [max(min(LEAST_TIMEOUT, whole), whole * share**LEAST_GROWTH) for share in shares]
