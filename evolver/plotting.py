"""Plots for papers, on matplotlib, which the extra ``plots`` installs.

Each function draws into axes of the caller, or makes new ones, and returns them. What is drawn is
what a report says: `model.report("report.json")` has the numbers.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from evolver.errors import InputError
from evolver.run.fitted_ensemble import ENSEMBLE

MOST_BARS = 20
"""Number of columns whose importance is drawn."""


def front(model: Any, ax: Any = None) -> Any:
    """Draw score against complexity: scored candidates, the Pareto front and the ensemble.

    Parameters
    ----------
    model : EvolvedClassifier or EvolvedRegressor
        Fitted estimator.
    ax : matplotlib.axes.Axes, optional
        Axes to draw into; None: new ones.

    Returns
    -------
    matplotlib.axes.Axes
    """
    ax, facts = _axes(model, ax), _facts(model)
    board = model.leaderboard_[model.leaderboard_["outcome"] == "scored"]
    ax.scatter(board["complexity"], board["score"], s=12, color="0.6", label="candidates")
    rows = model.pareto_front_
    members = rows[rows["digest"] != ENSEMBLE].sort_values("complexity")
    ax.step(members["complexity"], members["score"], where="post", marker="o", label="front")
    ensemble = rows[rows["digest"] == ENSEMBLE]
    if len(ensemble):
        ax.scatter(ensemble["complexity"], ensemble["score"], marker="D", label="ensemble")
    ax.set(xlabel="complexity", ylabel=_metric(facts))
    ax.legend()
    return ax


def progress(model: Any, ax: Any = None, value: str = "best") -> Any:
    """Draw the best score over the seconds of a run, with dots in the colour of its phase.

    Parameters
    ----------
    model : EvolvedClassifier or EvolvedRegressor
        Fitted estimator.
    ax : matplotlib.axes.Axes, optional
        Axes to draw into; None: new ones.
    value : {"best", "hypervolume"}, default="best"
        Best score so far, or hypervolume of the front.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    InputError
        If there is no such value.
    """
    if value not in ("best", "hypervolume"):
        raise InputError(f"`value` must be 'best' or 'hypervolume', got {value!r}.")
    ax, facts = _axes(model, ax), _facts(model)
    points = [one for one in facts["progress"] if one["seconds"] is not None]
    seconds = [one["seconds"] for one in points]
    ax.step(seconds, [one[value] for one in points], where="post", color="0.6")
    for phase in dict.fromkeys(one["proposer"] for one in points):
        own = [one for one in points if one["proposer"] == phase]
        ax.plot([one["seconds"] for one in own], [one[value] for one in own], "o", label=phase)
    ax.set(xlabel="seconds", ylabel=_metric(facts) if value == "best" else "hypervolume")
    ax.legend()
    return ax


def lineage(model: Any, ax: Any = None) -> Any:
    """Draw the winner and its ancestors: generation before the winner against score.

    Parameters
    ----------
    model : EvolvedClassifier or EvolvedRegressor
        Fitted estimator.
    ax : matplotlib.axes.Axes, optional
        Axes to draw into; None: new ones.

    Returns
    -------
    matplotlib.axes.Axes
    """
    ax, facts = _axes(model, ax), _facts(model)
    known = {one["digest"]: one for one in facts["lineage"] if one["score"] is not None}
    for one in known.values():
        for parent in one["parents"]:
            if parent in known:
                places = [-known[parent]["generation"], -one["generation"]]
                ax.plot(places, [known[parent]["score"], one["score"]], color="0.7", zorder=1)
        ax.plot(-one["generation"], one["score"], "o", color="C0", zorder=2)
        ax.annotate(
            one["name"].rpartition(" › ")[2], (-one["generation"], one["score"]), fontsize=7
        )
    ax.set(xlabel="generations before the winner", ylabel=_metric(facts))
    return ax


def importance(model: Any, ax: Any = None, seconds: float = 30.0) -> Any:
    """Draw the permutation importance of the columns for the best pipeline, with its error.

    Parameters
    ----------
    model : EvolvedClassifier or EvolvedRegressor
        Fitted estimator.
    ax : matplotlib.axes.Axes, optional
        Axes to draw into; None: new ones.
    seconds : float, default=30.0
        Seconds in which it may be computed, unless a report has done so.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    InputError
        If it cannot be computed: a pickle holds no table, or the time is too short.
    """
    from evolver.estimators.reports import complete

    facts = _facts(model)
    if not facts.get("importance"):
        complete(model, seconds)
    rows = facts.get("importance", [])[:MOST_BARS][::-1]
    if not rows:
        raise InputError(
            "`model` must have its table, or a report with importances, and `seconds` must be"
            f" enough to compute them, got {seconds!r} seconds."
        )
    ax = _axes(model, ax)
    ax.barh(
        [row["column"] for row in rows],
        [row["fall"] for row in rows],
        xerr=[row["error"] for row in rows],
    )
    ax.set(xlabel=f"fall of {_metric(facts)} when shuffled")
    return ax


def calibration(model: Any, ax: Any = None) -> Any:
    """Draw the share of the second class against its predicted probability, out of fold.

    Parameters
    ----------
    model : EvolvedClassifier
        Fitted estimator of two classes.
    ax : matplotlib.axes.Axes, optional
        Axes to draw into; None: new ones.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    InputError
        If the model does not predict one of two classes.
    """
    facts = _facts(model)
    rows = facts["curves"].get("calibration")
    if not rows:
        raise InputError("`model` must predict one of two classes, with out-of-fold predictions.")
    ax = _axes(model, ax)
    points = np.array(rows)
    ax.plot([0, 1], [0, 1], color="0.7", linestyle="--")
    ax.plot(points[:, 0], points[:, 1], marker="o")
    label = facts["curves"]["classes"][1]
    ax.set(xlabel=f"predicted probability of {label}", ylabel=f"share of {label}")
    return ax


def _axes(model: Any, ax: Any) -> Any:
    """Return the axes to draw into."""
    check_is_fitted(model)
    if ax is not None:
        return ax
    from matplotlib.figure import Figure

    # A figure of its own is not shown or kept by pyplot, so that there is no global state.
    return Figure().subplots()


def _facts(model: Any) -> Any:
    """Return the facts of the run of a fitted model."""
    check_is_fitted(model)
    if model._facts is None:
        raise InputError("`model` must have the facts of its run, which could not be gathered.")
    return model._facts


def _metric(facts: Any) -> str:
    """Return the name of the score for an axis."""
    name: str = facts["metric"]["name"].replace("_", " ")
    return name
