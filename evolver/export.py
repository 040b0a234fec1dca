"""The winner as a Python file that runs without this package.

The source is rendered from the estimator that was fitted, not from the tree it came from:
constructor calls with the parameters that differ from their defaults, the imports they need, and
the source of what is our own. The file is a program that fits on a table and predicts another.

    render      estimator -> Call, Group and text, the names it uses noted
    layout      that -> lines, broken where they are too long, as a formatter would
    carry       the definitions of our own that are used, and what they use in turn
"""

from __future__ import annotations

import ast
import inspect
import math
import symtable
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from evolver import program

LINE_LENGTH = 100
INDENT = "    "
CARRIED_PACKAGES = ("primitives", "evolver", "__main__")
"""Packages that a reader may not have: their source is copied instead of imported."""


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


def to_source(
    estimator: Any, target: str = "target", title: str = "A machine-learning pipeline."
) -> str:
    """Return a program that fits and applies an estimator.

    Parameters
    ----------
    estimator : estimator
        scikit-learn compatible, fitted or not.
    target : str
        Default name of the target column.
    title : str
        What the file says of itself.

    Raises
    ------
    ValueError
        When a part of the estimator cannot be written as source.
    """
    used: dict[str, Any] = {}
    body = _layout(_render(estimator, used), indent=1, before="return ")
    carried = {name: thing for name, thing in used.items() if _package(thing) in CARRIED_PACKAGES}
    imports = {_import_of(name, thing) for name, thing in used.items() if name not in carried}
    definitions, more_imports = _carry([*carried.values(), program.main])
    title = title.replace("\\", "\\\\").replace('"', "'")
    blocks = [
        "\n".join(_sorted_imports(imports | more_imports)),
        f'def make_pipeline():\n{INDENT}"""Return the unfitted pipeline."""\n{body}',
        *definitions,
        f'if __name__ == "__main__":\n{INDENT}main(make_pipeline, {_text(target)})',
    ]
    return f'"""{title}"""\n\n' + "\n\n\n".join(blocks) + "\n"


def _render(value: Any, used: dict[str, Any]) -> Source:
    """Return a value as source, and note the names it uses."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, float) and not math.isfinite(value):
        return f'float("{value}")'
    if value is None or isinstance(value, bool | int | float | bytes):
        return repr(value)
    if isinstance(value, np.ndarray):
        used["np"] = np
        dtype = Prefixed("dtype=", _text(value.dtype.str))
        return Group("np.array(", (_render(value.tolist(), used), dtype), ")")
    if isinstance(value, set | frozenset):
        parts = tuple(sorted((_render(part, used) for part in value), key=_flat))
        kind = type(value).__name__
        return Group(f"{kind}([", parts, "])")
    if isinstance(value, list):
        return Group("[", tuple(_render(part, used) for part in value), "]")
    if isinstance(value, tuple):
        parts = tuple(_render(part, used) for part in value)
        return Group("(", parts, ",)" if len(parts) == 1 else ")")
    if isinstance(value, dict):
        parts = tuple(
            Prefixed(f"{_flat(_render(key, used))}: ", _render(part, used))
            for key, part in value.items()
        )
        return Group("{", parts, "}")
    if isinstance(value, np.ufunc):
        used["np"] = np
        return f"np.{value.__name__}"
    if isinstance(value, partial):
        used["partial"] = partial
        named = [Prefixed(f"{name}=", _render(part, used)) for name, part in value.keywords.items()]
        positional = [_render(part, used) for part in (value.func, *value.args)]
        return Group("partial(", (*positional, *named), ")")
    if isinstance(value, type) or inspect.isroutine(value):
        return _name(value, used)
    return _construction(value, used)


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
                parts.append(Prefixed(f"{name}=", _render(given[name], used)))
        elif parameters[name].default is inspect.Parameter.empty:
            source = _render(given[name], used)
            parts.append(
                Prefixed(f"{name}=", source)
                if parameters[name].kind is inspect.Parameter.KEYWORD_ONLY
                else source
            )
        elif not _same(given[name], parameters[name].default):
            parts.append(Prefixed(f"{name}=", _render(given[name], used)))
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


def _name(thing: Any, used: dict[str, Any]) -> str:
    name: str = thing.__name__
    if not name.isidentifier() or used.setdefault(name, thing) is not thing:
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


def _text(value: str) -> str:
    quoted = repr(value)
    return quoted if '"' in value or "'" in value else f'"{quoted[1:-1]}"'


def _layout(source: Source, indent: int, before: str, after: str = "") -> str:
    """Return source as lines no longer than `LINE_LENGTH`, where brackets allow; one part a line
    where broken."""
    if isinstance(source, Prefixed):
        return _layout(source.source, indent, before + source.prefix, after)
    line = f"{INDENT * indent}{before}{_flat(source)}{after}"
    if isinstance(source, str) or not source.parts or len(line) <= LINE_LENGTH:
        return line
    parts = [_layout(part, indent + 1, "", ",") for part in source.parts]
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


def _package(thing: Any) -> str:
    package: str = getattr(thing, "__module__", "").split(".")[0]
    return package


def _import_of(name: str, thing: Any) -> str:
    """Return the import of a thing from the shortest public place that has it."""
    if thing is np:
        return "import numpy as np"
    parts = thing.__module__.split(".")
    for length in range(1, len(parts) + 1):
        module = ".".join(parts[:length])
        if getattr(sys.modules.get(module), name, None) is thing:
            return f"from {module} import {name}"
    raise ValueError(f"A part of a pipeline that is exported must be importable, got {thing!r}.")


def _sorted_imports(imports: Iterable[str]) -> list[str]:
    """Return one line for each module: the standard library, a blank line, all others."""
    plain = sorted(line for line in imports if line.startswith("import "))
    names: dict[str, set[str]] = {}
    for line in imports:
        if line.startswith("from "):
            _, module, _, name = line.split(" ", 3)
            names.setdefault(module, set()).add(name)
    lines = plain + [
        _import_line(module, sorted(names[module], key=_import_order)) for module in sorted(names)
    ]
    standard = [line for line in lines if line.split()[1].split(".")[0] in sys.stdlib_module_names]
    others = [line for line in lines if line not in standard]
    return [*standard, *([""] if standard and others else []), *others]


def _import_line(module: str, names: list[str]) -> str:
    line = f"from {module} import {', '.join(names)}"
    if len(line) <= LINE_LENGTH:
        return line
    return "\n".join([f"from {module} import (", *(f"{INDENT}{name}," for name in names), ")"])


def _import_order(name: str) -> tuple[int, str]:
    """Constants, then classes, then functions, as import sorters have it."""
    return (0 if name.isupper() and len(name) > 1 else 1 if name[0].isupper() else 2), name


def _carry(things: Iterable[Any]) -> tuple[list[str], set[str]]:
    """Return the definitions of things and of what they use in their modules, and the imports they
    need.

    Raises
    ------
    ValueError
        When something has no definition that can be copied, or two have one name.
    """
    definitions: list[str] = []
    imports: set[str] = set()
    origins: dict[str, str] = {}
    wanted: dict[str, set[str]] = {}
    for thing in things:
        wanted.setdefault(thing.__module__, set()).add(thing.__name__)
    for module, names in wanted.items():
        for statement in _module_parts(module, names):
            for name, line in _bindings(statement):
                origin = line or f"{module}.{name}"
                if origins.setdefault(name, origin) != origin:
                    raise ValueError(
                        f"{name} must be one thing in an exported file, got {origins[name]} and"
                        f" {origin}: rename one."
                    )
                if line:
                    imports.add(line)
            if not isinstance(statement.node, ast.Import | ast.ImportFrom):
                definitions.append(statement.source)
    return definitions, imports


@dataclass(frozen=True)
class Statement:
    """A statement of a module, its source, and those of the names it binds that are wanted."""

    node: ast.stmt
    source: str
    names: frozenset[str]


def _module_parts(module: str, names: set[str]) -> list[Statement]:
    """Return the statements of a module that define names, and what those use, in their order."""
    try:
        text = inspect.getsource(sys.modules[module])
    except (OSError, TypeError):
        raise ValueError(
            f"Exporting {', '.join(sorted(names))} needs the source of {module}: define it in a"
            " file."
        ) from None
    nodes = ast.parse(text).body
    defined = {name: node for node in nodes for name, _ in _bound_by(node)}
    wanted, queue = set(), list(names)
    while queue:
        name = queue.pop()
        if name in wanted:
            continue
        if name in defined:
            wanted.add(name)
            if not isinstance(defined[name], ast.Import | ast.ImportFrom):
                queue.extend(_looked_up(_source_of(text, defined[name])))
        elif name in names or (name in vars(sys.modules[module]) and not name.startswith("__")):
            raise ValueError(
                f"{name}, which is exported or used by what is, must be defined by a statement of"
                f" {module} itself, not inside another."
            )
    return [
        Statement(node, _source_of(text, node), frozenset(found))
        for node in nodes
        if (found := wanted.intersection(name for name, _ in _bound_by(node)))
    ]


def _looked_up(source: str) -> set[str]:
    """Return the names that a statement looks up in its module, or in the builtins."""
    tables, names = [symtable.symtable(source, "statement", "exec")], set()
    while tables:
        table = tables.pop()
        tables.extend(table.get_children())
        is_module = table.get_type() == "module"
        for symbol in table.get_symbols():
            if symbol.is_referenced() and (is_module or symbol.is_global()):
                names.add(symbol.get_name())
    return names


def _bindings(statement: Statement) -> list[tuple[str, str]]:
    """Return the wanted names that a statement binds, each with the line that imports it alone."""
    return [one for one in _bound_by(statement.node) if one[0] in statement.names]


def _bound_by(node: ast.stmt) -> list[tuple[str, str]]:
    """Return each name that a statement binds, with the line that imports it alone; no line where
    it is no import."""
    if isinstance(node, ast.Import | ast.ImportFrom):
        return _import_lines(node)
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return [(node.name, "")]
    targets = node.targets if isinstance(node, ast.Assign) else []
    if isinstance(node, ast.AnnAssign) and node.value is not None:
        targets = [node.target]
    return [
        (part.id, "")
        for target in targets
        for part in ast.walk(target)
        if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)
    ]


def _import_lines(statement: ast.Import | ast.ImportFrom) -> list[tuple[str, str]]:
    """Return each name that an import binds, with a line that imports it alone."""
    lines = []
    for alias in statement.names:
        renamed = f" as {alias.asname}" if alias.asname else ""
        start = f"from {statement.module} " if isinstance(statement, ast.ImportFrom) else ""
        lines.append(
            (alias.asname or alias.name.split(".")[0], f"{start}import {alias.name}{renamed}")
        )
    return lines


def _source_of(text: str, statement: ast.stmt) -> str:
    decorators = (
        statement.decorator_list if isinstance(statement, ast.FunctionDef | ast.ClassDef) else []
    )
    first = min([statement.lineno, *(decorator.lineno for decorator in decorators)])
    return "\n".join(text.splitlines()[first - 1 : statement.end_lineno])
