"""Values as Python source: what is written is what comes back, or an error.

render    value -> Group, Prefixed and text, the names it uses noted
layout    that -> lines, broken where they are too long, as a formatter would
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

LINE_LENGTH = 100
INDENT = "    "


@dataclass(frozen=True)
class Group:
    """Source in brackets: what opens, the parts, what closes."""

    opening: str
    parts: tuple[Source, ...]
    closing: str


@dataclass(frozen=True)
class Prefixed:
    """Source behind a prefix, such as the name of an argument."""

    prefix: str
    source: Source


Source = str | Group | Prefixed


def render(value: Any, used: dict[str, Any]) -> Source:
    """Return a value as source, and note the names it uses."""
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
        return Group(f"{_name(type(value), used)}(", _all(value, used), ")")
    if isinstance(value, PLAIN):  # more than what it holds, or less: a subclass may do anything
        raise ValueError(
            "A parameter of a pipeline that is exported must be of a plain type, not of one derived"
            f" from it, got a {type(value).__qualname__}."
        )
    return _construction(value, used)


def _all(values: Iterable[Any], used: dict[str, Any]) -> tuple[Source, ...]:
    return tuple(render(value, used) for value in values)


def _literal(value: Any, used: dict[str, Any]) -> Source:
    if isinstance(value, float) and not math.isfinite(value):
        return f'float("{value}")'
    return quoted(value) if isinstance(value, str) else repr(value)


def _member(value: Enum, used: dict[str, Any]) -> Source:
    """Return a member of an Enum by its name; one that is several flags at once by its value."""
    kind, name = _name(type(value), used), value._name_
    if name not in type(value).__members__:
        return Group(f"{kind}(", (render(value._value_, used),), ")")
    return f"{kind}.{name}" if _is_name(name) else f"{kind}[{quoted(name)}]"


def _array(value: np.ndarray, used: dict[str, Any]) -> Source:
    is_plain = value.dtype.names is None
    again = np.array(value.tolist(), dtype=value.dtype.str) if is_plain else None
    if again is None or again.shape != value.shape or again.dtype != value.dtype:
        raise ValueError(
            "An array in a pipeline that is exported must be what its values and its type make, got"
            f" {value!r}."
        )
    used["np"] = np
    dtype = Prefixed("dtype=", quoted(value.dtype.str))
    return Group("np.array(", (render(value.tolist(), used), dtype), ")")


def _set(value: Any, used: dict[str, Any]) -> Source:
    parts = tuple(sorted(_all(value, used), key=_flat))
    return Group(f"{type(value).__name__}([", parts, "])")


def _list(value: Any, used: dict[str, Any]) -> Source:
    return Group("[", _all(value, used), "]")


def _tuple(value: Any, used: dict[str, Any]) -> Source:
    return Group("(", _all(value, used), ",)" if len(value) == 1 else ")")


def _dict(value: Any, used: dict[str, Any]) -> Source:
    parts = tuple(
        Prefixed(f"{_flat(render(key, used))}: ", render(part, used)) for key, part in value.items()
    )
    return Group("{", parts, "}")


def _ordered_dict(value: Any, used: dict[str, Any]) -> Source:
    return Group(f"{_name(OrderedDict, used)}(", (_dict(value, used),), ")")


def _ufunc(value: Any, used: dict[str, Any]) -> Source:
    name: str = value.__name__
    if getattr(np, name, None) is not value:
        raise ValueError(
            f"A function of a pipeline that is exported must be importable, got {value!r}."
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
}
"""How values of a type, and of none that is derived from it, are written."""

PLAIN = (int, float, str, bytes, list, tuple, dict, set, frozenset, np.ndarray, partial)


def _construction(value: Any, used: dict[str, Any]) -> Group:
    """Return the constructor call that makes an object: parameters that differ from their
    defaults."""
    parameters = inspect.signature(type(value).__init__).parameters
    given = value.get_params(deep=False) if hasattr(value, "get_params") else _arguments_of(value)
    parts: list[Source] = []
    for name in [
        *(name for name in parameters if name in given),
        *(name for name in given if name not in parameters),
    ]:
        if name not in parameters:
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
    """Return what the constructor of an object was given, which must be attributes of its name."""
    kind = type(value)
    if {kind.__init__, kind.__new__} == {object.__init__, object.__new__}:
        return {}
    parameters = list(inspect.signature(kind.__init__).parameters.values())[1:]
    is_told = inspect.isfunction(kind.__init__) and all(
        hasattr(value, one.name) and one.kind not in (one.VAR_POSITIONAL, one.VAR_KEYWORD)
        for one in parameters
    )
    if not is_told:
        raise ValueError(
            "An object of a pipeline that is exported must have what its constructor takes as"
            f" attributes of the same names, got {value!r}."
        )
    return {one.name: getattr(value, one.name) for one in parameters}


def _keyword(name: str, source: Source) -> Prefixed:
    """Return an argument behind its name."""
    if not _is_name(name):
        raise ValueError(
            f"An argument in a pipeline that is exported must be a name of Python, got {name!r}."
        )
    return Prefixed(f"{name}=", source)


def _is_name(text: str) -> bool:
    return text.isidentifier() and not keyword.iskeyword(text)


def _name(thing: Any, used: dict[str, Any]) -> str:
    name: str = thing.__name__
    is_bound = inspect.isroutine(thing) and not inspect.ismodule(
        getattr(thing, "__self__", sys.modules[__name__])
    )
    if is_bound or not _is_name(name) or used.setdefault(name, thing) is not thing:
        raise ValueError(
            "A pipeline that is exported must be made of things with names of their own, got"
            f" {thing!r}."
        )
    return name


def _is_unset(value: Any) -> bool:
    """Say whether a catch-all parameter is left to its library: None, or NaN for what counts as
    missing."""
    return value is None or (isinstance(value, float) and math.isnan(value))


def _same(value: Any, default: Any) -> bool:
    if value is default:
        return True
    scalars = (bool, int, float, str, tuple)
    return type(value) is type(default) and isinstance(value, scalars) and value == default


def quoted(value: str) -> str:
    """Return a text as a literal."""
    text = repr(value)
    return text if '"' in value or "'" in value else f'"{text[1:-1]}"'


def layout(source: Source, indent: int, before: str, after: str = "") -> str:
    """Return source as lines no longer than `LINE_LENGTH`, where brackets allow; one part a line
    where broken."""
    if isinstance(source, Prefixed):
        return layout(source.source, indent, before + source.prefix, after)
    line = f"{INDENT * indent}{before}{_flat(source)}{after}"
    if isinstance(source, str) or not source.parts or len(line) <= LINE_LENGTH:
        return line
    parts = [layout(part, indent + 1, "", ",") for part in source.parts]
    closing = source.closing.removeprefix(",")
    return "\n".join(
        [f"{INDENT * indent}{before}{source.opening}", *parts, f"{INDENT * indent}{closing}{after}"]
    )


def _flat(source: Source) -> str:
    if isinstance(source, str):
        return source
    if isinstance(source, Prefixed):
        return source.prefix + _flat(source.source)
    return source.opening + ", ".join(_flat(part) for part in source.parts) + source.closing
