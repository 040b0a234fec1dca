"""Source of a Python file that fits and applies an estimator without this package.

The source is rendered from the estimator that was fitted, not from its tree. The file has:

    imports        libraries that the pipeline uses
    make_pipeline  function with the call of the constructor, see `evolver.export.render`
    definitions    copies of classes and functions that a reader may not have, and all they use
    main           program that fits on a table and predicts another, see `evolver.export.program`
"""

from __future__ import annotations

import ast
import inspect
import symtable
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from evolver.export import program, sparse_program
from evolver.export.layout import INDENT, LINE_LENGTH, layout
from evolver.export.render import CONSTANTS, quoted, render
from primitives.reading import Column
from primitives.targets import read_target
from primitives.weights import fit_with_weights

COLUMNS = "COLUMNS"
"""Name of the constant with the columns of the table."""

CARRIED_PACKAGES = ("primitives", "evolver", "__main__")
"""Packages that a reader of the file may not have. Their source is copied, not imported."""


def to_source(
    estimator: Any,
    target: str | list[str] = "target",
    title: str = "A machine-learning pipeline.",
    columns: Mapping[str, Column] | None = None,
    *,
    reads_texts: bool = False,
    takes_weights: bool = False,
) -> str:
    """Return a program that fits and applies an estimator.

    Parameters
    ----------
    estimator : estimator
        Estimator that is compatible with scikit-learn, fitted or not.
    target : str or list of str
        Default name of the target column, or names of several.
    title : str
        Docstring of the file.
    columns : mapping of str to Column, optional
        Columns of the table that hold anything but plain numbers.
    reads_texts : bool, default=False
        True if the target is read by `primitives.targets.read_target`: numbers that are written as
        texts, or labels that are bytes. Otherwise a few lines are enough.
    takes_weights : bool, default=False
        True if the program fits with weights of rows, which are a column of the table.

    Raises
    ------
    ValueError
        If a part of the estimator cannot be written as source.
    """
    used: dict[str, Any] = {}
    names = quoted(target) if isinstance(target, str) else f"[{', '.join(map(quoted, target))}]"
    constants, arguments = [], ["make_pipeline", names]
    is_sparse = any(column.kind == "sparse" for column in (columns or {}).values())
    main = sparse_program.main_of_sparse if is_sparse else program.main
    if columns and not is_sparse:
        kinds = layout(render(dict(columns), used), indent=0, before=f"{COLUMNS} = ")
        constants = [f'{kinds}\n"""Columns that hold anything but plain numbers."""']
        arguments.append(COLUMNS)
        used[CONSTANTS] = {COLUMNS: dict(columns)}
    body = layout(render(estimator, used), indent=1, before="return ")
    used.pop(CONSTANTS, None)
    carried = {name: thing for name, thing in used.items() if package_of(thing) in CARRIED_PACKAGES}
    imports = {import_of(name, thing) for name, thing in used.items() if name not in carried}
    functions = [read_target] * reads_texts + [fit_with_weights] * takes_weights
    definitions, more_imports = definitions_of([*carried.values(), *functions, main])
    arguments += [f"{one.__name__}={one.__name__}" for one in functions]
    blocks = [
        "\n".join(sorted_imports(imports | more_imports)),
        f'def make_pipeline():\n{INDENT}"""Return the unfitted pipeline."""\n{body}',
        *with_columns(definitions, constants),
        f'if __name__ == "__main__":\n{INDENT}{main.__name__}({", ".join(arguments)})',
    ]
    return f'"""{within_docstring(title)}"""\n\n' + "\n\n\n".join(blocks) + "\n"


def within_docstring(text: str) -> str:
    """Return a text in which no quote and no backslash ends a docstring."""
    valid = text.encode("utf-8", "backslashreplace").decode("utf-8")
    return valid.replace("\\", "\\\\").replace('"', "'")


def to_module(things: Iterable[Any], title: str) -> str:
    """Return a module that defines functions and classes, and all of ours that they use.

    Parameters
    ----------
    things : iterable of functions and classes
        Functions and classes that a reader may not have.
    title : str
        Docstring of the module.

    Raises
    ------
    ValueError
        If a definition cannot be copied.
    """
    definitions, imports = definitions_of(things)
    parts = ["\n".join(sorted_imports(imports)), *definitions]
    return f'"""{title}"""\n\n' + "\n\n\n".join(part for part in parts if part) + "\n"


def with_columns(definitions: list[str], constants: list[str]) -> list[str]:
    """Return definitions with constants after the class `Column`, which they are made of."""
    place = next((n for n, one in enumerate(definitions, 1) if one.startswith("class Column(")), 0)
    return [*definitions[:place], *constants, *definitions[place:]]


def package_of(thing: Any) -> str:
    """Return the name of the top-level package that defines a function or class."""
    package: str = (getattr(thing, "__module__", None) or "").split(".")[0]
    return package


def import_of(name: str, thing: Any) -> str:
    """Return the import of a function or class from the shortest module path that has it.

    Raises
    ------
    ValueError
        If no module on the path has it.
    """
    if thing is np:
        return "import numpy as np"
    parts = (getattr(thing, "__module__", None) or "").split(".")
    for length in range(1, len(parts) + 1):
        module = ".".join(parts[:length])
        if getattr(sys.modules.get(module), name, None) is thing:
            return f"from {module} import {name}"
    raise ValueError(f"A part of a pipeline that is exported must be importable, got {thing!r}.")


def sorted_imports(imports: Iterable[str], length: int = LINE_LENGTH) -> list[str]:
    """Return one import for each module: those of the standard library, a blank line, the others.

    The order is that of the import sorter of ruff.
    """
    plain = sorted(line for line in imports if line.startswith("import "))
    names: dict[str, set[str]] = {}
    for line in imports:
        if line.startswith("from "):
            _, module, _, name = line.split(" ", 3)
            names.setdefault(module, set()).add(name)
    lines = plain + [
        _import_line(module, sorted(names[module], key=_import_order), length)
        for module in sorted(names)
    ]
    standard = [line for line in lines if line.split()[1].split(".")[0] in sys.stdlib_module_names]
    others = [line for line in lines if line not in standard]
    return [*standard, *([""] if standard and others else []), *others]


def _import_line(module: str, names: list[str], length: int) -> str:
    """Return one import, broken over lines if it is too long."""
    line = f"from {module} import {', '.join(names)}"
    if len(line) <= length:
        return line
    return "\n".join([f"from {module} import (", *(f"{INDENT}{name}," for name in names), ")"])


def _import_order(name: str) -> tuple[int, str]:
    """Return the sort key of an imported name: constants, then classes, then functions."""
    return (0 if name.isupper() and len(name) > 1 else 1 if name[0].isupper() else 2), name


def definitions_of(things: Iterable[Any]) -> tuple[list[str], set[str]]:
    """Return the definitions of functions and classes, and the imports that these need.

    The definitions include everything of `CARRIED_PACKAGES` that they use, directly or not.

    Raises
    ------
    ValueError
        If a definition cannot be copied, or if two definitions have the same name.
    """
    definitions: list[str] = []
    imports: set[str] = set()
    origins: dict[str, str] = {}
    wanted: dict[str, set[str]] = {}
    for thing in things:
        wanted.setdefault(thing.__module__, set()).add(thing.__name__)
    for module, statements in _parts_of_modules(wanted).items():
        for statement in statements:
            for name, line in _bindings(statement):
                if _carried_from(line):
                    continue
                # Two modules may import the same name from one place, but not define it twice.
                origin = line or f"{module}.{name}"
                if origins.setdefault(name, origin) != origin:
                    raise ValueError(
                        f"{name} must have one definition in an exported file, got"
                        f" {origins[name]} and {origin}: rename one of them."
                    )
                if line:
                    imports.add(line)
            if not isinstance(statement.node, ast.Import | ast.ImportFrom):
                definitions.append(statement.source)
    return definitions, imports


def _parts_of_modules(wanted: dict[str, set[str]]) -> dict[str, list[Statement]]:
    """Return the statements to copy by module; a module comes after those that it imports from.

    Parameters
    ----------
    wanted : dict of str to set of str
        Names by the module that defines them. Those that they import are added.
    """
    found: dict[str, list[Statement]] = {}
    queue = list(wanted)
    while queue:
        module = queue.pop()
        found.pop(module, None)
        found[module] = _module_parts(module, wanted[module])
        for statement in found[module]:
            for name, line in _bindings(statement):
                source = _carried_from(line)
                if source and name not in wanted.setdefault(source, set()):
                    wanted[source].add(name)
                    queue.append(source)
                elif source in found:
                    found[source] = found.pop(source)
    return dict(reversed(found.items()))


def _carried_from(line: str) -> str:
    """Return the module of an import whose definition is copied instead; empty for any other."""
    words = line.split()
    is_carried = len(words) == 4 and words[1].partition(".")[0] in CARRIED_PACKAGES
    return words[1] if is_carried and words[0] == "from" else ""


@dataclass(frozen=True)
class Statement:
    """Statement of a module that is copied.

    Parameters
    ----------
    node : ast.stmt
        Parsed statement.
    source : str
        Source of the statement.
    names : frozenset of str
        Names that the statement binds and that are needed.
    """

    node: ast.stmt
    source: str
    names: frozenset[str]


def _module_parts(module: str, names: set[str]) -> list[Statement]:
    """Return the statements of a module that define names and all that these use, in their order.

    Raises
    ------
    ValueError
        If the module has no source, or does not define a name at its top level.
    """
    try:
        text = inspect.getsource(sys.modules[module])
    except (OSError, TypeError):
        raise ValueError(
            f"{', '.join(sorted(names))} must be defined in a file to be exported, but {module}"
            " has no source."
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
        # Any other name is a builtin, or one that Python gives to every module.
        elif name in names or (name in vars(sys.modules[module]) and not name.startswith("__")):
            raise ValueError(
                f"{name} must be defined at the top level of {module} to be exported, not inside"
                " another statement."
            )
    return [
        Statement(node, _source_of(text, node), frozenset(found))
        for node in nodes
        if (found := wanted.intersection(name for name, _ in _bound_by(node)))
    ]


def _looked_up(source: str) -> set[str]:
    """Return the names that a statement looks up in its module or in the builtins.

    The symbol table tells them from local names, which a search for names would not.
    """
    tables, names = [symtable.symtable(source, "statement", "exec")], set()
    while tables:
        table = tables.pop()
        tables.extend(table.get_children())
        is_module = table.get_type() == "module"
        for symbol in table.get_symbols():
            # Outside functions every name is looked up in the module, inside only global names.
            if symbol.is_referenced() and (is_module or symbol.is_global()):
                names.add(symbol.get_name())
    return names


def _bindings(statement: Statement) -> list[tuple[str, str]]:
    """Return the needed names that a statement binds, with lines as in `_bound_by`."""
    return [bound for bound in _bound_by(statement.node) if bound[0] in statement.names]


def _bound_by(node: ast.stmt) -> list[tuple[str, str]]:
    """Return each name that a statement binds, and a line that imports this name alone.

    The line is empty for statements that are no imports.
    """
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
    """Return each name that an import binds, and a line that imports this name alone."""
    lines = []
    for alias in statement.names:
        renamed = f" as {alias.asname}" if alias.asname else ""
        start = f"from {statement.module} " if isinstance(statement, ast.ImportFrom) else ""
        lines.append(
            (alias.asname or alias.name.split(".")[0], f"{start}import {alias.name}{renamed}")
        )
    return lines


def _source_of(text: str, statement: ast.stmt) -> str:
    """Return the source of a statement, its decorators included."""
    decorators = (
        statement.decorator_list if isinstance(statement, ast.FunctionDef | ast.ClassDef) else []
    )
    first = min([statement.lineno, *(decorator.lineno for decorator in decorators)])
    return "\n".join(text.splitlines()[first - 1 : statement.end_lineno])
