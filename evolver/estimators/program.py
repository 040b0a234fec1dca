"""Source of a program that does what a member of a fitted estimator does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from evolver.errors import InputError
from evolver.export.plain import Fit, plain
from evolver.export.source_file import to_source
from evolver.problem import Problem
from evolver.report.frames import title
from evolver.schema.as_written import as_written
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
    assert problem.schema is not None  # the search has learned it
    profiles = problem.schema.profiles
    return Fit(
        as_written(X, problem.schema),
        frozenset(name for name, one in profiles.items() if one.missing == len(X)),
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


def source_of(model: Evolved, digest: str) -> str:
    """Return the source of a member of a fitted estimator.

    Parameters
    ----------
    model : Evolved
        Fitted estimator.
    digest : str
        Digest of the member.

    Raises
    ------
    InputError
        If a part of the member has no source.
    """
    try:
        return to_source(
            model._members.estimator(digest),
            model.target_name_,
            title(model.pareto_front_, digest, model._n_folds),
            _columns_of(model),
            reads_texts=model._target_is_text,
            takes_weights=model._is_weighted,
        )
    except (OSError, ValueError) as error:  # Python finds no source of some definitions
        raise InputError(
            f"`member` must be a model that can be written as source, got {digest!r}: {error}"
        ) from error


def _columns_of(model: Evolved) -> dict[str, Column]:
    """Return the columns that a program reads as texts, a target of texts among them."""
    labels = model._fitted_task.classes
    is_text = model._target_is_text or (labels is not None and labels.dtype.kind in "OU")
    name = model.target_name_
    names = [name] if isinstance(name, str) else name
    targets = {name: Column("category") for name in names} if is_text else {}
    return {**targets, **model._schema.not_plain}
