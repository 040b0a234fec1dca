"""Reports of a fitted estimator: facts at the end of `fit`, and files that a caller asks for."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import pandas as pd
from sklearn.model_selection import FixedThresholdClassifier
from threadpoolctl import threadpool_limits

from evolver.budget import Deadline
from evolver.errors import InputError
from evolver.evaluation.baselines import constant_scores
from evolver.evaluation.fold import score_of
from evolver.export.layout import layout
from evolver.export.render import render
from evolver.files import replacing_named
from evolver.genome.names import short_digest
from evolver.genome.pipeline import to_estimator
from evolver.problem import Problem
from evolver.report.curves import curves_of, metrics
from evolver.report.extras import baselines, importance, without_a_step, worth_of_steps
from evolver.report.facts import (
    CONSTANT,
    Facts,
    baseline,
    facts_of,
    facts_of_journal,
    metrics_facts,
    records,
)
from evolver.report.page import page
from evolver.run.result import Result

logger = logging.getLogger("evolver")

ENDINGS = (".html", ".json")
"""Endings of the files that a report is written to."""


def facts_at_end(model: Any, problem: Problem, result: Result) -> Facts | None:
    """Return the facts of a finished run; None, with a logged warning, if an error prevents it."""
    try:
        facts = facts_of(model, problem, result)
        trees = {short_digest(one.candidate.digest): one.candidate.tree for one in result.front}
        for member in facts["front"]:
            if member["digest"] in trees:
                member["source"] = _source(trees[member["digest"]])
        return facts
    except Exception as error:  # names and labels of the user may be anything
        logger.warning("There is no report: %s: %s", type(error).__name__, error)
        return None


def _source(tree: Any) -> str:
    """Return the call of the constructor of a pipeline; empty if it cannot be written."""
    try:
        return layout(render(to_estimator(tree), {}), indent=0, before="pipeline = ")
    except ValueError:
        return ""


def write_report(model: Any, path: Path, seconds: float) -> None:
    """Write the report of a fitted estimator.

    Parameters
    ----------
    model : EvolvedClassifier or EvolvedRegressor
    path : Path
        File to write, with one of `ENDINGS`.
    seconds : float
        Seconds in which further models may be fitted, if the table is at hand.

    Raises
    ------
    InputError
        If the ending is another, or if the file cannot be written.
    """
    _check_ending(path)
    complete(model, seconds)
    _write(model._facts, path)


def _check_ending(path: Path) -> None:
    """Raise an InputError unless a file has one of `ENDINGS`."""
    if path.suffix.lower() not in ENDINGS:
        raise InputError(
            f"`path` must end with one of {', '.join(ENDINGS)} for a report, got {str(path)!r}."
        )


def _write(facts: Facts | None, path: Path) -> None:
    """Write facts to a file, whole or not at all."""
    _check_ending(path)
    text = as_text(facts, path)
    try:
        with replacing_named(path) as part:
            part.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(f"`path` must be a file to write, got {str(path)!r}: {error}") from error


def write_report_of_folder(folder: Path, path: Path) -> None:
    """Write the report of a run that goes on, or that has left no model, from its journal.

    Raises
    ------
    InputError
        If the folder has no journal, or if the file cannot be written.
    """
    try:
        facts = facts_of_journal(folder)
    except ValueError as error:
        raise InputError(f"The folder must hold a run, got {str(folder)!r}: {error}") from None
    _write(facts, path)


def as_text(facts: Facts | None, path: Path) -> str:
    """Return a report as the content of a file, by its ending."""
    if facts is None:
        raise InputError("A report needs the facts of a run, which could not be gathered.")
    is_data = path.suffix.lower() == ".json"
    return json.dumps(facts, indent=1, allow_nan=False) if is_data else page(facts)


def complete(model: Any, seconds: float) -> None:
    """Add plain models, worth of steps and importance of columns, where the table is at hand.

    What a report has already is kept.
    """
    problem, facts = model._members._problem, model._facts
    if problem is None or facts is None or not model._members.front:
        return
    trees = {one.candidate.digest: one.candidate.tree for one in model._members.front}
    tree = trees.get(model._members.winner)
    with threadpool_limits(limits=1):
        end = Deadline.after(seconds)
        known = {one["name"] for one in facts["baselines"]}
        if CONSTANT not in known and not end.is_over:
            facts["baselines"].insert(0, baseline(CONSTANT, constant_scores(problem)))
        facts["baselines"] += baselines(problem, known, end)
        predictions = model._members.out_of_fold
        first = model._members.digest_of(facts["front"][0]["digest"])
        if not facts["curves"] and first in predictions and not end.is_over:
            facts["curves"] = curves_of(problem, predictions[first])
        digests = [model._members.digest_of(one["digest"]) for one in facts["front"]]
        if len(facts["metrics"]) < len(digests) and not end.is_over:
            facts["metrics"] = metrics_facts(problem, predictions, digests)
        # Steps that an earlier report had no time for are looked at again.
        n_steps = 0 if tree is None else len(list(without_a_step(tree)))
        if tree is not None and len(facts.get("steps", ())) < n_steps:
            facts["steps"] = worth_of_steps(problem, tree, model._members.fold_scores, end)
        if tree is not None and not facts.get("importance"):
            facts["importance"] = importance(problem, tree, end)


def evaluate(model: Any, X: Any, y: Any, sample_weight: Any) -> pd.DataFrame:
    """Return the scores of each fitted member of the front on new rows.

    Parameters are those of `Evolved.evaluate`.
    """
    truth = model._scored_target(y)
    table = model._read(X)
    rows = []
    for _, row in model.pareto_front_.iterrows():
        digest = model._members.digest_of(row["digest"])
        if not model._members.can_fit(digest):
            continue
        member = model._members.fitted(digest)
        scores = {
            name: _score(scorer, member, table, truth, sample_weight)
            for name, scorer in model.scorers_.items()
        }
        task = model._fitted_task
        predicted = member.predict if task.model_classes is None else member.predict_proba
        labels = member.predict(table) if isinstance(member, FixedThresholdClassifier) else None
        shown = metrics(task, truth, predicted(table), labels)
        rows.append(
            {
                "pipeline": row["pipeline"],
                **scores,
                **{name: value for name, value in shown.items() if name not in scores},
                "cross_validated": row["score"],
                "digest": row["digest"],
            }
        )
    found = pd.DataFrame(rows).sort_values(
        next(iter(model.scorers_)), ascending=False, ignore_index=True
    )
    if model._facts is not None:
        values = [list(row.values()) for row in records(found.round(5))]
        model._facts["evaluation"] = {"columns": list(found), "rows": values}
    return found


def _score(scorer: Any, member: Any, X: Any, y: Any, sample_weight: Any) -> float:
    """Return a score of a fitted member; NaN where there is none."""
    try:
        return score_of(scorer, member, X, y, sample_weight)
    except Exception:  # a scorer of the user may raise any error
        return float("nan")
