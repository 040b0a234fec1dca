"""Source of a file that fits and applies a fitted model, as a person would write it.

The model is specialised first, see `evolver.export.plain`. The file has:

    header         what the model predicts, how well, with which libraries, and how to run it
    constants      target, and columns by the way in which they are treated
    make_pipeline  function that returns the unfitted model, and those of its members
    helpers        copies of classes and functions that no library has, if there are any
    program        a few lines that fit, save, load and predict
"""

from __future__ import annotations

import platform
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from textwrap import fill
from typing import Any

from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import FunctionTransformer

from evolver.export import program
from evolver.export.about import About
from evolver.export.layout import INDENT, LINE_LENGTH, Comprehension, Source, layout
from evolver.export.render import CONSTANTS, render
from evolver.export.short_program import OF_TEXTS, short_program
from evolver.export.source_file import (
    CARRIED_PACKAGES,
    COLUMNS,
    definitions_of,
    import_of,
    package_of,
    sorted_imports,
    with_columns,
    within_docstring,
)
from evolver.export.statements import Functions
from primitives.cleaning import TableCleaner
from primitives.reading import Column
from primitives.targets import read_target
from primitives.tidy import to_booleans, to_dates, to_floats, to_numbers, to_places
from primitives.weights import fit_with_weights

NAMES = {
    "numbers": "NUMBERS",
    "categories": "CATEGORIES",
    "high_cardinality": "MANY_VALUES",
    "dates": "DATES",
    "texts": "TEXTS",
    "written": "WRITTEN_NUMBERS",
    "booleans": "YES_OR_NO",
    "ordered": "ORDERED",
    "nullable": "NULLABLE",
}
"""Names of the constants with columns, by the role of the columns."""

READ_BY = {
    to_numbers: "written",
    to_booleans: "booleans",
    to_places: "ordered",
    to_dates: "dates",
    to_floats: "nullable",
}
"""Roles of columns by the function that reads them."""

MODULES = {"pd": "import pandas as pd", "np": "import numpy as np"}
"""Imports of modules by their usual names."""

NAMES_OF_LIBRARIES = {"sklearn": "scikit-learn"}
"""Names of libraries that differ from those of their modules."""

USAGE = (
    "python FILE TRAIN.csv [--save MODEL] [--predict NEW.csv] [--out PREDICTIONS.csv]",
    "python FILE --load MODEL --predict NEW.csv [--out PREDICTIONS.csv]",
)
"""Commands of a file."""

HELPERS = "# Helpers for what the libraries do not have."
"""Comment before the helpers of a file."""

IMPORT_LENGTH = 88
"""Largest number of characters in an import: sorters of imports break longer ones by default."""

MOST_REASONS = 400
"""Number of characters that the names of columns that are not used may have."""


@dataclass(frozen=True)
class FileParts:
    """Parts of a file in their order.

    Parameters
    ----------
    header : tuple of str
        Paragraphs of text.
    imports, constants : str
    functions : tuple of str
        Functions that return unfitted estimators; the first is `make_pipeline`.
    helpers : tuple of str
        Classes and functions that no library has.
    program : tuple of str
        Function that reads a table, if the file has one of its own, and the main program.
    """

    header: tuple[str, ...]
    imports: str
    constants: str
    functions: tuple[str, ...]
    helpers: tuple[str, ...]
    program: tuple[str, ...]


def to_readable(estimator: Any, about: About) -> str:
    """Return the source of a file for a specialised estimator.

    Parameters
    ----------
    estimator : estimator
        Result of `evolver.export.plain.plain`.
    about : About

    Raises
    ------
    ValueError
        If a part of the estimator cannot be written as source.
    """
    parts = parts_of_file(estimator, about)
    usage = "\n".join(f"{INDENT}{command}" for command in USAGE)
    paragraphs = [
        fill(within_docstring(one), LINE_LENGTH, break_on_hyphens=False) for one in parts.header
    ]
    docstring = "\n\n".join([*paragraphs, usage])
    helpers = [f"{HELPERS}\n\n\n{parts.helpers[0]}", *parts.helpers[1:]] if parts.helpers else []
    blocks = [f"{parts.imports}\n\n{parts.constants}", *parts.functions, *helpers, *parts.program]
    return f'"""{docstring}\n"""\n\n' + "\n\n\n".join(blocks) + "\n"


def parts_of_file(estimator: Any, about: About) -> FileParts:
    """Return the parts of a file for a specialised estimator; see `to_readable`."""
    steps = list(_steps_of(estimator))
    lists = _named_lists(steps)
    cleans = any(isinstance(step, TableCleaner) for step in steps)
    columns = dict(about.columns) if cleans or not about.is_plain else {}
    used: dict[str, Any] = {CONSTANTS: {**lists, **({COLUMNS: columns} if columns else {})}}
    titles = {
        f"pipeline_{number}": f"Return an unfitted member: {within_docstring(name)}."
        for number, name in enumerate(about.members, 1)
    }
    functions = Functions(used, titles)
    functions.write("make_pipeline", "Return the unfitted model.", estimator, _notes(steps, about))
    del used[CONSTANTS]
    if about.is_plain:
        written = list(_names_read_by(steps, to_numbers, to_booleans, to_places, to_dates))
        texts = [name for name, one in lists.items() if name.startswith(OF_TEXTS) or one in written]
        has_dates = "DATES" in lists and not any(_names_read_by(steps, to_dates))
        run, needed = short_program(texts, about, steps, cleans=cleans, has_dates=has_dates)
    else:
        run, needed = _long(about, columns)
    used |= needed
    of_columns = _columns_constant(columns, used)
    constants = _constants(lists, about, used)
    carried = {name: one for name, one in used.items() if package_of(one) in CARRIED_PACKAGES}
    imports = {_import(name, one) for name, one in used.items() if name not in carried}
    helpers, more_imports = definitions_of(carried.values())
    lines = sorted_imports(imports | more_imports, IMPORT_LENGTH)
    return FileParts(
        (about.header[0], " ".join([*about.header[1:], _versions(lines)])),
        "\n".join(lines),
        constants,
        tuple(functions.sources.values()),
        tuple(with_columns(helpers, of_columns)),
        tuple(run),
    )


def _import(name: str, thing: Any) -> str:
    """Return the import of a module, named by a text, or of a function or class."""
    if name in MODULES:
        return MODULES[name]
    return f"import {name}" if isinstance(thing, str) else import_of(name, thing)


def _versions(imports: Iterable[str]) -> str:
    """Return the versions of Python and of the libraries that are imported."""
    modules = {line.split()[1].split(".")[0] for line in imports if line}
    modules -= {"threadpoolctl"}  # it comes with scikit-learn
    versions = {
        NAMES_OF_LIBRARIES.get(name, name): getattr(sys.modules.get(name), "__version__", "")
        for name in sorted(modules - sys.stdlib_module_names)
    }
    libraries = [f"{name} {version}" for name, version in versions.items() if version]
    return f"Python {platform.python_version()}, {', '.join(libraries)}."


def _steps_of(estimator: Any) -> Iterator[Any]:
    """Yield an estimator and its parts, at any depth."""
    yield estimator
    yield from (
        value for value in estimator.get_params(deep=True).values() if hasattr(value, "get_params")
    )


def _columns_of(steps: Iterable[Any]) -> Iterator[tuple[str, Any, list[str]]]:
    """Yield the role, the treatment and the columns of each part of the encoders."""
    for step in steps:
        if isinstance(step, ColumnTransformer):
            yield from (one for one in step.transformers if isinstance(one[2], list))
        elif isinstance(step, FunctionTransformer) and step.func in READ_BY:
            yield READ_BY[step.func], step, step.kw_args["names"]


def _names_read_by(steps: Iterable[Any], *functions: Any) -> Iterator[list[str]]:
    """Yield the columns that functions of `primitives.tidy` read."""
    yield from (
        names for _, step, names in _columns_of(steps) if getattr(step, "func", None) in functions
    )


def _named_lists(steps: Iterable[Any]) -> dict[str, list[str]]:
    """Return the columns of each role by the name of a constant, in the order of `NAMES`."""
    by_role: dict[str, list[list[str]]] = {role: [] for role in NAMES}
    pairs = [(role, columns) for role, _, columns in _columns_of(steps) if role in NAMES]
    # Columns of two roles have the name of the first role.
    for role, columns in sorted(pairs, key=lambda pair: list(NAMES).index(pair[0])):
        if columns not in [one for found in by_role.values() for one in found]:
            by_role[role].append(columns)
    return {
        f"{NAMES[role]}_{number}" if number > 1 else NAMES[role]: columns
        for role, found in by_role.items()
        for number, columns in enumerate(found, 1)
    }


def _notes(steps: Iterable[Any], about: About) -> list[str]:
    """Return the comments on what the model does not need on its training table."""
    imputed = [one for _, step, one in _columns_of(steps) if isinstance(step, SimpleImputer)]
    if imputed and all(set(columns) <= set(about.complete) for columns in imputed):
        return ["No number is missing in the training table: the imputer is for later rows."]
    return []


def _constants(lists: Mapping[str, list[str]], about: About, used: dict[str, Any]) -> str:
    """Return the lines of the constants, and a comment on the columns that are not used."""
    lines = [layout(render(about.target, used), 0, "TARGET = ", fills=True)]
    for name, columns in lists.items():
        lines.append(layout(_list_of(columns, used), 0, f"{name} = ", fills=True))
    if about.left_out:
        reasons = ", ".join(f"{name} ({reason})" for name, reason in about.left_out.items())
        text = reasons if len(reasons) <= MOST_REASONS else f"{len(about.left_out)} columns"
        note = fill(f"Not used: {text}.", LINE_LENGTH - 2, break_long_words=False)
        lines += [f"# {line}" for line in note.splitlines()]
    return "\n".join(lines)


def _list_of(columns: Sequence[str], used: dict[str, Any]) -> Source:
    """Return the source of a list of names, or of names that differ in a number."""
    matches = [re.fullmatch(r"([^{}\\\"']*?)(0|[1-9]\d*)", name) for name in columns]
    stems = {match[1] for match in matches if match}
    if len(columns) > 3 and all(matches) and len(stems) == 1:
        numbers = [int(match[2]) for match in matches if match]
        first, last = numbers[0], numbers[-1]
        if numbers == list(range(first, last + 1)):
            clause = f"for number in range({f'{first}, ' if first else ''}{last + 1})"
            return Comprehension(f'f"{stems.pop()}{{number}}"', clause)
    return render(list(columns), used)


def _columns_constant(columns: Mapping[str, Column], used: dict[str, Any]) -> list[str]:
    """Return the constant with the kinds of columns."""
    if not columns:
        return []
    kinds = layout(render(dict(columns), used), 0, f"{COLUMNS} = ", fills=True)
    return [f'{kinds}\n"""Columns that hold anything but plain numbers."""']


def _long(about: About, columns: Mapping[str, Column]) -> tuple[list[str], dict[str, Any]]:
    """Return the call of the general program, and the names that it uses."""
    functions = [read_target] * about.reads_texts + [fit_with_weights] * about.takes_weights
    arguments = ["make_pipeline", "TARGET", *([COLUMNS] if columns else [])]
    arguments += [f"{one.__name__}={one.__name__}" for one in functions]
    used = {one.__name__: one for one in [*functions, program.main]}
    return [f'if __name__ == "__main__":\n{INDENT}main({", ".join(arguments)})'], used
