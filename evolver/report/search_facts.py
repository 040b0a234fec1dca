"""Facts of a search for its report: candidates, progress, origins, failures."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from statistics import fmean
from typing import Any

from evolver.genome.names import model_name, short_digest
from evolver.outcome import NO_FAILURES, RACED_OUT, Scored
from evolver.report.families import model_of
from evolver.report.tried import Tried
from evolver.search.hypervolume import hypervolume
from evolver.search.selection import non_dominated

LINEAGE = 12
"""Largest number of generations of the lineage of the winner."""

POINTS = 200
"""Largest number of points of a curve over the candidates."""


def search_facts(tried: Sequence[Tried]) -> dict[str, Any]:
    """Return what happened in a search, as plain data.

    Parameters
    ----------
    tried : sequence of Tried
        Candidates in the order asked.
    """
    scored = [one for one in tried if one.kind == "scored"]
    return {
        "outcomes": dict(Counter(one.kind or "under way" for one in tried)),
        "candidates": [_row(one) for one in tried],
        "progress": _progress(scored),
        "operators": _operators(tried, scored),
        "primitives": _primitives(tried, scored),
        "failures": _failures(tried),
    }


def _row(one: Tried) -> list[Any]:
    """Return a candidate as a row: number, seconds, score, complexity, kind, proposer, name."""
    score = None if math.isnan(one.score) else one.score
    elapsed = None if math.isnan(one.elapsed) else round(one.elapsed, 2)
    cost = one.costs[0] if one.costs else None
    return [one.number, elapsed, score, cost, one.kind, one.proposer, one.name]


def _progress(scored: Sequence[Tried]) -> list[dict[str, Any]]:
    """Return the best score and the hypervolume after each candidate that changed the front."""
    if not scored:
        return []
    ordered = sorted(scored, key=lambda one: (one.elapsed, one.number))
    floor = min(one.score for one in scored)
    limits = tuple(max(one.costs[place] for one in scored) for place in range(len(scored[0].costs)))
    found: list[dict[str, Any]] = []
    front: list[Scored] = []
    for count, one in enumerate(ordered, 1):
        outcomes = [*front, Scored(one.fold_scores, one.costs, one.seconds)]
        places = non_dominated(outcomes)
        if len(outcomes) - 1 not in places:
            continue
        front = [outcomes[place] for place in places]
        points = [(outcome.score, outcome.costs) for outcome in front]
        found.append(
            {
                "seconds": None if math.isnan(one.elapsed) else round(one.elapsed, 2),
                "number": one.number,
                "scored": count,
                "best": max(outcome.score for outcome in front),
                "hypervolume": hypervolume(points, floor, limits),
                "proposer": one.proposer,
            }
        )
    step = max(1, -(-len(found) // POINTS))
    return found[::step] if found[::step][-1] is found[-1] else [*found[::step], found[-1]]


def _operators(tried: Sequence[Tried], scored: Sequence[Tried]) -> list[dict[str, Any]]:
    """Return for each origin how many candidates were asked for, scored, and the best so far."""
    improved: Counter[tuple[str, str]] = Counter()
    best = -math.inf
    for one in scored:
        if one.score > best:
            best = one.score
            improved[one.proposer, one.operator] += 1
    asked = Counter((one.proposer, one.operator) for one in tried)
    hits = Counter((one.proposer, one.operator) for one in scored)
    raced = Counter((one.proposer, one.operator) for one in tried if one.kind == RACED_OUT)
    return [
        {
            "proposer": proposer,
            "operator": operator,
            "asked": count,
            "scored": hits[proposer, operator],
            "raced_out": raced[proposer, operator],
            "improved": improved[proposer, operator],
        }
        for (proposer, operator), count in sorted(asked.items(), key=lambda item: -item[1])
        if proposer
    ]


def _primitives(tried: Sequence[Tried], scored: Sequence[Tried]) -> list[dict[str, Any]]:
    """Return for each model how often it was tried, scored and raced out, with its best score."""
    asked = Counter(_model(one) for one in tried)
    raced = Counter(_model(one) for one in tried if one.kind == RACED_OUT)
    scores: dict[str, list[float]] = {}
    seconds: dict[str, list[float]] = {}
    for one in scored:
        scores.setdefault(_model(one), []).append(one.score)
        seconds.setdefault(_model(one), []).append(one.seconds)
    rows = [
        {
            "name": name,
            "asked": count,
            "scored": len(scores.get(name, ())),
            "raced_out": raced[name],
            "best": max(scores[name]) if name in scores else None,
            "seconds": fmean(seconds[name]) if name in seconds else None,
        }
        for name, count in asked.items()
    ]
    return sorted(rows, key=lambda row: -math.inf if row["best"] is None else -row["best"])


def _model(one: Tried) -> str:
    """Return the name of the model that gives the predictions of a candidate."""
    return one.name if one.tree is None else model_name(model_of(one.tree).name)


def _failures(tried: Sequence[Tried]) -> list[dict[str, Any]]:
    """Return the reasons of failures with their counts, the commonest first."""
    failed = [one for one in tried if one.kind not in ("", *NO_FAILURES)]
    counts = Counter((one.kind, one.reason) for one in failed)
    examples = {(one.kind, one.reason): one.name for one in failed}
    return [
        {"kind": kind, "reason": reason, "count": count, "example": examples[kind, reason]}
        for (kind, reason), count in counts.most_common()
    ]


def lineage(tried: Sequence[Tried], digest: str) -> list[dict[str, Any]]:
    """Return the winner and its ancestors: each with its generation before the winner."""
    known = {one.digest: one for one in tried}
    found: list[dict[str, Any]] = []
    seen: set[str] = set()
    level = [digest]
    for generation in range(LINEAGE):
        level = [one for one in dict.fromkeys(level) if one in known and one not in seen]
        if not level:
            break
        seen.update(level)
        for one in (known[name] for name in level):
            found.append(
                {
                    "digest": short_digest(one.digest),
                    "name": one.name,
                    "expression": one.expression,
                    "generation": generation,
                    "number": one.number,
                    "operator": f"{one.proposer}, {one.operator}",
                    "parents": [short_digest(parent) for parent in one.parents],
                    "score": None if math.isnan(one.score) else one.score,
                }
            )
        level = [parent for name in level for parent in known[name].parents]
    return found
