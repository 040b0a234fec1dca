"""Expert settings of a run, as a frozen value that checks itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib.util import find_spec
from numbers import Integral
from pathlib import Path
from typing import Any

from evolver.errors import require

SMALL_ROWS = 2_500
"""Largest number of rows on which patience can end a search: what a long search still finds on so
few rows is luck with the folds."""

REFINEMENT_SAMPLERS = ("tpe", "gp", "random")

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
    """Expert settings.

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
            require(is_none or _is_count(count, least), f"settings.{name}", rule, count)
        require(
            _is_count(self.initial_steps, 2) and self.initial_steps <= self.max_steps,
            "settings.initial_steps",
            f"an integer from 2 to `max_steps` ({self.max_steps})",
            self.initial_steps,
        )
        for name in ("store_limit", "cache_limit"):
            size = getattr(self, name)
            require(size >= 0, f"settings.{name}", "at least 0", size)
        for name in ("fold_timeout", "worker_memory"):
            limit = getattr(self, name)
            require(limit is None or limit > 0, f"settings.{name}", "positive or None", limit)
        require(
            0 <= self.racing_error <= 0.5,
            "settings.racing_error",
            "from 0 to 0.5",
            self.racing_error,
        )
        for name in ("refinement_share", "refinement_start"):
            share = getattr(self, name)
            require(0 <= share <= 1, f"settings.{name}", "from 0 to 1", share)
        require(
            self.refinement_sampler in REFINEMENT_SAMPLERS,
            "settings.refinement_sampler",
            f"one of {sorted(REFINEMENT_SAMPLERS)}",
            self.refinement_sampler,
        )
        require(
            self.refinement_sampler != "gp" or find_spec("torch") is not None,
            "settings.refinement_sampler",
            "another than this where torch is not installed",
            self.refinement_sampler,
        )
        rates = self.operator_rates
        require(
            rates.keys() <= OPERATOR_RATES.keys()
            and all(rate >= 0 for rate in rates.values())
            and any(rates.values()),
            "settings.operator_rates",
            f"rates of at least 0, one positive, for any of {sorted(OPERATOR_RATES)}",
            rates,
        )


def _is_count(value: Any, least: int) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool) and int(value) >= least
