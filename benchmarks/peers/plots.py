"""Pictures of comparisons, as SVG."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from math import log10

from benchmarks.peers.ranking import Comparison

COLOURS = (
    "#c06c3e",
    "#3b6e8f",
    "#6a8f3b",
    "#8f3b6e",
    "#3b8f86",
    "#8f7a3b",
    "#5a3b8f",
    "#8f3b3b",
    "#3b8f4d",
    "#777777",
    "#222222",
)


def ranks(comparison: Comparison) -> str:
    """Return the critical-difference diagram of Demšar (2006).

    Mean ranks stand on a line, the best left; bars join systems whose mean ranks do not differ.
    """
    means = comparison.ranks.mean()
    systems, difference = comparison.systems, comparison.critical_difference
    width, left, step, top = 640, 60, 18, 70
    scale = (width - 2 * left) / (len(systems) - 1)
    bars = _joined([float(means[one]) for one in systems], difference)

    def x(rank: float) -> float:
        return left + (rank - 1) * scale

    parts = [
        f'<path d="M{x(1):.1f} {top}H{x(len(systems)):.1f}" stroke="#222"/>',
        f'<path d="M{x(1):.1f} 24h{difference * scale:.1f}" stroke="#222" stroke-width="2"/>',
        f'<text x="{x(1):.1f}" y="18">critical difference {difference:.2f}</text>',
    ]
    for rank in range(1, len(systems) + 1):
        parts.append(
            f'<path d="M{x(rank):.1f} {top}v-6" stroke="#222"/>'
            f'<text x="{x(rank) - 4:.1f}" y="{top - 10}">{rank}</text>'
        )
    for place, (first, last) in enumerate(bars):
        parts.append(
            f'<path d="M{x(first) - 3:.1f} {top + 8 + 6 * place}H{x(last) + 3:.1f}"'
            ' stroke="#888" stroke-width="3"/>'
        )
    below = top + 20 + 6 * len(bars)
    for place, system in enumerate(systems):
        y = below + step * place
        mean = float(means[system])
        parts.append(
            f'<path d="M{x(mean):.1f} {top}V{y}" stroke="#bbb"/>'
            f'<circle cx="{x(mean):.1f}" cy="{y}" r="3" fill="{COLOURS[place % len(COLOURS)]}"/>'
            f'<text x="{x(mean) + 6:.1f}" y="{y + 4}">{escape(system)} {mean:.2f}</text>'
        )
    return _svg(width + 160, below + step * len(systems), parts)


def time(comparisons: Sequence[Comparison]) -> str:
    """Return the mean scaled score against the median seconds of a fit, a line each system."""
    width, height, left = 560, 320, 60
    systems = sorted({system for one in comparisons for system in one.systems})
    points = {
        system: [
            (max(one.seconds(system), 0.1), float(one.scaled[system].mean()))
            for one in comparisons
            if system in one.systems
        ]
        for system in systems
    }
    every = [point for mine in points.values() for point in mine if point[0] == point[0]]
    slowest, quickest = max(log10(one[0]) for one in every), min(log10(one[0]) for one in every)
    lowest = min(one[1] for one in every)

    def place(point: tuple[float, float]) -> tuple[float, float]:
        across = (log10(point[0]) - quickest) / max(slowest - quickest, 1e-9)
        up = (point[1] - lowest) / max(1 - lowest, 1e-9)
        return left + across * (width - left - 20), 20 + (1 - up) * (height - 60)

    parts = [
        f'<path d="M{left} 20V{height - 40}H{width - 20}" fill="none" stroke="#222"/>',
        f'<text x="{width // 2}" y="{height - 10}">seconds of a fit, logarithmic:'
        f" {10**quickest:.1f} to {10**slowest:.0f}</text>",
        f'<text x="4" y="14">scaled score: {lowest:.3f} to 1</text>',
    ]
    for number, system in enumerate(systems):
        colour = COLOURS[number % len(COLOURS)]
        mine = [place(point) for point in points[system] if point[0] == point[0]]
        line = "L".join(f"{x:.1f} {y:.1f}" for x, y in mine)
        parts.append(f'<path d="M{line}" fill="none" stroke="{colour}"/>')
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in mine]
        parts.append(
            f'<text x="{width}" y="{24 + 18 * number}" fill="{colour}">{escape(system)}</text>'
        )
    return _svg(width + 200, height, parts)


def _joined(means: Sequence[float], difference: float) -> list[tuple[float, float]]:
    """Return the longest stretches of sorted mean ranks that are no further apart."""
    found: list[tuple[int, int]] = []
    for first in range(len(means)):
        last = max(one for one in range(len(means)) if means[one] - means[first] <= difference)
        if last > first and not (found and last <= found[-1][1]):
            found.append((first, last))
    return [(means[first], means[last]) for first, last in found]


def _svg(width: int, height: int, parts: Sequence[str]) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}"'
        f' font-family="sans-serif" font-size="12">{"".join(parts)}</svg>\n'
    )
