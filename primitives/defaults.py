"""Default values of the parameters of a primitive: the values that need no explanation.

The default of a parameter is the first of these that its space allows:

    the default of the function or class that builds the step
    the default of the library's class that the function builds, or of a part of it
    the first choice of a parameter that is a choice

A number without such a value has no default.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from optuna.distributions import CategoricalDistribution, FloatDistribution

from primitives import space as spaces
from primitives.base import Choice, Primitive
from primitives.space import Value


def off_defaults(primitive: Primitive, values: Mapping[str, Value]) -> list[str]:
    """Return the names of the parameters that have a default and another value."""
    defaults = _defaults(primitive, values)
    return [name for name, value in values.items() if name in defaults and defaults[name] != value]


def with_defaults(
    primitive: Primitive, values: Mapping[str, Value], names: Iterable[str]
) -> dict[str, Value]:
    """Return parameter values in which some parameters have their defaults.

    A choice that is changed drops the parameters that it brought. Parameters that the new choice
    brings have the middle of their range.

    Parameters
    ----------
    primitive : Primitive
    values : mapping of str to Value
    names : iterable of str
        Parameters with a default, see `off_defaults`.
    """
    space, defaults = primitive.fixed_space, _defaults(primitive, values)
    changed = {**values, **{name: defaults[name] for name in names}}
    active = spaces.active_in(space, changed)
    return spaces.filled(space, {name: one for name, one in changed.items() if name in active})


def _defaults(primitive: Primitive, values: Mapping[str, Value]) -> dict[str, Value]:
    """Return the defaults of the parameters that exist beside the choices made in `values`."""
    known = _of_libraries(primitive)
    found: dict[str, Value] = {}
    for name, distribution in spaces.active_in(primitive.fixed_space, values).items():
        default = known.get(name)
        if isinstance(distribution, FloatDistribution) and type(default) is int:
            default = float(default)
        is_allowed = name in known and not isinstance(distribution, Choice)
        if is_allowed and spaces.contains({name: distribution}, {name: default}):
            found[name] = default
        elif isinstance(distribution, CategoricalDistribution):
            found[name] = distribution.choices[0]
    return found


@lru_cache(maxsize=1024)
def _of_libraries(primitive: Primitive) -> dict[str, Any]:
    """Return the defaults of what builds a step, and of what is built, by name."""
    known: dict[str, Any] = {}
    for one in _builders(primitive):
        try:
            parameters = inspect.signature(one).parameters
        except (ValueError, TypeError):  # a class of C has no signature
            continue
        for name, parameter in parameters.items():
            if parameter.default is not inspect.Parameter.empty:
                known.setdefault(name, parameter.default)
    return known


def _builders(primitive: Primitive) -> Iterator[Any]:
    """Yield the function that builds a step, then the classes of the estimators that it builds."""
    yield primitive.build
    if primitive.wraps:  # it cannot be built without the estimators of its inputs
        return
    values: dict[str, Any] = spaces.filled(primitive.fixed_space, {})
    if primitive.seeded:
        values["random_state"] = 0
    try:
        built = primitive.build(**values)
        parts = [built, *built.get_params(deep=True).values()]
    except Exception:  # a factory of the user may raise any error
        return
    yield from (type(part) for part in parts if hasattr(part, "get_params"))
