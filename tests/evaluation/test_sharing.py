"""Primitives and scorers may write to whatever they get, and nobody else sees it."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin, TransformerMixin
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import make_scorer

from evolver import EvolvedClassifier, EvolvedRegressor, Settings
from evolver.evaluation.blends import BlendScorer
from evolver.evaluation.branches import frozen
from evolver.evaluation.fold import Evaluator, FoldScore, Request
from evolver.genome.codec import encode
from evolver.genome.tree import Step, Tree, X
from evolver.problem import Problem
from primitives import Catalogue, Features, Prediction, Primitive, Table, default_catalogue
from tests.evaluation.test_fold import problem
from tests.pipelines import traits
from tests.tables import small_table

PLACES = ("fit X", "fit y", "fit weights", "transform X", "predict X", "told")
"""Values that a primitive may write to: its inputs, by method, and its last result."""


def spoil(values: Any) -> None:
    """Write to an array or a frame in every possible way."""
    if isinstance(values, pd.DataFrame):
        for block in values._mgr.blocks:
            if isinstance(block.values, np.ndarray):
                block.values[...] = "?" if block.values.dtype == object else 7
        values[values.columns[0]] = 1.0
        values["new"] = 2.0
    elif isinstance(values, np.ndarray):
        if not values.flags.writeable:
            values.setflags(write=True)
        values[...] = values[::-1].copy()


class Writer(BaseEstimator):
    """Base of primitives that write to values after they have read them.

    So each learns the same as its polite twin, which writes to copies.

    Parameters
    ----------
    places : tuple of str
        Some of `PLACES`.
    polite : bool
        True if it writes to copies only.
    """

    def __init__(self, places: tuple[str, ...] = (), polite: bool = True) -> None:
        self.places = places
        self.polite = polite

    def _spoil(self, place: str, values: Any) -> None:
        if place in self.places and values is not None:
            spoil(values.copy() if self.polite else values)

    def _noted(self, told: np.ndarray) -> np.ndarray:
        """Write to the last result, and note the new one."""
        if hasattr(self, "last_"):
            self._spoil("told", self.last_)
        self.last_ = told
        return told


class WritingEncoder(TransformerMixin, Writer):
    """Encoder that reads the numbers of a table."""

    def fit(self, X: pd.DataFrame, y: Any = None) -> WritingEncoder:
        self.columns_ = list(X.select_dtypes("number").columns)
        self.means_ = X[self.columns_].mean()
        self._spoil("fit X", X)
        self._spoil("fit y", y)
        return self

    def transform(self, X: pd.DataFrame) -> np.ndarray:
        found = X[self.columns_].fillna(self.means_).to_numpy(copy=True)
        self._spoil("transform X", X)
        return self._noted(found)


class WritingScaler(TransformerMixin, Writer):
    """Scaler of a matrix."""

    def fit(self, X: np.ndarray, y: Any = None) -> WritingScaler:
        self.mean_, self.scale_ = X.mean(axis=0), X.std(axis=0) + 1.0
        self._spoil("fit X", X)
        self._spoil("fit y", y)
        return self

    def transform(self, X: np.ndarray) -> np.ndarray:
        scaled = (X - self.mean_) / self.scale_
        self._spoil("transform X", X)
        return self._noted(scaled)


class WritingRegressor(RegressorMixin, Writer):
    """Ridge regression."""

    def fit(self, X: np.ndarray, y: np.ndarray, sample_weight: Any = None) -> WritingRegressor:
        self.model_ = Ridge().fit(X, y, sample_weight)
        self._spoil("fit weights", sample_weight)
        self._spoil("fit X", X)
        self._spoil("fit y", y)
        return self

    def predict(self, X: np.ndarray) -> np.ndarray:
        told = self.model_.predict(X)
        self._spoil("predict X", X)
        return self._noted(told)


class WritingClassifier(ClassifierMixin, Writer):
    """Logistic regression."""

    def fit(self, X: np.ndarray, y: np.ndarray, sample_weight: Any = None) -> WritingClassifier:
        self.model_ = LogisticRegression(max_iter=50).fit(X, y, sample_weight)
        self._spoil("fit weights", sample_weight)
        self.classes_ = self.model_.classes_
        self._spoil("fit X", X)
        self._spoil("fit y", y)
        return self

    def predict_proba(self, X: np.ndarray) -> np.ndarray:
        told = self.model_.predict_proba(X)
        self._spoil("predict X", X)
        return self._noted(told)

    def predict(self, X: np.ndarray) -> np.ndarray:
        told = self.model_.predict(X)
        self._spoil("predict X", X)
        return self._noted(told)


def space_with(task: str, places: tuple[str, ...], polite: bool) -> Catalogue:
    """Return a catalogue of primitives that write, and of others that do not."""
    model = WritingRegressor if task == "regression" else WritingClassifier
    writing = {
        "Writer": (Table, Features, WritingEncoder),
        "Scaler": (Features, Features, WritingScaler),
        "Model": (Features, Prediction, model),
    }
    plain = ["Ridge", "Average"] if task == "regression" else ["LogisticRegression", "SoftVote"]
    return (
        default_catalogue()
        .only("Encoder", "StandardScaler", "Union", "Stack", *plain)
        .add(
            *(
                Primitive(name, (reads,), gives, partial(build, places, polite))
                for name, (reads, gives, build) in writing.items()
            )
        )
    )


def trees(task: str, space: Catalogue) -> list[Tree]:
    """Return pipelines of primitives that write, and of others that could see the changes."""
    plain, joined = (
        ("Ridge", "Average") if task == "regression" else ("LogisticRegression", "SoftVote")
    )
    values = {
        "Ridge": {"alpha": 1.0},
        "LogisticRegression": {"C": 1.0, "class_weight": None},
        "Encoder": {
            "numbers": "median",
            "add_indicator": False,
            "dates": "parts",
            "categories": "ordinal",
            "min_frequency": 1,
        },
    }

    def tree(*names: str) -> Tree:
        return Tree(
            [X if name == "X" else Step(space[name], values.get(name, {})) for name in names]
        )

    innocent = [plain, "Encoder", "X"]
    return [
        tree("Model", "Encoder", "X"),
        tree(plain, "Scaler", "Encoder", "X"),
        tree(plain, "Writer", "X"),
        tree("Model", "Scaler", "StandardScaler", "Writer", "X"),
        tree(plain, "Union", "Writer", "X", "Encoder", "X"),
        tree(plain, "Union", "Scaler", "Encoder", "X", "StandardScaler", "Encoder", "X"),
        tree(joined, "Model", "Encoder", "X", *innocent),
        tree(joined, plain, "Writer", "X", *innocent),
        tree(plain, "Stack", "Model", "Encoder", "X", "Encoder", "X"),
        tree(*innocent),
        tree(plain, "StandardScaler", "Encoder", "X"),
    ]


def outcomes(on: Problem, places: tuple[str, ...], polite: bool, cache: int) -> list[FoldScore]:
    """Return the outcomes of all pipelines in one evaluator; with a cache, each runs twice."""
    space = space_with(on.task.name, places, polite).select(on.task.name, traits(on.task.name))
    evaluator = Evaluator(on, space, cache)
    return [
        evaluator(Request(encode(one), 1))
        for _ in range(2 if cache else 1)
        for one in trees(on.task.name, space)
    ]


def assert_same(some: list[FoldScore], others: list[FoldScore]) -> None:
    for one, other in zip(some, others, strict=True):
        assert one.score == other.score
        np.testing.assert_array_equal(one.predictions, other.predictions, strict=True)


TASKS = ("binary", "regression")
POLITE = {task: outcomes(problem(task), (), True, 0) for task in TASKS}
"""Outcomes of the polite twins, which are the same wherever they write."""

PLACED = st.lists(st.sampled_from(PLACES), unique=True, min_size=1).map(tuple)
CACHES = st.sampled_from([0, 50_000, 50_000_000])


@pytest.mark.parametrize("task", TASKS)
@given(PLACED, CACHES)
@settings(max_examples=5)
def test_a_primitive_that_writes_scores_as_its_polite_twin_and_changes_no_other(
    task: str, places: tuple[str, ...], cache: int
) -> None:
    on = problem(task)
    before = on.X.copy(), on.y.copy()
    assert_same(outcomes(on, places, False, cache), POLITE[task] * (2 if cache else 1))
    pd.testing.assert_frame_equal(on.X, before[0])
    np.testing.assert_array_equal(on.y, before[1])


@pytest.mark.parametrize("task", TASKS)
def test_with_weights_too(task: str) -> None:
    weights = np.random.default_rng(0).uniform(0.5, 2.0, len(problem(task).y))
    on = problem(task, sample_weight=weights.copy())
    assert_same(outcomes(on, PLACES, False, 0), outcomes(on, PLACES, True, 0))
    np.testing.assert_array_equal(on.sample_weight, weights)


@pytest.mark.parametrize("task", TASKS)
def test_the_final_fit_is_that_of_the_polite_twin(task: str) -> None:
    on = problem(task)
    table = on.X.copy()
    told = []
    for polite in (False, True):
        space = space_with(task, PLACES, polite).select(task, traits(task))
        evaluator = Evaluator(on, space)
        told.append(
            [
                evaluator(Request(encode(one), None)).pipeline.predict(on.X)
                for one in trees(task, space)
            ]
        )
    np.testing.assert_array_equal(*told)
    pd.testing.assert_frame_equal(on.X, table)


class WritingScorer:
    """Scorer that writes to all it gets, and asks for predictions of the changed rows."""

    def __init__(self, method: str, polite: bool) -> None:
        self.method, self.polite = method, polite

    def __call__(self, estimator: Any, X: pd.DataFrame, y: np.ndarray) -> float:
        told = getattr(estimator, self.method)(X)
        if self.polite:
            X, y, told = X.copy(), y.copy(), told.copy()
        score = float(np.mean(told**2))
        told[...] = 0.0
        X["second"] = 0.0
        again = getattr(estimator, self.method)(X)
        spoil(X)
        y[...] = y[0]
        return score + 0.01 * float(np.mean(again**2))


def writing_metric(polite: bool, y: Any, told: Any, sample_weight: Any = None) -> float:
    """Clip predictions in place, as is usual before a logarithm, and write to all other inputs."""
    if polite:
        y, told = y.copy(), told.copy()
        sample_weight = None if sample_weight is None else sample_weight.copy()
    score = float(np.average(np.abs(told).reshape(len(y), -1)[:, 0], weights=sample_weight))
    np.clip(told, 0.4, 0.6, out=told)
    y[...] = y[0]
    if sample_weight is not None:
        sample_weight[...] = 0.0
    return score - float(told.mean())


def scorers(task: str, polite: bool) -> list[Any]:
    method = "predict" if task == "regression" else "predict_proba"
    metric = partial(writing_metric, polite)
    return [make_scorer(metric, response_method=method), WritingScorer(method, polite)]


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("which", [0, 1])
@pytest.mark.parametrize("cache", [0, 50_000_000])
@pytest.mark.parametrize("weighted", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_a_scorer_that_writes_scores_as_its_polite_twin(
    task: str, which: int, cache: int, weighted: bool
) -> None:
    on = problem(task)
    weights = np.random.default_rng(0).uniform(0.5, 2.0, len(on.y)) if weighted else None
    rude, polite = (
        replace(on, scorer=scorers(task, one)[which], sample_weight=weights)
        for one in (False, True)
    )
    expected = outcomes(polite, (), True, 0)
    assert_same(outcomes(rude, (), True, cache)[: len(expected)], expected)
    blends = np.stack([expected[0].predictions, expected[1].predictions])
    kept = blends.copy()
    np.testing.assert_array_equal(BlendScorer(rude)(0, blends), BlendScorer(polite)(0, kept))
    np.testing.assert_array_equal(blends, kept)


def test_nothing_that_a_fold_shares_can_be_written_to() -> None:
    evaluator = Evaluator(problem("regression"), space_with("regression", (), True), 50_000_000)
    shared = evaluator._parts_of(0).y
    for values in (shared, frozen(np.zeros((4, 3))[:, 1:].T)):
        with pytest.raises(ValueError, match="read-only"):
            values += 1.0
        with pytest.raises(ValueError, match="WRITEABLE"):
            values.setflags(write=True)
        assert values.base is not None
        assert not values.base.flags.writeable


CALLS: dict[str, Any] = {
    "max_evaluations": 14,
    "cv": 3,
    "random_state": 0,
    "verbose": 0,
    "n_jobs": 1,
    "population_size": 8,
}


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("with_rows", [False, True])
@pytest.mark.slow
def test_a_whole_run_is_that_of_the_polite_twins(task: str, with_rows: bool) -> None:
    """The run is in the calling process, where the values written to would be the caller's."""
    table, y = small_table(task)
    rows = {}
    if with_rows:
        rng = np.random.default_rng(0)
        rows = {"sample_weight": rng.uniform(0.5, 2.0, len(y)), "groups": np.arange(len(y)) // 2}
    given = {"X": table, "y": y, **rows}
    before = {name: values.copy() for name, values in given.items()}
    kind = EvolvedRegressor if task == "regression" else EvolvedClassifier
    found = []
    for polite in (False, True):
        model = kind(
            search_space=space_with(task, PLACES, polite),
            scoring=scorers(task, polite)[0],
            settings=Settings(in_process=True, portfolio_size=0, lag=1),
            **CALLS,
        ).fit(**given)
        found.append(model)
        for name, values in before.items():
            pd.testing.assert_frame_equal(pd.DataFrame(given[name]), pd.DataFrame(values))
    rude, twin = (model.leaderboard_.drop(columns="seconds") for model in found)
    assert (rude["outcome"] == "scored").sum() > 4
    pd.testing.assert_frame_equal(rude, twin)
    np.testing.assert_array_equal(*(model.predict(table) for model in found))
    np.testing.assert_array_equal(*(model.best_pipeline_.predict(table) for model in found))
