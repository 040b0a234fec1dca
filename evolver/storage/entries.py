"""Entries of a journal applied one after another: they give what is known of a run.

Files can be changed by anybody, so every entry is checked before it counts.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from evolver.genome.codec import Encoded
from evolver.outcome import Failed, Failure, ScoredFold


@dataclass
class Journaled:
    """What a journal knows of one candidate.

    Parameters
    ----------
    digest : str
    folds : dict of int to ScoredFold
    settled : bool
        Whether its outcome was known.
    failed : Failed or None
        The outcome where it is that. Any other follows from the folds.
    tree : Encoded
        Empty where only a candidate that is proposed again is to be recognised.
    """

    digest: str
    folds: dict[int, ScoredFold] = field(default_factory=dict)
    settled: bool = False
    failed: Failed | None = None
    tree: Encoded = ()


class Replay:
    """Knowledge of a run after its entries so far. Only its journal applies entries.

    Attributes
    ----------
    header : dict or None
        None before the first entry.
    candidates : dict of int to Journaled
    shares : list of (int, float)
        From which candidate on which share of them is refined.
    seconds : float
        Of the budget so far.
    count : int
        Entries.
    """

    def __init__(self) -> None:
        self.header: dict[str, Any] | None = None
        self.candidates: dict[int, Journaled] = {}
        self.shares: list[tuple[int, float]] = []
        self.seconds = 0.0
        self.count = 0
        self._n_costs = 0

    def apply(self, number: Any, kind: Any, body: Any) -> None:
        """Apply one entry.

        Raises
        ------
        ValueError
            When it is none that a run writes, or not one that can come next.
        """
        appliers = {"header": self._header, "candidate": self._candidate, "share": self._share}
        appliers |= {"fold": self._fold, **dict.fromkeys(OUTCOMES, self._outcome)}
        if not _is_count(number) or kind not in appliers:
            raise ValueError(f"there is no entry {kind!r} of candidate {number!r}")
        if kind in ("fold", *OUTCOMES) and number not in self.candidates:
            raise ValueError(f"an entry {kind!r} is of candidate {number}, which is not there")
        try:
            appliers[kind](number, body)
            if kind == "failed":
                self.candidates[number].failed = _failed(body)
        except (ValueError, TypeError, KeyError, AttributeError, OverflowError) as error:
            raise ValueError(
                f"the entry {kind!r} of candidate {number} is none that a run writes ({error})"
            ) from None
        self.count += 1

    def _header(self, number: int, body: Any) -> None:
        if self.header is not None or self.candidates:
            raise ValueError("it must come first")
        np.random.default_rng().bit_generator.state = body["random_state"]
        for name, least in (("lag", 1), ("folds", 1), ("ladder", 0)):
            if not _is_count(body[name], least):
                raise ValueError(f"its {name} is {body[name]!r}")
        self.header = body

    def _candidate(self, number: int, body: Any) -> None:
        if number != len(self.candidates):
            raise ValueError(f"it follows {len(self.candidates)} others")
        self.candidates[number] = Journaled(_text(body["digest"]), tree=_tree(body["tree"]))

    def _share(self, number: int, body: Any) -> None:
        if not 0 <= _number(body) <= 1:
            raise ValueError(f"{body!r} is no share")
        self.shares.append((number, body))

    def _fold(self, number: int, body: Any) -> None:
        fold, score, costs, *seconds = body
        costs = costs if isinstance(costs, list) else [costs]
        self._n_costs = self._n_costs or len(costs)
        if len(costs) != self._n_costs:
            raise ValueError(f"it has {len(costs)} costs, those before have {self._n_costs}")
        if self.header is not None:
            most = self.header["ladder"] + self.header["folds"]
            if not _is_count(fold) or fold >= most:
                raise ValueError(f"there is no fold {fold!r} of {most}")
        self.candidates[number].folds[fold] = ScoredFold(
            _number(score), tuple(map(_number, costs)), *map(_number, seconds)
        )

    def _outcome(self, number: int, body: Any) -> None:
        self.seconds = _number(body["seconds"])
        self.candidates[number].settled = True


OUTCOMES = ("scored", "failed", "stopped")
"""Entries by which a candidate has an outcome."""


def _failed(body: Mapping[str, Any]) -> Failed:
    return Failed(Failure(body["kind"]), _text(body["reason"]), _number(body["spent"]))


def _tree(body: Any) -> Encoded:
    """Return a tree that has the form of one; whether it is valid depends on the search space."""
    nodes: list[tuple[str, dict[str, Any]] | None] = []
    for node in body:
        if node is None:
            nodes.append(None)
            continue
        name, values = node
        for value in values.values():
            if value is not None and not isinstance(value, str):
                _number(int(value) if isinstance(value, bool) else value)
        nodes.append((_text(name), values))
    if not nodes:
        raise ValueError("its tree is empty")
    return nodes


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is no text")
    return value


def _number(value: Any) -> Any:
    """Return a finite number as it is."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not abs(value) <= sys.float_info.max:
        raise ValueError(f"{value!r} is no number")
    return value


def _is_count(value: Any, least: int = 0) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= least
