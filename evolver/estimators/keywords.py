"""Keywords with which an estimator is made: their check, and the signature that has them.

Python's own error would name the private base class, and no parameter that may be meant.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from difflib import get_close_matches
from typing import Any

from evolver.errors import InputTypeError

NAMES_ELSEWHERE = {
    "generations": "max_evaluations",
    "max_time_mins": "time_budget",
    "time_limit": "time_budget",
    "metric": "scoring",
    "seed": "random_state",
}
"""Parameters of other libraries with the same purpose, which no similar spelling would find."""


def check_keywords(kind: type, keywords: Iterable[str]) -> None:
    """Raise an InputTypeError if the constructor of a class takes no keyword of some name.

    The message names the class, the keyword and the parameter that may be meant.

    Parameters
    ----------
    kind : type
        Class with an ``__init__`` of its own or of a base class.
    keywords : iterable of str
        Names of the keyword arguments.
    """
    parameters = inspect.signature(kind.__init__).parameters  # type: ignore[misc]  # of any class
    if any(one.kind is one.VAR_KEYWORD for one in parameters.values()):
        return
    known = [name for name in parameters if name != "self"]
    for name in keywords:
        if name not in known:
            near = get_close_matches(name, known, n=1) or [NAMES_ELSEWHERE.get(name, "")]
            hint = f"; did you mean `{near[0]}`?" if near[0] in known else "."
            raise InputTypeError(
                f"{kind.__name__} has the parameters {', '.join(known)}, but not `{name}`{hint}"
            )


def with_parameter(function: Callable[..., Any], name: str) -> inspect.Signature:
    """Return the signature of a function with one parameter more, whose default is None.

    A constructor that has it takes all parameters of its base without naming each once more.
    """
    signature = inspect.signature(function)
    keyword = inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None)
    return signature.replace(parameters=[*signature.parameters.values(), keyword])
