"""Tables and statistics of a run, as the attributes of an estimator."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import pandas as pd

from evolver.evaluation.folds import are_in_time
from evolver.objectives import OPERATORS, Objective
from evolver.outcome import Failed, Scored
from evolver.problem import Fold
from evolver.run.fitted_ensemble import ENSEMBLE, Ensemble
from evolver.run.record import Record
from evolver.run.result import Result
from evolver.search.selection import Member

COSTS = ("complexity",)
"""Name of the column of the first objective beside the score."""

LEADERBOARD_COLUMNS = (
    "number",
    "digest",
    "pipeline",
    "outcome",
    "failure",
    "reason",
    "score",
    "std",
    *COSTS,
    "seconds",
    "proposer",
    "operator",
    "parents",
)
"""Columns of `leaderboard_` for one objective beside the score."""

FRONT_COLUMNS = ("rank", "score", "std", *COSTS, "pipeline", "digest")
"""Columns of `pareto_front_` for one objective beside the score."""


def leaderboard(
    records: Sequence[Record],
    objectives: Sequence[Objective] = (OPERATORS,),
    reported: Sequence[str] = (),
) -> pd.DataFrame:
    """Return a table with one row for each candidate, in the order asked.

    Parameters
    ----------
    records : sequence of Record
        Candidates of a run with their outcomes.
    objectives : sequence of Objective
        Objectives beside the score, in the order of the costs.
    reported : sequence of str
        Names of the further scorers, each of which has a column.
    """
    rows = [_row(record, len(objectives), len(reported)) for record in records]
    return pd.DataFrame(rows, columns=_columns(LEADERBOARD_COLUMNS, objectives, reported))


def pareto_front(
    front: Sequence[Member],
    ensemble: Ensemble | None = None,
    objectives: Sequence[Objective] = (OPERATORS,),
    reported: Sequence[str] = (),
) -> pd.DataFrame:
    """Return a table with one row for each member of the front, the ensemble before all others.

    The ensemble comes first because it predicts. Its score is computed on folds that it was not
    chosen on, so it may be below the score of a pipeline, which is the best of many on the folds
    that the pipeline was chosen on.

    Parameters
    ----------
    front : sequence of Member
        Non-dominated candidates, best score first.
    ensemble : Ensemble, optional
        Ensemble that predicts.
    objectives : sequence of Objective
        Objectives beside the score, in the order of the costs.
    reported : sequence of str
        Names of the further scorers, each of which has a column.
    """
    rows = [
        (member.outcome, str(member.candidate.tree), member.candidate.digest) for member in front
    ]
    if ensemble is not None:
        rows.insert(0, (ensemble.outcome, str(ensemble), ENSEMBLE))
    ranked = [
        (
            rank,
            outcome.score,
            outcome.std,
            *_reported(outcome, len(reported)),
            *outcome.costs,
            text,
            digest,
        )
        for rank, (outcome, text, digest) in enumerate(rows, 1)
    ]
    return pd.DataFrame(ranked, columns=_columns(FRONT_COLUMNS, objectives, reported))


def _reported(outcome: Scored | None, n_reported: int) -> tuple[float, ...]:
    """Return the scores by further scorers; NaN where an outcome has none."""
    found = () if outcome is None else outcome.reported
    return found if len(found) == n_reported else (float("nan"),) * n_reported


def _columns(
    columns: Sequence[str], objectives: Sequence[Objective], reported: Sequence[str]
) -> list[str]:
    """Return the names of columns, with a column for each further scorer and each objective.

    The first objective is called "complexity", further objectives have their own names.
    """
    costs = [COSTS[0], *(objective.name for objective in objectives[1:])]
    place = columns.index(COSTS[0])
    return [*columns[:place], *reported, *costs, *columns[place + 1 :]]


def statistics(result: Result, folds: Sequence[Fold]) -> dict[str, Any]:
    """Return the statistics of a run, which the estimators document as `statistics_`.

    Parameters
    ----------
    result : Result
    folds : sequence of Fold
        Folds of cross-validation.
    """
    outcomes = Counter(type(record.outcome).__name__.lower() for record in result.records)
    effort = result.effort
    return {
        "candidates": len(result.records),
        **{outcome: outcomes[outcome] for outcome in ("scored", "stopped", "failed")},
        "folds": "forward in time" if are_in_time(folds) else "in any order",
        "seconds": effort.seconds,
        "seconds_saved": effort.saved,
        "hit_rate": effort.hits / effort.lookups if effort.lookups else 0.0,
        "ended_by": result.ended_by,
        "decided_by_time": [decision.value for decision in result.decided_by_time],
        "failed_fits": list(result.failed_fits),
    }


def _row(record: Record, n_costs: int, n_reported: int) -> tuple[object, ...]:
    """Return the row of a candidate in the leaderboard."""
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
        *_reported(scored, n_reported),
        *(scored.costs if scored else [float("nan")] * n_costs),
        outcome.seconds if outcome else 0.0,
        candidate.origin.proposer,
        candidate.origin.operator,
        candidate.origin.parents,
    )


def title(front: pd.DataFrame, digest: str, n_folds: int) -> str:
    """Return a sentence that describes a model, with its score if it is on the front.

    Parameters
    ----------
    front : DataFrame
        Front as `pareto_front` gives it.
    digest : str
        Digest of a candidate, or the name of the ensemble.
    n_folds : int
        Number of folds of cross-validation.
    """
    scores = front["score"][front["digest"] == digest]
    is_ensemble = digest == ENSEMBLE
    noun = "An ensemble" if is_ensemble else "A pipeline"
    folds = f"{n_folds} folds that it was not chosen on" if is_ensemble else f"{n_folds} folds"
    # A member is on the front once; the fallback model is not on it.
    score = "".join(f", score {value:.6g} over {folds}" for value in scores)
    return f"{noun} found by evolver{score}."
