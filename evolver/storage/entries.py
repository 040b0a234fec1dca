"""Replay of the entries of a journal: the state of a run that they add up to.

Anybody may have changed the file, so every entry is checked before it is applied.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import nan
from typing import Any

import numpy as np

from evolver.genome.codec import Encoded
from evolver.outcome import Failed, Failure, ScoredFold, Stopped, underived


@dataclass
class Journaled:
    """Recorded state of one candidate.

    Parameters
    ----------
    digest : str
        Content hash of the pipeline.
    folds : dict of int to ScoredFold
        Scored folds by number, those of fewer rows first.
    settled : bool
        True if the outcome is recorded.
    final : Failed, Stopped or None
        Outcome of a candidate that failed or was not begun. Any other outcome is derived from the
        folds again.
    tree : Encoded
        Encoded pipeline. It may be empty, because a resumed run needs only the digest.
    elapsed : float
        Seconds of the run until the outcome; NaN if there is none.
    origin : sequence of str
        Proposer and operator that made the candidate; empty if an older journal does not say.
    """

    digest: str
    folds: dict[int, ScoredFold] = field(default_factory=dict)
    settled: bool = False
    final: Failed | Stopped | None = None
    tree: Encoded = ()
    elapsed: float = nan
    origin: Sequence[str] = ()


class Replay:
    """State of a run after the entries applied so far. Only `evolver.storage.journal` applies them.

    Attributes
    ----------
    header : dict or None
        Data and settings of the run; None before the first entry.
    candidates : dict of int to Journaled
        Candidates by number.
    shares : list of (int, float)
        Number of a candidate, and share of the candidates from it on that are refined.
    simplified : list of (int, int)
        Numbers of the first candidate that may be a simplification, and of the first after it that
        may not.
    seconds : float
        Seconds of the budget that were spent at the latest outcome.
    count : int
        Number of entries.
    """

    def __init__(self) -> None:
        self.header: dict[str, Any] | None = None
        self.candidates: dict[int, Journaled] = {}
        self.shares: list[tuple[int, float]] = []
        self.simplified: list[tuple[int, int]] = []
        self.seconds = 0.0
        self.count = 0
        self._n_costs = 0

    def apply(self, number: Any, kind: Any, body: Any) -> None:
        """Apply one entry.

        Parameters
        ----------
        number : int
            Number of the candidate that the entry belongs to, or of the first candidate that a
            share holds for; 0 for the header.
        kind : str
            Kind of the entry.
        body : Any
            Content of the entry, as JSON decodes it.

        Raises
        ------
        ValueError
            If no run writes such an entry, or if the entry may not come next.
        """
        appliers = {"header": self._header, "candidate": self._candidate, "share": self._share}
        appliers |= {"simplify": self._simplify, "fold": self._fold}
        appliers |= dict.fromkeys(OUTCOMES, self._outcome)
        if not _is_count(number) or kind not in appliers:
            raise ValueError(
                f"an entry must have one of the kinds {', '.join(appliers)} and the number of a"
                f" candidate, got {kind!r} and {number!r}"
            )
        if kind in ("fold", *OUTCOMES) and number not in self.candidates:
            raise ValueError(
                f"an entry {kind!r} belongs to candidate {number}, which has no entry before it"
            )
        try:
            appliers[kind](number, body)
            if kind in ("failed", "stopped"):
                self.candidates[number].final = _final(kind, body)
        except (ValueError, TypeError, KeyError, AttributeError, OverflowError) as error:
            raise ValueError(
                f"the entry {kind!r} of candidate {number} is not valid: {error}"
            ) from None
        self.count += 1

    def _header(self, number: int, body: Any) -> None:
        if self.header is not None or self.candidates:
            raise ValueError("the header must be the first entry")
        # NumPy raises an error here unless this is the state of such a bit generator.
        np.random.default_rng().bit_generator.state = body["random_state"]
        for name, least in (("lag", 1), ("folds", 1), ("ladder", 0)):
            if not _is_count(body[name], least):
                raise ValueError(f"{name!r} must be an integer of at least {least}")
        self.header = body

    def _candidate(self, number: int, body: Any) -> None:
        if number != len(self.candidates):
            raise ValueError(f"the next candidate must have the number {len(self.candidates)}")
        self.candidates[number] = Journaled(
            _text(body["digest"]),
            tree=_tree(body["tree"]),
            origin=[_text(part) for part in body.get("origin", ())],
        )

    def _share(self, number: int, body: Any) -> None:
        if not 0 <= _number(body) <= 1:
            raise ValueError(f"a share must be from 0 to 1, got {body!r}")
        self.shares.append((number, body))

    def _simplify(self, number: int, body: Any) -> None:
        if not _is_count(body, number):
            raise ValueError(f"it must end at a candidate from {number} on, got {body!r}")
        self.simplified.append((number, body))

    def _fold(self, number: int, body: Any) -> None:
        # What a pipeline takes to be used comes last, where it was measured.
        usage = body[-1]["usage"] if isinstance(body[-1], dict) else []
        fold, score, costs, *seconds = body[:-1] if isinstance(body[-1], dict) else body
        # Further scores are a list after the seconds, in which null stands for NaN.
        # A fold without further scores has no list.
        has_list = bool(seconds) and isinstance(seconds[-1], list) and len(seconds[-1]) > 0
        reported = seconds.pop() if has_list else []
        if len(seconds) not in (1, 2):
            raise ValueError(f"it must have the seconds of a fold, got {body!r}")
        # A single cost is written as a number, several as a list.
        costs = costs if isinstance(costs, list) else [costs]
        self._n_costs = self._n_costs or len(costs)
        if len(costs) != self._n_costs:
            raise ValueError(f"it must have {self._n_costs} costs, got {len(costs)}")
        if self.header is not None:  # a run refuses a journal without a header later
            n_folds = self.header["ladder"] + self.header["folds"]
            if not _is_count(fold) or fold >= n_folds:
                raise ValueError(f"a fold must be from 0 to {n_folds - 1}, got {fold!r}")
        self.candidates[number].folds[fold] = ScoredFold(
            _number(score),
            tuple(map(_number, costs)),
            _number(seconds[0]),
            _number(seconds[1]) if len(seconds) > 1 else 0.0,
            tuple(nan if one is None else _number(one) for one in reported),
            tuple(map(_number, usage)),
        )

    def _outcome(self, number: int, body: Any) -> None:
        self.seconds = _number(body["seconds"])
        candidate = self.candidates[number]
        candidate.settled, candidate.elapsed = True, self.seconds


OUTCOMES = ("scored", "failed", "stopped")
"""Kinds of the entries that record the outcome of a candidate."""


def _final(kind: str, body: Mapping[str, Any]) -> Failed | Stopped | None:
    """Return the outcome of an entry if it cannot be derived from the folds, else None."""
    if kind == "failed":
        return Failed(Failure(body["kind"]), _text(body["reason"]), _number(body["spent"]))
    return underived(Stopped(_text(body.get("reason", "")), 0.0))


def _tree(body: Any) -> Encoded:
    """Return an encoded tree whose form is checked.

    The search checks it against its search space, which a journal does not hold.
    """
    nodes: list[tuple[str, dict[str, Any]] | None] = []
    for node in body:
        if node is None:
            nodes.append(None)
            continue
        name, values = node
        for value in values.values():
            # Parameter values may be Booleans, which `_number` refuses elsewhere.
            if value is not None and not isinstance(value, str):
                _number(int(value) if isinstance(value, bool) else value)
        nodes.append((_text(name), values))
    if not nodes:
        raise ValueError("a tree must not be empty")
    return nodes


def _text(value: Any) -> str:
    """Return a string unchanged, or raise a ValueError."""
    if not isinstance(value, str):
        raise ValueError(f"a value must be a string, got {value!r}")
    return value


def _number(value: Any) -> Any:
    """Return a finite number unchanged, or raise a ValueError."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    # NaN fails the comparison; an integer of JSON may be too large for a float.
    if not is_number or not abs(value) <= sys.float_info.max:
        raise ValueError(f"a value must be a finite number, got {value!r}")
    return value


def _is_count(value: Any, least: int = 0) -> bool:
    """Return True if a value is an integer of at least `least`; a Boolean is none."""
    return isinstance(value, int) and not isinstance(value, bool) and value >= least
