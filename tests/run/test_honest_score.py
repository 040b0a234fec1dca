"""Honest scores: near chance where there is nothing to learn, with an interval in every case."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
from sklearn.metrics import r2_score
from sklearn.model_selection import ShuffleSplit

from evolver import EvolvedClassifier, EvolvedRegressor, Settings
from evolver.outcome import HonestScore, Scored, ScoredFold, Stopped
from evolver.run.honest_score import Finished, honest_score
from evolver.run.record import Record
from evolver.run.result import Decision
from evolver.storage.predictions import Store
from primitives import default_catalogue
from tests.evaluation.test_fold import problem
from tests.tables import small_table

SPACE = default_catalogue().only(
    "Encoder", "StandardScaler", "PCA", "GaussianNB", "DecisionTreeClassifier",
    "KNeighborsClassifier", "DecisionTreeRegressor", "Ridge", "KNeighborsRegressor",
)  # fmt: skip
CANDIDATES = 60


def options(**changes: Any) -> dict[str, Any]:
    size = changes.pop("ensemble_size", 1)
    settings = Settings(in_process=True, racing_error=0, portfolio_size=0, ensemble_size=size)
    given = {
        "max_evaluations": 12,
        "time_budget": None,
        "random_state": 0,
        "verbose": 0,
        "cv": 3,
        "search_space": SPACE,
        "settings": settings,
    }
    return {**given, **changes}


@pytest.mark.parametrize(
    ("scoring", "share"), [("roc_auc", 0.5), ("accuracy", 0.7), ("balanced_accuracy", 0.7)]
)
def test_the_best_of_many_on_a_random_target_is_near_chance(scoring: str, share: float) -> None:
    """Metrics of labels have the nested correction, which has more noise."""
    shown, honest = [], []
    for seed in range(3):
        rng = np.random.default_rng(seed)
        X, y = rng.normal(size=(120, 6)), np.arange(120) % 2
        rng.shuffle(y)
        model = EvolvedClassifier(**options(max_evaluations=CANDIDATES, scoring=scoring)).fit(X, y)
        shown.append(model.best_score_)
        honest.append(model.honest_score_)
    assert np.mean(shown) > 0.57
    assert np.mean([one.score for one in honest]) < 0.5 + share * (np.mean(shown) - 0.5)
    assert sum(one.low < 0.5 < one.high for one in honest) >= 2


def test_a_clear_winner_is_hardly_corrected() -> None:
    X, y = small_table("binary")
    model = EvolvedClassifier(**options()).fit(X, y)
    assert model.best_score_ > 0.9
    assert model.best_score_ - 0.02 < model.honest_score_.score <= model.best_score_
    assert model.honest_score_.method == "corrected by bootstrap; interval of resampled rows"


def test_the_score_is_that_of_the_ensemble_where_it_predicts() -> None:
    X, y = small_table("regression")
    model = EvolvedRegressor(**options(max_evaluations=30, ensemble_size=6)).fit(X, y)
    assert model.ensemble_ is not None
    first = model.pareto_front_["score"].iloc[0]
    honest = model.honest_score_
    assert honest.low < honest.score <= first < honest.high
    assert honest.method == "nested over folds; interval of resampled rows"


def test_the_same_seed_gives_the_same_and_pickles_and_run_folders_keep_it(tmp_path: Path) -> None:
    X, y = small_table("regression")
    models = [EvolvedRegressor(**options(run_dir=tmp_path / name)).fit(X, y) for name in "ab"]
    first, second = (model.honest_score_ for model in models)
    assert first == second
    assert pickle.loads(pickle.dumps(models[0])).honest_score_ == first
    assert joblib.load(tmp_path / "a" / "model.joblib").honest_score_ == first
    other = EvolvedRegressor(**options(random_state=1)).fit(X, y)
    assert other.honest_score_ != first
    assert Decision.HONEST not in models[0].statistics_["decided_by_time"]


def shifted_r2(model: Any, X: Any, y: Any) -> float:
    return float(r2_score(y, model.predict(X)) - X.iloc[:, 0].isna().mean())


X, Y = small_table("regression")
GROUPS = np.repeat([f"farm {number}" for number in range(20)], 6)
CASES: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "groups": ({}, {"groups": GROUPS}, "corrected by bootstrap; interval of resampled groups"),
    "weights": (
        {},
        {"sample_weight": np.linspace(0.5, 2, 120)},
        "corrected by bootstrap; interval of resampled rows",
    ),
    "time": ({"time": "day"}, {}, "corrected by bootstrap; interval of resampled blocks of rows"),
    "callable": (
        {"scoring": shifted_r2},
        {},
        "nested over folds; interval of resampled rows",
    ),
    "slow metric": (
        {"scoring": "neg_median_absolute_error"},
        {},
        "nested over folds; interval of resampled rows",
    ),
    "one fold": (
        {"cv": ShuffleSplit(1, random_state=0)},
        {},
        "corrected by bootstrap; interval of resampled rows",
    ),
    "refused store": (
        {"settings": Settings(in_process=True, store_limit=0, ensemble_size=1)},
        {},
        "nested over folds; interval of 3 folds",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_the_method_suits_the_run(name: str) -> None:
    changes, given, method = CASES[name]
    model = EvolvedRegressor(**options(**changes)).fit(X, Y, **given)
    honest = model.honest_score_
    assert honest.method == method
    assert honest.low < honest.score < honest.high
    assert honest.score <= model.best_score_


def test_several_targets_have_an_honest_score() -> None:
    model = EvolvedRegressor(**options()).fit(X, np.column_stack([Y, -Y, Y**2]))
    assert model.honest_score_.low < model.honest_score_.score <= model.best_score_


def test_a_fallback_has_no_score_and_says_so() -> None:
    found = honest_score(finished([], None), np.random.default_rng(0))
    assert np.isnan([found.score, found.low, found.high]).all()
    assert found.method == "no fold was scored"


def finished(records: list[Record], best: Record | None) -> Finished:
    return Finished(problem("regression"), records, best, None, 8, Store(Path("nowhere"), 0))


def record(number: int, outcome: Any, folds: dict[int, float]) -> Record:
    candidate: Any = type("Candidate", (), {"digest": str(number)})()
    scored = {fold: ScoredFold(score, (1.0,), 1.0) for fold, score in folds.items()}
    return Record(number, candidate, (), scored, outcome)


def test_a_winner_that_was_stopped_has_the_scores_of_its_folds() -> None:
    stopped = record(0, Stopped("the time was over", 1.0), {0: 0.4, 1: 0.6})
    found = honest_score(finished([stopped], stopped), np.random.default_rng(0))
    assert found.score == pytest.approx(0.5)
    assert found.low < 0.4 < 0.6 < found.high
    assert found.method == "not corrected, 2 of 4 folds scored; interval of 2 folds"
    alone = record(1, Stopped("the time was over", 1.0), {0: 0.4})
    found = honest_score(finished([alone], alone), np.random.default_rng(0))
    assert found.method == "not corrected, 1 of 4 folds scored; no interval of one fold"
    assert np.isnan(found.low)


def test_without_predictions_or_time_the_folds_correct_the_score() -> None:
    lucky = record(0, Scored((0.9, 0.5, 0.5, 0.5), (1.0,), 1.0), {})
    steady = record(1, Scored((0.59, 0.59, 0.59, 0.59), (1.0,), 1.0), {})
    found = honest_score(finished([lucky, steady], lucky), np.random.default_rng(0), lambda: True)
    assert found.score == pytest.approx((0.59 + 0.5 * 3) / 4)
    assert found.method == "nested over folds; interval of 4 folds"


def test_an_interrupt_and_an_error_of_a_scorer_leave_the_folds(caplog: Any) -> None:
    best = record(0, Scored((0.9, 0.5, 0.5, 0.5), (1.0,), 1.0), {})
    for error in (KeyboardInterrupt(), ValueError("not with me")):

        def raising(problem: Any = error) -> bool:
            raise problem

        run = finished([best], best)
        store: Any = type("Broken", (), {"get": lambda *_, problem=error: raising(problem)})()
        broken = Finished(run.problem, run.records, best, None, 8, store)
        assert honest_score(broken, np.random.default_rng(0)).method.endswith("interval of 4 folds")
    assert "not with me" in caplog.text


def test_the_value_reads_well_and_is_a_number() -> None:
    value = HonestScore(0.912345, 0.9, 0.95, "corrected by bootstrap; interval of resampled rows")
    assert repr(value) == (
        "HonestScore(0.91234 [0.9, 0.95]: corrected by bootstrap; interval of resampled rows)"
    )
    assert float(value) == value.score
