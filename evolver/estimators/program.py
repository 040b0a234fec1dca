"""Source of a program that does what a member of a fitted estimator does."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from sklearn.metrics import get_scorer_names

import evolver
from evolver.errors import InputError
from evolver.export.about import About
from evolver.export.fit_facts import Fit
from evolver.export.notebook import to_notebook
from evolver.export.plain import plain
from evolver.export.readable import to_readable
from evolver.export.source_file import to_source
from evolver.problem import Problem
from evolver.report.frames import shown_digest, title
from evolver.run.fitted_ensemble import ENSEMBLE
from primitives.reading import Column

if TYPE_CHECKING:
    from evolver.estimators.evolved import Evolved


def fit_facts(problem: Problem, X: pd.DataFrame) -> Fit:
    """Return what the specialisation of the models of a run depends on.

    Parameters
    ----------
    problem : Problem
    X : DataFrame of shape (n_samples, n_features)
        Training table as it was given.
    """
    # The search has learned both.
    assert problem.schema is not None
    assert problem.as_written is not None
    profiles = problem.schema.profiles
    return Fit(
        *problem.as_written,
        frozenset(name for name, one in profiles.items() if one.missing == len(X)),
        frozenset(name for name, one in profiles.items() if not one.missing),
        len(problem.y),
        problem.sample_weight is not None,
    )


def plain_member(model: Evolved, member: str | None = None) -> Any:
    """Return a fitted member as an equal estimator made of the classes of libraries.

    Parameters
    ----------
    model : Evolved
        Fitted estimator.
    member : str, default=None
        Member of the front, as in `select`; None: the model that `predict` uses.

    Raises
    ------
    InputError
        If there is no such member, or if it is not fitted and the data are gone.
    """
    return plain(model._members.fitted(member), model._fit_facts)


STYLES = ("readable", "exact")
"""Styles of an exported file."""


def source_of(
    model: Evolved,
    digest: str,
    style: str = "readable",
    *,
    keep_imputers: bool = True,
    ending: str = "",
) -> str:
    """Return the source of a member of a fitted estimator.

    Parameters
    ----------
    model : Evolved
        Fitted estimator.
    digest : str
        Digest of the member.
    style : {"readable", "exact"}, default="readable"
        A member that is not fitted, and cannot be without the data, and a sparse matrix, are always
        written in the exact style.
    keep_imputers : bool, default=True
        False to leave imputers out where nothing was missing.
    ending : str, default=""
        Ending of the file: a notebook for ``".ipynb"``.

    Raises
    ------
    InputError
        If there is no such style, or if a part of the member has no source.
    """
    if style not in STYLES:
        raise InputError(f"`style` must be one of {', '.join(STYLES)}, got {style!r}.")
    is_notebook = ending == ".ipynb"
    is_general = not model._members.can_fit(digest) or model._schema.is_sparse
    if is_notebook and (style == "exact" or is_general):
        raise InputError(
            "A notebook must be written in the readable style, of a table of columns and a member"
            f" that is fitted, got {digest!r} in the style {style!r}."
        )
    try:
        if style == "exact" or is_general:
            return to_source(
                model._members.estimator(digest),
                model.target_name_,
                title(model.pareto_front_, digest, model._n_folds),
                _columns_of(model),
                reads_texts=model._target_is_text,
                takes_weights=model._is_weighted,
            )
        about = _about(model, digest)
        fit = replace(model._fit_facts, keeps_imputers=keep_imputers)
        if not about.is_plain:  # the general program reads columns as texts
            fit = replace(fit, as_written=frozenset(), marks={}, readings={})
        write = to_notebook if is_notebook else to_readable
        return write(plain(model._members.fitted(digest), fit), about)
    except (OSError, ValueError) as error:  # Python finds no source of some definitions
        raise InputError(
            f"`member` must be a model that can be written as source, got {digest!r}: {error}"
        ) from error


def _about(model: Evolved, digest: str) -> About:
    """Return the facts of a member that its file tells or needs."""
    profiles, labels = model._schema.profiles, model._fitted_task.classes
    metric = next(iter(model.scorers_))
    return About(
        model.target_name_,
        _header(model, digest, metric),
        _columns_of(model),
        {
            name: LEFT_OUT_AS.get(one.column.kind, one.column.kind)
            for name, one in profiles.items()
            if name not in model._schema.learned
        },
        model._fit_facts.complete,
        model._members.names_of_members if digest == ENSEMBLE else (),
        "" if labels is None else labels.dtype.kind,
        metric if metric in get_scorer_names() else "",
        reads_texts=model._target_is_text,
        takes_weights=model._is_weighted,
        options=model._csv_options,
    )


LEFT_OUT_AS = {"constant": "one value", "ignore": "left out by the caller"}
"""Reasons why columns are not used, by kind; others are their own."""


def _header(model: Evolved, digest: str, metric: str) -> list[str]:
    """Return the paragraphs at the top of a file: what it is, and how good."""
    front = model.pareto_front_
    rows = front[front["digest"] == shown_digest(digest)]
    names = [model.target_name_] if isinstance(model.target_name_, str) else model.target_name_
    name = "".join(f": {text}" for text in rows["pipeline"])
    chosen = " that it was not chosen on" if digest == ENSEMBLE else ""
    scores = [
        f" Score: {metric} {score:.6g} over {model._n_folds} folds{chosen} (standard error"
        f" {std / model._n_folds**0.5:.2g})."
        for score, std in zip(rows["score"], rows["std"], strict=True)
    ]
    found = f"Found by evolver {evolver.__version__} on {model._date}.{''.join(scores)}"
    honest = model.honest_score_
    if digest == model._members.digest_of(None) and np.isfinite(honest.score):
        found += f" Expected on new rows: {honest.score:.4g}, from {honest.low:.4g} to"
        found += f" {honest.high:.4g} (95 %)."
    return [f"Model of {', '.join(names)}{name}.", found]


def _columns_of(model: Evolved) -> dict[str, Column]:
    """Return the columns that a program reads as texts, a target of texts among them."""
    labels = model._fitted_task.classes
    is_text = model._target_is_text or (labels is not None and labels.dtype.kind in "OU")
    name = model.target_name_
    names = [name] if isinstance(name, str) else name
    targets = {name: Column("category") for name in names} if is_text else {}
    return {**targets, **model._schema.not_plain}
