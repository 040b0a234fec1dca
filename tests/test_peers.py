"""Statistics of the comparison with other systems."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from benchmarks.peers import compare, plots
from benchmarks.peers.ranking import Comparison, times_to_reach
from benchmarks.peers.record import Record, Run
from benchmarks.peers.supervision import Ending

SCORES = {
    "first": {"ours": 0.9, "theirs": 0.8, "forest": 0.7, "late": 0.7},
    "second": {"ours": 0.9, "theirs": 0.95, "forest": 0.6, "late": 0.5},
}


def record(dataset: str, system: str, score: float, **changes: Any) -> Record:
    fields = {
        "dataset": dataset,
        "system": system,
        "budget": 60.0,
        "seed": 0,
        "version": "1",
        "task": "binary",
        "metric": "AUC",
        "rows": 1000,
        "columns": 3,
        "workers": 2,
        "score": score,
        "constant_score": 0.5,
        "imputed": False,
        "single_score": None,
        "fit_seconds": 60.0,
        "overrun": 0.0,
        "predict_seconds": 0.3,
        "model_bytes": 2_000_000,
        "peak_memory": 10**9,
        "status": "ok",
        "error": None,
    }
    return Record(**{**fields, **changes})


@pytest.fixture(scope="module")
def records() -> list[Record]:
    return [
        record(dataset, system, score)
        for dataset, scores in SCORES.items()
        for system, score in scores.items()
    ]


def test_ties_share_the_mean_rank_and_the_best_is_first(records: list[Record]) -> None:
    comparison = Comparison(records)
    assert comparison.ranks.loc["first"].to_dict() == {
        "ours": 1.0,
        "theirs": 2.0,
        "forest": 3.5,
        "late": 3.5,
    }
    assert comparison.systems[-1] == "late"
    assert comparison.scaled.loc["second", "theirs"] == 1
    assert comparison.scaled.loc["second", "late"] == 0


def test_lower_is_better_where_the_metric_is_an_error() -> None:
    errors = {"task": "regression", "metric": "RMSE", "constant_score": 3.0}
    both = [record("one", name, score, **errors) for name, score in (("a", 2), ("b", 1))]
    assert Comparison(both).systems == ["b", "a"]


def test_the_critical_difference_is_that_of_a_published_example() -> None:
    """Critical difference of four classifiers on fourteen data sets: 1.25 (Demšar 2006, 3.2.2)."""
    both = [
        record(f"table {number}", f"system {system}", 0.5 + system / 10)
        for number in range(14)
        for system in range(4)
    ]
    assert Comparison(both).critical_difference == pytest.approx(1.25, abs=0.01)


def test_a_table_that_lacks_a_system_is_left_out(records: list[Record]) -> None:
    more = [*records, record("third", "ours", 0.9)]
    assert Comparison(more).tables == ["first", "second"]


def test_the_single_pipeline_is_compared_as_a_separate_system(records: list[Record]) -> None:
    ours = [
        record(name, "both", scores["ours"], single_score=0.1) for name, scores in SCORES.items()
    ]
    comparison = Comparison([*records, *ours])
    assert comparison.systems[-1] == "both, single pipeline"
    assert "both, single pipeline" in comparison.render()
    assert comparison.render().count("| both |") == 1


def test_a_failed_run_gets_the_score_of_the_constant_prediction() -> None:
    rows = pd.DataFrame({"a": range(8), "target": list("xyxyxyxy")})
    data = compare.Data("binary", rows, rows)
    outcome = compare.Outcome("failed", error="it fell over")
    for system, single in (("evolver", 0.5), ("tpot", None)):
        run = Run("first", system, 60.0, 0)
        failed = compare._record(run, data, "1", Ending(1, 0), outcome)
        assert failed.imputed
        assert failed.score == failed.constant_score == 0.5
        assert failed.single_score == single


def test_failures_and_overruns_are_counted(records: list[Record]) -> None:
    bad = [
        record("first", "bad", 0.5, imputed=True, fit_seconds=None, overrun=None),
        record("second", "bad", 0.8, overrun=0.2),
    ]
    text = Comparison([*records, *bad]).render()
    row = next(line for line in text.splitlines() if line.startswith("| bad |"))
    assert "| 1 of 2 | 1 |" in row


def test_the_time_to_reach_a_score_is_the_least_budget_that_reaches_it() -> None:
    mine = [
        record("one", "ours", score, budget=budget)
        for budget, score in ((10.0, 0.6), (30.0, 0.8), (60.0, 0.9))
    ]
    theirs = [record("one", "theirs", 0.75, budget=300.0)]
    text = times_to_reach([*mine, *theirs], "theirs", "ours")
    assert "| one | 0 | 30 |" in text
    assert "median 30 s" in text
    assert times_to_reach(mine, "theirs", "ours") == ""
    assert times_to_reach([mine[2], *theirs], "theirs", "ours") == ""


def test_the_pictures_name_every_system(records: list[Record]) -> None:
    comparison = Comparison(records)
    for picture in (plots.ranks(comparison), plots.time([comparison])):
        assert all(name in picture for name in comparison.systems)
        assert "nan" not in picture
