"""Picture of the Pareto front, as SVG without scripts or external resources."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

import numpy as np
import pandas as pd

from evolver.report.axes import (
    BOTTOM,
    HEIGHT,
    LEFT,
    RIGHT,
    TOP,
    WIDTH,
    Axis,
    axis,
    curve,
    dot,
    grid,
    picture_file,
    text,
)
from evolver.run.fitted_ensemble import ENSEMBLE

RADIUS = 5.0
"""Radius of the dot of a member, in pixels."""


def front_svg(leaderboard: pd.DataFrame, front: pd.DataFrame) -> str:
    """Return a picture of score against complexity as a file: candidates, front and ensemble.

    Parameters
    ----------
    leaderboard, front : DataFrame
        Attributes ``leaderboard_`` and ``pareto_front_`` of an estimator.
    """
    return picture_file(front_parts(leaderboard, front))


def front_parts(
    leaderboard: pd.DataFrame, front: pd.DataFrame, *, linked: bool = False
) -> list[str]:
    """Return the parts of a picture of score against complexity.

    The ensemble is a dot beside the front. Its score is computed on folds that it was not chosen
    on, so it may be below the front. A third objective is shown by the size of the dots of members:
    a larger dot costs more.

    Parameters
    ----------
    leaderboard, front : DataFrame
        Attributes ``leaderboard_`` and ``pareto_front_`` of an estimator.
    linked : bool, default=False
        True to make each member of the front a link to ``#member-`` and its digest.
    """
    scored = leaderboard[leaderboard["outcome"] == "scored"]
    if front.empty:
        return [text(WIDTH / 2, HEIGHT / 2, "No candidate was scored", "middle")]
    is_ensemble = front["digest"] == ENSEMBLE
    third = _third_objective(front)
    ensemble, members = front[is_ensemble], front[~is_ensemble].sort_values("complexity")
    # The worst quarter is left out as far as it lies below the front: the others need the space.
    lowest = min(front["score"].min(), float(np.quantile(scored["score"], 0.25)))
    shown = scored[scored["score"] >= lowest]
    costs = pd.concat([shown["complexity"], front["complexity"]])
    x = axis(costs.tolist(), LEFT, WIDTH - RIGHT, may_be_log=True)
    y = axis(pd.concat([shown["score"], front["score"]]).tolist(), HEIGHT - BOTTOM, TOP)
    counts = f"{len(scored)} scored candidates, {len(members)} on the front"
    parts = [
        text(LEFT, 22, counts if ensemble.empty else f"{counts}, and the ensemble", name="title"),
        # A short axis has labels at whole numbers alone: its values are numbers of steps.
        *grid(x, y, whole=x.high - x.low <= 20),
        *_dots(x, y, shown, "candidate", [3.0] * len(shown)),
        _steps(x, y, members),
        *_dots(x, y, members, "member", _radii(members, third), linked=linked),
        *_dots(x, y, ensemble, "ensemble", [RADIUS] * len(ensemble), linked=linked),
        text(WIDTH - RIGHT, HEIGHT - 10, "complexity", "end"),
        text(LEFT, TOP - 6, "score"),
    ]
    if third is not None:
        parts.append(text(WIDTH - RIGHT, TOP - 6, f"size of a dot: {third}", "end"))
    return parts


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


def _dots(
    x: Axis,
    y: Axis,
    rows: pd.DataFrame,
    name: str,
    radii: Sequence[float],
    *,
    linked: bool = False,
) -> list[str]:
    """Return a dot for each row, which shows score and pipeline when the mouse is over it."""
    dots = [
        dot(x.pixel(complexity), y.pixel(score), radius, name, f"{score:.5g}: {pipeline}")
        for complexity, score, pipeline, radius in zip(
            rows["complexity"], rows["score"], rows["pipeline"], radii, strict=True
        )
    ]
    if not linked:
        return dots
    labels = (
        f"{name}, score {score:.5g}"
        for name, score in zip(rows["pipeline"], rows["score"], strict=True)
    )
    return [
        f'<a href="#member-{digest}" aria-label="{escape(label)}">{one}</a>'
        for digest, label, one in zip(rows["digest"], labels, dots, strict=True)
    ]


def _steps(x: Axis, y: Axis, members: pd.DataFrame) -> str:
    """Return the edge of the area that the front dominates."""
    # A member with a third objective may have both a higher complexity and a lower score.
    members = members[members["score"] > members["score"].cummax().shift(fill_value=-math.inf)]
    points = list(zip(members["complexity"], members["score"], strict=True))
    path = curve(x, y, points, "front", steps=True)
    return path.replace('"/>', f'H{WIDTH - RIGHT}"/>')
