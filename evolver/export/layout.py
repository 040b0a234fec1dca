"""Layout of source over lines.

Source in brackets is broken where a line would be too long:

    layout             one part in each line, as a formatter breaks it
    layout, fills      as many simple parts in a line as it takes, and a single part in brackets
                       in the line of the brackets around it
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

LINE_LENGTH = 100
"""Largest number of characters in a line, where brackets allow a break."""

SHORT = 40
"""Number of characters up to which a collection of an argument is simple."""

INDENT = "    "
"""Indentation of one level."""


@dataclass(frozen=True)
class Group:
    """Source in brackets, which can be broken over lines.

    Parameters
    ----------
    opening : str
        Text up to and including the opening bracket.
    parts : tuple of Source
        Source of the elements, separated by commas.
    closing : str
        Closing bracket; in a tuple of one element, with a comma before it.
    """

    opening: str
    parts: tuple[Source, ...]
    closing: str


@dataclass(frozen=True)
class Prefixed:
    """Source after a prefix, such as the name of an argument."""

    prefix: str
    source: Source


@dataclass(frozen=True)
class Comprehension:
    """List of a source that is repeated by a clause, such as ``for number in range(3)``."""

    element: Source
    clause: str


Source = str | Group | Prefixed | Comprehension
"""Source that is not laid out yet; a string is never broken."""


def layout(
    source: Source, indent: int, before: str, after: str = "", *, fills: bool = False
) -> str:
    """Return source as lines, each no longer than `LINE_LENGTH` where brackets allow a break.

    Parameters
    ----------
    source : Source
        Source of a value.
    indent : int
        Level of indentation.
    before, after : str
        Text before and after the source.
    fills : bool, default=False
        True to write simple parts side by side, False for one part in each line.
    """
    if isinstance(source, Prefixed):
        return layout(source.source, indent, before + source.prefix, after, fills=fills)
    line = f"{INDENT * indent}{before}{flat(source)}{after}"
    if isinstance(source, str) or not parts_of(source) or len(line) <= LINE_LENGTH:
        return line
    if isinstance(source, Comprehension):
        element = layout(source.element, indent + 1, "", fills=fills)
        lines, opening, closing = [element, INDENT * (indent + 1) + source.clause], "[", "]"
    else:
        opening, closing = source.opening, source.closing.removeprefix(",")
        alone = source.parts[0]
        if fills and len(source.parts) == 1 and isinstance(alone, Group) and alone.parts:
            inner = Group(opening + alone.opening, alone.parts, alone.closing + closing)
            return layout(inner, indent, before, after, fills=True)
        lines = _lines(source.parts, indent + 1, fills)
    first, last = f"{INDENT * indent}{before}{opening}", f"{INDENT * indent}{closing}{after}"
    return "\n".join([first, *lines, last])


def _lines(parts: Sequence[Source], indent: int, fills: bool) -> list[str]:
    """Return the lines of the parts of a group, each with a comma after it."""
    lines: list[str] = []
    is_open = False
    for part in parts:
        inner = part.source if isinstance(part, Prefixed) else ""
        is_short = isinstance(inner, Group) and inner.opening in "([{" and len(flat(part)) <= SHORT
        is_short = is_short or _is_of_texts(part)
        is_simple = fills and (is_short or not (parts_of(part) or parts_of(inner)))
        text = f" {flat(part)},"
        if is_open and is_simple and len(lines[-1]) + len(text) <= LINE_LENGTH:
            lines[-1] += text
        else:
            lines.append(layout(part, indent, "", ",", fills=fills))
        is_open = is_simple
    return lines


def _is_of_texts(part: Source) -> bool:
    """Return True for a short tuple of texts, such as a formula."""
    return (
        isinstance(part, Group)
        and part.opening == "("
        and len(flat(part)) <= SHORT
        and all(isinstance(one, str) and one.startswith('"') for one in part.parts)
    )


def parts_of(source: Source) -> tuple[Source, ...]:
    """Return the parts of source between which it can be broken."""
    if isinstance(source, Comprehension):
        return (source.element, source.clause)
    return source.parts if isinstance(source, Group) else ()


def flat(source: Source) -> str:
    """Return source in one line."""
    if isinstance(source, str):
        return source
    if isinstance(source, Prefixed):
        return source.prefix + flat(source.source)
    if isinstance(source, Comprehension):
        return f"[{flat(source.element)} {source.clause}]"
    return source.opening + ", ".join(flat(part) for part in source.parts) + source.closing
