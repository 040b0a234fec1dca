"""Tables and statistics of a run, as the attributes of an estimator."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from evolver.evaluation.folds import are_in_time
from evolver.genome.names import short_digest, short_name, short_sum
from evolver.limits import Usage
from evolver.objectives import OPERATORS, Objective
from evolver.outcome import Failed, Scored, Stopped, is_not_begun
from evolver.problem import Fold
from evolver.run.fitted_ensemble import ENSEMBLE, Ensemble
from evolver.run.record import Record
from evolver.run.result import Result
from evolver.search.selection import Member

COSTS = ("complexity",)
"""Name of the column of the first objective beside the score."""

LEADERBOARD_COLUMNS = (
    "score",
    "std",
    "score_so_far",
    "folds",
    *COSTS,
    "pipeline",
    "outcome",
    "failure",
    "reason",
    "seconds",
    "proposer",
    "operator",
    "parents",
    "expression",
    "number",
    "digest",
)
"""Columns of `leaderboard_` for one objective beside the score."""

FRONT_COLUMNS = ("rank", "score", "std", *COSTS, "pipeline", "expression", "digest")
"""Columns of `pareto_front_` for one objective beside the score."""

USED = ("predict_seconds", "model_bytes")
"""Further columns of `pareto_front_` where there are limits of use, before ``pipeline``."""


def leaderboard(
    records: Sequence[Record],
    objectives: Sequence[Objective] = (OPERATORS,),
    reported: Sequence[str] = (),
) -> pd.DataFrame:
    """Return a table with one row for each candidate, best first.

    Candidates with a score on every fold come first, then those that were stopped, by their score
    so far, then those that failed. The score so far is the mean over the first folds, whose number
    is in the column ``folds``; scores over other folds do not compare well.

    Parameters
    ----------
    records : sequence of Record
        Candidates of a run with their outcomes.
    objectives : sequence of Objective
        Objectives beside the score, in the order of the costs.
    reported : sequence of str
        Names of the further scorers, each of which has a column.
    """
    ordered = sorted(records, key=_place)
    rows = [_row(record, len(objectives), len(reported)) for record in ordered]
    return pd.DataFrame(rows, columns=_columns(LEADERBOARD_COLUMNS, objectives, reported))


def pareto_front(
    front: Sequence[Member],
    ensemble: Ensemble | None = None,
    objectives: Sequence[Objective] = (OPERATORS,),
    reported: Sequence[str] = (),
    usage: Mapping[str, Usage] | None = None,
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
    usage : mapping of str to Usage, optional
        Measured usage by digest; that of others is NaN. None: the front has no columns for it.
    """
    rows = [
        (
            one.outcome,
            short_name(one.candidate.tree),
            str(one.candidate.tree),
            one.candidate.digest,
        )
        for one in front
    ]
    if ensemble is not None:
        weighed = ensemble.trees, ensemble.blend.weights.values()
        rows.insert(0, (ensemble.outcome, short_sum(*weighed), str(ensemble), ENSEMBLE))
    ranked = [
        (
            rank,
            outcome.score,
            outcome.std,
            *_reported(outcome, len(reported)),
            *outcome.costs,
            *(() if usage is None else _used(usage.get(digest))),
            name,
            expression,
            shown_digest(digest),
        )
        for rank, (outcome, name, expression, digest) in enumerate(rows, 1)
    ]
    names = _columns(FRONT_COLUMNS, objectives, reported)
    place = names.index("pipeline")
    used = () if usage is None else USED
    return pd.DataFrame(ranked, columns=[*names[:place], *used, *names[place:]])


def _used(usage: Usage | None) -> tuple[float, float]:
    """Return the seconds to predict a row and the bytes of a model; NaN if they are not known."""
    return (math.nan, math.nan) if usage is None else (usage.seconds[0], usage.model_bytes)


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
        "not_begun": sum(
            record.outcome is not None and is_not_begun(record.outcome) for record in result.records
        ),
        "folds": "forward in time" if are_in_time(folds) else "in any order",
        "seconds": effort.seconds,
        "seconds_by_use": {name: round(value, 3) for name, value in result.seconds.items()},
        "seconds_saved": effort.saved,
        "worker_memory": result.peak_memory,
        "hit_rate": effort.hits / effort.lookups if effort.lookups else 0.0,
        "ended_by": result.ended_by,
        "decided_by_time": [decision.value for decision in result.decided_by_time],
        "failed_fits": [(short_digest(digest), reason) for digest, reason in result.failed_fits],
    }


OUTCOMES = (Scored, Stopped, Failed, type(None))
"""Types of outcomes in the order of the leaderboard."""


def _place(record: Record) -> tuple[int, float, int]:
    """Return the sort key of a candidate in the leaderboard."""
    score = getattr(record.outcome, "score", math.nan)
    merit = math.inf if math.isnan(score) else -score
    return OUTCOMES.index(type(record.outcome)), merit, record.number


def _row(record: Record, n_costs: int, n_reported: int) -> tuple[object, ...]:
    """Return the row of a candidate in the leaderboard."""
    candidate, outcome = record.candidate, record.outcome
    scored = outcome if isinstance(outcome, Scored) else None
    return (
        scored.score if scored else math.nan,
        scored.std if scored else math.nan,
        getattr(outcome, "score", math.nan),
        len(scored.fold_scores) if scored else getattr(outcome, "stages", 0),
        *_reported(scored, n_reported),
        *(scored.costs if scored else [math.nan] * n_costs),
        short_name(candidate.tree),
        type(outcome).__name__.lower(),
        outcome.kind.value if isinstance(outcome, Failed) else "",
        getattr(outcome, "reason", ""),
        outcome.seconds if outcome else 0.0,
        candidate.origin.proposer,
        candidate.origin.operator,
        tuple(map(short_digest, candidate.origin.parents)),
        str(candidate.tree),
        record.number,
        short_digest(candidate.digest),
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
    scores = front["score"][front["digest"] == short_digest(digest)]
    is_ensemble = digest == ENSEMBLE
    noun = "An ensemble" if is_ensemble else "A pipeline"
    folds = f"{n_folds} folds that it was not chosen on" if is_ensemble else f"{n_folds} folds"
    # A member is on the front once; the fallback model is not on it.
    score = "".join(f", score {value:.6g} over {folds}" for value in scores)
    return f"{noun} found by evolver{score}."


def shown_digest(digest: str | None) -> str | None:
    """Return a digest as it is shown; names that stand for one, such as the ensemble's, stay."""
    return digest if digest in (None, ENSEMBLE) else short_digest(digest)
