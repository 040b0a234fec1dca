"""The branches of one pipeline on one fold, each evaluated once for as long as a cache keeps it.

A branch is known by its digest, the fold and the target it is fitted on; what is kept of it are the
arrays it gives for the training and the validation part, and nothing fitted. A step is fitted on
the arrays of its input as a ``Pipeline`` would. A step that wraps is built around stand-ins for the
estimators of its inputs: one that is fitted on the training part as it is, and asked for the
validation part as it is, gives what is kept; on any other rows, as in the inner folds of a stack,
it is the real estimator. What steps share cannot be written to, and one that may write gets copies.
So the predictions are those of the compiled pipeline, to the bit, whatever a wrapping step does
with its inputs.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin, TransformerMixin

from evolver.evaluation.cache import Cache
from evolver.genome.digest import TABLE
from evolver.genome.graph import Graph, inputs_of, step_of
from evolver.genome.pipeline import branch_estimator, step_estimator
from evolver.outcome import Effort
from primitives import Prediction
from primitives.cleaning import TableCleaner
from primitives.isolation import private_copy

OWN = ""
"""Key of a fold's own target; that of a changed one is its hash."""


@dataclass(frozen=True, eq=False)
class Parts:
    """The rows of one fold.

    Parameters
    ----------
    number : int
        Of the fold, the same for the same rows.
    X : DataFrame
        All rows.
    y : ndarray of shape (n_train,)
        Cannot be changed.
    train, valid : ndarray
        Row numbers.
    predicts_classes : bool
    """

    number: int
    X: pd.DataFrame
    y: np.ndarray
    train: np.ndarray
    valid: np.ndarray
    predicts_classes: bool

    def has_target(self, y: np.ndarray) -> bool:
        """Say whether a target is this fold's own, or its classes under the numbers 0, 1, ...

        Classes that are numbers must be those numbers: a model may compute with them.
        """
        if y is self.y:
            return True
        if not self.predicts_classes or y.dtype.kind not in "iu":
            return False
        return bool(np.array_equal(self._codes, y))

    @cached_property
    def _codes(self) -> np.ndarray:
        if self.y.dtype.kind in "biuf":
            return self.y
        codes: np.ndarray = np.unique(self.y, return_inverse=True)[1]
        return codes


class Branches:
    """Evaluates the branches of one pipeline on one fold.

    Parameters
    ----------
    graph : Graph
        Of the pipeline.
    parts : Parts
    cache : Cache
        Shared with other pipelines on the same data.
    """

    def __init__(self, graph: Graph, parts: Parts, cache: Cache) -> None:
        self._graph = graph
        self._parts = parts
        self._cache = cache
        self._hits = 0
        self._lookups = 0
        self._saved = 0.0
        self._start = self._clock()
        self.predicts_classes = parts.predicts_classes
        clean = self._recalled("table", TABLE.digest, OWN, self._clean)
        self.table, self.valid_table = (unshared(part) for part in clean)

    def fit(self) -> tuple[Any, Any]:
        """Return the last step of the pipeline, fitted, and its input for the validation part."""
        return self._fit(self._graph.graph["output"], self._parts.y)

    def keep_response(self, response: np.ndarray) -> None:
        """Keep what the whole pipeline says of the validation part: it may become a branch.

        Parameters
        ----------
        response : ndarray
            Probabilities of a classifier, numbers of a regressor, just computed; it is copied.
        """
        key = self._key("response", self._graph.graph["output"], OWN)
        self._cache.put(key, frozen(private_copy(response)), self._clock() - self._start)

    def effort(self, seconds: float) -> Effort:
        """Return so many seconds of work with what the cache saved of it."""
        return Effort(seconds, self._saved, self._hits, self._lookups)

    def matrices(self, digest: str, y: np.ndarray) -> tuple[Any, Any]:
        """Return what a branch of features gives for the training and the validation part."""
        if digest == TABLE.digest:
            return self.table, self.valid_table
        train, valid = self._recalled(
            "matrices", digest, self._target_key(y), lambda: self._transform(digest, y)
        )
        return unshared(train), unshared(valid)

    def response(self, digest: str, y: np.ndarray) -> np.ndarray:
        """Return what a branch that predicts says of the validation part."""
        response: np.ndarray = self._recalled(
            "response", digest, self._target_key(y), lambda: self._predict(digest, y)
        )
        return response

    def compiled(self, digest: str) -> Any:
        """Return the unfitted estimator of a branch."""
        return branch_estimator(self._graph, digest)

    def _clean(self) -> tuple[Any, Any]:
        parts = self._parts
        cleaner = TableCleaner()
        table = cleaner.fit_transform(parts.X.iloc[parts.train], parts.y)
        return table, cleaner.transform(parts.X.iloc[parts.valid])

    def _transform(self, digest: str, y: np.ndarray) -> tuple[Any, Any]:
        train, valid = self._inputs(digest, y)
        step = self._built(digest)
        if hasattr(step, "fit_transform"):
            matrix = step.fit_transform(train, y)
        else:
            matrix = step.fit(train, y).transform(train)
        return frozen(matrix), frozen(step.transform(valid))

    def _predict(self, digest: str, y: np.ndarray) -> np.ndarray:
        model, valid = self._fit(digest, y)
        response: np.ndarray = frozen(
            model.predict_proba(valid) if self.predicts_classes else model.predict(valid)
        )
        return response

    def _fit(self, digest: str, y: np.ndarray) -> tuple[Any, Any]:
        train, valid = self._inputs(digest, y)
        return self._built(digest).fit(train, y), valid

    def _inputs(self, digest: str, y: np.ndarray) -> tuple[Any, Any]:
        """Return what a step takes; one that wraps takes the table, and hands it on."""
        if step_of(self._graph, digest).primitive.wraps:
            return self.table, self.valid_table
        return self.matrices(inputs_of(self._graph, digest)[0], y)

    def _built(self, digest: str) -> Any:
        if not step_of(self._graph, digest).primitive.wraps:
            return step_estimator(self._graph, digest)
        inputs = [self._stand_in(branch) for branch in inputs_of(self._graph, digest)]
        return step_estimator(self._graph, digest, *inputs)

    def _stand_in(self, digest: str) -> Any:
        if digest == TABLE.digest:
            return self.compiled(digest)
        if not issubclass(step_of(self._graph, digest).ret, Prediction):
            return TransformerStandIn(self, digest)
        model = ClassifierStandIn if self.predicts_classes else RegressorStandIn
        return model(self, digest)

    def _recalled(self, what: str, digest: str, target: str, compute: Callable[[], Any]) -> Any:
        key = self._key(what, digest, target)
        kept = self._cache.get(key)
        self._lookups += 1
        if kept is not None:
            self._hits += 1
            self._saved += kept.seconds
            return kept.value
        start = self._clock()
        value = compute()
        self._cache.put(key, value, self._clock() - start)
        return value

    def _clock(self) -> float:
        """Return a time that passes as it would without the cache."""
        return time.perf_counter() + self._saved

    def _key(self, what: str, digest: str, target: str) -> Hashable:
        return self._parts.number, what, digest, target

    def _target_key(self, y: np.ndarray) -> str:
        """Return the key of a target."""
        if self._parts.has_target(y):
            return OWN
        return hashlib.blake2b(np.ascontiguousarray(y).tobytes(), digest_size=16).hexdigest()


class StandIn(BaseEstimator):
    """Takes the place of a branch's estimator in a step that wraps.

    Parameters
    ----------
    branches : Branches
    digest : str
        Of the branch.
    """

    def __init__(self, branches: Branches, digest: str) -> None:
        self.branches = branches
        self.digest = digest

    def __sklearn_clone__(self) -> StandIn:
        return type(self)(self.branches, self.digest)

    def fit(self, X: Any, y: Any = None) -> StandIn:
        """Note the target, where the rows are those of the fold; else fit the real estimator."""
        self._y = y
        self._real = None if X is self.branches.table else self._fitted(X, y)
        if self.branches.predicts_classes:
            self.classes_ = np.unique(y)
        return self

    def _fitted(self, X: Any, y: Any) -> Any:
        return self.branches.compiled(self.digest).fit(X, y)

    def _is_known(self, X: Any) -> bool:
        return self._real is None and X is self.branches.valid_table

    def _estimator(self) -> Any:
        if self._real is None:
            self._real = self._fitted(self.branches.table, self._y)
        return self._real


class TransformerStandIn(TransformerMixin, StandIn):
    """Stands for a branch of features."""

    def fit_transform(self, X: Any, y: Any = None) -> Any:
        if X is self.branches.table:
            self.fit(X, y)
            return self.branches.matrices(self.digest, y)[0]
        self._y, self._real = y, self.branches.compiled(self.digest)
        return self._real.fit_transform(X, y)

    def transform(self, X: Any) -> Any:
        if self._is_known(X):
            return self.branches.matrices(self.digest, self._y)[1]
        return self._estimator().transform(X)


class ClassifierStandIn(ClassifierMixin, StandIn):
    """Stands for a branch that gives probabilities."""

    def predict_proba(self, X: Any) -> Any:
        if self._is_known(X):
            return self.branches.response(self.digest, self._y)
        return self._estimator().predict_proba(X)

    def predict(self, X: Any) -> Any:
        return self._estimator().predict(X)


class RegressorStandIn(RegressorMixin, StandIn):
    """Stands for a branch that gives numbers."""

    def predict(self, X: Any) -> Any:
        if self._is_known(X):
            return self.branches.response(self.digest, self._y)
        return self._estimator().predict(X)


def unshared(matrix: Any) -> Any:
    """Return a frame that may be changed without changing what others get; the values are copied
    only then."""
    return matrix.copy(deep=False) if isinstance(matrix, pd.DataFrame) else matrix


def frozen(matrix: Any) -> Any:
    """Return a view of an array that cannot be changed, nor can what it is a view of: no step
    changes what others get."""
    if not isinstance(matrix, np.ndarray):
        return matrix
    matrix = matrix.view()
    part: Any = matrix
    while isinstance(part, np.ndarray):
        part.flags.writeable = False
        part = part.base
    return matrix
