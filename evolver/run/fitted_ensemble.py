"""The estimator of an ensemble: fitted pipelines put together as if it had fitted them."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

from sklearn.base import clone
from sklearn.ensemble import VotingClassifier, VotingRegressor
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import LabelEncoder

from evolver.ensemble.selection import Blend, Selection
from evolver.genome.graph import operators_of
from evolver.outcome import Scored
from evolver.problem import Problem
from evolver.run.record import Ensemble, Record
from primitives.wrappers import (
    OpinionPoolClassifier,
    Repeated,
    RepeatedClassifier,
    RepeatedRegressor,
    TemperatureScaledClassifier,
)


def ensemble_of(
    problem: Problem,
    members: Sequence[Record],
    fitted: Sequence[Mapping[int, Pipeline]],
    selection: Selection,
) -> Ensemble:
    """Return the ensemble of fitted members, in the order of the weights."""
    blend = selection.blend
    trees = tuple(one.candidate.tree for one in members)
    models = [repeated(problem, fits) for fits in fitted]
    n_fits = tuple(model.n_fits if isinstance(model, Repeated) else 1 for model in models)
    if problem.complexity == "operators":
        extra = (len(trees) > 1) + (blend.temperature != 1) + (blend.pool is not None)
        complexity = float(operators_of(trees) + extra + sum(count > 1 for count in n_fits))
    else:
        complexity = sum(
            one.member.outcome.complexity * count
            for one, count in zip(members, n_fits, strict=True)
        )
    outcome = Scored(selection.fold_scores, complexity, sum(one.seconds for one in members))
    return Ensemble(trees, n_fits, blend, outcome, blending(problem, models, blend))


def repeated(problem: Problem, fits: Mapping[int, Pipeline]) -> Any:
    """Return the model that averages the fits of a member, as if it had fitted them: those before
    the first that is missing; the pipeline itself where that is one."""
    n_fits = next(count for count in itertools.count(1) if count not in fits)
    pipelines = [fits[repeat] for repeat in range(n_fits)]
    if len(pipelines) == 1:
        return pipelines[0]
    kind = RepeatedRegressor if problem.task == "regression" else RepeatedClassifier
    model = kind(clone(pipelines[0]), len(pipelines))
    model.estimators_ = pipelines
    return model


def blending(problem: Problem, fitted: Sequence[Any], blend: Blend) -> Any:
    """Return the estimator that blends fitted pipelines, as if it had fitted them: scikit-learn's
    weighted average, its probabilities scaled and pooled where the blend says so."""
    pool = blend.pool
    is_alone = len(fitted) == 1 and pool is None
    averaged = fitted[0] if is_alone else _voting(problem, fitted, [*blend.weights.values()])
    if pool is not None:
        estimator: Any = OpinionPoolClassifier(
            averaged, blend.temperature, list(pool.weights), list(pool.biases)
        )
    elif blend.temperature != 1:
        estimator = TemperatureScaledClassifier(averaged, blend.temperature)
    else:
        return averaged
    estimator.estimator_ = averaged
    return estimator


def _voting(problem: Problem, fitted: Sequence[Any], weights: Sequence[float]) -> Any:
    names = [f"pipeline_{number}" for number in range(1, len(fitted) + 1)]
    parts = list(zip(names, fitted, strict=True))
    if problem.task == "regression":
        estimator = VotingRegressor(parts, weights=list(weights))
    else:
        estimator = VotingClassifier(parts, voting="soft", weights=list(weights))
        estimator.le_ = LabelEncoder().fit(problem.y)
        estimator.classes_ = estimator.le_.classes_
    estimator.estimators_ = list(fitted)
    estimator.named_estimators_ = dict(parts)
    return estimator
