"""Runs that begin with a portfolio learned without their own table."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pandas as pd

from benchmarks.datasets import estimator_for, is_classification
from benchmarks.portfolio.learn import experience_of, learned, without
from evolver import EvolvedClassifier, EvolvedRegressor, Settings
from primitives import default_catalogue

NOTHING: Mapping[str, Any] = MappingProxyType({})
"""No parameters."""


@contextmanager
def portfolio_without(name: str, *, classification: bool) -> Iterator[Path]:
    """Give a folder with the portfolio that is learned from the trials of all other tables."""
    kind = "classification" if classification else "regression"
    with tempfile.TemporaryDirectory() as folder:
        others = without(experience_of(kind), name)
        Path(folder, f"{kind}.json").write_text(learned(others).write(), encoding="utf-8")
        yield Path(folder)


def fitted(
    name: str,
    X: pd.DataFrame,
    y: pd.Series,
    budget: float | None,
    seed: int,
    *,
    workers: int = -1,
    without_steps: Collection[str] = (),
    options: Mapping[str, Any] = NOTHING,
    **settings: Any,
) -> tuple[EvolvedClassifier | EvolvedRegressor, float]:
    """Fit a model that begins with the portfolio of other tables; return it and its seconds.

    Parameters
    ----------
    name : str
        Name of the table, whose trials the portfolio does not know.
    X, y, budget, seed, workers
        Arguments of the fit.
    without_steps : collection of str
        Names of the primitives that the search space lacks.
    options : mapping
        Further parameters of the estimator.
    **settings
        Settings of the run.
    """
    with portfolio_without(name, classification=is_classification(y)) as folder:
        model = estimator_for(y)(
            time_budget=budget,
            n_jobs=workers,
            random_state=seed,
            verbose=0,
            search_space=default_catalogue().without(*without_steps) if without_steps else None,
            settings=Settings(portfolio=folder, **settings),
            **options,
        )
        start = time.monotonic()
        model.fit(X, y)
        return model, time.monotonic() - start
