"""What can go wrong for a caller.

EvolverError
├── InputError          (ValueError)   an argument breaks its rule, said before any work starts
├── InputTypeError      (TypeError)    an argument is of the wrong type
└── NoPipelineError     (RuntimeError) no candidate succeeded; the commonest reasons are listed
"""

from __future__ import annotations


class EvolverError(Exception):
    """Base of all errors of this package."""


class InputError(EvolverError, ValueError):
    """An argument breaks its rule; the message names argument, rule and value."""


class InputTypeError(EvolverError, TypeError):
    """An argument is of the wrong type; the message names argument, rule and value."""


class NoPipelineError(EvolverError, RuntimeError):
    """No candidate succeeded; the message lists the commonest reasons with counts."""


def require(holds: bool, argument: str, rule: str, value: object) -> None:
    """Raise an InputError that names argument, rule and value, unless the rule holds."""
    if not holds:
        raise InputError(f"`{argument}` must be {rule}, got {value!r}.")
