"""Spaces allow what they draw, a change alters one value, and text restores a space."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from primitives import space as spaces

choices = st.lists(
    st.one_of(st.none(), st.booleans(), st.integers(-5, 5), st.text("ab", max_size=2)),
    min_size=1,
    max_size=4,
    unique_by=repr,
)
distributions: st.SearchStrategy[BaseDistribution] = st.one_of(
    choices.map(CategoricalDistribution),
    st.tuples(st.floats(1e-6, 1.0), st.floats(1.5, 1e4), st.booleans()).map(
        lambda bounds: FloatDistribution(bounds[0], bounds[1], log=bounds[2])
    ),
    st.tuples(st.integers(1, 10), st.integers(0, 500), st.booleans()).map(
        lambda bounds: IntDistribution(bounds[0], bounds[0] + bounds[1], log=bounds[2])
    ),
    st.tuples(st.integers(0, 10), st.integers(1, 20), st.integers(1, 7)).map(
        lambda bounds: IntDistribution(bounds[0], bounds[0] + bounds[1] * bounds[2], step=bounds[2])
    ),
)
some_spaces = st.dictionaries(st.sampled_from("abcdef"), distributions, max_size=4)
seeds = st.integers(0, 2**32 - 1)


@given(some_spaces, seeds)
def test_a_sample_is_contained_and_repeats_with_its_seed(space: spaces.Space, seed: int) -> None:
    values = spaces.sample(space, np.random.default_rng(seed))
    assert spaces.contains(space, values)
    assert values == spaces.sample(space, np.random.default_rng(seed))


@given(some_spaces, seeds, st.sampled_from([spaces.perturb, spaces.redraw]))
def test_a_change_is_contained_and_changes_one_value_at_most(
    space: spaces.Space, seed: int, change: object
) -> None:
    rng = np.random.default_rng(seed)
    values = spaces.sample(space, rng)
    before = dict(values)
    changed = change(space, values, rng)  # type: ignore[operator]
    assert values == before
    assert spaces.contains(space, changed)
    assert sum(changed[name] != values[name] for name in values) <= 1


@given(seeds)
def test_a_redrawn_parameter_differs(seed: int) -> None:
    rng = np.random.default_rng(seed)
    space = {"a": IntDistribution(1, 3), "b": CategoricalDistribution(("x", "y"))}
    values = spaces.sample(space, rng)
    assert spaces.redraw(space, values, rng) != values


@given(seeds)
def test_a_perturbed_integer_moves(seed: int) -> None:
    rng = np.random.default_rng(seed)
    space = {"a": IntDistribution(1, 1000, log=True)}
    values = spaces.sample(space, rng)
    assert spaces.perturb(space, values, rng) != values


@given(some_spaces)
def test_json_holds_a_space(space: spaces.Space) -> None:
    assert spaces.from_json(spaces.to_json(space)) == space


def test_values_outside_are_not_contained() -> None:
    space = {"a": IntDistribution(1, 3), "b": CategoricalDistribution((None, "x"))}
    assert spaces.contains(space, {"a": 2, "b": None})
    for wrong in ({"a": 4, "b": None}, {"a": 2.0, "b": None}, {"a": True, "b": None}, {"a": 2}):
        assert not spaces.contains(space, wrong)
    assert not spaces.contains(space, {"a": 2, "b": "y"})


def test_log_scale_draws_evenly_over_the_decades() -> None:
    rng = np.random.default_rng(0)
    space = {"a": FloatDistribution(1e-3, 1e3, log=True)}
    drawn = [spaces.sample(space, rng)["a"] for _ in range(2000)]
    below = np.mean([value < 1.0 for value in drawn])  # type: ignore[operator]
    assert 0.45 < below < 0.55
