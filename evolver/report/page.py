"""Page of a report: one HTML file that needs no network and no other file."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from typing import Any

import pandas as pd

from evolver.objectives import shown_score
from evolver.outcome import NO_FAILURES
from evolver.report import charts
from evolver.report.axes import picture
from evolver.report.curves import ERRORS
from evolver.report.explanations import EXPLANATIONS
from evolver.report.picture import front_parts
from evolver.report.sentences import HONEST, counted, honest_score, sentences
from evolver.run.fitted_ensemble import ENSEMBLE

CANDIDATES = ["number", "seconds", "score", "complexity", "outcome", "proposer", "pipeline"]
"""Columns of the candidates in the facts."""

MOST_CLASSES = 500
"""Most classes whose rows are shown."""

MOST_DOTS = 1_500
"""Most candidates in a picture of the front."""


def page(facts: Mapping[str, Any]) -> str:
    """Return a report as an HTML page.

    Everything that comes from the data, such as names of columns and classes, is escaped.

    Parameters
    ----------
    facts : mapping
        Facts of a run, see `evolver.report.facts`.
    """
    from jinja2 import Environment
    from markupsafe import Markup

    place = files("evolver.report")
    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    metric = facts["metric"]["name"]
    environment.filters["n"] = short_number
    environment.filters["shown"] = lambda score: _shown(metric, score)
    template = environment.from_string(place.joinpath("page.html").read_text("utf-8"))
    safe = {
        name: Markup(place.joinpath(f"page.{name}").read_text("utf-8")) for name in ("css", "js")
    }
    drawn = {name: Markup(chart) for name, chart in _charts(facts).items()}
    return template.render(
        f={**_EMPTY, **facts},
        **safe,
        **drawn,
        **_words(facts),
        members=[_member(facts, one, Markup) for one in facts["front"]],
        curves=[{"title": title, "chart": Markup(chart)} for title, chart in _curves(facts)],
    )


_EMPTY: dict[str, Any] = {
    **{key: [] for key in ("baselines", "warnings", "columns", "ensemble", "importance", "steps")},
    **{key: {} for key in ("curves", "task", "evaluation", "settings")},
    "lineage": [],
}
"""Parts of a page that a run that goes on has not."""


def short_number(value: Any) -> str:
    """Return a number with four significant digits; an empty text if there is none."""
    return "" if value is None else f"{value:.4g}"


def _shown(metric: str, score: float | None) -> str:
    """Return a score as a reader expects it, an error as a positive number."""
    return "" if score is None else shown_score(metric, score).rpartition(" ")[2]


def _words(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return the texts and small tables of a page."""
    task = facts.get("task", {})
    target = task.get("target", "a run that goes on")
    codes = {one["code"] for one in facts.get("warnings", ())}
    metric = facts["metric"]["name"]
    others = ("under way", *NO_FAILURES)
    return {
        "target": target if isinstance(target, str) else ", ".join(target),
        "metric": metric.removeprefix("neg_").replace("_", " "),
        "is_error": metric.startswith("neg_"),
        "sentences": sentences(facts),
        "honest_name": HONEST,
        "honest": honest_score(facts),
        "sections": _sections(facts),
        "scores": _scores(facts),
        "missing_baselines": len(facts.get("baselines", ())) < 2,
        "metrics": _metrics(facts),
        "counted": counted(facts),
        "n_failed": sum(n for kind, n in facts["outcomes"].items() if kind not in others),
        "shown_classes": list(task.get("classes", {}).items())[:MOST_CLASSES],
        "most_rows": max(task.get("classes", {}).values(), default=1),
        "most_worth": max((abs(one["worth"]) for one in facts.get("steps", ())), default=0) or 1,
        "most_fall": max((abs(one["fall"]) for one in facts.get("importance", ())), default=0) or 1,
        "is_ensemble": bool(facts["front"]) and facts["front"][0]["digest"] == ENSEMBLE,
        "explanations": EXPLANATIONS,
        "shown_explanations": sorted((c, EXPLANATIONS[c]) for c in codes if c in EXPLANATIONS),
        "reproduce": _reproduce(facts),
    }


def _sections(facts: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the sections of a page: anchor and title."""
    all_sections = [
        ("scores", "Scores", facts.get("baselines")),
        ("table", "Table", facts.get("task")),
        ("front", "Front", True),
        ("ensemble", "Ensemble", facts.get("ensemble")),
        ("steps", "Steps", facts.get("steps")),
        ("importance", "Importance", facts.get("importance")),
        ("curves", "Predictions", {"roc", "predicted"} & set(facts.get("curves", ()))),
        ("search", "Search", True),
        ("settings", "Settings", facts.get("settings")),
    ]
    return [(anchor, title) for anchor, title, is_there in all_sections if is_there]


def _scores(facts: Mapping[str, Any]) -> list[dict[str, str]]:
    """Return the rows of the model and of the plain models."""
    metric = facts["metric"]["name"]
    if not facts["front"]:
        return []
    first = facts["front"][0]
    error = "" if first["error"] is None else f" ± {first['error']:.2g}"
    rows = [
        {"name": first["name"], "score": _shown(metric, first["score"]) + error, "difference": ""}
    ]
    for one in facts.get("baselines", ()):
        if one["score"] is not None:
            gap = abs(first["score"] - one["score"])
            word = "worse by" if one["score"] < first["score"] else "better by"
            difference = f"{word} {gap:.4g}" if gap else "equal"
            score = _shown(metric, one["score"])
            rows.append({"name": one["name"], "score": score, "difference": difference})
    return rows


def _metrics(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return the table of common metrics, one in each row."""
    members = [one for one in facts.get("metrics", ()) if one["out_of_fold"]]
    names = list(dict.fromkeys(name for one in members for name in one["out_of_fold"]))
    rows = [
        {
            "name": f"{name} ({'smaller' if name in ERRORS else 'greater'} is better)",
            "scores": [short_number(one["out_of_fold"].get(name)) for one in members],
        }
        for name in names
    ]
    return {"members": [one["digest"] for one in members], "rows": rows} if rows else {}


def _member(facts: Mapping[str, Any], one: Mapping[str, Any], markup: Any) -> dict[str, Any]:
    """Return a member of the front as its details show it."""
    metric = facts["metric"]["name"]
    return {
        "reported": {},
        **one,
        "shown": _shown(metric, one["score"]),
        "plus": "" if one["error"] is None else f" ± {one['error']:.2g}",
        "complexity": ", ".join(short_number(cost) for cost in one["costs"]),
        "folds": ", ".join(_shown(metric, score) for score in one["fold_scores"]),
        "diagram": markup(charts.diagram(one["steps"])) if one["steps"] else "",
    }


def _charts(facts: Mapping[str, Any]) -> dict[str, str]:
    """Return the charts of the front and of the progress of a search."""
    rows = pd.DataFrame(facts["candidates"], columns=CANDIDATES)
    scored = rows[rows["outcome"] == "scored"]
    scored = scored.iloc[:: max(1, -(-len(scored) // MOST_DOTS))]
    front = pd.DataFrame(
        [
            {
                "score": one["score"],
                "complexity": one["costs"][0],
                **{f"cost {place}": cost for place, cost in enumerate(one["costs"][1:], 2)},
                "pipeline": one["name"],
                "digest": one["digest"],
            }
            for one in facts["front"]
        ],
        columns=None if facts["front"] else ["score", "complexity", "pipeline", "digest"],
    )
    label = "Score of the candidates against their complexity"
    points = facts["progress"]
    return {
        "front_chart": picture(front_parts(scored, front, linked=True)).replace(
            "<svg ", f'<svg role="group" aria-label="{label}" ', 1
        ),
        "progress": charts.progress(points, "best", "best score so far"),
        "hypervolume": charts.progress(points, "hypervolume", "hypervolume"),
        "progress_by_number": charts.progress(points, "best", "best score so far", "scored"),
        "hypervolume_by_number": charts.progress(points, "hypervolume", "hypervolume", "scored"),
    }


def _curves(facts: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the charts of out-of-fold predictions with their titles."""
    found = facts.get("curves", {})
    charts_of = _curves_of_two_classes(found) if "roc" in found else []
    return charts_of + (_curves_of_numbers(found) if "predicted" in found else [])


def _curves_of_two_classes(found: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the charts of the probability of one of two classes."""
    roc = charts.lines(
        {"model": found["roc"]},
        "Share of true positives against share of false positives",
        "share of false positives",
        "share of true positives",
        diagonal=True,
    )
    precision = charts.lines(
        {"model": found["precision_recall"]}, "Precision against recall", "recall", "precision"
    )
    calibration = charts.lines(
        {"model": [row[:2] for row in found["calibration"]]},
        "Share of the class against its predicted probability",
        "predicted probability",
        "share of the class",
        diagonal=True,
    )
    return [
        ("Receiver operating characteristic", roc),
        ("Precision and recall", precision),
        ("Calibration", calibration),
    ]


def _curves_of_numbers(found: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the charts of predicted numbers."""
    predicted = found["predicted"]
    ends = [min(row[0] for row in predicted), max(row[0] for row in predicted)]
    means = charts.lines(
        {"model": [row[:2] for row in predicted], "equal": [[end, end] for end in ends]},
        "Mean true value of groups of rows with similar predictions",
        "prediction",
        "true value",
    )
    residuals = charts.bands(
        found["residuals"],
        "Quantiles of the residuals of groups of rows with similar predictions",
        "prediction",
        "true value minus prediction",
    )
    return [("Mean true value by prediction", means), ("Residuals", residuals)]


def _reproduce(facts: Mapping[str, Any]) -> str:
    """Return the call that repeats a run."""
    settings = facts.get("settings")
    if not settings:
        return ""
    lines = [f"    {name}={value!r}," for name, value in settings["parameters"].items()]
    given = "\n".join(line for line in lines if not line.endswith("=None,"))
    return f"{settings['estimator']}(\n{given}\n).fit(X, y)"
