"""One fold of one candidate: fit on the training part, predict and score the validation part.

Workers run this module. Everything that learns from data is inside the estimator and sees only the
training part. The predictions of the validation part are out-of-fold predictions, which are kept
for ensembles. Branches of a pipeline that the cache holds are not fitted again; score and
predictions are the same with and without the cache. Pipelines and scorers of the user may write to
their arguments, so scorers get copies, and so do steps that are not known to leave them unchanged.
"""

from __future__ import annotations

import time
import warnings
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import sklearn
from sklearn.base import TransformerMixin
from sklearn.pipeline import Pipeline

from evolver.evaluation.branches import Branches, Parts, frozen
from evolver.evaluation.cache import Cache
from evolver.evaluation.cached_predictions import CachedPredictions
from evolver.evaluation.scorers import metric_of, takes_weights
from evolver.evaluation.usage import measured_usage, usage_or_nan
from evolver.genome.codec import Encoded, decode
from evolver.genome.graph import operators, to_graph
from evolver.genome.pipeline import to_estimator
from evolver.genome.tree import Tree
from evolver.limits import Usage
from evolver.objectives import FunctionOfPipeline, Measured
from evolver.outcome import Effort
from evolver.problem import Problem, Scorer
from primitives import Catalogue
from primitives.isolation import private_copy
from primitives.weights import fit_with_weights
from primitives.wrappers import reseeded

LIBRARIES = frozenset(
    {"catboost", "evolver", "lightgbm", "numpy", "primitives", "scipy", "sklearn", "xgboost"}
)
"""Packages that are trusted to leave the state of a process unchanged."""


@dataclass(frozen=True, eq=False)
class FittedPipeline:
    """Pipeline that is fitted on all rows.

    It is measured where it was fitted: in a process that was forked from one that has used OpenMP,
    pickling a model of LightGBM would hang.

    Parameters
    ----------
    pipeline : Pipeline
    usage : Usage
        Bytes, and seconds to predict where there are limits of these.
    """

    pipeline: Pipeline
    usage: Usage


@dataclass(frozen=True)
class Request:
    """Request to the evaluator: one fold of a pipeline, or its fit on all rows.

    Parameters
    ----------
    tree : Encoded
        Pipeline as plain data.
    fold : int or None
        Number of the fold, those of fewer rows first; None: fit on all rows.
    repeat : int, default=0
        Number of the repeat of the fit on all rows. Repeats have different random states.
    """

    tree: Encoded
    fold: int | None
    repeat: int = 0


@dataclass(frozen=True, eq=False)
class FoldScore:
    """Result of one fold.

    Parameters
    ----------
    score : float
        Score on the validation part; greater is better.
    costs : tuple of float
        Costs by further objective; less is better.
    predictions : ndarray of shape (n_validation,) or (n_validation, n_outputs)
        Predictions of the validation part: numbers, or probabilities of every class or label of
        the problem.
    effort : Effort
    reported : tuple of float, default=()
        Scores by further scorers, which decide nothing; NaN where there is none.
    usage : Usage, optional
        Usage of the pipeline that was fitted on the fold; None if there are no limits.
    """

    score: float
    costs: tuple[float, ...]
    predictions: np.ndarray
    effort: Effort
    reported: tuple[float, ...] = ()
    usage: Usage | None = None


class Evaluator:
    """Function of the workers: it answers requests about one problem.

    It is made once and sent to each worker.

    Parameters
    ----------
    problem : Problem
    catalogue : Catalogue
        Primitives of the trees in the requests.
    cache_limit : int, default=0
        Bytes of branches that each worker may keep; 0: every pipeline is fitted as a whole.
    """

    def __init__(self, problem: Problem, catalogue: Catalogue, cache_limit: int = 0) -> None:
        self.problem = problem
        self.catalogue = catalogue
        self._cache = Cache(cache_limit if _allows_cache(problem) else 0)
        self._parts: dict[int, Parts] = {}
        metrics = [(scorer, metric_of(scorer)) for scorer in problem.scorers]
        self._scorer_looks_at_table = any(metric is None for _, metric in metrics)
        self._scores_by_foreign_code = any(
            is_foreign(scorer if metric is None else metric.function) for scorer, metric in metrics
        ) or any(isinstance(one.measure, FunctionOfPipeline) for one in problem.objectives)

    def __call__(self, request: Request) -> FoldScore | FittedPipeline:
        """Return the result of a fold, or the pipeline fitted on all rows."""
        with (
            warnings.catch_warnings(),
            np.errstate(all="ignore"),
            sklearn.config_context(transform_output="default"),
        ):
            warnings.simplefilter("ignore")
            tree = decode(request.tree, self.catalogue)
            if request.fold is None:
                return self._fit_all(tree, request.repeat)
            if self._cache.limit == 0:
                return self._score_whole(tree, request.fold)
            try:
                return self._score_with_cache(tree, request.fold)
            except ValueError as error:
                if "read-only" not in str(error):
                    raise
            # A step has written to an input that it is said to leave unchanged: a new version of a
            # library may do that. Without the cache every step has an input of its own.
            return self._score_whole(tree, request.fold)

    def is_foreign(self, request: Request) -> bool:
        """Return True if a request runs a primitive, a scorer or a complexity of the user."""
        names = (node[0] for node in request.tree if node is not None)
        return self._scores_by_foreign_code or any(
            is_foreign(self.catalogue[name].build) for name in names if name in self.catalogue
        )

    def _fit_all(self, tree: Tree, repeat: int) -> FittedPipeline:
        """Return a pipeline fitted on all rows, with the random states of a repeat."""
        problem = self.problem
        estimator = reseeded(to_estimator(tree, problem.columns), repeat)
        fitted = fit(estimator, problem.X, problem.y, problem.sample_weight)
        return FittedPipeline(fitted, usage_or_nan(fitted, problem))

    def _score_whole(self, tree: Tree, fold: int) -> FoldScore:
        """Return the result of a fold, with the whole pipeline fitted."""
        problem = self.problem
        train, valid = problem.units[fold]
        weights = problem.sample_weight
        X_train, X_valid = problem.X.iloc[train], problem.X.iloc[valid]
        estimator = to_estimator(tree)
        start = time.perf_counter()
        fit(estimator, X_train, problem.y[train], None if weights is None else weights[train])
        fitted = time.perf_counter()
        cached = self._cached_predictions(estimator, X_valid)
        predictions = cached.of_all_classes(cached.response())
        predicted = time.perf_counter()
        measured = Measured(
            operators(to_graph(tree)), estimator, fitted - start, predicted - fitted
        )
        return FoldScore(
            self._score(cached, valid),
            tuple(objective(measured) for objective in problem.objectives),
            predictions,
            Effort(predicted - start),
            self._reported(cached, valid),
            measured_usage(estimator, X_valid, problem.limits) if problem.limits.are_set else None,
        )

    def _score_with_cache(self, tree: Tree, fold: int) -> FoldScore:
        """Return the result of a fold, with only those branches fitted that the cache lacks."""
        start = time.perf_counter()
        graph = to_graph(tree)
        branches = Branches(graph, self._parts_of(fold), self._cache)
        cached = self._cached_predictions(*branches.fit())
        response = cached.response()
        branches.keep_response(response)
        effort = branches.effort(time.perf_counter() - start)
        return FoldScore(
            self._score(cached, self.problem.units[fold][1]),
            (float(operators(graph)),) * len(self.problem.objectives),  # all are structural
            cached.of_all_classes(response),
            effort,
            self._reported(cached, self.problem.units[fold][1]),
        )

    def _cached_predictions(self, estimator: Any, X: Any) -> CachedPredictions:
        """Return the predictions of a fitted estimator for the validation part."""
        task = self.problem.task
        return CachedPredictions(
            estimator,
            X,
            task.classes,
            looks_at_table=self._scorer_looks_at_table,
            output_shape=task.output_shape,
        )

    def _score(self, cached: CachedPredictions, valid: np.ndarray) -> float:
        """Return the score of predictions of the validation part."""
        problem = self.problem
        weights = None if problem.sample_weight is None else problem.sample_weight[valid]
        return score_of(problem.scorer, cached, cached.X, problem.y[valid], weights)

    def _reported(self, cached: CachedPredictions, valid: np.ndarray) -> tuple[float, ...]:
        """Return the scores of predictions of the validation part by further scorers."""
        problem = self.problem
        weights = None if problem.sample_weight is None else problem.sample_weight[valid]
        return reported_of(problem, cached, cached.X, problem.y[valid], weights)

    def _parts_of(self, fold: int) -> Parts:
        """Return the rows of a fold, as the cached branches need them."""
        if fold not in self._parts:
            problem = self.problem
            train, valid = problem.units[fold]
            y = frozen(problem.y[train])
            predicts_classes = problem.task.model_classes is not None
            self._parts[fold] = Parts(fold, problem.X, y, train, valid, predicts_classes)
        return self._parts[fold]


def is_foreign(thing: Any) -> bool:
    """Return True if a function or class is from none of the trusted `LIBRARIES`."""
    while isinstance(thing, partial):
        thing = thing.func
    return getattr(thing, "__module__", "").partition(".")[0] not in LIBRARIES


def _allows_cache(problem: Problem) -> bool:
    """Return True if folds of a problem may be scored with the cache.

    The cache gives predictions and no fitted pipeline, so score, costs and limits must not need
    one. It knows nothing of weights.
    """
    return (
        problem.sample_weight is None
        and problem.is_structural
        and not problem.limits.are_set
        and all(metric_of(scorer) is not None for scorer in problem.scorers)
    )


def fit(
    estimator: Pipeline, X: pd.DataFrame, y: np.ndarray, sample_weight: np.ndarray | None
) -> Pipeline:
    """Fit a pipeline, whose steps pass arrays whatever output is configured.

    By scikit-learn's metadata routing, every step that can use the weights gets them.

    Returns
    -------
    Pipeline
        The same pipeline, fitted.
    """
    # A step may write to target and weights. The table needs no copy here: the first step of every
    # pipeline makes one.
    y, sample_weight = private_copy(y), private_copy(sample_weight)
    _pass_arrays(estimator)
    if sample_weight is None:
        return estimator.fit(X, y)
    return fit_with_weights(estimator, X, y, sample_weight)


def _pass_arrays(estimator: Any) -> None:
    """Let every part of an estimator that transforms return arrays.

    Otherwise a pipeline would get arrays in `fit`, and data frames from a step in `predict`, where
    the output has been configured between the two.
    """
    for part in estimator.get_params(deep=True).values():
        # A step that contains others passes the setting on, which some of them do not support.
        if isinstance(part, TransformerMixin) and hasattr(part, "set_output"):
            with suppress(ValueError):
                part.set_output(transform="default")


class UndefinedScoreError(ValueError):
    """Score that is not finite, such as the correlation of a constant prediction."""


def score_of(
    scorer: Scorer, estimator: Any, X: pd.DataFrame, y: np.ndarray, sample_weight: np.ndarray | None
) -> float:
    """Return the score of a fitted estimator, weighted if the metric takes weights.

    The scorer gets copies of target and weights, because it may write to them.

    Raises
    ------
    ValueError
        When the score is not a finite number.
    """
    weighted = sample_weight is not None and takes_weights(scorer)
    y, sample_weight = private_copy(y), private_copy(sample_weight)
    score = (
        scorer(estimator, X, y, sample_weight=sample_weight)
        if weighted
        else scorer(estimator, X, y)
    )
    if isinstance(score, np.ndarray) and score.ndim == 0:
        score = score[()]
    if not isinstance(score, int | float | np.number):
        raise ValueError(f"A score must be a finite number, got {score!r}.")
    if not np.isfinite(score):
        raise UndefinedScoreError(f"A score must be a finite number, got {score!r}.")
    return float(score)


def reported_of(
    problem: Problem, estimator: Any, X: pd.DataFrame, y: np.ndarray, sample_weight: Any
) -> tuple[float, ...]:
    """Return the scores of a fitted estimator by the further scorers of a problem.

    They are NaN where a scorer raises an error: a score that decides nothing must not cost a
    candidate.
    """
    scores = []
    for scorer in problem.reported.values():
        try:
            scores.append(score_of(scorer, estimator, X, y, sample_weight))
        except Exception:  # a scorer of the user may raise any error
            scores.append(float("nan"))
    return tuple(scores)
