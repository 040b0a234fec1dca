"""Evaluation of the branches of a pipeline on a fold, with a cache of their results.

A branch is identified by its digest, the fold and the target that it is fitted on. The cache holds
the arrays that it gives for the training and the validation part, and no fitted estimators.

A step with one input is fitted on the arrays of its input, as in a ``Pipeline``. A step that wraps
is built around stand-ins for the estimators of its inputs. A stand-in that is fitted on the whole
training part, and asked for the whole validation part, returns the cached arrays. On any other
rows, as in the inner folds of a stack, it uses the real estimator.

Shared arrays are read-only, and a step that may write gets copies. So the predictions equal those
of the compiled pipeline to the bit, whatever a wrapping step does with its inputs.
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
from primitives.sparse import SparseTable, matrix_of

OWN = ""
"""Key of a fold's own target; the key of a transformed target is its hash."""


@dataclass(frozen=True, eq=False)
class Parts:
    """Rows of one fold.

    Parameters
    ----------
    number : int
        Number of the fold; two folds of a problem have different numbers.
    X : DataFrame
        Table of all rows.
    y : ndarray of shape (n_train,)
        Target of the training part, read-only.
    train, valid : ndarray of int
        Numbers of the rows of the training and the validation part.
    predicts_classes : bool
        True if the target holds classes.
    """

    number: int
    X: pd.DataFrame
    y: np.ndarray
    train: np.ndarray
    valid: np.ndarray
    predicts_classes: bool

    def has_target(self, y: np.ndarray) -> bool:
        """Return True if a target is the fold's own, or its classes numbered from 0.

        Numeric classes must keep their values, because a model may compute with them.
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
    """Branches of one pipeline on one fold, computed or taken from a cache.

    Parameters
    ----------
    graph : Graph
        Graph of the pipeline.
    parts : Parts
        Rows of the fold.
    cache : Cache
        Results of branches, shared with other pipelines on the same data.
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
        """Return the fitted last step of the pipeline, and its input for the validation part."""
        return self._fit(self._graph.graph["output"], self._parts.y)

    def keep_response(self, response: np.ndarray) -> None:
        """Cache the pipeline's predictions, because it may become a branch of another pipeline.

        Parameters
        ----------
        response : ndarray
            Probabilities or numbers for the validation part; they are copied.
        """
        key = self._key("response", self._graph.graph["output"], OWN)
        self._cache.put(key, frozen(private_copy(response)), self._clock() - self._start)

    def effort(self, seconds: float) -> Effort:
        """Return the effort of an evaluation that took `seconds`, with what the cache saved."""
        return Effort(seconds, self._saved, self._hits, self._lookups)

    def matrices(self, digest: str, y: np.ndarray) -> tuple[Any, Any]:
        """Return the features of a branch for the training and the validation part."""
        if digest == TABLE.digest:
            return self.table, self.valid_table
        train, valid = self._recalled(
            "matrices", digest, self._target_key(y), lambda: self._transform(digest, y)
        )
        return unshared(train), unshared(valid)

    def response(self, digest: str, y: np.ndarray) -> np.ndarray:
        """Return the predictions of a branch for the validation part."""
        response: np.ndarray = self._recalled(
            "response", digest, self._target_key(y), lambda: self._predict(digest, y)
        )
        return response

    def compiled(self, digest: str) -> Any:
        """Return the unfitted estimator of a branch."""
        return branch_estimator(self._graph, digest)

    def _clean(self) -> tuple[Any, Any]:
        parts = self._parts
        cleaner: Any = SparseTable() if matrix_of(parts.X) is not None else TableCleaner()
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
        """Return the inputs of a step for the training and the validation part."""
        # Stand-ins recognise the table by identity, so a step that wraps gets the table itself.
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
        """Return a value from the cache; if it is missing, compute and store it."""
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
        """Return a time in seconds that runs on as if nothing came from the cache."""
        # So the seconds of a value include its inputs, even if these came from the cache.
        return time.perf_counter() + self._saved

    def _key(self, what: str, digest: str, target: str) -> Hashable:
        return self._parts.number, what, digest, target

    def _target_key(self, y: np.ndarray) -> str:
        if self._parts.has_target(y):
            return OWN
        return hashlib.blake2b(np.ascontiguousarray(y).tobytes(), digest_size=16).hexdigest()


class StandIn(BaseEstimator):
    """Base of the stand-ins for the estimator of a branch in a step that wraps.

    Parameters
    ----------
    branches : Branches
        Branches of the pipeline and the fold.
    digest : str
        Digest of the branch.
    """

    def __init__(self, branches: Branches, digest: str) -> None:
        self.branches = branches
        self.digest = digest

    def __sklearn_clone__(self) -> StandIn:
        # `clone` would copy `branches` with its tables, which are recognised by identity.
        return type(self)(self.branches, self.digest)

    def fit(self, X: Any, y: Any = None) -> StandIn:
        """Note the target if the rows are the training part; else fit the real estimator."""
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
    """Stand-in for a branch that gives features."""

    def fit_transform(self, X: Any, y: Any = None) -> Any:
        """Fit to rows and return their features, cached ones for the training part."""
        if X is self.branches.table:
            self.fit(X, y)
            return self.branches.matrices(self.digest, y)[0]
        self._y, self._real = y, self.branches.compiled(self.digest)
        return self._real.fit_transform(X, y)

    def transform(self, X: Any) -> Any:
        """Return the features of rows, cached ones for the validation part."""
        if self._is_known(X):
            return self.branches.matrices(self.digest, self._y)[1]
        return self._estimator().transform(X)


class ClassifierStandIn(ClassifierMixin, StandIn):
    """Stand-in for a branch that gives probabilities."""

    def predict_proba(self, X: Any) -> Any:
        """Return the probabilities of rows, cached ones for the validation part."""
        if self._is_known(X):
            return self.branches.response(self.digest, self._y)
        return self._estimator().predict_proba(X)

    def predict(self, X: Any) -> Any:
        """Return the labels of rows by the real estimator."""
        # Labels cannot be derived from cached probabilities: a model may decide by another rule.
        return self._estimator().predict(X)


class RegressorStandIn(RegressorMixin, StandIn):
    """Stand-in for a branch that gives numbers."""

    def predict(self, X: Any) -> Any:
        """Return the predicted numbers of rows, cached ones for the validation part."""
        if self._is_known(X):
            return self.branches.response(self.digest, self._y)
        return self._estimator().predict(X)


def unshared(matrix: Any) -> Any:
    """Return a shallow copy of a frame; anything else is returned as it is."""
    # Changes of the copy do not reach the original: pandas copies values before it writes to them.
    return matrix.copy(deep=False) if isinstance(matrix, pd.DataFrame) else matrix


def frozen(matrix: Any) -> Any:
    """Return a read-only view of an array; anything else is returned as it is."""
    if not isinstance(matrix, np.ndarray):
        return matrix
    matrix = matrix.view()
    part: Any = matrix
    # Every array below the view is made read-only too, because a step may hold one of them.
    while isinstance(part, np.ndarray):
        part.flags.writeable = False
        part = part.base
    return matrix
