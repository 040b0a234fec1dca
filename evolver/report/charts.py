"""Charts of a report: curves, bars and diagrams of pipelines, as SVG for a page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from evolver.report.axes import (
    BOTTOM,
    HEIGHT,
    LEFT,
    RIGHT,
    TOP,
    WIDTH,
    Point,
    axis,
    curve,
    dot,
    grid,
    picture,
    text,
)

PHASES = ("portfolio", "evolution", "refinement", "simplification")
"""Phases of a search, each with a colour of its own."""

BOX = 30
"""Height of a step in the diagram of a pipeline, in pixels."""

ROW = 52
"""Distance of two rows of steps, in pixels."""


def lines(
    series: Mapping[str, Sequence[Point]],
    label: str,
    x_label: str,
    y_label: str,
    *,
    diagonal: bool = False,
    steps: bool = False,
) -> str:
    """Return a chart of some curves, the first of which is drawn strongest.

    Parameters
    ----------
    series : mapping of str to sequence of Point
        Points of each curve, by its name.
    label : str
        What the chart shows, for readers who do not see it.
    x_label, y_label : str
    diagonal : bool, default=False
        True to draw the diagonal of equal values, and both axes from 0 to 1.
    steps : bool, default=False
        True for curves that are level up to the next point.
    """
    points = [point for one in series.values() for point in one]
    if not points:
        return ""
    x = axis([point[0] for point in points] + [0.0, 1.0] * diagonal, LEFT, WIDTH - RIGHT)
    y = axis([point[1] for point in points] + [0.0, 1.0] * diagonal, HEIGHT - BOTTOM, TOP - 20)
    parts = [*grid(x, y)]
    if diagonal:
        parts.append(curve(x, y, [(0, 0), (1, 1)], "reference"))
    for number, (name, one) in enumerate(series.items()):
        parts.append(curve(x, y, one, f"curve curve{number}", steps=steps))
        if len(series) > 1:
            parts.append(text(LEFT + 10 + 170 * number, 20, name, name=f"key key{number}"))
    parts += [text(WIDTH - RIGHT, HEIGHT - 8, x_label, "end"), text(LEFT, 36, y_label)]
    return picture(parts, label)


def progress(
    points: Sequence[Mapping[str, Any]], value: str, y_label: str, along: str = "seconds"
) -> str:
    """Return a chart of a number over the course of a run, with a dot in the colour of its phase.

    Parameters
    ----------
    points : sequence of mapping
        Facts ``progress`` of a report.
    value : str
        Entry that is shown.
    y_label : str
    along : {"seconds", "scored"}, default="seconds"
        Seconds of the run, or number of scored candidates.
    """
    known = [one for one in points if one[along] is not None]
    if not known:
        return ""
    x = axis([one[along] for one in known], LEFT, WIDTH - RIGHT)
    y = axis([one[value] for one in known], HEIGHT - BOTTOM, TOP - 20)
    parts = [
        *grid(x, y),
        curve(x, y, [(one[along], one[value]) for one in known], "curve curve0", steps=True),
    ]
    for one in known:
        phase = PHASES.index(one["proposer"]) if one["proposer"] in PHASES else 0
        label = f"{one[value]:.5g}, candidate {one['number']}"
        if one["seconds"] is not None:
            label += f" after {one['seconds']:g} s"
        px, py = x.pixel(one[along]), y.pixel(one[value])
        parts.append(dot(px, py, 3.5, f"phase{phase}", label))
    parts += [
        text(LEFT + 10 + 110 * number, 20, phase, name=f"key phase{number}")
        for number, phase in enumerate(PHASES)
    ]
    words = "seconds" if along == "seconds" else "scored candidates"
    parts += [text(WIDTH - RIGHT, HEIGHT - 8, words, "end"), text(LEFT, 36, y_label)]
    return picture(parts, f"{y_label} over the {words} of the run")


def bands(rows: Sequence[Sequence[float]], label: str, x_label: str, y_label: str) -> str:
    """Return a chart of the middle and the 10 % and 90 % quantiles of groups of values.

    Parameters
    ----------
    rows : sequence of sequence of float
        Place, low, middle and high of each group.
    label, x_label, y_label : str
    """
    if not rows:
        return ""
    x = axis([row[0] for row in rows], LEFT, WIDTH - RIGHT)
    y = axis([value for row in rows for value in row[1:4]], HEIGHT - BOTTOM, TOP - 20)
    parts = [*grid(x, y)]
    for place, low, middle, high, *_ in rows:
        px = x.pixel(place)
        parts.append(f'<path class="band" d="M{px} {y.pixel(low)}V{y.pixel(high)}"/>')
        parts.append(dot(px, y.pixel(middle), 3.5, "member", f"{middle:.4g} at {place:.4g}"))
    parts.append(curve(x, y, [(x.low, 0.0), (x.high, 0.0)], "reference"))
    parts += [text(WIDTH - RIGHT, HEIGHT - 8, x_label, "end"), text(LEFT, 36, y_label)]
    return picture(parts, label)


def diagram(steps: Sequence[Mapping[str, Any]]) -> str:
    """Return a pipeline as a diagram: the table at the top, the predictions at the bottom.

    Parameters
    ----------
    steps : sequence of mapping
        Entry ``steps`` of a member, see `evolver.report.facts.steps_of`.
    """
    depths: list[int] = []
    for step in steps:
        depths.append(1 + max((depths[place] for place in step["inputs"] if place >= 0), default=0))
    rows: dict[int, list[int]] = {0: [-1]}
    for place, depth in enumerate(depths):
        rows.setdefault(depth, []).append(place)
    centres: dict[int, tuple[float, float]] = {}
    for depth, places in rows.items():
        for at, place in enumerate(places):
            centres[place] = WIDTH * (at + 0.5) / len(places), 24.0 + ROW * depth
    parts = []
    for place, step in enumerate(steps):
        px, py = centres[place]
        for part in step["inputs"]:
            ox, oy = centres[part]
            parts.append(f'<path class="edge" d="M{ox} {oy}L{px} {py}"/>')
    widest = max(len(places) for places in rows.values())
    width = min(260.0, WIDTH / widest - 12)
    names = {
        -1: ("table", {}),
        **{n: (one["name"], one["parameters"]) for n, one in enumerate(steps)},
    }
    for place, (px, py) in centres.items():
        name, parameters = names[place]
        about = ", ".join(f"{key}={value!r}" for key, value in parameters.items()) or name
        parts.append(
            f'<g><title>{escape(about)}</title><rect class="step" x="{px - width / 2:.1f}"'
            f' y="{py - BOX / 2:.1f}" width="{width:.1f}" height="{BOX}" rx="6"/>'
            f"{text(round(px, 1), py + 5, _cut(name, width), 'middle', 'stepname')}</g>"
        )
    flow = " from the table: " + ", ".join(str(step["name"]) for step in steps)
    return picture(parts, f"Steps of the pipeline{flow}", int(48 + ROW * max(rows)))


def _cut(name: str, width: float) -> str:
    """Return a name that fits into a width in pixels."""
    most = int(width / 8)
    return name if len(name) <= most else name[: most - 1] + "…"
