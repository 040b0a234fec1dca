"""Table of the best candidate of each family of models."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from evolver import EvolvedRegressor, Settings
from evolver.genome.codec import parse
from evolver.report.families import COLUMNS, best_by_family
from primitives import default_catalogue
from tests.tables import small_table

SPACE = default_catalogue().only("Encoder", "Ridge", "LogTarget", "Average", "BayesianRidge")


@pytest.fixture(scope="module")
def model() -> Any:
    X, y = small_table("regression")
    return EvolvedRegressor(
        None, 12, cv=3, search_space=SPACE, n_jobs=1, random_state=0, verbose=0,
        settings=Settings(in_process=True, ensemble_size=0),
    ).fit(X, y)  # fmt: skip


def test_each_family_has_its_best_candidate(model: Any) -> None:
    table = model.best_by_family_
    assert {"Ridge", "BayesianRidge", "Average"} >= set(table["family"]) >= {"Ridge"}
    assert table["family"].is_unique
    assert table["score"].is_monotonic_decreasing
    scored = model.leaderboard_.query("outcome == 'scored'").set_index("digest")
    for row in table.itertuples():
        assert scored.loc[row.digest, ["score", "std"]].tolist() == [row.score, row.std]
    ridges = scored["expression"].str.contains(r"^(?:LogTarget\()?Ridge", regex=True)
    best = table.set_index("family").loc["Ridge", "score"]
    assert best == scored.loc[ridges, "score"].max()


def test_parameters_are_those_of_the_model(model: Any) -> None:
    row = model.best_by_family_.set_index("family").loc["Ridge"]
    steps = dict(step for step in parse(row["expression"]) if step is not None)
    assert row["parameters"] == pytest.approx(steps["Ridge"], rel=0.01)
    assert set(row["parameters"]) == {"alpha"}


def test_a_run_without_scored_candidates_has_an_empty_table() -> None:
    table = best_by_family([])
    assert isinstance(table, pd.DataFrame)
    assert tuple(table.columns) == COLUMNS
    assert table.empty
