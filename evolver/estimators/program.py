"""Source of a program that does what a member of a fitted estimator does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from evolver.errors import InputError
from evolver.export.source_file import to_source
from evolver.report.frames import title
from primitives.reading import Column

if TYPE_CHECKING:
    from evolver.estimators.evolved import Evolved


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
