"""Limits of use: what is over one never wins, and what is told when nothing is within them."""

from __future__ import annotations

import math
import pickle
import time
from typing import Any

import numpy as np
import pytest
from optuna.distributions import IntDistribution
from sklearn.ensemble import ExtraTreesClassifier

from evolver import (
    EvolvedClassifier,
    EvolvedRegressor,
    InputError,
    InputTypeError,
    NoPipelineError,
    Settings,
)
from evolver.evaluation.usage import measured_usage
from evolver.genome.tree import Step
from evolver.limits import Excess, Limits, Usage, excess_in
from evolver.presets import INTERPRETABLE_DEPTH, interpretable_catalogue
from primitives import CLASSIFICATION, Features, Prediction, Primitive, default_catalogue
from tests.tables import small_table

X, Y = small_table("binary")
QUICK: dict[str, Any] = {
    "time_budget": None,
    "max_evaluations": 12,
    "n_jobs": 1,
    "random_state": 0,
    "verbose": 0,
    "cv": 3,
}
IN_PROCESS = {**QUICK, "settings": Settings(in_process=True, portfolio_size=0)}
FOREST = Primitive(
    "Forest",
    (Features,),
    Prediction,
    ExtraTreesClassifier,
    {"n_estimators": IntDistribution(10, 30), "max_depth": IntDistribution(4, 12)},
    CLASSIFICATION,
)
SPACE = default_catalogue().only("Encoder", "StandardScaler", "GaussianNB").add(FOREST)


class Slow(ExtraTreesClassifier):
    """Small forest that takes 50 ms to predict, and 0.3 s for a thousand rows."""

    def predict_proba(self, X: Any) -> np.ndarray:
        end = time.process_time() + (0.3 if len(X) >= 1_000 else 0.05)
        while time.process_time() < end:
            pass
        probabilities: np.ndarray = super().predict_proba(X)
        return probabilities


SLOW = Primitive("Slow", (Features,), Prediction, lambda: Slow(3), {}, CLASSIFICATION)


def test_a_usage_over_several_limits_tells_the_greatest_excess() -> None:
    limits = Limits(((1, 0.01), (1000, 0.5)), 1_000)
    assert limits.batches == (1, 1000)
    assert limits.excess(Usage(900, (0.009, 0.4))) is None
    found = limits.excess(Usage(2_000, (0.015, 5.0)))
    assert found == Excess("seconds to predict 1000 rows:", 5.0, 0.5)
    assert excess_in(found.reason) == found


def test_the_bytes_are_those_of_the_pickle_and_batches_may_be_larger_than_the_table() -> None:
    model = EvolvedClassifier(**IN_PROCESS, search_space=SPACE).fit(X, Y).best_pipeline_
    usage = measured_usage(model, X, Limits(((1000, 1.0),)))
    assert usage.model_bytes == len(pickle.dumps(model))
    assert len(usage.seconds) == 2
    assert all(0 < one < 1 for one in usage.seconds)


def test_a_large_model_is_stopped_with_its_reason_and_never_wins() -> None:
    most = 10_000
    model = EvolvedClassifier(**IN_PROCESS, search_space=SPACE, max_model_bytes=most).fit(X, Y)
    over = model.leaderboard_[model.leaderboard_["reason"].str.startswith("over a limit")]
    assert len(over)
    assert over["expression"].str.contains("Forest").all()
    assert (over["outcome"] == "stopped").all()
    assert not set(over["digest"]) & set(model.pareto_front_["digest"])
    assert len(pickle.dumps(model._model)) <= most
    assert (model.pareto_front_["model_bytes"] <= most).all()
    assert (model.pareto_front_["predict_seconds"] > 0).all()


def test_a_slow_model_is_stopped_by_the_seconds_of_a_row_or_of_a_batch() -> None:
    space = SPACE.without("Forest").add(SLOW)
    options = {**IN_PROCESS, "search_space": space, "max_evaluations": 3}
    for limit in (0.049, {1: 1.0, 1000: 0.25}):
        model = EvolvedClassifier(**options, max_predict_seconds=limit)
        over = model.fit(X, Y).leaderboard_.query("reason.str.startswith('over a limit')")
        assert over["expression"].str.startswith("Slow").sum() >= 1
        assert "Slow" not in str(model._model)


def test_the_ensemble_is_within_the_limits_of_the_whole() -> None:
    options = {**IN_PROCESS, "max_evaluations": 16}
    free = EvolvedClassifier(**options, search_space=SPACE).fit(X, Y)
    assert free.ensemble_ is not None
    size = len(pickle.dumps(free.ensemble_))
    assert "model_bytes" not in free.pareto_front_
    most = size // 4
    model = EvolvedClassifier(**options, search_space=SPACE, max_model_bytes=most).fit(X, Y)
    assert len(pickle.dumps(model._model)) <= most
    assert model.pareto_front_["model_bytes"].iloc[0] == len(pickle.dumps(model._model))


def test_the_default_limit_of_an_ensemble_leaves_out_repeats_and_then_members() -> None:
    sizes = []
    for most in (None, 1):
        settings = Settings(in_process=True, portfolio_size=0, ensemble_bytes=most)
        options = {**QUICK, "max_evaluations": 16, "settings": settings}
        model = EvolvedClassifier(**options, search_space=SPACE).fit(X, Y)
        sizes.append(len(pickle.dumps(model._model)))
        least = 2 * len(pickle.dumps(model.best_pipeline_))
        assert sizes[-1] <= max(most or math.inf, least) + 5_000  # the vote and its weights
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[0] > sizes[-1]


def test_an_error_names_the_nearest_candidate_if_nothing_is_within_the_limits() -> None:
    with pytest.raises(NoPipelineError, match=r"The nearest, .*, has bytes of the pickled model:"):
        EvolvedClassifier(**IN_PROCESS, search_space=SPACE, max_model_bytes=100).fit(X, Y)
    with pytest.raises(NoPipelineError, match=r"seconds to predict one row: .*, at most 1e-06"):
        EvolvedClassifier(**IN_PROCESS, search_space=SPACE, max_predict_seconds=1e-6).fit(X, Y)


def test_a_limit_stops_the_same_candidates_when_the_run_is_continued(tmp_path: Any) -> None:
    options = {**IN_PROCESS, "search_space": SPACE, "max_model_bytes": 10_000, "run_dir": tmp_path}
    first = EvolvedClassifier(**options).fit(X, Y)
    again = EvolvedClassifier(**{**options, "max_evaluations": 15}).fit(X, Y)
    columns = ["digest", "reason", "score"]
    before, after = (
        one.leaderboard_.sort_values("number")[columns].head(12).reset_index(drop=True)
        for one in (first, again)
    )
    assert before.equals(after)
    with pytest.raises(InputError, match="limits"):
        EvolvedClassifier(**{**options, "max_model_bytes": 20_000}).fit(X, Y)


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_an_interpretable_model_is_one_pipeline_of_readable_steps(task: str) -> None:
    estimator = EvolvedRegressor if task == "regression" else EvolvedClassifier
    model = estimator(**QUICK, interpretable=True).fit(*small_table(task))
    assert model.ensemble_ is None
    names = {one.name for one in interpretable_catalogue()}
    for one in model._members.front:
        steps: list[Step] = one.candidate.tree.steps
        assert {step.name for step in steps} <= names
        assert all(step.values.get("max_depth", 1) <= INTERPRETABLE_DEPTH for step in steps)  # type: ignore[operator]


@pytest.mark.parametrize(
    ("parameters", "error", "words"),
    [
        ({"max_model_bytes": 0}, InputError, "`max_model_bytes` must be .* got 0"),
        ({"max_model_bytes": "1M"}, InputTypeError, "`max_model_bytes` must be .* got '1M'"),
        ({"max_predict_seconds": 0}, InputError, "`max_predict_seconds` must be .* got 0"),
        ({"max_predict_seconds": math.nan}, InputError, "got nan"),
        ({"max_predict_seconds": True}, InputTypeError, "got True"),
        ({"max_predict_seconds": {}}, InputError, "got {}"),
        ({"max_predict_seconds": {0: 1.0}}, InputError, "got {0: 1.0}"),
        ({"max_predict_seconds": {1.5: 1.0}}, InputTypeError, "got {1.5: 1.0}"),
        ({"interpretable": "yes"}, InputTypeError, "`interpretable` must be .* got 'yes'"),
        ({"interpretable": True, "search_space": SPACE}, InputError, "`search_space` is given"),
        ({"interpretable": True, "estimators": "LGBM*"}, InputError, "readable models alone"),
    ],
)
def test_a_limit_that_is_none_is_refused(
    parameters: dict[str, Any], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        EvolvedClassifier(**{**QUICK, **parameters}).fit(X, Y)
