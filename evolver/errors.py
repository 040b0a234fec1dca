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
from difflib import SequenceMatcher

MOST_NEAR = 3
"""Largest number of names that an error suggests."""

LEAST_LIKENESS = 0.7
"""Smallest ratio of equal characters of a word and a name, or its beginning, that are near."""

SAME_BEGINNING = 4
"""Number of first characters that a word and a name share if they begin alike."""


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

    Near are names that contain the word, that begin like it, or that are spelt alike.
    """
    lower = word.lower()
    if not lower:
        return ""

    def likeness(name: str) -> float:
        whole = name.lower()
        if lower in whole:
            return 1.0
        # A beginning such as "lgmb" is near to a long name, though most of the name is missing.
        likes = [SequenceMatcher(None, lower, part).ratio() for part in (whole, whole[: len(word)])]
        begins_alike = lower[:SAME_BEGINNING] == whole[:SAME_BEGINNING]
        return max(*likes, LEAST_LIKENESS if begins_alike else 0.0)

    near = sorted((name for name in names if likeness(name) >= LEAST_LIKENESS), key=likeness)
    found = near[: -MOST_NEAR - 1 : -1]
    return f" Did you mean {' or '.join(found)}?" if found else ""


def require(holds: bool, argument: str, rule: str, value: object) -> None:
    """Raise an InputError that names argument, rule and value, unless the rule holds."""
    if not holds:
        raise InputError(f"`{argument}` must be {rule}, got {value!r}.")
