"""The cache keeps the most useful values within its limit, and changes no result."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evolver.evaluation.cache import Cache, size_of
from evolver.evaluation.fold import Evaluator, FoldScore, Request
from evolver.genome.codec import encode
from evolver.genome.tree import Tree
from evolver.objectives import OBJECTIVES, objective_of
from evolver.search.variation import OPERATORS
from primitives import (
    CLASSIFICATION,
    Catalogue,
    Features,
    NullableFeatures,
    Prediction,
    Primitive,
    Table,
)
from tests.evaluation.test_fold import problem
from tests.genome.strategies import CATALOGUES, random_tree, seeds
from tests.pipelines import catalogue, tree_with

TASKS = ("binary", "multiclass", "regression")
SLOW = ("GaussianProcess", "CatBoost", "RFE", "MLP")
SPACES = {
    task: space.without(*(one.name for one in space if one.name.startswith(SLOW)))
    for task, space in CATALOGUES.items()
}


def array(bytes_: int) -> np.ndarray:
    return np.zeros(bytes_ // 8)


def test_what_saves_least_for_its_bytes_goes_first() -> None:
    cache = Cache(3_000)
    cache.put("cheap", array(1_000), seconds=0.1)
    cache.put("dear", array(1_000), seconds=1.0)
    cache.put("small", array(80), seconds=0.1)
    cache.put("new", array(1_000), seconds=0.5)
    assert [cache.get(key) is not None for key in ("cheap", "dear", "small", "new")] == [
        False,
        True,
        True,
        True,
    ]
    assert cache.size == 2_080


def test_what_is_not_asked_for_ages() -> None:
    cache = Cache(2_000)
    cache.put("once dear", array(1_000), seconds=2.0)
    for number in range(10):
        cache.put(number, array(1_000), seconds=1.0)
    assert cache.get("once dear") is None


def test_what_is_too_large_or_of_unknown_size_is_not_kept() -> None:
    cache = Cache(1_000)
    cache.put("large", array(2_000), seconds=9.0)
    cache.put("unknown", object(), seconds=9.0)
    cache.put("pair", (array(80), object()), seconds=9.0)
    assert len(cache) == 0
    assert cache.size == 0


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(1, 200), st.floats(0.0, 9.0))))
def test_the_size_is_that_of_what_is_kept_and_within_the_limit(
    puts: list[tuple[int, int, float]],
) -> None:
    cache, keys = Cache(4_000), set()
    for key, length, seconds in puts:
        cache.put(key, np.zeros(length), seconds)
        keys.add(key)
        assert cache.size <= 4_000
    kept = [one for key in keys if (one := cache.get(key)) is not None]
    assert len(cache) == len(kept)
    assert cache.size == sum(one.value.nbytes for one in kept)
    assert not puts or kept


def test_sizes() -> None:
    assert size_of(np.zeros(5)) == 40
    assert size_of((np.zeros(5), pd.DataFrame({"a": np.zeros(5)}, index=range(5)))) >= 80
    assert size_of(np.array(["a", None], dtype=object)) is None


def outcome_of(evaluator: Evaluator, tree: Tree, fold: int) -> FoldScore | str:
    try:
        result = evaluator(Request(encode(tree), fold))
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    assert isinstance(result, FoldScore)
    return result


def assert_same(one: FoldScore | str, other: FoldScore | str) -> None:
    if isinstance(one, str) or isinstance(other, str):
        assert one == other
        return
    np.testing.assert_array_equal(one.predictions, other.predictions, strict=True)
    assert (one.score, one.costs) == (other.score, other.costs)


PROBLEMS = {task: problem(task) for task in TASKS}
COMPILED = {task: Evaluator(PROBLEMS[task], SPACES[task]) for task in TASKS}
RECALLING = {
    (task, limit): Evaluator(PROBLEMS[task], SPACES[task], limit)
    for task in TASKS
    for limit in (20_000, 50_000_000)
}


@pytest.mark.parametrize(
    "task", ["binary", pytest.param("multiclass", marks=pytest.mark.slow), "regression"]
)
@given(seeds, st.sampled_from(sorted(OPERATORS)))
@settings(max_examples=4)
def test_predictions_are_those_of_the_compiled_pipeline_to_the_bit(
    task: str, seed: int, operator: str
) -> None:
    """The cache holds branches of other random trees too."""
    rng = np.random.default_rng(seed)
    parents = [random_tree(SPACES[task], seed + extra) for extra in (0, 1)]
    operate, arity = OPERATORS[operator]
    child = operate(parents[:arity], SPACES[task], rng)
    for tree in (parents[0], child):
        expected = outcome_of(COMPILED[task], tree, seed % 4)
        for limit in (20_000, 50_000_000):
            assert_same(outcome_of(RECALLING[task, limit], tree, seed % 4), expected)


@pytest.mark.parametrize("task", ["binary", pytest.param("regression", marks=pytest.mark.slow)])
def test_every_primitive_is_recalled_to_the_bit(task: str) -> None:
    """Each is evaluated twice, the second time with its branches in the cache.

    Primitives for several classes are those for two.
    """
    space = catalogue(task)
    compiled = Evaluator(PROBLEMS[task], space)
    recalling = Evaluator(PROBLEMS[task], space, 50_000_000)
    n_scored = 0
    for primitive in space:
        if primitive.name.startswith(SLOW):
            continue
        tree = tree_with(primitive, space, task, np.random.default_rng(0))
        expected = outcome_of(compiled, tree, 0)
        first, again = (outcome_of(recalling, tree, 0) for _ in range(2))
        assert_same(first, expected)
        assert_same(again, expected)
        if isinstance(again, FoldScore):
            n_scored += 1
            assert again.effort.hits > 0
            assert again.effort.saved > 0
    assert n_scored > 50


def test_a_vote_of_known_pipelines_fits_neither_again() -> None:
    fits: list[int] = []

    class Counting(SPACES["binary"]["GaussianNB"].build):  # type: ignore[misc,name-defined]
        def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Any:
            fits.append(len(y))
            return super().fit(X, y)

    counting = Primitive("Counting", (Features,), Prediction, Counting, {}, CLASSIFICATION)
    space = SPACES["binary"].add(counting)
    rng = np.random.default_rng(0)
    one = tree_with(counting, space, "binary", rng)
    other = tree_with(space["GaussianNB"], space, "binary", rng)
    vote = Tree([tree_with(space["SoftVote"], space, "binary", rng)[0], *one, *other])
    evaluator = Evaluator(PROBLEMS["binary"], space, 50_000_000)
    for tree in (one, other, vote):
        evaluator(Request(encode(tree), 0))
    assert len(fits) == 1
    assert_same(
        outcome_of(evaluator, vote, 0), outcome_of(Evaluator(PROBLEMS["binary"], space), vote, 0)
    )


class ChangesInput:
    """Step that changes its input in place, as some do."""

    def fit(self, X: np.ndarray, y: Any = None) -> ChangesInput:
        self.fitted_ = True
        return self

    def transform(self, X: Any) -> Any:
        if isinstance(X, pd.DataFrame):
            X["first"] = 1.0
            X = X.select_dtypes("number").fillna(0.0)
        X *= 2.0
        return X

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        return {}


@pytest.mark.parametrize("kind", [Table, NullableFeatures, Features])
def test_a_step_that_changes_its_input_changes_nothing_for_others(kind: Any) -> None:
    rude = Primitive("Rude", (kind,), Features, ChangesInput)
    # The rude step passes gaps on to a model that takes none.
    space = Catalogue([*SPACES["binary"].without("GapKeepingEncoder"), rude])
    rng = np.random.default_rng(0)
    plain = tree_with(space["LogisticRegression"], space, "binary", rng)
    changing = tree_with(rude, space, "binary", rng)
    compiled = Evaluator(PROBLEMS["binary"], space)
    recalling = Evaluator(PROBLEMS["binary"], space, 50_000_000)
    for tree in (plain, changing, plain):
        expected = outcome_of(compiled, tree, 0)
        assert isinstance(expected, FoldScore)
        assert_same(outcome_of(recalling, tree, 0), expected)


@pytest.mark.parametrize(
    "changes",
    [
        {"sample_weight": np.ones(120)},
        {"objectives": (OBJECTIVES["size"],)},
        {"objectives": (objective_of(lambda estimator: len(estimator.steps)),)},
        {"scorer": lambda estimator, X, y: float(len(estimator.steps))},
    ],
)
def test_where_more_than_predictions_is_asked_every_pipeline_is_fitted_whole(
    changes: dict[str, Any],
) -> None:
    space = SPACES["binary"]
    tree = tree_with(space["GaussianNB"], space, "binary", np.random.default_rng(0))
    evaluator = Evaluator(problem(**changes), space, 50_000_000)
    for _ in range(2):
        assert evaluator(Request(encode(tree), 0)).effort.lookups == 0  # type: ignore[union-attr]
