"""Picture of the Pareto front, as an SVG file without scripts or external resources."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
import pandas as pd

from evolver.run.fitted_ensemble import ENSEMBLE

WIDTH, HEIGHT = 640, 360
"""Size of the picture, in pixels."""

LEFT, RIGHT, TOP, BOTTOM = 76, 24, 56, 52
"""Margins around the axes, in pixels."""

RADIUS = 5.0
"""Radius of the dot of a member, in pixels."""

STYLE = (
    "text{font:13px sans-serif;fill:#57606a}.title{font-size:15px;fill:#24292f}"
    ".grid{stroke:#d0d7de;stroke-width:1}.front{stroke:#0969da;stroke-width:2;fill:none}"
    ".member{fill:#0969da}.ensemble{fill:#bc4c00}.candidate{fill:#8c959f;fill-opacity:.45}"
)
"""Style sheet of the picture."""


@dataclass(frozen=True)
class Axis:
    """Linear map of values to pixels.

    Parameters
    ----------
    low, high : float
        Values at the ends of the axis.
    start, end : float
        Pixels of the ends of the axis.
    """

    low: float
    high: float
    start: float
    end: float

    def pixel(self, value: float) -> float:
        """Return the pixel of a value, to one decimal."""
        share = (value - self.low) / ((self.high - self.low) or 1.0)
        return round(self.start + share * (self.end - self.start), 1)

    def ticks(self, about: int = 5) -> list[float]:
        """Return round values within the axis, about as many as `about`."""
        rough = (self.high - self.low) / about or 1.0
        power = 10.0 ** math.floor(math.log10(rough))
        step = next(power * m for m in (1, 2, 2.5, 5, 10) if power * m >= rough)
        first, last = math.ceil(self.low / step), math.floor(self.high / step + 1e-9)
        return [round(number * step, 12) for number in range(first, last + 1)]


def front_svg(leaderboard: pd.DataFrame, front: pd.DataFrame) -> str:
    """Return a picture of score against complexity: scored candidates, front and ensemble.

    The ensemble is a dot beside the front. Its score is computed on folds that it was not chosen
    on, so it may be below the front. A third objective is shown by the size of the dots of members:
    a larger dot costs more.

    Parameters
    ----------
    leaderboard, front : DataFrame
        Attributes ``leaderboard_`` and ``pareto_front_`` of an estimator.
    """
    scored = leaderboard[leaderboard["outcome"] == "scored"]
    if front.empty:
        return _svg([_text(WIDTH / 2, HEIGHT / 2, "No candidate was scored", "middle")])
    is_ensemble = front["digest"] == ENSEMBLE
    third = _third_objective(front)
    ensemble, members = front[is_ensemble], front[~is_ensemble].sort_values("complexity")
    # The worst quarter is left out as far as it lies below the front: the others need the space.
    lowest = min(front["score"].min(), float(np.quantile(scored["score"], 0.25)))
    shown = scored[scored["score"] >= lowest]
    x = _axis(pd.concat([shown["complexity"], front["complexity"]]), LEFT, WIDTH - RIGHT)
    y = _axis(pd.concat([shown["score"], front["score"]]), HEIGHT - BOTTOM, TOP)
    counts = f"{len(scored)} scored candidates, {len(members)} on the front"
    parts = [
        _text(LEFT, 22, counts if ensemble.empty else f"{counts}, and the ensemble", name="title"),
        *_grid(x, y),
        *_dots(x, y, shown, "candidate", [3.0] * len(shown)),
        _steps(x, y, members),
        *_dots(x, y, members, "member", _radii(members, third)),
        *_dots(x, y, ensemble, "ensemble", [RADIUS] * len(ensemble)),
        _text(WIDTH - RIGHT, HEIGHT - 10, "complexity", "end"),
        _text(LEFT, TOP - 6, "score"),
    ]
    if third is not None:
        parts.append(_text(WIDTH - RIGHT, TOP - 6, f"size of a dot: {third}", "end"))
    return _svg(parts)


def _axis(values: pd.Series[float], start: float, end: float) -> Axis:
    """Return an axis with a margin around some values."""
    margin = 0.05 * float(values.max() - values.min()) or 0.5
    return Axis(float(values.min()) - margin, float(values.max()) + margin, start, end)


def _grid(x: Axis, y: Axis) -> list[str]:
    """Return the horizontal lines of the grid, and the numbers of both axes."""
    lines = []
    for value in y.ticks():
        py = y.pixel(value)
        lines.append(f'<line class="grid" x1="{LEFT}" y1="{py}" x2="{WIDTH - RIGHT}" y2="{py}"/>')
        lines.append(_text(LEFT - 8, py + 4, f"{value:g}", "end"))
    # A short axis has labels at whole numbers alone: its values are numbers of steps.
    whole = [value for value in x.ticks() if x.high - x.low > 20 or value == round(value)]
    return lines + [
        _text(x.pixel(value), HEIGHT - BOTTOM + 20, f"{value:g}", "middle") for value in whole
    ]


def _third_objective(front: pd.DataFrame) -> str | None:
    """Return the name of the column of a third objective; None if there are two."""
    columns = list(front.columns)
    costs = columns[columns.index("complexity") : columns.index("pipeline")]
    return costs[1] if len(costs) > 1 else None


def _radii(members: pd.DataFrame, third: str | None) -> list[float]:
    """Return the radius of each dot in pixels, larger for a higher rank in a third objective."""
    if third is None:
        return [RADIUS] * len(members)
    ranks = members[third].rank(pct=True)
    return [round(RADIUS * (0.6 + 0.8 * float(rank)), 1) for rank in ranks]


def _dots(x: Axis, y: Axis, rows: pd.DataFrame, name: str, radii: Sequence[float]) -> list[str]:
    """Return a dot for each row, which shows score and pipeline when the mouse is over it."""
    return [
        f'<circle class="{name}" cx="{x.pixel(complexity)}" cy="{y.pixel(score)}" r="{radius:g}">'
        f"<title>{score:.5g}: {escape(pipeline)}</title></circle>"
        for complexity, score, pipeline, radius in zip(
            rows["complexity"], rows["score"], rows["pipeline"], radii, strict=True
        )
    ]


def _steps(x: Axis, y: Axis, members: pd.DataFrame) -> str:
    """Return the edge of the area that the front dominates."""
    # A member with a third objective may have both a higher complexity and a lower score.
    members = members[members["score"] > members["score"].cummax().shift(fill_value=-math.inf)]
    points = [
        (x.pixel(complexity), y.pixel(score))
        for complexity, score in zip(members["complexity"], members["score"], strict=True)
    ]
    path = f"M{points[0][0]} {points[0][1]}" + "".join(f"H{px}V{py}" for px, py in points[1:])
    return f'<path class="front" d="{path}H{WIDTH - RIGHT}"/>'


def _text(x: float, y: float, text: str, anchor: str = "start", name: str = "") -> str:
    """Return a text at a pixel; `name` is its class in the style sheet."""
    return f'<text class="{name}" x="{x}" y="{y}" text-anchor="{anchor}">{escape(text)}</text>'


def _svg(parts: Sequence[str]) -> str:
    """Return a picture of some parts on a white background."""
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}">',
            f'<style>{STYLE}</style><rect width="100%" height="100%" fill="#ffffff"/>',
            *parts,
            "</svg>\n",
        ]
    )
