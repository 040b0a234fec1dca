"""Fitted estimator as a notebook shows it: what won, the front as a picture, the winner's steps."""

from __future__ import annotations

from base64 import b64encode
from html import escape
from pathlib import Path
from typing import Any

from sklearn.utils import estimator_html_repr

from evolver.report.picture import front_svg
from evolver.report.sentences import sentences

FRONT = ["score", "std", "complexity", "pipeline", "digest"]
"""Columns of the front that are shown."""


def notebook_html(model: Any) -> str:
    """Return the HTML of a fitted estimator; everything that comes from the data is escaped.

    Parameters
    ----------
    model : EvolvedClassifier or EvolvedRegressor
    """
    # As an image, the picture has a style sheet of its own, which does not reach the notebook.
    drawn = b64encode(front_svg(model.leaderboard_, model.pareto_front_).encode()).decode()
    said = [] if model._facts is None else sentences(model._facts)
    front = model.pareto_front_[FRONT].to_html(index=False, escape=True, border=0)
    parts = [
        f"<p><strong>{escape(type(model).__name__)}</strong></p>",
        *(f"<p>{escape(one)}</p>" for one in said),
        f'<p><img alt="Score of the candidates against their complexity" width="560"'
        f' src="data:image/svg+xml;base64,{drawn}"></p>',
        front,
        "<p>Best pipeline:</p>",
        estimator_html_repr(model.best_pipeline_),
        _links(model),
    ]
    return f"<div>{''.join(parts)}</div>"


def _links(model: Any) -> str:
    """Return links to the files of a run folder, or how to write a report."""
    if model.run_dir is None:
        return "<p>Report: <code>model.report('report.html')</code></p>"
    folder = Path(model.run_dir)
    names = [
        name for name in ("report.html", "winner.py", "ensemble.py") if (folder / name).exists()
    ]
    links = (
        f'<a href="{escape((folder / name).as_posix(), quote=True)}">{name}</a>' for name in names
    )
    return f"<p>Files: {', '.join(links)}</p>"
