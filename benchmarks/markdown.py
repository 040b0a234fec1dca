"""Tables in Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def table(header: Sequence[object], rows: Iterable[Iterable[object]]) -> list[str]:
    """Return the lines of a table."""
    return [row(header), f"|{' --- |' * len(header)}", *map(row, rows)]


def row(cells: Iterable[object]) -> str:
    """Return the line of a row."""
    return f"| {' | '.join(map(str, cells))} |"
