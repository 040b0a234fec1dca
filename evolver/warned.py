"""Findings in the data of a caller, and the warnings that tell them."""

from __future__ import annotations

import warnings
from dataclasses import dataclass


class DataWarning(UserWarning):
    """Warning that the data may not be what the caller means; the message says what to do."""


@dataclass(frozen=True)
class Finding:
    """Finding of a check of the data that a caller should know, but that stops nothing.

    Parameters
    ----------
    code : str
        Kind of the finding in lower-case words with hyphens, such as ``"rows-without-target"``.
    message : str
        Sentences that say what was found, in which argument, and what to do.
    column : str, optional
        Name of the column; None if it is about no column of the table, or about several.
    """

    code: str
    message: str
    column: str | None = None


def warn_of(finding: Finding, stacklevel: int = 1) -> None:
    """Issue a finding as a `DataWarning`.

    Parameters
    ----------
    finding : Finding
    stacklevel : int, default=1
        Frame whose line the warning shows: 1 for the caller of this function, 2 for its caller.
    """
    warnings.warn(finding.message, DataWarning, stacklevel=stacklevel + 1)
