"""Facts of a run as plain data: what a report says, and what ``report.json`` holds."""

from __future__ import annotations

import math
import platform
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

import evolver
from evolver.evaluation.baselines import constant_scores, differences
from evolver.evaluation.folds import are_in_time
from evolver.genome.digest import TABLE
from evolver.genome.graph import inputs_of, step_of, to_graph
from evolver.genome.names import drawing, short_digest, short_name
from evolver.genome.tree import Tree
from evolver.outcome import Scored, standard_error
from evolver.problem import Problem
from evolver.report.curves import curves_of, metrics_of
from evolver.report.frames import shown_digest
from evolver.report.search_facts import lineage, search_facts
from evolver.report.tried import of_recorded, of_records
from evolver.run.fitted_ensemble import ENSEMBLE
from evolver.run.recorded import recorded_run
from evolver.run.result import Result
from evolver.search.selection import Member, best
from evolver.search.simplification import size_of
from evolver.warned import Finding

SCHEMA = 1
"""Version of the schema of the facts."""

FEW_ROWS = 20
"""Number of rows of a class below which its scores say little."""

QUICK_CELLS = 1_000_000
"""Rows times classes of a problem up to which curves and metrics are computed at its end."""

CONSTANT = "constant prediction"
"""Name of the baseline that predicts the same for every row."""

Facts = dict[str, Any]
"""Facts by name, of numbers, strings, lists and dictionaries alone."""


def facts_of(model: Any, problem: Problem, result: Result) -> Facts:
    """Return the facts of a finished run, without any row of its table.

    Parameters
    ----------
    model : EvolvedClassifier or EvolvedRegressor
        Fitted estimator.
    problem : Problem
    result : Result
    """
    tried = of_records(result.records)
    winner = None if result.winner is None else result.winner.digest
    digest = ENSEMBLE if result.ensemble is not None else winner
    first = {"digest": shown_digest(digest), "by": shown_digest(winner)}
    shown = result.out_of_fold.get(digest or "")
    front = _front(model, result)
    classes = problem.task.classes
    # Of a large problem, what takes long is left to a report that is asked for.
    is_quick = len(problem.y) * (1 if classes is None else len(classes)) <= QUICK_CELLS
    constant = constant_scores(problem) if front and is_quick else []
    findings = [*problem.findings, *_rare_classes(problem), *_within_noise(front, constant)]
    return {
        **_head("finished"),
        "metric": metric_facts(model),
        "task": _task_facts(model, problem),
        "columns": records(model.columns_),
        "warnings": [
            {"code": one.code, "message": one.message, "column": one.column} for one in findings
        ],
        "winner": first,
        "honest": _plain(asdict(model.honest_score_)),
        "front": front,
        "baselines": [baseline(CONSTANT, constant)] if constant else [],
        "lineage": [] if winner is None else lineage(tried, winner),
        "metrics": []
        if not is_quick
        else metrics_facts(problem, result.out_of_fold, [digest or "", winner or ""]),
        "curves": {} if shown is None or not is_quick else curves_of(problem, shown),
        "ensemble": _ensemble(result),
        "simplest": _simplest(model._members.simplest, result.front),
        **search_facts(tried),
        "statistics": {name: _plain(value) for name, value in model.statistics_.items()},
        "settings": _settings(model),
    }


def facts_of_journal(folder: Path) -> Facts:
    """Return the facts of a run that goes on, or of one that has left no model.

    Raises
    ------
    ValueError
        If the folder has no journal that can be read.
    """
    run = recorded_run(folder)
    tried = of_recorded(run)
    scored = [one for one in tried if one.kind == "scored"]
    top = max(scored, key=lambda one: one.score, default=None)
    front = []
    if top is not None:
        found = top.fold_scores, top.costs, top.tree
        front = [_member(top.digest, top.name, top.expression, *found)]
    return {
        **_head("unfinished"),
        "metric": {"name": run.metric, "reported": run.metrics[1:]},
        "winner": {"digest": None if top is None else shown_digest(top.digest), "by": None},
        "front": front,
        **search_facts(tried),
        "statistics": {"seconds_so_far": run.seconds},
        "settings": {},
    }


def _head(state: str) -> Facts:
    """Return what every report begins with."""
    return {
        "schema": SCHEMA,
        "evolver": evolver.__version__,
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
        "state": state,
    }


def metric_facts(model: Any) -> Facts:
    """Return the names of the scorers, the first of which was optimised."""
    return {"name": next(iter(model.scorers_)), "reported": list(model.scorers_)[1:]}


def _task_facts(model: Any, problem: Problem) -> Facts:
    """Return the target, the sizes of the table and the folds."""
    counts: Sequence[int] = []
    if problem.task.classes is not None:
        counts = problem.task.class_counts(problem.y).tolist()
    classes = [] if problem.task.classes is None else [str(one) for one in problem.task.classes]
    numbers = {}
    if problem.y.ndim == 1 and problem.task.classes is None:
        quantiles = np.quantile(problem.y.astype(float), [0, 0.25, 0.5, 0.75, 1])
        numbers = {"quantiles": quantiles.tolist(), "mean": float(np.mean(problem.y))}
    return {
        "name": problem.task.name,
        "kind": problem.task.kind,
        "target": model.target_name_,
        "rows": len(problem.y),
        "columns": model.n_features_in_,
        "classes": dict(zip(classes, map(int, counts), strict=True)) if len(counts) else {},
        **numbers,
        "folds": len(problem.folds),
        "in_time": are_in_time(problem.folds),
        "weighted": problem.sample_weight is not None,
    }


def _within_noise(front: Sequence[Facts], constant: Sequence[float]) -> list[Finding]:
    """Return a finding if the model is no better than a constant prediction, within the error."""
    gains = differences(front[0]["fold_scores"], constant) if front else []
    if len(gains) < 2 or math.fsum(gains) / len(gains) > standard_error(gains):
        return []
    message = (
        "The score is no better, within its standard error, than that of a constant prediction:"
        " the columns may say nothing of the target."
    )
    return [Finding("score-within-noise", message)]


def _rare_classes(problem: Problem) -> list[Finding]:
    """Return a finding for the classes of few rows."""
    if problem.task.classes is None:
        return []
    counts = problem.task.class_counts(problem.y)
    classes = zip(problem.task.classes, counts, strict=True)
    rare = [str(label) for label, count in classes if count < FEW_ROWS]
    if not rare:
        return []
    names = ", ".join(rare[:5])
    message = (
        f"{len(rare)} classes have fewer than {FEW_ROWS} rows ({names}): what is said of them"
        " depends on a few rows."
    )
    return [Finding("few-rows-of-a-class", message)]


def records(table: Any) -> list[Facts]:
    """Return the rows of a DataFrame as dictionaries."""
    return [
        {str(name): _plain(value) for name, value in row.items()}
        for row in table.astype(object).where(table.notna(), None).to_dict("records")
    ]


def _front(model: Any, result: Result) -> list[Facts]:
    """Return the members of the front, the ensemble first."""
    found: list[tuple[str, str, str, Scored, Tree | None]] = []
    if result.ensemble is not None:
        row = model.pareto_front_.iloc[0]
        found.append((ENSEMBLE, row["pipeline"], row["expression"], result.ensemble.outcome, None))
    for one in result.front:
        tree = one.candidate.tree
        found.append((one.candidate.digest, short_name(tree), str(tree), one.outcome, tree))
    names = list(model.scorers_)[1:]
    return [
        {
            **_member(digest, name, expression, outcome.fold_scores, outcome.costs, tree),
            "reported": _named(names, outcome.reported),
        }
        for digest, name, expression, outcome, tree in found
    ]


def _member(
    digest: str,
    name: str,
    expression: str,
    fold_scores: Sequence[float],
    costs: Sequence[float],
    tree: Tree | None = None,
) -> Facts:
    """Return a member of the front."""
    return {
        "digest": shown_digest(digest),
        "name": name,
        "expression": expression,
        "score": math.fsum(fold_scores) / len(fold_scores),
        "error": _number(standard_error(fold_scores)),
        "fold_scores": list(fold_scores),
        "costs": list(costs),
        "drawing": "" if tree is None else drawing(tree),
        "steps": [] if tree is None else steps_of(tree),
    }


def steps_of(tree: Tree) -> list[Facts]:
    """Return the steps of a pipeline, each after its inputs: name, inputs by place, parameters.

    The table is the input -1.
    """
    graph = to_graph(tree)
    places: dict[str, int] = {TABLE.digest: -1}
    found: list[Facts] = []

    def visit(digest: str) -> None:
        if digest in places:
            return
        for part in inputs_of(graph, digest):
            visit(part)
        step = step_of(graph, digest)
        found.append(
            {
                "name": step.name,
                "inputs": [places[part] for part in inputs_of(graph, digest)],
                "parameters": {name: _plain(value) for name, value in step.values.items()},
            }
        )
        places[digest] = len(found) - 1

    visit(graph.graph["output"])
    return found


def _named(names: Sequence[str], scores: Sequence[float]) -> dict[str, float | None]:
    """Return further scores by name; None where there is none."""
    if len(scores) != len(names):
        return {}
    return {name: _number(score) for name, score in zip(names, scores, strict=True)}


def baseline(name: str, fold_scores: Sequence[float]) -> Facts:
    """Return the scores of a plain model; None where it cannot be scored."""
    score = math.fsum(fold_scores) / len(fold_scores) if fold_scores else None
    return {"name": name, "score": score, "fold_scores": list(fold_scores)}


def metrics_facts(
    problem: Problem, out_of_fold: Mapping[str, Sequence[np.ndarray]], digests: Sequence[str]
) -> list[Facts]:
    """Return the common metrics of some members, of those whose predictions are at hand."""
    return [
        {
            "digest": shown_digest(digest),
            "out_of_fold": metrics_of(problem, out_of_fold[digest]),
        }
        for digest in dict.fromkeys(digests)
        if digest in out_of_fold
    ]


def _ensemble(result: Result) -> list[Facts]:
    """Return the members of the ensemble with their weights, the heaviest first."""
    ensemble = result.ensemble
    if ensemble is None:
        return []
    known = {str(record.candidate.tree): record for record in result.records}
    pool = ensemble.blend.pool
    shares = [0.0] * len(ensemble.trees) if pool is None else list(pool.weights)
    rows = [
        {
            "name": of_records([known[str(tree)]])[0].name,
            "digest": short_digest(known[str(tree)].candidate.digest),
            "weight": weight,
            "pool_weight": share,
            "fits": count,
            "score": known[str(tree)].member.outcome.score,
        }
        for tree, weight, share, count in zip(
            ensemble.trees, ensemble.blend.weights.values(), shares, ensemble.n_fits, strict=True
        )
    ]
    return sorted(rows, key=lambda row: -row["weight"])


def _simplest(simplest: Member | None, front: Sequence[Member]) -> Facts | None:
    """Return what the simplest pipeline within the error has and costs, beside the best."""
    if simplest is None:
        return None
    top = best(front)
    steps, settings = size_of(simplest.candidate.tree)
    best_steps, best_settings = size_of(top.candidate.tree)
    return {
        "digest": shown_digest(simplest.candidate.digest),
        "name": short_name(simplest.candidate.tree),
        "steps": [steps, best_steps],
        "settings": [settings, best_settings],
        "loss": top.outcome.score - simplest.outcome.score,
    }


def _settings(model: Any) -> Facts:
    """Return the parameters of an estimator, its versions, and how to fit it again."""
    parameters = {name: _plain(value) for name, value in model.get_params(deep=False).items()}
    header = model._history.header
    return {
        "estimator": type(model).__name__,
        "parameters": parameters,
        "seed": _plain(model.random_state),
        "versions": {**header["versions"], "system": platform.platform()},
        "lag": header["lag"],
        "outcomes": dict(Counter(model.leaderboard_["outcome"])),
    }


def _plain(value: Any) -> Any:
    """Return a value as JSON can hold it; other objects as text."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        return _number(value)
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, Mapping):
        return {str(name): _plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return repr(value)[:500]


def _number(value: float) -> float | None:
    """Return a finite number; None for others, which JSON has not."""
    return float(value) if math.isfinite(value) else None
