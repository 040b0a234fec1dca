"""Exceptions that this package raises for its callers.

Exception
└── EvolverError              base class; raised itself if no worker or file can be made
    ├── InputError            and ValueError:    an argument has a wrong value
    ├── InputTypeError        and TypeError:     an argument has a wrong type
    └── NoPipelineError       and RuntimeError:  no candidate succeeded

Each subclass also derives from the built-in exception that scikit-learn would raise, so that code
written for scikit-learn catches it.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

MOST_NEAR = 3
"""Largest number of names that an error suggests."""


class EvolverError(Exception):
    """Base class of all exceptions of this package."""


class InputError(EvolverError, ValueError):
    """Wrong value of an argument; the message names the argument, the rule and the value."""


class InputTypeError(EvolverError, TypeError):
    """Wrong type of an argument; the message names the argument, the rule and the value."""


class NoPipelineError(EvolverError, RuntimeError):
    """Failure of all candidates; the message lists the most frequent reasons with their counts."""


def did_you_mean(word: str, names: Iterable[str]) -> str:
    """Return a question with the names that are near to a word; empty if none is.

    Near are names that contain the word, and names that are spelt alike.
    """
    by_lower = {name.lower(): name for name in names}
    lower = word.lower()
    near = [name for name in by_lower if lower and lower in name]
    near += [name for name in get_close_matches(lower, by_lower) if name not in near]
    found = [by_lower[name] for name in near[:MOST_NEAR]]
    return f" Did you mean {' or '.join(found)}?" if found else ""


def require(holds: bool, argument: str, rule: str, value: object) -> None:
    """Raise an InputError that names argument, rule and value, unless the rule holds."""
    if not holds:
        raise InputError(f"`{argument}` must be {rule}, got {value!r}.")
