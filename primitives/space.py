"""Pure functions on one hyperparameter space: draw, change, check and store parameter values.

Values are plain Python scalars, so that they print, compare and store exactly. All randomness comes
from the Generator passed in, and names are visited in sorted order, so that one seed gives one
result.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping

import numpy as np
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
    distribution_to_json,
    json_to_distribution,
)

from primitives.base import Space

Value = None | bool | int | float | str

PERTURBATION = 0.15
"""Standard deviation of a perturbation, as a share of the (log) range."""

SIGNIFICANT_DIGITS = 4
"""Of a float that is drawn: as fine as a search can tell apart, and readable in an exported
file."""

MAX_DRAWS = 50
"""Attempts to draw a value that differs; a range may be narrower than the digits tell apart."""


def sample(space: Space, rng: np.random.Generator) -> dict[str, Value]:
    """Draw a value for every parameter."""
    return {name: _draw(space[name], rng) for name in sorted(space)}


def redraw(space: Space, values: Mapping[str, Value], rng: np.random.Generator) -> dict[str, Value]:
    """Return `values` with one parameter drawn anew, different from before; unchanged where none
    can differ."""
    free = _free(space)
    if not free:
        return dict(values)
    name = free[rng.integers(len(free))]
    drawn = (_draw(space[name], rng) for _ in range(MAX_DRAWS))
    return {**values, name: next((new for new in drawn if new != values[name]), values[name])}


def perturb(
    space: Space, values: Mapping[str, Value], rng: np.random.Generator
) -> dict[str, Value]:
    """Return `values` with one parameter moved a little, on the log scale where the space says so.

    A categorical parameter has no neighbourhood and takes another of its choices.
    """
    numeric = [
        name for name in _free(space) if not isinstance(space[name], CategoricalDistribution)
    ]
    if not numeric:
        return redraw(space, values, rng)
    name = numeric[rng.integers(len(numeric))]
    return {**values, name: _step(space[name], values[name], rng)}


def rounded(distribution: BaseDistribution, value: Value) -> Value:
    """Return a value of another's choice as a drawn one is: a float as fine as a search can tell
    apart."""
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
    return {name: _nearest(space[name], values.get(name)) for name in sorted(space)}


def contains(space: Space, values: Mapping[str, Value]) -> bool:
    """Say whether `values` gives every parameter a value that the space allows."""
    return values.keys() == space.keys() and all(
        _allows(space[name], value) for name, value in values.items()
    )


def to_json(space: Space) -> str:
    """Render a space as text that `from_json` reads back."""
    return json.dumps(
        {name: json.loads(distribution_to_json(space[name])) for name in sorted(space)}
    )


def from_json(text: str) -> Space:
    """Read a space that `to_json` rendered."""
    return {
        name: json_to_distribution(json.dumps(entry)) for name, entry in json.loads(text).items()
    }


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


def _nearest(distribution: BaseDistribution, value: Value) -> Value:
    if _allows(distribution, value):
        return value
    if isinstance(distribution, CategoricalDistribution):
        first: Value = distribution.choices[0]
        return first
    assert isinstance(distribution, FloatDistribution | IntDistribution)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return distribution.low
    if isinstance(distribution, IntDistribution):
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
    """Half a step beyond the bounds, so that the first and last value are as likely as the
    others."""
    half = (distribution.step or 0.0) / 2
    return distribution.low - half, distribution.high + half
