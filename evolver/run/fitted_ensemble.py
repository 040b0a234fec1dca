"""Ensemble of a run: fitted pipelines put together into one fitted estimator."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.pipeline import Pipeline

from evolver.ensemble.blend import Blend
from evolver.ensemble.selection import Selection
from evolver.evaluation.blends import BlendScorer
from evolver.genome.graph import operators_of
from evolver.genome.tree import Tree
from evolver.outcome import Scored
from evolver.problem import Problem
from evolver.run.record import Record
from primitives.wrappers import OpinionPoolClassifier, Repeated, TemperatureScaledClassifier

ENSEMBLE = "ensemble"
"""Name of the ensemble in tables and files, instead of a digest."""


@dataclass(frozen=True, eq=False)
class Ensemble:
    """Fitted weighted average of candidates.

    Parameters
    ----------
    trees : tuple of Tree
        Pipelines of the members.
    n_fits : tuple of int
        Number of fits of each member that are averaged.
    blend : Blend
        Weights of the members in the order of `trees`, temperature and pool.
    outcome : Scored
        Fold scores, each of an average that was chosen by the other folds, see
        `evolver.ensemble.selection.Selection`; costs and seconds of all members.
    estimator : VotingClassifier, VotingRegressor or a classifier around one
        Fitted estimator; a single member without a pool stands for its own average.
    predictions : tuple of ndarray
        Predictions of the validation part of each fold, by the averages of the fold scores.
    """

    trees: tuple[Tree, ...]
    n_fits: tuple[int, ...]
    blend: Blend
    outcome: Scored
    estimator: Any
    predictions: tuple[np.ndarray, ...] = ()

    def __str__(self) -> str:
        temperature, pool = self.blend.temperature, self.blend.pool
        text = self._sum(self.blend.weights.values())
        if temperature != 1:
            text = f"scaled({text}, {temperature:.3g})"
        return text if pool is None else f"0.5 * {text} + 0.5 * log_pool({self._sum(pool.weights)})"

    def _sum(self, weights: Iterable[float]) -> str:
        """Return the text of a weighted sum of the members."""
        names = [
            str(tree) if count == 1 else f"repeated({tree}, {count})"
            for tree, count in zip(self.trees, self.n_fits, strict=True)
        ]
        parts = zip(weights, names, strict=True)
        return " + ".join(f"{weight:.3g} * {name}" for weight, name in parts if weight)


def ensemble_of(
    problem: Problem,
    members: Sequence[Record],
    fitted: Sequence[Mapping[int, Pipeline]],
    selection: Selection,
) -> Ensemble:
    """Return the ensemble of fitted members.

    Parameters
    ----------
    problem : Problem
    members : sequence of Record
        Candidates in the order of the weights.
    fitted : sequence of mapping of int to Pipeline
        Fitted pipelines of each member by repeat.
    selection : Selection
    """
    blend = selection.blend
    trees = tuple(member.candidate.tree for member in members)
    models = [repeated(problem, fits) for fits in fitted]
    n_fits = tuple(model.n_fits if isinstance(model, Repeated) else 1 for model in models)
    # The average, the temperature, the pool and each repetition count as one operator more.
    extra = (len(trees) > 1) + (blend.temperature != 1) + (blend.pool is not None)
    operators = float(operators_of(trees) + extra + sum(count > 1 for count in n_fits))
    summed = (
        sum(
            record.member.outcome.costs[place] * count
            for record, count in zip(members, n_fits, strict=True)
        )
        for place in range(len(problem.objectives))
    )
    costs = tuple(
        operators if objective.is_structural else cost
        for objective, cost in zip(problem.objectives, summed, strict=True)
    )
    seconds = sum(member.seconds for member in members)
    reported = BlendScorer(problem).reported(selection.predictions) if problem.reported else ()
    outcome = Scored(selection.fold_scores, costs, seconds, reported)
    return Ensemble(
        trees,
        n_fits,
        blend,
        outcome,
        blending(problem, models, blend),
        selection.predictions,
    )


def repeated(problem: Problem, fits: Mapping[int, Pipeline]) -> Any:
    """Return the fitted model that averages the fits of a member; the pipeline if it is only one.

    Fits after the first missing repeat are left out: the repeats of such a model have the numbers 0
    to `n_fits` - 1.
    """
    n_fits = next(count for count in itertools.count(1) if count not in fits)
    pipelines = [fits[repeat] for repeat in range(n_fits)]
    return pipelines[0] if len(pipelines) == 1 else problem.task.repeated(pipelines)


def blending(problem: Problem, fitted: Sequence[Any], blend: Blend) -> Any:
    """Return the fitted estimator that blends fitted pipelines.

    It is scikit-learn's weighted average, in a classifier that scales or pools the probabilities if
    the blend has a temperature or a pool.

    Parameters
    ----------
    problem : Problem
    fitted : sequence of estimator
        Fitted members in the order of the weights.
    blend : Blend
    """
    pool = blend.pool
    is_alone = len(fitted) == 1 and pool is None
    averaged = fitted[0] if is_alone else problem.task.averaged(fitted, [*blend.weights.values()])
    if pool is not None:
        estimator: Any = OpinionPoolClassifier(
            averaged, blend.temperature, list(pool.weights), list(pool.biases)
        )
    elif blend.temperature != 1:
        estimator = TemperatureScaledClassifier(averaged, blend.temperature)
    else:
        return averaged
    estimator.estimator_ = averaged  # as `fit` would set it
    return estimator
