"""What a run has learned, in a few plain sentences and as a summary of five lines."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from evolver.evaluation.baselines import differences
from evolver.limits import OVER_LIMIT
from evolver.objectives import shown_score
from evolver.outcome import NOT_BEGUN, RACED_OUT, TIME_OVER, standard_error
from evolver.run.fitted_ensemble import ENSEMBLE

HONEST = "Honest score, to expect on new rows"
"""Name of the honest score in sentences."""


def sentences(facts: Mapping[str, Any]) -> list[str]:
    """Return what a run has learned, the most important first.

    Parameters
    ----------
    facts : mapping
        Facts of a report, see `evolver.report.facts`.
    """
    front, outcomes = facts["front"], facts["outcomes"]
    total = sum(outcomes.values())
    found = []
    if not front:
        found.append(f"No pipeline has a score yet, after {total} candidates.")
        return found
    first = front[0]
    found.append(f"{_subject(first)} {verb(facts)} best: {first['name']}.")
    found.append(_score(facts, first))
    found += _honest(facts)
    found += _against(facts)
    found += _last_percent(facts)
    found.append(counted(facts))
    if facts.get("warnings", ()):
        count = len(facts["warnings"])
        found.append(
            f"{count} finding{'s' * (count > 1)} of the checks should be read before the score is"
            " believed."
        )
    return found


def verb(facts: Mapping[str, Any]) -> str:
    """Return the verb of a run that has ended or goes on."""
    return "is so far" if facts["state"] != "finished" else "is"


def _subject(member: Mapping[str, Any]) -> str:
    return "An ensemble" if member["digest"] == ENSEMBLE else "A single pipeline"


def _score(facts: Mapping[str, Any], member: Mapping[str, Any]) -> str:
    """Return the score of a member with its error."""
    shown = shown_score(facts["metric"]["name"], member["score"])
    folds = len(member["fold_scores"])
    error = "" if member.get("error") is None else f" ± {member['error']:.2g} (standard error)"
    chosen = (
        " that it was not chosen on"
        if member["digest"] == ENSEMBLE
        else "; as the best of many on these folds it may be too good"
    )
    return f"Its score over {folds} folds{chosen}: {shown}{error}."


def _honest(facts: Mapping[str, Any]) -> list[str]:
    """Return the honest score of the model that predicts in a sentence, if there is one."""
    text = honest_score(facts)
    return [f"{HONEST}: {text}."] if text else []


def honest_score(facts: Mapping[str, Any]) -> str:
    """Return the honest score of the model that predicts with its interval and method.

    It is empty if there is none, as while a run goes on.

    Parameters
    ----------
    facts : mapping
    """
    honest = facts.get("honest")
    if honest is None or honest["score"] is None:
        return ""
    metric = facts["metric"]["name"]
    shown, method = shown_score(metric, honest["score"]), honest["method"]
    if honest["low"] is None:
        return f"{shown} ({method})"
    # The greater error is the lower score.
    ends = [shown_score(metric, honest[end]).rpartition(" ")[2] for end in ("low", "high")]
    if metric.startswith("neg_"):
        ends.reverse()
    return f"{shown} (95 %: {ends[0]} to {ends[1]}; {method})"


def _against(facts: Mapping[str, Any]) -> list[str]:
    """Return the comparison with plain models, with the error of the difference."""
    first = facts["front"][0]
    found = []
    for one in facts.get("baselines", ()):
        if one["score"] is None:
            continue
        gains = differences(first["fold_scores"], one["fold_scores"])
        mean = first["score"] - one["score"]
        error = standard_error(gains) if len(gains) > 1 else 0.0
        word = "better than" if mean > 0 else "worse than"
        if abs(mean) <= error:
            word = "no different, within the error, from"
        shown = shown_score(facts["metric"]["name"], one["score"])
        found.append(f"It is {word} a {one['name']} on the same folds ({shown}).")
    return found


def _last_percent(facts: Mapping[str, Any]) -> list[str]:
    """Return what the steps of the best pipeline gain over the simplest one within the error."""
    found = facts.get("simplest")
    if not found:
        return []
    steps, best_steps = found["steps"]
    settings, best_settings = found["settings"]
    # The best may have fewer steps, where another cost is the complexity.
    if (steps, settings) >= (best_steps, best_settings):
        return ["No simpler pipeline is within one standard error of the best one."]
    fewer = f"{steps} steps instead of {best_steps}"
    if steps == best_steps:
        noun = "settings" if settings != 1 else "setting"
        fewer = f"{settings} {noun} off the default instead of {best_settings}"
    loss = f"scores {found['loss']:.2g} less" if found["loss"] > 0 else "scores no less"
    return [
        f"The simplest pipeline within one standard error has {fewer}, and {loss}:"
        f" {found['name']} ({found['digest']})."
    ]


def counted(facts: Mapping[str, Any]) -> str:
    """Return the counts of the candidates by outcome in a sentence."""
    outcomes = dict(facts["outcomes"])
    total = sum(outcomes.values())
    scored, raced = outcomes.pop("scored", 0), outcomes.pop(RACED_OUT, 0)
    late = outcomes.pop(TIME_OVER, 0) + outcomes.pop("under way", 0)
    not_begun, over = outcomes.pop(NOT_BEGUN, 0), outcomes.pop(OVER_LIMIT, 0)
    parts = [f"{scored} scored on every fold", f"{raced} raced out early"]
    if not_begun:
        parts.append(f"{not_begun} not begun, as they would take too long")
    if over:
        parts.append(f"{over} over a limit of use")
    if late:
        parts.append(f"{late} without an end")
    failed = ", ".join(f"{count} by {kind}" for kind, count in sorted(outcomes.items()))
    parts.append(f"failed: {failed}" if failed else "none failed")
    return f"Of {total} candidates: {'; '.join(parts)}."


def summary(facts: Mapping[str, Any], folder: str | None) -> list[str]:
    """Return five lines: what won, its score, the comparison, where files are, what to do next.

    Parameters
    ----------
    facts : mapping
    folder : str or None
        Run folder, as the caller has named it; None: nothing was kept.
    """
    if not facts["front"]:
        return [*sentences(facts)[:1], "The model is a fallback. More time may help."]
    first = facts["front"][0]
    against = _against(facts)
    kept = "Nothing is kept on disk; `run_dir` keeps a run."
    if folder is not None:
        kept = f"Files: {folder} (model, report.html, winner.py, leaderboard)."
    return [
        f"Won: {first['name']} ({first['digest']}).",
        " ".join([_score(facts, first), *_honest(facts)]),
        " ".join(against[:1]) or counted(facts),
        kept,
        "Next: model.report('report.html') to look at it, model.export('model.py') to own it,"
        " model.select('simplest') for a simpler one.",
    ]
