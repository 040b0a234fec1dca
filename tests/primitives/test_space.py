"""Spaces allow what they draw, a change alters one value, and equal spaces have one text.

A parameter of a choice has a value exactly while the choice is made.
"""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from primitives import Choice, Features, Prediction, Primitive
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


def choices_between(spaces_of: st.SearchStrategy[spaces.Space]) -> st.SearchStrategy[Choice]:
    return st.dictionaries(st.sampled_from(["x", "y", 1, None]), spaces_of, min_size=1).map(Choice)


LEFT = st.dictionaries(st.sampled_from("ghij"), distributions, max_size=3)
RIGHT = st.dictionaries(st.sampled_from("klmn"), distributions, max_size=3)
nested = st.tuples(RIGHT, choices_between(st.just({"o": IntDistribution(1, 9)}))).map(
    lambda parts: {**parts[0], "deep": parts[1]}
)
conditional_spaces = st.tuples(some_spaces, choices_between(LEFT), choices_between(nested)).map(
    lambda parts: {**parts[0], "left": parts[1], "right": parts[2]}
)
all_spaces = st.one_of(some_spaces, conditional_spaces)
seeds = st.integers(0, 2**32 - 1)


@given(all_spaces, seeds)
def test_a_sample_is_contained_and_repeats_with_its_seed(space: spaces.Space, seed: int) -> None:
    values = spaces.sample(space, np.random.default_rng(seed))
    assert spaces.contains(space, values)
    assert values == spaces.sample(space, np.random.default_rng(seed))


@given(all_spaces, seeds, st.sampled_from([spaces.perturb, spaces.redraw]))
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


@given(all_spaces, all_spaces)
def test_spaces_have_one_text_if_and_only_if_they_are_equal(
    space: spaces.Space, other: spaces.Space
) -> None:
    assert (spaces.to_json(space) == spaces.to_json(other)) == (space == other)
    assert spaces.to_json(dict(reversed(space.items()))) == spaces.to_json(space)


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


@given(some_spaces, seeds)
def test_a_space_without_choices_is_drawn_in_the_order_of_names(
    space: spaces.Space, seed: int
) -> None:
    """Each parameter takes what it would take alone, so an older seed gives the same values."""
    rng, again = np.random.default_rng(seed), np.random.default_rng(seed)
    values = spaces.sample(space, rng)
    expected = {name: spaces.sample({name: space[name]}, again)[name] for name in sorted(space)}
    assert values == expected
    assert rng.bit_generator.state == again.bit_generator.state


@given(conditional_spaces, seeds)
def test_another_choice_brings_its_parameters_and_drops_those_of_the_former(
    space: spaces.Space, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    values = spaces.sample(space, rng)
    changed = spaces.redraw(space, values, rng)
    differing = [
        name for name in values.keys() & changed.keys() if repr(values[name]) != repr(changed[name])
    ]
    made = [name for name in differing if name in ("left", "right", "deep")]
    if not made:
        assert changed.keys() == values.keys()
        assert len(differing) <= 1
        return
    other = spaces.active_in(space, changed)
    assert changed.keys() == other.keys()
    before = spaces.active_in(space, values)
    kept = [one for one in before if one in other and before[one] == other[one] and one not in made]
    assert all(repr(values[one]) == repr(changed[one]) for one in kept)


@given(conditional_spaces, conditional_spaces, seeds)
def test_the_nearest_values_are_contained_and_those_of_the_space_stay(
    space: spaces.Space, other: spaces.Space, seed: int
) -> None:
    values = spaces.sample(other, np.random.default_rng(seed))
    assert spaces.contains(space, spaces.nearest(space, values))
    assert spaces.contains(space, spaces.nearest(space, {}))
    assert spaces.nearest(other, values) == values


@given(conditional_spaces, seeds)
def test_choices_and_the_values_beside_them_are_all(space: spaces.Space, seed: int) -> None:
    rng = np.random.default_rng(seed)
    values = spaces.sample(space, rng)
    made, rest = spaces.choices_in(space, values), spaces.settled(space, values)
    assert made.keys() | rest.keys() == values.keys()
    assert made.keys().isdisjoint(rest)
    assert not any(isinstance(distribution, Choice) for distribution in rest.values())
    assert spaces.contains(space, {**made, **spaces.sample(rest, rng)})


@given(conditional_spaces, seeds)
def test_a_sample_of_others_makes_another_choice(space: spaces.Space, seed: int) -> None:
    assume(spaces.combinations(space) > 1)
    rng = np.random.default_rng(seed)
    values = spaces.sample(space, rng)
    others = spaces.sample_others(space, values, rng)
    assert spaces.contains(space, others)
    assert spaces.choices_in(space, others) != spaces.choices_in(space, values)


KERNELS = {
    "C": FloatDistribution(0.1, 10.0, log=True),
    "kernel": Choice(
        {
            "linear": {},
            "rbf": {"gamma": FloatDistribution(1e-3, 1e3, log=True)},
            "poly": {
                "gamma": FloatDistribution(1e-3, 1e3, log=True),
                "degree": IntDistribution(2, 5),
            },
        }
    ),
}


def test_a_parameter_of_a_choice_is_there_only_while_it_is_made() -> None:
    assert spaces.contains(KERNELS, {"C": 1.0, "kernel": "linear"})
    assert spaces.contains(KERNELS, {"C": 1.0, "kernel": "rbf", "gamma": 1.0})
    for wrong in (
        {"C": 1.0},
        {"C": 1.0, "kernel": "linear", "gamma": 1.0},
        {"C": 1.0, "kernel": "rbf"},
        {"C": 1.0, "kernel": "rbf", "gamma": 1e9},
        {"C": 1.0, "kernel": "poly", "gamma": 1.0},
        {"C": 1.0, "kernel": "sigmoid"},
    ):
        assert not spaces.contains(KERNELS, wrong)  # type: ignore[arg-type]
    assert spaces.combinations(KERNELS) == 3
    assert spaces.combinations({"C": KERNELS["C"]}) == 1


def test_what_two_choices_share_is_kept_from_one_to_the_other() -> None:
    rng = np.random.default_rng(0)
    values = {"C": 1.0, "kernel": "rbf", "gamma": 0.5}
    changed = [spaces.redraw(KERNELS, values, rng) for _ in range(100)]
    poly = [one for one in changed if one["kernel"] == "poly"]
    assert poly
    assert all(one["gamma"] == 0.5 and one["C"] == 1.0 for one in poly)
    assert all(one.keys() == {"C", "kernel"} for one in changed if one["kernel"] == "linear")


def test_other_choices_are_equally_likely() -> None:
    rng = np.random.default_rng(0)
    values = {"C": 1.0, "kernel": "rbf", "gamma": 0.5}
    drawn = Counter(spaces.sample_others(KERNELS, values, rng)["kernel"] for _ in range(1000))
    assert drawn.keys() == {"linear", "poly"}
    assert 400 < drawn["poly"] < 600


@pytest.mark.parametrize(
    ("space", "error", "message"),
    [
        ({"a": Choice({"x": {"b": (1, 2)}})}, TypeError, "distributions, got 'b'"),  # type: ignore[dict-item]
        ({"a": Choice({"x": {"b": Choice({"y": {"c": 1}})}})}, TypeError, "distributions, got 'c'"),  # type: ignore[dict-item]
        (
            {"a": Choice({"x": {"b": IntDistribution(1, 2)}}), "b": IntDistribution(1, 3)},
            ValueError,
            "`space` of Model must give 'b' one distribution",
        ),
        (
            {
                "a": Choice({"x": {"c": IntDistribution(1, 2)}}),
                "b": Choice({"x": {}, "y": {"c": IntDistribution(1, 3)}}),
            },
            ValueError,
            "`space` of Model must give 'c' one distribution",
        ),
    ],
)
def test_a_bad_space_of_a_choice_is_named(
    space: spaces.Space, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        Primitive("Model", (Features,), Prediction, dict, space)


def test_choices_that_are_never_made_together_may_differ_in_a_parameter() -> None:
    space = {"a": Choice({"x": {"c": IntDistribution(1, 2)}, "y": {"c": IntDistribution(1, 3)}})}
    values = {"a": "y", "c": 3}
    assert Primitive("Model", (Features,), Prediction, dict, space).fixed_space == space
    assert spaces.contains(space, values)
    assert not spaces.contains(space, {"a": "x", "c": 3})
    assert spaces.nearest(space, {"a": "x", "c": 3}) == {"a": "x", "c": 2}


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
@pytest.mark.parametrize("distribution", [IntDistribution(2, 9), FloatDistribution(0.5, 2.0)])
def test_the_nearest_value_to_one_that_is_not_finite_is_allowed(
    distribution: BaseDistribution, value: float
) -> None:
    space = {"a": distribution}
    assert spaces.contains(space, spaces.nearest(space, {"a": value}))


def test_filled_keeps_values_and_gives_others_the_first_or_the_middle() -> None:
    space = {
        "kernel": Choice(
            {"linear": {}, "rbf": {"gamma": FloatDistribution(0.01, 100.0, log=True)}}
        ),
        "depth": IntDistribution(1, 5),
        "share": FloatDistribution(0.0, 2.0),
    }
    assert spaces.filled(space, {}) == {"kernel": "linear", "depth": 3, "share": 1.0}
    full = spaces.filled(space, {"kernel": "rbf", "share": 1})
    assert full == {"kernel": "rbf", "gamma": 1.0, "depth": 3, "share": 1.0}
    assert isinstance(full["share"], float)
    assert spaces.contains(space, full)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"depth": 9}, "`depth` must be an integer from 1 to 5, got 9"),
        ({"depth": 2.5}, "`depth` must be an integer from 1 to 5, got 2.5"),
        ({"kernel": "poly"}, "`kernel` must be one of"),
        ({"gamma": 1.0}, "no parameter but depth, kernel, got `gamma`"),
    ],
)
def test_filled_refuses_what_a_space_does_not_allow(values: dict, message: str) -> None:
    space = {
        "kernel": Choice({"linear": {}, "rbf": {"gamma": FloatDistribution(0.01, 100.0)}}),
        "depth": IntDistribution(1, 5),
    }
    with pytest.raises(ValueError, match=message):
        spaces.filled(space, values)
