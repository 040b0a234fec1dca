"""What is asked for: the data, the folds, the budget and the settings, as frozen values that check
themselves."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from importlib.util import find_spec
from numbers import Integral
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from evolver.errors import InputError
from primitives.cleaning import column_forms

Fold = tuple[np.ndarray, np.ndarray]
"""Row numbers to fit on, and row numbers to validate on."""

Scorer = Callable[..., float]
"""scikit-learn's: (estimator, X, y) to a number, greater is better."""


@dataclass(frozen=True, eq=False)
class Problem:
    """What is to be learned, and how well it is learned is measured.

    Parameters
    ----------
    task : str
        ``"binary"``, ``"multiclass"`` or ``"regression"``.
    X : DataFrame of shape (n_samples, n_features)
    y : ndarray of shape (n_samples,)
    folds : sequence of Fold
        The same for every candidate.
    scorer : callable
    complexity : str or callable
        The second objective, see `evolver.evaluation.objectives`.
    sample_weight : ndarray of shape (n_samples,), optional
    ladder : sequence of Fold
        Folds of fewer rows that a candidate passes before the others, the smallest first.
    """

    task: str
    X: pd.DataFrame
    y: np.ndarray
    folds: Sequence[Fold]
    scorer: Scorer
    complexity: str | Callable[[Any], float] = "operators"
    sample_weight: np.ndarray | None = None
    ladder: Sequence[Fold] = ()

    @property
    def units(self) -> Sequence[Fold]:
        """What a candidate is evaluated on, in this order; one number names a fold everywhere."""
        return *self.ladder, *self.folds

    @cached_property
    def forms(self) -> dict[str, str]:
        """How each column is read, by `primitives.cleaning.column_forms`."""
        forms: dict[str, str] = column_forms(self.X)
        return forms


@dataclass(frozen=True)
class Budget:
    """When a run ends: at the first of the two limits.

    Parameters
    ----------
    seconds : float or None
        Wall time for everything, the final fit included.
    evaluations : int or None
        Candidates proposed.
    """

    seconds: float | None = 300.0
    evaluations: int | None = None

    def __post_init__(self) -> None:
        _require(
            self.seconds is None or self.seconds > 0,
            "time_budget",
            "positive or None",
            self.seconds,
        )
        _require(
            self.evaluations is None or self.evaluations >= 1,
            "max_evaluations",
            "at least 1 or None",
            self.evaluations,
        )
        _require(
            self.seconds is not None or self.evaluations is not None,
            "time_budget",
            "set where `max_evaluations` is None",
            None,
        )

    def extended_by(self, seconds: float, evaluations: int) -> Budget:
        """Return this budget on top of what a run has taken."""
        return Budget(
            None if self.seconds is None else seconds + self.seconds,
            None if self.evaluations is None else evaluations + self.evaluations,
        )


LAG_PER_WORKER = 8

SMALL_ROWS = 2_500
"""A search on so few rows may be at its end before its budget is: what it would still find is
luck."""

REFINEMENT_SAMPLERS = ("tpe", "gp", "random")

LEAST_GROWTH = 0.75
"""Power of the number of rows by which the seconds of a fold grow at the least."""

LEAST_TIMEOUT = 2.0
"""Seconds that a fold may take however few its rows and short the budget are."""

GROWN_SHARE = 0.25
"""Of the places in the first population that the portfolio leaves, so many are grown at random:
what grows is rarely better than what was learned on other tables."""

OPERATOR_RATES = {
    "crossover": 0.25,
    "perturb_parameter": 0.25,
    "redraw_parameter": 0.10,
    "replace_step": 0.15,
    "insert_step": 0.08,
    "shrink": 0.07,
    "wrap": 0.10,
}

LEAST_COUNTS = {
    "max_steps": 2,
    "portfolio_size": 0,
    "ensemble_size": 0,
    "lag": 1,
    "patience": 1,
}
"""Settings that are integers, and the least that each may be."""

MAY_BE_NONE = ("lag", "patience")


@dataclass(frozen=True)
class Settings:
    """What an expert may turn.

    Parameters
    ----------
    lag : int, optional
        Candidate k is bred from the outcomes of the candidates up to k - lag; default 8 x workers.
        With a fixed lag, a seed gives one sequence of candidates, whatever the number of workers.
    max_steps : int, default=10
        Size limit of a pipeline, in steps.
    initial_steps : int, default=4
        Size limit of the pipelines a run begins with.
    portfolio_size : int, default=16
        Pipelines that did well on other tables, with which a run begins; 0: none.
    portfolio : str or Path, optional
        Folder of what was learned on other tables, as `benchmarks/portfolio/learn.py` writes it;
        default what comes with the package.
    operator_rates : mapping of str to float, optional
        How often each variation operator is tried; default `OPERATOR_RATES`.
    fold_timeout : float, optional
        Seconds for one fold, less on the fewer rows of the ladder; default a tenth of the time
        budget, at least 2 s, or 600 s where there is no time budget. A pipeline of the portfolio
        that should take longer, by other tables and the folds so far, is not begun; where there is
        a time budget, nor one that should take half as long.
    worker_memory : int, optional
        Bytes that a worker process may hold; default a fair share of four fifths of what is free.
    store_limit : int, default=1 GiB
        Bytes of out-of-fold predictions that are kept; those of the worst candidates go first.
    refinement_share : float, default=1
        Share of the candidates, from `refinement_start` on, that refine the parameter values of the
        front by Bayesian optimisation; 0: none.
    refinement_start : float, default=0.7
        Share of the budget after which they do, at the earliest after the first population: of
        `max_evaluations` where there is one, else of the time.
    refinement_sampler : {"tpe", "gp", "random"}, default="tpe"
        Optimiser of the refinement; "gp" needs torch.
    ensemble_size : int, default=8
        Members of the ensemble that predicts unless it is worse than the best pipeline, at the
        most; 0 or 1: there is none.
    patience : int or None, default=200
        On tables of at most `SMALL_ROWS` rows and where `max_evaluations` is None: candidates
        scored or raced out without a better one after which the search ends, for what it would
        still find there is luck with the folds; None: time alone ends it.
    racing_error : float, default=0.2
        How often a candidate may be stopped, on the folds it was evaluated on so far, that would
        have been the better one; 0: every candidate is evaluated on all folds.
    row_ladder : bool, default=True
        On tables of 10,000 rows or more, whether candidates are evaluated on fewer rows first.
    cache_limit : int, default=256 MiB
        Bytes of what branches of pipelines gave that each worker keeps; 0: nothing.
    in_process : bool, default=False
        Evaluate in the calling process: nothing can be interrupted there, so only for debugging and
        tests.
    """

    lag: int | None = None
    max_steps: int = 10
    initial_steps: int = 4
    portfolio_size: int = 16
    portfolio: str | Path | None = None
    operator_rates: dict[str, float] = field(default_factory=lambda: dict(OPERATOR_RATES))
    fold_timeout: float | None = None
    worker_memory: int | None = None
    store_limit: int = 1024**3
    refinement_share: float = 1.0
    refinement_start: float = 0.7
    refinement_sampler: str = "tpe"
    ensemble_size: int = 8
    patience: int | None = 200
    racing_error: float = 0.2
    row_ladder: bool = True
    cache_limit: int = 256 * 1024**2
    in_process: bool = False

    def __post_init__(self) -> None:
        for name, least in LEAST_COUNTS.items():
            count = getattr(self, name)
            is_none = count is None and name in MAY_BE_NONE
            rule = f"an integer of at least {least}" + (" or None" if name in MAY_BE_NONE else "")
            _require(is_none or _is_count(count, least), f"settings.{name}", rule, count)
        _require(
            _is_count(self.initial_steps, 2) and self.initial_steps <= self.max_steps,
            "settings.initial_steps",
            f"an integer from 2 to `max_steps` ({self.max_steps})",
            self.initial_steps,
        )
        for name in ("store_limit", "cache_limit"):
            size = getattr(self, name)
            _require(size >= 0, f"settings.{name}", "at least 0", size)
        for name in ("fold_timeout", "worker_memory"):
            limit = getattr(self, name)
            _require(limit is None or limit > 0, f"settings.{name}", "positive or None", limit)
        _require(
            0 <= self.racing_error <= 0.5,
            "settings.racing_error",
            "from 0 to 0.5",
            self.racing_error,
        )
        for name in ("refinement_share", "refinement_start"):
            share = getattr(self, name)
            _require(0 <= share <= 1, f"settings.{name}", "from 0 to 1", share)
        _require(
            self.refinement_sampler in REFINEMENT_SAMPLERS,
            "settings.refinement_sampler",
            f"one of {sorted(REFINEMENT_SAMPLERS)}",
            self.refinement_sampler,
        )
        _require(
            self.refinement_sampler != "gp" or find_spec("torch") is not None,
            "settings.refinement_sampler",
            "another than this where torch is not installed",
            self.refinement_sampler,
        )
        rates = self.operator_rates
        _require(
            rates.keys() <= OPERATOR_RATES.keys()
            and all(rate >= 0 for rate in rates.values())
            and any(rates.values()),
            "settings.operator_rates",
            f"rates of at least 0, one positive, for any of {sorted(OPERATOR_RATES)}",
            rates,
        )

    def first_population(self, population_size: int) -> int:
        """Return how many candidates come before the first that is bred."""
        learned = min(self.portfolio_size, population_size)
        share = GROWN_SHARE if learned else 1.0
        return learned + math.ceil(share * (population_size - learned))

    def first_refined(self, budget: Budget, population_size: int) -> int | None:
        """Return from which candidate on refinement has its share; None where the time says so."""
        if self.refinement_share == 0 or self.refinement_start == 0:
            return population_size
        if budget.evaluations is None:
            return None
        return max(population_size, round(self.refinement_start * budget.evaluations))

    def patience_for(self, budget: Budget, rows: int) -> float:
        """Return after how many candidates without a better one there is nothing more to find."""
        waits = self.patience is None or budget.evaluations is not None or rows > SMALL_ROWS
        return math.inf if waits or self.patience is None else self.patience

    def fold_seconds(self, budget: Budget, share: float = 1.0) -> float:
        """Return the limit of one fold in seconds.

        Parameters
        ----------
        budget : Budget
        share : float
            Of the rows of a whole fold: what takes too long on few of them would on all.
        """
        whole = self.fold_timeout
        if whole is None:
            whole = 600.0 if budget.seconds is None else max(LEAST_TIMEOUT, budget.seconds / 10)
        return max(min(LEAST_TIMEOUT, whole), whole * float(share**LEAST_GROWTH))


def share_at(shares: Sequence[tuple[int, float]], number: int) -> float:
    """Return the share of refinement at a candidate; of several entries the last counts."""
    return [0.0, *(share for first, share in shares if first <= number)][-1]


def _is_count(value: Any, least: int) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool) and int(value) >= least


def _require(holds: bool, argument: str, rule: str, value: object) -> None:
    if not holds:
        raise InputError(f"`{argument}` must be {rule}, got {value!r}.")
