"""Rendering of values as Python source that gives equal values when it is run.

A value that cannot be written so is an error.
"""

from __future__ import annotations

import inspect
import keyword
import math
import sys
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum
from functools import partial
from typing import Any

import numpy as np

from evolver.export.layout import Group, Prefixed, Source, flat

CONSTANTS = ""
"""Key of the constants of a file among the names that it uses: their values by name."""


@dataclass(frozen=True)
class Written:
    """Value whose source is known."""

    source: Source


def render(value: Any, used: dict[str, Any]) -> Source:
    """Return a value as source.

    Parameters
    ----------
    value : Any
        Value of a parameter, or an estimator.
    used : dict of str to Any
        Functions, classes and modules by the names that the source uses. It is extended.

    Raises
    ------
    ValueError
        If the source would not give an equal value.
    """
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, Enum):
        return _member(value, used)
    renderer = RENDERERS.get(type(value))
    if renderer is not None:
        return renderer(value, used)
    if isinstance(value, np.ufunc):
        return _ufunc(value, used)
    if isinstance(value, type) or inspect.isroutine(value):
        return _name(value, used)
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return _named_tuple(value, used)
    if isinstance(value, PLAIN):  # the constructor of a subclass may do anything with its argument
        raise ValueError(
            "A parameter of a pipeline that is exported must be of a plain type, not of a subclass"
            f" of one, got a {type(value).__qualname__}."
        )
    return _construction(value, used)


def _all(values: Iterable[Any], used: dict[str, Any]) -> tuple[Source, ...]:
    return tuple(render(value, used) for value in values)


def _literal(value: Any, used: dict[str, Any]) -> Source:
    # NaN and infinity have no literals.
    if isinstance(value, float) and not math.isfinite(value):
        return f'float("{value}")'
    return quoted(value) if isinstance(value, str) else repr(value)


def _member(value: Enum, used: dict[str, Any]) -> Source:
    """Return a member of an Enum by its name, or a combination of flags by its value."""
    kind, name = _name(type(value), used), value._name_
    if name not in type(value).__members__:
        return Group(f"{kind}(", (render(value._value_, used),), ")")
    return f"{kind}.{name}" if _is_name(name) else f"{kind}[{quoted(name)}]"


def _array(value: np.ndarray, used: dict[str, Any]) -> Source:
    """Return an array as its nested values and its type."""
    is_plain = value.dtype.names is None
    # Nested lists do not tell the shape of an empty array, and a structured type has no name.
    again = np.array(value.tolist(), dtype=value.dtype.str) if is_plain else None
    if again is None or again.shape != value.shape or again.dtype != value.dtype:
        raise ValueError(
            "An array in a pipeline that is exported must be restorable from the nested list of its"
            f" values and the name of its dtype, got {value!r}."
        )
    used["np"] = np
    dtype = Prefixed("dtype=", quoted(value.dtype.str))
    return Group("np.array(", (render(value.tolist(), used), dtype), ")")


def _set(value: Any, used: dict[str, Any]) -> Source:
    # Sorted by their source, because the order of a set differs between processes.
    parts = tuple(sorted(_all(value, used), key=flat))
    return Group(f"{type(value).__name__}([", parts, "])")


def _constant(value: Any, used: dict[str, Any]) -> str:
    """Return the name of the constant that is equal to a collection; empty if there is none."""
    constants = used.get(CONSTANTS, {}).items()
    return next((name for name, known in constants if value and known == value), "")


def _list(value: Any, used: dict[str, Any]) -> Source:
    """Return a list, or the name of the constant that is equal to it."""
    return _constant(value, used) or Group("[", _all(value, used), "]")


def _tuple(value: Any, used: dict[str, Any]) -> Source:
    return Group("(", _all(value, used), ",)" if len(value) == 1 else ")")


def _named_tuple(value: Any, used: dict[str, Any]) -> Source:
    """Return a named tuple, without the fields that have their default value."""
    fields, defaults = value._asdict(), value._field_defaults
    parts = [
        part if name not in defaults else Prefixed(f"{name}=", part)
        for name, part in zip(fields, _all(value, used), strict=True)
        if name not in defaults or not _same(fields[name], defaults[name])
    ]
    return Group(f"{_name(type(value), used)}(", tuple(parts), ")")


def _dict(value: Any, used: dict[str, Any]) -> Source:
    """Return a dictionary, or the name of the constant that is equal to it."""
    constant = _constant(value, used)
    if constant:
        return constant
    parts = tuple(
        Prefixed(f"{flat(render(key, used))}: ", render(part, used)) for key, part in value.items()
    )
    return Group("{", parts, "}")


def _ordered_dict(value: Any, used: dict[str, Any]) -> Source:
    return Group(f"{_name(OrderedDict, used)}(", (_dict(value, used),), ")")


def _ufunc(value: Any, used: dict[str, Any]) -> Source:
    """Return a universal function of numpy by its name; those of other libraries are refused."""
    name: str = value.__name__
    if getattr(np, name, None) is not value:
        raise ValueError(
            f"A ufunc in a pipeline that is exported must be one of numpy, got {value!r}."
        )
    used["np"] = np
    return f"np.{name}"


def _partial(value: Any, used: dict[str, Any]) -> Source:
    used["partial"] = partial
    named = [_keyword(name, render(part, used)) for name, part in value.keywords.items()]
    return Group("partial(", (*_all((value.func, *value.args), used), *named), ")")


RENDERERS: dict[type, Callable[[Any, dict[str, Any]], Source]] = {
    **dict.fromkeys((type(None), bool, int, float, str, bytes), _literal),
    **dict.fromkeys((set, frozenset), _set),
    list: _list,
    tuple: _tuple,
    dict: _dict,
    OrderedDict: _ordered_dict,
    np.ndarray: _array,
    partial: _partial,
    Written: lambda value, used: value.source,
}
"""Renderers by the exact type of a value; subclasses are not included."""

PLAIN = (int, float, str, bytes, list, tuple, dict, set, frozenset, np.ndarray, partial)
"""Types whose subclasses are refused."""


def _construction(value: Any, used: dict[str, Any]) -> Group:
    """Return the call of the constructor that makes an object.

    Only parameters that differ from their defaults are written.
    """
    parameters = inspect.signature(type(value).__init__).parameters
    given = value.get_params(deep=False) if hasattr(value, "get_params") else _arguments_of(value)
    parts: list[Source] = []
    for name in [
        *(name for name in parameters if name in given),
        *(name for name in given if name not in parameters),
    ]:
        if name not in parameters:  # a catch-all ``**kwargs`` takes it
            if not _is_unset(given[name]):
                parts.append(_keyword(name, render(given[name], used)))
        elif parameters[name].default is inspect.Parameter.empty:
            source = render(given[name], used)
            parts.append(
                _keyword(name, source)
                if parameters[name].kind is inspect.Parameter.KEYWORD_ONLY
                else source
            )
        elif not _same(given[name], parameters[name].default):
            parts.append(_keyword(name, render(given[name], used)))
    return Group(f"{_name(type(value), used)}(", tuple(parts), ")")


def _arguments_of(value: Any) -> dict[str, Any]:
    """Return the arguments of an object's constructor, read from attributes of the same names.

    Raises
    ------
    ValueError
        If some argument is no attribute.
    """
    kind = type(value)
    if {kind.__init__, kind.__new__} == {object.__init__, object.__new__}:
        return {}
    parameters = list(inspect.signature(kind.__init__).parameters.values())[1:]
    are_attributes = inspect.isfunction(kind.__init__) and all(
        hasattr(value, parameter.name)
        and parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
        for parameter in parameters
    )
    if not are_attributes:
        raise ValueError(
            "An object in a pipeline that is exported must have the arguments of its constructor as"
            f" attributes of the same names, got {value!r}."
        )
    return {parameter.name: getattr(value, parameter.name) for parameter in parameters}


def _keyword(name: str, source: Source) -> Prefixed:
    """Return a keyword argument."""
    if not _is_name(name):
        raise ValueError(
            "A keyword in a pipeline that is exported must be an identifier of Python, got"
            f" {name!r}."
        )
    return Prefixed(f"{name}=", source)


def _is_name(text: str) -> bool:
    return text.isidentifier() and not keyword.iskeyword(text)


def _name(thing: Any, used: dict[str, Any]) -> str:
    """Return the name of a function or class, and add it to the names used.

    Raises
    ------
    ValueError
        If it has no name, is a method, or if the name stands for something else already.
    """
    name: str = thing.__name__
    # The `__self__` of a built-in function is its module, that of a method is an object.
    is_bound = inspect.isroutine(thing) and not inspect.ismodule(
        getattr(thing, "__self__", sys.modules[__name__])
    )
    if is_bound or not _is_name(name) or used.setdefault(name, thing) is not thing:
        raise ValueError(
            "A pipeline that is exported must be made of functions and classes with names of their"
            f" own, got {thing!r}."
        )
    return name


def _is_unset(value: Any) -> bool:
    """Return True if a catch-all parameter is unset: None, or NaN as the mark of missing values."""
    return value is None or _is_nan(value)


def _is_nan(value: Any) -> bool:
    return isinstance(value, float) and math.isnan(value)


def _same(value: Any, default: Any) -> bool:
    """Return True if a value is its default, or an equal scalar or tuple of the same type."""
    # NaN is not equal to itself, and a NaN that was pickled is another object.
    if value is default or (_is_nan(value) and _is_nan(default)):
        return True
    scalars = (bool, int, float, str, tuple)
    return type(value) is type(default) and isinstance(value, scalars) and value == default


def quoted(value: str) -> str:
    """Return the literal of a string, in double quotes where a formatter would use them."""
    text = repr(value)
    return text if '"' in value or "'" in value else f'"{text[1:-1]}"'
