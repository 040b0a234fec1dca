"""Axes and marks of pictures in SVG, as text; style sheets name their colours."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT = 640, 360
"""Size of a picture, in pixels."""

LEFT, RIGHT, TOP, BOTTOM = 76, 24, 56, 52
"""Margins around the axes, in pixels."""

LOG_RATIO = 12.0
"""Ratio of the greatest to the least value from which an axis of costs is logarithmic."""

STYLE = (
    "text{font:13px sans-serif;fill:#57606a}.title{font-size:15px;fill:#24292f}"
    ".grid{stroke:#d0d7de;stroke-width:1}.front{stroke:#0969da;stroke-width:2;fill:none}"
    ".member{fill:#0969da}.ensemble{fill:#bc4c00}.candidate{fill:#8c959f;fill-opacity:.45}"
)
"""Style sheet of a picture in a file of its own."""

Point = Sequence[float]
"""Numbers on the horizontal and the vertical axis."""


@dataclass(frozen=True)
class Axis:
    """Map of values to pixels, linear or logarithmic.

    Parameters
    ----------
    low, high : float
        Values at the ends of the axis.
    start, end : float
        Pixels of the ends of the axis.
    is_log : bool, default=False
        True for a logarithmic axis of positive values.
    """

    low: float
    high: float
    start: float
    end: float
    is_log: bool = False

    def pixel(self, value: float) -> float:
        """Return the pixel of a value, to one decimal."""
        low, high, value = map(self._scaled, (self.low, self.high, value))
        share = (value - low) / ((high - low) or 1.0)
        return round(self.start + share * (self.end - self.start), 1)

    def ticks(self, about: int = 5) -> list[float]:
        """Return round values within the axis, about as many as `about`."""
        if self.is_log:
            powers = range(math.floor(math.log10(self.low)), math.ceil(math.log10(self.high)) + 1)
            values = (digit * 10.0**power for power in powers for digit in (1, 2, 5))
            return [value for value in values if self.low <= value <= self.high]
        rough = (self.high - self.low) / about or 1.0
        power = 10.0 ** math.floor(math.log10(rough))
        step = next(power * m for m in (1, 2, 2.5, 5, 10) if power * m >= rough)
        first, last = math.ceil(self.low / step), math.floor(self.high / step + 1e-9)
        return [round(number * step, 12) for number in range(first, last + 1)]

    def _scaled(self, value: float) -> float:
        return math.log(value) if self.is_log else value


def axis(values: Sequence[float], start: float, end: float, *, may_be_log: bool = False) -> Axis:
    """Return an axis with a margin around some values, logarithmic if they differ much."""
    low, high = min(values), max(values)
    if may_be_log and low > 0 and high / low >= LOG_RATIO:
        factor = (high / low) ** 0.05
        return Axis(low / factor, high * factor, start, end, is_log=True)
    margin = 0.05 * (high - low) or 0.5
    return Axis(low - margin, high + margin, start, end)


def grid(x: Axis, y: Axis, *, whole: bool = False) -> list[str]:
    """Return the horizontal lines of a grid, and the numbers of both axes.

    Parameters
    ----------
    x, y : Axis
    whole : bool, default=False
        True if the values of the horizontal axis are whole numbers.
    """
    lines = []
    for value in y.ticks():
        py = y.pixel(value)
        lines.append(f'<line class="grid" x1="{LEFT}" y1="{py}" x2="{WIDTH - RIGHT}" y2="{py}"/>')
        lines.append(text(LEFT - 8, py + 4, f"{value:g}", "end"))
    shown = [value for value in x.ticks() if not whole or value == round(value)]
    return lines + [
        text(x.pixel(value), HEIGHT - BOTTOM + 20, f"{value:g}", "middle") for value in shown
    ]


def curve(x: Axis, y: Axis, points: Sequence[Point], name: str, *, steps: bool = False) -> str:
    """Return a line through points; with steps it stays level up to the next point."""
    pixels = [(x.pixel(point[0]), y.pixel(point[1])) for point in points]
    if steps:
        rest = "".join(f"H{px}V{py}" for px, py in pixels[1:])
    else:
        rest = "".join(f"L{px} {py}" for px, py in pixels[1:])
    return f'<path class="{name}" d="M{pixels[0][0]} {pixels[0][1]}{rest}"/>'


def dot(px: float, py: float, radius: float, name: str, label: str) -> str:
    """Return a dot, which shows its label when the mouse is over it."""
    return (
        f'<circle class="{name}" cx="{px}" cy="{py}" r="{radius:g}">'
        f"<title>{escape(label)}</title></circle>"
    )


def text(x: float, y: float, words: str, anchor: str = "start", name: str = "") -> str:
    """Return a text at a pixel; `name` is its class in the style sheet."""
    return f'<text class="{name}" x="{x}" y="{y}" text-anchor="{anchor}">{escape(words)}</text>'


def picture(parts: Sequence[str], label: str = "", height: int = HEIGHT) -> str:
    """Return a picture of some parts for a page, which has the style sheet."""
    about = f' role="img" aria-label="{escape(label)}"' if label else ""
    size = f'viewBox="0 0 {WIDTH} {height}"'
    return "\n".join(
        [f'<svg xmlns="http://www.w3.org/2000/svg" {size}{about}>', *parts, "</svg>\n"]
    )


def picture_file(parts: Sequence[str]) -> str:
    """Return a picture of some parts on a white background, with its style sheet."""
    style = f'<style>{STYLE}</style><rect width="100%" height="100%" fill="#ffffff"/>'
    return picture([style, *parts])
