"""Tables of the reference that are made from the package when the site is built.

A page has the comment `<!-- made: NAME -->` where the table NAME stands.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

import click
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import Files
from mkdocs.structure.pages import Page

PLACE = re.compile(r"<!-- made: ([a-z ]+) -->")
"""Place of a table in a page."""


def on_page_markdown(markdown: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Return the text of a page with its tables."""
    return PLACE.sub(lambda place: TABLES[place[1]](), markdown)


def primitives() -> str:
    """Return the primitives of the package, one section for each kind of output."""
    from primitives import Features, NullableFeatures, Prediction, default_catalogue
    from primitives.base import TASKS, Primitive

    def row(primitive: Primitive) -> tuple[str, ...]:
        takes = ", ".join(kind.__name__ for kind in primitive.inputs)
        tasks = "all" if set(primitive.tasks) == TASKS else ", ".join(primitive.tasks)
        return f"`{primitive.name}`", takes, tasks, _space(primitive), primitive.library or ""

    sections = []
    for kind in (NullableFeatures, Features, Prediction):
        made = [row(primitive) for primitive in default_catalogue() if primitive.output is kind]
        head = ("primitive", "inputs", "tasks", "parameters", "library")
        sections.append(f"## Output: {kind.__name__}\n\n{_table(head, made)}")
    return "\n\n".join(sections)


def _space(primitive: object) -> str:
    """Return the names of the parameters of a primitive."""
    space = primitive.space  # type: ignore[attr-defined]
    return "depends on the table" if callable(space) else ", ".join(f"`{name}`" for name in space)


def treatments() -> str:
    """Return the treatments of the columns of each role."""
    from primitives.treatments import TREATMENTS

    rows = [
        (f"`{role}`", ", ".join(f"`{one.name}`" for one in TREATMENTS[role].treatments))
        for role in TREATMENTS
    ]
    return _table(("role", "treatments"), rows)


def commands() -> str:
    """Return the help of every command, with its arguments and options."""
    from evolver.cli import main

    return "\n\n".join(_command(name, main.commands[name]) for name in main.commands)


def _command(name: str, command: click.Command) -> str:
    """Return the section of a command."""
    context = click.Context(command, info_name=f"evolver {name}")
    usage = command.get_usage(context).removeprefix("Usage: ")
    options = [
        option.get_help_record(context)
        for option in command.get_params(context)
        if isinstance(option, click.Option)
    ]
    rows = [
        (f"`{names}`", " ".join(text.split()))
        for names, text in filter(None, options)
        if "--help" not in names
    ]
    table = f"\n\n{_table(('option', 'meaning'), rows)}" if rows else ""
    return f"## {name}\n\n```text\n{usage}\n```\n\n{_paragraphs(command.help or '')}{table}"


def _paragraphs(text: str) -> str:
    """Return the help text of a command, with its examples as blocks of code."""
    lines = (" ".join(part.split()) for part in text.split("\n\n"))
    return "\n\n".join(re.sub(r"^Example: (.*)$", r"```text\n\1\n```", line) for line in lines)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table in Markdown; a bar in a cell needs an escape, unless it is in code."""
    lines = [
        [cell if cell.startswith("`") else cell.replace("|", "\\|") for cell in row] for row in rows
    ]
    return "\n".join(f"| {' | '.join(line)} |" for line in (head, ["---"] * len(head), *lines))


TABLES: dict[str, Callable[[], str]] = {
    "primitives": primitives,
    "treatments": treatments,
    "commands": commands,
}
"""Makers of the tables by name."""
