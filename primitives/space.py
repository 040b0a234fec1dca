"""Pure functions on one hyperparameter space: draw, change, check and render parameter values.

Values are plain Python scalars, so that they print, compare and store exactly. All randomness comes
from the Generator passed in, and names are visited in sorted order, so that one seed gives one
result. A parameter that a `Choice` brings has a value only while that choice is made: it is drawn
after the choice, and it is gone when the choice is another.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
    distribution_to_json,
)

from primitives.base import Choice, Space

Value = None | bool | int | float | str

PERTURBATION = 0.15
"""Standard deviation of a perturbation, as a share of the (log) range."""

SIGNIFICANT_DIGITS = 4
"""Digits of a float that is drawn: as fine as a search can tell apart, and easy to read."""

MAX_DRAWS = 50
"""Attempts to draw a value that differs; a range may be narrower than the digits tell apart."""


def sample(space: Space, rng: np.random.Generator) -> dict[str, Value]:
    """Draw a value for every parameter."""
    return _completed(space, lambda name, distribution: _draw(distribution, rng))


def sample_others(
    space: Space, values: Mapping[str, Value], rng: np.random.Generator
) -> dict[str, Value]:
    """Draw a value for every parameter, with at least one choice that is not made in `values`."""
    made = choices_in(space, values)
    drawn = sample(space, rng)
    for _ in range(MAX_DRAWS):
        if choices_in(space, drawn) != made:
            break
        drawn = sample(space, rng)
    return drawn


def redraw(space: Space, values: Mapping[str, Value], rng: np.random.Generator) -> dict[str, Value]:
    """Return `values` with one parameter drawn anew, unchanged if none can differ.

    Another choice brings its own parameters: those that have a value it allows keep it, the others
    are drawn.
    """
    active = active_in(space, values)
    free = _free(active)
    if not free:
        return dict(values)
    name = free[rng.integers(len(free))]
    drawn = (_draw(active[name], rng) for _ in range(MAX_DRAWS))
    new = next((new for new in drawn if new != values[name]), values[name])
    kept = {**values, name: new}

    def keep(name: str, distribution: BaseDistribution) -> Value:
        if name in kept and _allows(distribution, kept[name]):
            return kept[name]
        return _draw(distribution, rng)

    return _completed(space, keep)


def perturb(
    space: Space, values: Mapping[str, Value], rng: np.random.Generator
) -> dict[str, Value]:
    """Return `values` with one parameter moved a little, on the log scale where the space says so.

    A categorical parameter has no neighbourhood and takes another of its choices.
    """
    active = active_in(space, values)
    numeric = [
        name for name in _free(active) if not isinstance(active[name], CategoricalDistribution)
    ]
    if not numeric:
        return redraw(space, values, rng)
    name = numeric[rng.integers(len(numeric))]
    return {**values, name: _step(active[name], values[name], rng)}


def rounded(distribution: BaseDistribution, value: Value) -> Value:
    """Return a value with as many digits as one that is drawn, if it is a float."""
    if isinstance(distribution, FloatDistribution) and not distribution.step:
        assert isinstance(value, int | float)
        near = float(f"{value:.{SIGNIFICANT_DIGITS}g}")
        return min(max(near, distribution.low), distribution.high)
    return value


def nearest(space: Space, values: Mapping[str, Value]) -> dict[str, Value]:
    """Return the values that the space allows and that are nearest to `values`.

    A number outside its range is moved to the end; a parameter without a value that fits takes the
    lowest or first.
    """
    return _completed(space, lambda name, distribution: _nearest(distribution, values.get(name)))


def filled(space: Space, values: Mapping[str, Value]) -> dict[str, Value]:
    """Return `values`, and a default value for every parameter that has none.

    The default is the first choice, or the middle of a range on its own scale.

    Raises
    ------
    ValueError
        If the space does not allow a value, or has no parameter of a name.
    """

    def given(name: str, distribution: BaseDistribution) -> Value:
        if name not in values:
            return _default(distribution)
        if not _allows(distribution, values[name]):
            raise ValueError(f"`{name}` must be {_rule(distribution)}, got {values[name]!r}")
        is_float = isinstance(distribution, FloatDistribution)
        return float(values[name]) if is_float else values[name]  # type: ignore[arg-type]

    full = _completed(space, given)
    for name in values:
        if name not in full:
            raise ValueError(f"it must have no parameter but {', '.join(full)}, got `{name}`")
    return full


def contains(space: Space, values: Mapping[str, Value]) -> bool:
    """Say whether `values` gives every parameter, and no other, a value that the space allows."""
    active = active_in(space, values)
    return values.keys() == active.keys() and all(
        _allows(active[name], value) for name, value in values.items()
    )


def active_in(space: Space, values: Mapping[str, Value]) -> Space:
    """Return the parameters that exist beside the choices made in `values`."""
    active = dict(space)
    for name, distribution in space.items():
        if not isinstance(distribution, Choice) or name not in values:
            continue
        if _allows(distribution, values[name]):
            active.update(active_in(distribution.spaces[values[name]], values))
    return active


def settled(space: Space, values: Mapping[str, Value]) -> Space:
    """Return the space that is left once the choices are those in `values`: one without choices."""
    return {
        name: distribution
        for name, distribution in active_in(space, values).items()
        if not isinstance(distribution, Choice)
    }


def choices_in(space: Space, values: Mapping[str, Value]) -> dict[str, Value]:
    """Return the values of the parameters that are choices."""
    active = active_in(space, values)
    return {name: values[name] for name in sorted(active) if isinstance(active[name], Choice)}


def combinations(space: Space) -> int:
    """Count the ways to make all choices of a space; 1 where there are none."""
    return math.prod(
        sum(combinations(brought) for brought in distribution.spaces.values())
        for distribution in space.values()
        if isinstance(distribution, Choice)
    )


def to_json(space: Space) -> str:
    """Return a space as text; equal spaces have equal texts."""
    return json.dumps({name: _as_data(space[name]) for name in sorted(space)})


def _as_data(distribution: BaseDistribution) -> Any:
    """Return a distribution as data that JSON can hold; of a choice, pairs of value and space."""
    if isinstance(distribution, Choice):
        spaces = [[one, json.loads(to_json(space))] for one, space in distribution.spaces.items()]
        return {"name": Choice.__name__, "spaces": spaces}
    return json.loads(distribution_to_json(distribution))


def _completed(space: Space, pick: Callable[[str, BaseDistribution], Value]) -> dict[str, Value]:
    """Return a picked value for every parameter, for those of a choice after the choice."""
    values: dict[str, Value] = {}
    while missing := (active := active_in(space, values)).keys() - values.keys():
        values.update({name: pick(name, active[name]) for name in sorted(missing)})
    return values


def _free(space: Space) -> list[str]:
    return [name for name in sorted(space) if not space[name].single()]


def _draw(distribution: BaseDistribution, rng: np.random.Generator) -> Value:
    if isinstance(distribution, CategoricalDistribution):
        choice: Value = distribution.choices[rng.integers(len(distribution.choices))]
        return choice
    return _from_unit(distribution, rng.random())


def _step(distribution: BaseDistribution, value: Value, rng: np.random.Generator) -> Value:
    """Move a number by a Gaussian step, reflected at the bounds; an integer by one at least."""
    assert isinstance(distribution, FloatDistribution | IntDistribution)
    assert isinstance(value, int | float)
    unit = _to_unit(distribution, value) + rng.normal(scale=PERTURBATION)
    unit = abs(unit) % 2.0
    moved = _from_unit(distribution, min(unit, 2.0 - unit))
    if moved != value or not distribution.step:
        return moved
    up = value + distribution.step
    down = value - distribution.step
    neighbours = [near for near in (down, up) if distribution.low <= near <= distribution.high]
    return neighbours[rng.integers(len(neighbours))]


def _allows(distribution: BaseDistribution, value: Value) -> bool:
    if isinstance(distribution, CategoricalDistribution):
        return any(
            value is choice or (type(value) is type(choice) and value == choice)
            for choice in distribution.choices
        )
    assert isinstance(distribution, FloatDistribution | IntDistribution)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    if isinstance(distribution, IntDistribution) and not isinstance(value, int):
        return False
    return distribution.low <= value <= distribution.high


def _default(distribution: BaseDistribution) -> Value:
    """Return the first choice, or the middle of a range on its own scale."""
    if isinstance(distribution, CategoricalDistribution):
        first: Value = distribution.choices[0]
        return first
    return _from_unit(distribution, 0.5)


def _rule(distribution: BaseDistribution) -> str:
    """Return in words which values a distribution allows."""
    if isinstance(distribution, CategoricalDistribution):
        return f"one of {list(distribution.choices)}"
    assert isinstance(distribution, FloatDistribution | IntDistribution)
    noun = "an integer" if isinstance(distribution, IntDistribution) else "a number"
    return f"{noun} from {distribution.low} to {distribution.high}"


def _nearest(distribution: BaseDistribution, value: Value) -> Value:
    if _allows(distribution, value):
        return value
    if isinstance(distribution, CategoricalDistribution):
        first: Value = distribution.choices[0]
        return first
    assert isinstance(distribution, FloatDistribution | IntDistribution)
    if isinstance(value, bool) or not isinstance(value, int | float) or math.isnan(value):
        return distribution.low
    if isinstance(distribution, IntDistribution) and math.isfinite(value):
        value = round(value)
    return min(max(value, distribution.low), distribution.high)


def _from_unit(distribution: BaseDistribution, unit: float) -> int | float:
    """Map [0, 1] to the range of a number, evenly on its own scale."""
    assert isinstance(distribution, FloatDistribution | IntDistribution)
    low, high = _edges(distribution)
    if distribution.log:
        raw = math.exp(math.log(low) + unit * (math.log(high) - math.log(low)))
    else:
        raw = low + unit * (high - low)
    if not distribution.step:
        return float(rounded(distribution, raw))  # type: ignore[arg-type]  # a float stays one
    steps = round((raw - distribution.low) / distribution.step)
    raw = distribution.low + steps * distribution.step
    clipped = min(max(raw, distribution.low), distribution.high)
    return int(clipped) if isinstance(distribution, IntDistribution) else float(clipped)


def _to_unit(distribution: FloatDistribution | IntDistribution, value: float) -> float:
    low, high = _edges(distribution)
    if distribution.log:
        return (math.log(value) - math.log(low)) / (math.log(high) - math.log(low))
    return (value - low) / (high - low)


def _edges(distribution: FloatDistribution | IntDistribution) -> tuple[float, float]:
    """Return half a step beyond the bounds: the first and last value are as likely as others."""
    half = (distribution.step or 0.0) / 2
    return distribution.low - half, distribution.high + half
