"""The records of a run as DataFrames, and in numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import pandas as pd

from evolver.outcome import Failed, Scored
from evolver.run.record import ENSEMBLE, Ensemble, Record, Result
from evolver.search.selection import Member

LEADERBOARD_COLUMNS = (
    "number",
    "digest",
    "pipeline",
    "outcome",
    "failure",
    "reason",
    "score",
    "std",
    "complexity",
    "seconds",
    "proposer",
    "operator",
    "parents",
)
FRONT_COLUMNS = ("rank", "score", "std", "complexity", "pipeline", "digest")


def leaderboard(records: Sequence[Record]) -> pd.DataFrame:
    """Return a row for every candidate, in the order asked."""
    return pd.DataFrame([_row(record) for record in records], columns=list(LEADERBOARD_COLUMNS))


def pareto_front(front: Sequence[Member], ensemble: Ensemble | None = None) -> pd.DataFrame:
    """Return a row for every member of a front, best score first, and before them the ensemble.

    It is first because it predicts. Its score is of folds that it was not chosen on, so it may be
    below that of a pipeline, which is the best of many on the folds that it was chosen on.
    """
    first = []
    if ensemble is not None:
        text = str(ensemble)
        outcome = ensemble.outcome
        first = [(outcome.score, outcome.std, outcome.complexity, text, ENSEMBLE)]
    rows = [
        (
            member.outcome.score,
            member.outcome.std,
            member.outcome.complexity,
            str(member.candidate.tree),
            member.candidate.digest,
        )
        for member in front
    ]
    ranked = [(rank, *row) for rank, row in enumerate([*first, *rows], 1)]
    return pd.DataFrame(ranked, columns=list(FRONT_COLUMNS))


def statistics(result: Result) -> dict[str, Any]:
    """Return counts of the candidates by outcome, what evaluating them cost, why the search ended,
    what time decided, and which could not be fitted on all rows."""
    outcomes = Counter(type(record.outcome).__name__.lower() for record in result.records)
    effort = result.effort
    return {
        "candidates": len(result.records),
        **{outcome: outcomes[outcome] for outcome in ("scored", "stopped", "failed")},
        "seconds": effort.seconds,
        "seconds_saved": effort.saved,
        "hit_rate": effort.hits / effort.lookups if effort.lookups else 0.0,
        "ended_by": result.ended_by,
        "decided_by_time": [decision.value for decision in result.decided_by_time],
        "failed_fits": list(result.failed_fits),
    }


def _row(record: Record) -> tuple[object, ...]:
    candidate, outcome = record.candidate, record.outcome
    scored = outcome if isinstance(outcome, Scored) else None
    return (
        record.number,
        candidate.digest,
        str(candidate.tree),
        type(outcome).__name__.lower(),
        outcome.kind.value if isinstance(outcome, Failed) else "",
        getattr(outcome, "reason", ""),
        scored.score if scored else float("nan"),
        scored.std if scored else float("nan"),
        scored.complexity if scored else float("nan"),
        outcome.seconds if outcome else 0.0,
        candidate.origin.proposer,
        candidate.origin.operator,
        candidate.origin.parents,
    )


def title(front: pd.DataFrame, digest: str, n_folds: int) -> str:
    """Return what a member is, and what it scored where it is of the front."""
    scores = front["score"][front["digest"] == digest]
    is_ensemble = digest == ENSEMBLE
    what = "An ensemble" if is_ensemble else "A pipeline"
    folds = f"{n_folds} folds that it was not chosen on" if is_ensemble else f"{n_folds} folds"
    score = "".join(f", score {one:.6g} over {folds}" for one in scores)
    return f"{what} found by evolver{score}."
