"""Plan of a run: lag, populations, patience and timeouts that follow from its parts."""

from __future__ import annotations

import math
from dataclasses import FrozenInstanceError, replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from evolver.budget import Budget
from evolver.problem import Problem
from evolver.run.plan import LAG_PER_WORKER, RunPlan
from evolver.settings import SMALL_ROWS, Settings
from evolver.task import Regression
from tests.evaluation.test_fold import problem
from tests.pipelines import catalogue

SPACE = catalogue("binary")


def plan(
    seconds: float | None = 100.0,
    evaluations: int | None = None,
    on: Problem | None = None,
    workers: int = 2,
    **settings: Any,
) -> RunPlan:
    budget = Budget(seconds, evaluations)
    return RunPlan(on or problem(), SPACE, budget, Settings(**settings), 50, workers)


def test_a_plan_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        plan().workers = 3  # type: ignore[misc]  # that is what is tested


def test_the_lag_is_set_or_follows_from_the_number_of_workers() -> None:
    assert plan(lag=5).lag == 5
    assert plan(workers=3).lag == 3 * LAG_PER_WORKER


def test_refinement_begins_after_its_share_but_not_before_the_first_population() -> None:
    assert plan(None, 1_000, refinement_start=0.7).first_refined == 700
    assert plan(None, 60, refinement_start=0.7).first_refined == 50
    assert plan(100.0, refinement_start=0.7).first_refined is None
    assert plan(100.0, refinement_start=0.0).first_refined == 50


def test_the_first_population_is_the_portfolio_and_some_random_pipelines() -> None:
    assert plan(portfolio_size=0).first_population == 50
    assert plan(portfolio_size=16).first_population == 16 + math.ceil(34 / 4)
    assert plan(portfolio_size=80).first_population == 50


def test_patience_counts_only_on_small_tables_without_a_limit_of_candidates() -> None:
    y = np.zeros(SMALL_ROWS + 1)
    large = Problem(Regression(), pd.DataFrame({"a": y}), y, problem().folds, lambda *_: 0.0)
    assert plan(patience=7).patience == 7
    assert plan(patience=None).patience == math.inf
    assert plan(100.0, 1_000, patience=7).patience == math.inf
    assert plan(on=large, patience=7).patience == math.inf


@pytest.mark.parametrize("timeout", [0.5, 10.0, None])
def test_fewer_rows_have_a_shorter_timeout_but_not_a_tiny_one(timeout: float | None) -> None:
    on = problem()
    train, valid = on.folds[0]
    on = replace(on, ladder=[(train[:rows], valid) for rows in (1, 10, 40)])
    limits = plan(200.0, on=on, fold_timeout=timeout).fold_timeouts
    assert len(limits) == len(on.units)
    assert limits == sorted(limits)
    assert limits[-1] == (timeout or 20.0)
    assert min(limits) >= min(2.0, limits[-1])
