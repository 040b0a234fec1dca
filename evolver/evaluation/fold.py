"""One fold of one candidate: fit on the training part, score and predict the validation part.

This is what workers run. Everything that learns from data is inside the estimator and sees the
training part only; the predictions of the validation part are kept, out-of-fold, for ensembles.
Where a cache may hold branches of the pipeline, they are not fitted again; score and predictions
are the same with it and without. Pipelines and scorers may write to whatever they are given: the
last get copies, and so do those steps that are not known to write to nothing.
"""

from __future__ import annotations

import time
import warnings
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import sklearn
from sklearn.base import BaseEstimator, is_classifier
from sklearn.pipeline import Pipeline
from sklearn.utils.metadata_routing import get_routing_for_object

from evolver.evaluation.branches import Branches, Parts, frozen
from evolver.evaluation.cache import Cache
from evolver.evaluation.scorers import metric_of, takes_weights
from evolver.genome.codec import Encoded, decode
from evolver.genome.graph import operators, to_graph
from evolver.genome.pipeline import to_estimator
from evolver.genome.tree import Tree
from evolver.objectives import FunctionOfPipeline, Measured
from evolver.outcome import Effort
from evolver.problem import Problem, Scorer
from primitives import Catalogue
from primitives.isolation import private_copy
from primitives.wrappers import reseeded

LIBRARIES = frozenset(
    {"catboost", "evolver", "lightgbm", "numpy", "primitives", "scipy", "sklearn", "xgboost"}
)
"""Packages whose code is trusted to leave a process as it was."""


@dataclass(frozen=True)
class Request:
    """What a job asks of the evaluator: a fold of a pipeline, or where `fold` is None its final fit
    or a repeat of that, with other random states."""

    tree: Encoded
    fold: int | None
    repeat: int = 0


@dataclass(frozen=True, eq=False)
class FoldScore:
    """What one fold gives.

    Parameters
    ----------
    score : float
    costs : tuple of float
        One for each further objective.
    predictions : ndarray of shape (n_validation,) or (n_validation, n_classes)
        Of the validation part: probabilities of every class of the problem, or numbers.
    effort : Effort
    """

    score: float
    costs: tuple[float, ...]
    predictions: np.ndarray
    effort: Effort


class Evaluator:
    """Answers requests about one problem; made once and sent to each worker.

    Parameters
    ----------
    problem : Problem
    catalogue : Catalogue
        Of the trees in the requests.
    cache_limit : int, default=0
        Bytes of branches that each worker may keep; 0: every pipeline is compiled and fitted whole.
    """

    def __init__(self, problem: Problem, catalogue: Catalogue, cache_limit: int = 0) -> None:
        self.problem = problem
        self.catalogue = catalogue
        self._cache = Cache(cache_limit if _may_recall(problem) else 0)
        self._parts: dict[int, Parts] = {}
        metric = metric_of(problem.scorer)
        self._scorer_looks_at_table = metric is None
        scores = problem.scorer if metric is None else metric.function
        self._scores_by_foreign_code = is_foreign(scores) or any(
            isinstance(one.measure, FunctionOfPipeline) for one in problem.objectives
        )

    def __call__(self, request: Request) -> FoldScore | Pipeline:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            tree = decode(request.tree, self.catalogue)
            if request.fold is None:
                return self._fit_all(tree, request.repeat)
            if self._cache.limit == 0:
                return self._score_compiled(tree, request.fold)
            try:
                return self._score_recalled(tree, request.fold)
            except ValueError as error:
                if "read-only" not in str(error):
                    raise
            # A step writes to its input that is said to keep it, as a library may begin to do.
            return self._score_compiled(tree, request.fold)

    def is_foreign(self, request: Request) -> bool:
        """Say whether a request runs code that is neither ours nor of a library: a primitive, a
        scorer or a complexity of the user's own."""
        names = (node[0] for node in request.tree if node is not None)
        return self._scores_by_foreign_code or any(
            is_foreign(self.catalogue[name].build) for name in names if name in self.catalogue
        )

    def _fit_all(self, tree: Tree, repeat: int) -> Pipeline:
        problem = self.problem
        estimator = reseeded(to_estimator(tree), repeat)
        return fit(estimator, problem.X, problem.y, problem.sample_weight)

    def _score_compiled(self, tree: Tree, fold: int) -> FoldScore:
        problem = self.problem
        train, valid = problem.units[fold]
        weights = problem.sample_weight
        X_train, X_valid = problem.X.iloc[train], problem.X.iloc[valid]
        estimator = to_estimator(tree)
        start = time.perf_counter()
        fit(estimator, X_train, problem.y[train], None if weights is None else weights[train])
        fitted = time.perf_counter()
        remembered = self._remembered(estimator, X_valid)
        predictions = remembered.of_all_classes(remembered.response())
        predicted = time.perf_counter()
        measured = Measured(
            operators(to_graph(tree)), estimator, fitted - start, predicted - fitted
        )
        return FoldScore(
            self._score(remembered, valid),
            tuple(objective(measured) for objective in problem.objectives),
            predictions,
            Effort(predicted - start),
        )

    def _score_recalled(self, tree: Tree, fold: int) -> FoldScore:
        start = time.perf_counter()
        graph = to_graph(tree)
        branches = Branches(graph, self._parts_of(fold), self._cache)
        remembered = self._remembered(*branches.fit())
        response = remembered.response()
        branches.keep_response(response)
        effort = branches.effort(time.perf_counter() - start)
        return FoldScore(
            self._score(remembered, self.problem.units[fold][1]),
            (float(operators(graph)),) * len(self.problem.objectives),  # all are structural
            remembered.of_all_classes(response),
            effort,
        )

    def _remembered(self, estimator: Any, X: Any) -> CachedPredictions:
        return CachedPredictions(
            estimator, X, self.problem.task.classes, looks_at_table=self._scorer_looks_at_table
        )

    def _score(self, remembered: CachedPredictions, valid: np.ndarray) -> float:
        problem = self.problem
        weights = None if problem.sample_weight is None else problem.sample_weight[valid]
        return score_of(problem.scorer, remembered, remembered.X, problem.y[valid], weights)

    def _parts_of(self, fold: int) -> Parts:
        if fold not in self._parts:
            problem = self.problem
            train, valid = problem.units[fold]
            y = frozen(problem.y[train])
            predicts_classes = problem.task.classes is not None
            self._parts[fold] = Parts(fold, problem.X, y, train, valid, predicts_classes)
        return self._parts[fold]


def is_foreign(thing: Any) -> bool:
    """Say whether a function or class is neither of this project nor of a library that it uses."""
    while isinstance(thing, partial):
        thing = thing.func
    return getattr(thing, "__module__", "").partition(".")[0] not in LIBRARIES


def _may_recall(problem: Problem) -> bool:
    """Say whether nothing but predictions is asked of a pipeline: what is recalled is never
    fitted."""
    return (
        problem.sample_weight is None
        and problem.is_structural
        and metric_of(problem.scorer) is not None
    )


def fit(
    estimator: Pipeline, X: pd.DataFrame, y: np.ndarray, sample_weight: np.ndarray | None
) -> Pipeline:
    """Fit a pipeline; weights reach every step that can use them, by scikit-learn's metadata
    routing.

    It gets copies of target and weights, and cleans the table into one of its own.
    """
    y, sample_weight = private_copy(y), private_copy(sample_weight)
    if sample_weight is None:
        return estimator.fit(X, y)
    with sklearn.config_context(enable_metadata_routing=True):
        _request_weights(estimator)
        if not get_routing_for_object(estimator).consumes("fit", ["sample_weight"]):
            return estimator.fit(X, y)
        return estimator.fit(X, y, sample_weight=sample_weight)


def _request_weights(estimator: Any) -> None:
    for part in [estimator, *estimator.get_params(deep=True).values()]:
        request = getattr(part, "set_fit_request", None)
        if isinstance(part, BaseEstimator) and request is not None:
            try:
                request(sample_weight=True)
            except TypeError:
                continue


def score_of(
    scorer: Scorer, estimator: Any, X: pd.DataFrame, y: np.ndarray, sample_weight: np.ndarray | None
) -> float:
    """Return the score of a fitted estimator, weighted where the metric can be.

    The scorer gets copies of target and weights.

    Raises
    ------
    ValueError
        When it is no finite number.
    """
    weighted = sample_weight is not None and takes_weights(scorer)
    y, sample_weight = private_copy(y), private_copy(sample_weight)
    score = (
        scorer(estimator, X, y, sample_weight=sample_weight)
        if weighted
        else scorer(estimator, X, y)
    )
    if not isinstance(score, int | float | np.number) or not np.isfinite(score):
        raise ValueError(f"A score must be a finite number, got {score!r}.")
    return float(score)


OF_KNOWN_CLASSES = ("decision_function", "predict_log_proba")
"""Methods that have no answer for classes that a model was not fitted on."""


def lacks_some(estimator: Any, classes: np.ndarray | None) -> bool:
    """Say whether a classifier was fitted on rows without some of the classes of a problem."""
    return classes is not None and len(estimator.classes_) < len(classes)


class CachedPredictions:
    """A fitted estimator that predicts one table once, however often it is asked.

    Scorers ask for the predictions that are kept anyway, and predicting may cost more than fitting.
    They get copies.

    Parameters
    ----------
    estimator : estimator
    X : DataFrame
    classes : ndarray, optional
        Of the problem. The rows that the estimator was fitted on may lack some: those it gives no
        probability.
    looks_at_table : bool, default=True
        Whether the scorer may look at the table, and so write to it: then it gets a copy.

    Attributes
    ----------
    X : DataFrame
        Stands for the table as long as it is not changed.
    """

    def __init__(
        self,
        estimator: Any,
        X: pd.DataFrame,
        classes: np.ndarray | None = None,
        *,
        looks_at_table: bool = True,
    ) -> None:
        self.X = private_copy(X) if looks_at_table else X
        self._table = X
        self._classes = classes if lacks_some(estimator, classes) else None
        self._estimator = estimator
        self._answers: dict[str, np.ndarray] = {}

    def response(self) -> np.ndarray:
        """Return what the estimator says of the table: probabilities of its classes, or numbers.

        Raises
        ------
        ValueError
            When they are of the wrong shape or not finite.
        """
        classifies = is_classifier(self._estimator)
        answer = np.asarray(self._answer("predict_proba" if classifies else "predict", self.X))
        rows: int = self.X.shape[0]
        shape = (rows, len(self._estimator.classes_)) if classifies else (rows,)
        if answer.shape != shape:
            raise ValueError(f"Predictions must be of shape {shape}, got {answer.shape}.")
        if answer.dtype.kind not in "fiu" or not np.isfinite(answer).all():
            raise ValueError("Predictions must be finite real numbers.")
        return answer

    def predict(self, X: pd.DataFrame) -> np.ndarray:
        return self._answer("predict", X)

    def predict_proba(self, X: pd.DataFrame) -> np.ndarray:
        return self.of_all_classes(self._answer("predict_proba", X))

    def __getattr__(self, name: str) -> Any:
        if self._classes is not None and name in OF_KNOWN_CLASSES:
            raise AttributeError(f"{name} is only of the classes that the model was fitted on.")
        if self._classes is not None and name == "classes_":
            return self._classes
        return getattr(self._estimator, name)

    def of_all_classes(self, answer: np.ndarray) -> np.ndarray:
        """Return probabilities with zeros for the classes that the model was not fitted on."""
        if self._classes is None:
            return answer
        told = np.zeros((len(answer), len(self._classes)), answer.dtype)
        told[:, np.isin(self._classes, self._estimator.classes_)] = answer
        return told

    def _answer(self, method: str, X: pd.DataFrame) -> np.ndarray:
        if not self._is_table(X):
            answer: np.ndarray = getattr(self._estimator, method)(X)
            return answer
        if method not in self._answers:
            told = getattr(self._estimator, method)(self._table)
            self._answers[method] = private_copy(told)
        kept: np.ndarray = private_copy(self._answers[method])
        return kept

    def _is_table(self, X: pd.DataFrame) -> bool:
        """Say whether rows are those of the table; a scorer that is given a frame may change it."""
        if X is self._table:
            return True
        return X is self.X and (not isinstance(X, pd.DataFrame) or X.equals(self._table))
