"""Plan of a run: everything that is decided before it begins, as one frozen value."""

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
"""Share of the places that the portfolio leaves in the first population, for random pipelines.

Random pipelines are rarely better than those learned on other tables, so breeding begins early.
"""

LEAST_TIMEOUT = 2.0
"""Smallest timeout of a fold in seconds, however few its rows and short the budget are."""

UNLIMITED_TIMEOUT = 600.0
"""Timeout of a fold in seconds where there is no time budget."""

TIMEOUT_SHARE = 0.1
"""Timeout of a fold as a share of the time budget."""

LEAST_GROWTH = 0.75
"""Lowest power of the number of rows by which the seconds of a fold grow.

A low power gives folds of fewer rows more time than their share of the rows.
"""


@dataclass(frozen=True, eq=False)
class RunPlan:
    """Problem, search space, budget and settings of a run, and the limits that follow from them.

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
        """Number of candidates by which telling outcomes lags behind asking for candidates."""
        return self.settings.lag or LAG_PER_WORKER * self.workers

    @property
    def first_population(self) -> int:
        """Number of candidates before the first that is bred."""
        learned = min(self.settings.portfolio_size, self.population_size)
        share = GROWN_SHARE if learned else 1.0
        return learned + math.ceil(share * (self.population_size - learned))

    @property
    def first_refined(self) -> int | None:
        """Number of the first candidate that may be refined; None if time decides it."""
        settings = self.settings
        if settings.refinement_share == 0 or settings.refinement_start == 0:
            return self.population_size
        if self.budget.evaluations is None:
            return None
        return max(self.population_size, round(settings.refinement_start * self.budget.evaluations))

    @property
    def first_simplified(self) -> int | None:
        """Number of the first candidate that may be a simplification; None if time decides it."""
        share, evaluations = self.settings.simplification_share, self.budget.evaluations
        if evaluations is None:
            return None
        return max(self.population_size, evaluations - math.floor(share * evaluations))

    @property
    def patience(self) -> float:
        """Number of candidates without a better one after which the search ends.

        It is infinite on large tables, and where the number of candidates is the budget.
        """
        patience = self.settings.patience
        is_large = len(self.problem.y) > SMALL_ROWS
        if patience is None or self.budget.evaluations is not None or is_large:
            return math.inf
        return patience

    @property
    def fold_timeouts(self) -> list[float]:
        """Timeout of each fold in seconds, those of the folds of fewer rows first.

        Fewer rows have a shorter timeout: a pipeline that is slow on few rows would be too slow on
        all rows.
        """
        seconds, whole = self.budget.seconds, self.settings.fold_timeout
        if whole is None:
            whole = UNLIMITED_TIMEOUT
            if seconds is not None:
                whole = max(LEAST_TIMEOUT, TIMEOUT_SHARE * seconds)
        most = max(len(train) for train, _ in self.problem.units)
        shares = [len(train) / most for train, _ in self.problem.ladder]
        shares += [1.0] * len(self.problem.folds)
        # The smallest timeout does not exceed a timeout that the user has set.
        return [max(min(LEAST_TIMEOUT, whole), whole * share**LEAST_GROWTH) for share in shares]
