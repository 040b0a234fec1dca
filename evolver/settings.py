"""Expert settings of a run, as a frozen value that is checked when it is made."""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib.util import find_spec
from numbers import Integral
from pathlib import Path
from typing import Any

from evolver.errors import require

SMALL_ROWS = 2_500
"""Largest number of rows of a table on which patience can end a search.

On so few rows, the better scores that a long search still finds are due to chance in the folds.
"""

REFINEMENT_SAMPLERS = ("tpe", "gp", "random")
"""Names of the optimisers of the refinement."""

OPERATOR_RATES = {
    "crossover": 0.25,
    "perturb_parameter": 0.25,
    "redraw_parameter": 0.10,
    "replace_step": 0.15,
    "insert_step": 0.08,
    "shrink": 0.07,
    "wrap": 0.10,
}
"""Relative rates of the variation operators."""

LEAST_COUNTS = {
    "max_steps": 2,
    "portfolio_size": 0,
    "ensemble_size": 0,
    "lag": 1,
    "patience": 1,
}
"""Settings that are integers, with their least values."""

MAY_BE_NONE = ("lag", "patience")
"""Settings of `LEAST_COUNTS` that may be None."""


@dataclass(frozen=True)
class Settings:
    """Expert settings of a run.

    Parameters
    ----------
    lag : int, optional
        Number of candidates by which the outcomes are delayed: candidate k is made from the
        outcomes of the candidates up to k - lag. With a fixed lag and a seed, the sequence of
        candidates does not depend on the number of workers. Default: 8 for each worker.
    max_steps : int, default=10
        Largest number of steps of a pipeline.
    initial_steps : int, default=4
        Largest number of steps of the random pipelines that a run begins with.
    portfolio_size : int, default=16
        Number of pipelines that did well on other tables, with which a run begins; 0: none.
    portfolio : str or Path, optional
        Folder with what was learned on other tables, written by `benchmarks/portfolio/learn.py`.
        Default: the portfolio of the package.
    operator_rates : mapping of str to float, optional
        Relative rate at which each variation operator is tried. Default: `OPERATOR_RATES`.
    fold_timeout : float, optional
        Seconds that the evaluation of one fold may take; folds of fewer rows get less. A pipeline
        of the portfolio is not evaluated if one of its folds is expected to take longer than this,
        or longer than half of this if there is a time budget. The expectation comes from other
        tables and from the folds so far. Default: a tenth of the time budget, at least 2 s; 600 s
        without a time budget.
    worker_memory : int, optional
        Bytes of memory that a worker process may hold. Default: an equal share of 80 % of the free
        memory, at least 512 MiB.
    store_limit : int, default=1 GiB
        Bytes of out-of-fold predictions that are kept. The predictions of the worst candidates are
        removed first.
    refinement_share : float, default=1
        Share of the candidates after `refinement_start`, from 0 to 1, that come from Bayesian
        optimisation of the parameter values of pipelines on the front; 0: none.
    refinement_start : float, default=0.7
        Share of the budget, from 0 to 1, after which refinement begins: of `max_evaluations` if it
        is set, else of the time. Refinement never begins before the first population is complete.
    refinement_sampler : {"tpe", "gp", "random"}, default="tpe"
        Optimiser of the refinement; "gp" needs torch.
    simplification_share : float, default=0.1
        Share of the budget, from 0 to 1, at its end, in which simpler forms of the best pipeline
        are evaluated before anything else; 0: none. They are at most this share of the candidates
        before them. Simplification never begins before the first population is complete.
    ensemble_size : int, default=8
        Largest number of members of the ensemble; 0 or 1: no ensemble.
    ensemble_bytes : int or None, default=32 MiB
        Largest number of bytes of the pickled ensemble; None: no limit. An ensemble may always be
        twice as large as the best pipeline. Members are chosen, and repeated, within it.
    patience : int or None, default=200
        Number of candidates, scored or raced out, without a better one after which the search ends;
        None: no such end. It has an effect only on tables of at most `SMALL_ROWS` rows and only if
        `max_evaluations` is None.
    racing_error : float, default=0.2
        Rate of error of racing, from 0 to 0.5: how often a candidate that is stopped after some of
        its folds may be better than its rival; 0: every candidate is evaluated on all folds.
    row_ladder : bool, default=True
        True if candidates are evaluated on fewer rows first. It has an effect only on tables of at
        least 10,000 rows and only if `racing_error` is above 0.
    cache_limit : int, default=256 MiB
        Bytes of intermediate results, shared by pipelines, that each worker keeps; 0: none.
    in_process : bool, default=False
        True if candidates are evaluated in the calling process, for debugging and tests. A fold
        cannot be interrupted there, so its limits of time and memory are not enforced.

    Raises
    ------
    InputError
        If a setting breaks its rule.
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
    simplification_share: float = 0.1
    ensemble_size: int = 8
    ensemble_bytes: int | None = 32 * 1024**2
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
        for name in ("fold_timeout", "worker_memory", "ensemble_bytes"):
            limit = getattr(self, name)
            require(limit is None or limit > 0, f"settings.{name}", "positive or None", limit)
        require(
            0 <= self.racing_error <= 0.5,
            "settings.racing_error",
            "from 0 to 0.5",
            self.racing_error,
        )
        for name in ("refinement_share", "refinement_start", "simplification_share"):
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
            "another sampler if torch is not installed",
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
    """Return True if a value is an integer of at least `least`; a Boolean is none."""
    return isinstance(value, Integral) and not isinstance(value, bool) and int(value) >= least
