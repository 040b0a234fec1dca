"""Recorded run: what its journal tells of a run that is finished, was stopped or still goes on.

Only the journal is read, so that nothing in a run folder is unpickled, and nothing is changed. A
running run is read from a copy of its journal.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import nan
from pathlib import Path
from typing import Any

from evolver.genome.codec import Encoded
from evolver.genome.names import short_digest, short_name
from evolver.genome.tree import Step, Tree, X
from evolver.outcome import (
    RACED_OUT,
    Failed,
    Outcome,
    Scored,
    Stopped,
    aggregate_folds,
)
from evolver.search.selection import non_dominated
from evolver.storage.entries import Journaled, Replay
from evolver.storage.journal import read
from primitives import Catalogue, default_catalogue

UNFINISHED = "unfinished"
"""Name of the outcome of a candidate that has none yet, as it is evaluated or was cut off."""


@dataclass(frozen=True)
class RecordedCandidate:
    """Candidate as a journal tells of it.

    Parameters
    ----------
    number : int
        Place in the order asked.
    digest : str
    tree : Tree or None
        None if the journal names primitives that are not in the default catalogue.
    expression : str
        Pipeline as text; the names of its steps if there is no tree.
    outcome : Outcome or None
        None while folds wait or are under way.
    seconds : float
        Seconds of its folds.
    n_folds : int
        Number of folds on all rows so far.
    score : float
        Mean score of these folds; NaN if there are none.
    proposer, operator : str
        Origin; empty if an older journal does not say.
    elapsed : float
        Seconds of the run until the outcome; NaN if there is none.
    """

    number: int
    digest: str
    tree: Tree | None
    expression: str
    outcome: Outcome | None
    seconds: float
    n_folds: int
    score: float
    proposer: str
    operator: str
    elapsed: float

    @property
    def pipeline(self) -> str:
        """Short name of the pipeline."""
        return self.expression if self.tree is None else short_name(self.tree)

    @property
    def is_scored(self) -> bool:
        """True if every fold was scored."""
        return isinstance(self.outcome, Scored)

    @property
    def outcome_name(self) -> str:
        """Name of the outcome, in small letters."""
        return UNFINISHED if self.outcome is None else type(self.outcome).__name__.lower()

    def row(self) -> dict[str, Any]:
        """Return the candidate as a row of a table."""
        outcome = self.outcome
        return {
            "number": self.number,
            "score": self.score,
            "std": outcome.std if isinstance(outcome, Scored) else nan,
            "complexity": outcome.complexity if isinstance(outcome, Scored) else nan,
            "outcome": self.outcome_name,
            "reason": outcome.reason if isinstance(outcome, Failed | Stopped) else "",
            "seconds": self.seconds,
            "proposer": self.proposer,
            "digest": short_digest(self.digest),
            "pipeline": self.pipeline,
            "expression": self.expression,
        }


class RecordedRun:
    """State of a run after the latest entry of its journal.

    Parameters
    ----------
    replay : Replay
        Recorded state, with a header.

    Attributes
    ----------
    seconds : float
        Seconds of the budget that were spent at the latest outcome.
    """

    def __init__(self, replay: Replay) -> None:
        assert replay.header is not None
        self._header: dict[str, Any] = replay.header
        self._known = replay.candidates
        self._catalogue = default_catalogue()
        self.seconds = replay.seconds

    @property
    def about(self) -> Mapping[str, Any]:
        """Description of the run in the header; empty if an older journal has none."""
        about = self._header.get("about")
        return about if isinstance(about, dict) else {}

    @property
    def metrics(self) -> list[str]:
        """Names of the scores, that which is optimised first; empty in an older journal."""
        metrics = self.about.get("metrics")
        return [str(name) for name in metrics] if isinstance(metrics, list) else []

    @property
    def metric(self) -> str:
        """Name of the score that is optimised."""
        return next(iter(self.metrics), "score")

    @property
    def objectives(self) -> list[str]:
        """Names of the objectives beside the score."""
        return str(self._header.get("complexity", "operators")).split(", ")

    @property
    def time(self) -> str | None:
        """Name of the column of times by which folds go forward."""
        time = self._header.get("time")
        return None if time is None else str(time)

    @property
    def n_folds(self) -> int:
        """Number of folds on all rows."""
        folds: int = self._header["folds"]
        return folds

    @cached_property
    def candidates(self) -> Sequence[RecordedCandidate]:
        """Candidates in the order asked."""
        return [self._candidate(number, one) for number, one in self._known.items()]

    @cached_property
    def counts(self) -> dict[str, int]:
        """Number of candidates by the name of their outcome."""
        return dict(Counter(one.outcome_name for one in self.candidates).most_common())

    @cached_property
    def front(self) -> Sequence[RecordedCandidate]:
        """Non-dominated candidates, best score first."""
        scored = [one for one in self.candidates if isinstance(one.outcome, Scored)]
        outcomes = [one.outcome for one in scored if isinstance(one.outcome, Scored)]
        return [scored[place] for place in non_dominated(outcomes)]

    def ranked(self) -> list[RecordedCandidate]:
        """Return the candidates, best first: by number of folds, then by score."""
        return sorted(
            self.candidates,
            key=lambda one: (-one.n_folds, -one.score if one.n_folds else 0.0, one.number),
        )

    def _candidate(self, number: int, known: Journaled) -> RecordedCandidate:
        """Return a candidate with the outcome that follows from its entries."""
        ladder = self._header["ladder"]
        units = range(ladder + self._header["folds"])
        seconds = sum(fold.seconds for fold in known.folds.values())
        whole = [fold.score for unit, fold in known.folds.items() if unit >= ladder]
        outcome: Outcome | None = known.final
        if outcome is None and len(known.folds) == len(units):
            outcome = aggregate_folds([known.folds[unit] for unit in units], ladder)
        elif outcome is None and known.settled:
            outcome = Stopped(RACED_OUT, seconds)
        proposer, operator, *_ = [*known.origin, "", ""]
        tree = _tree(known.tree, self._catalogue)
        return RecordedCandidate(
            number,
            known.digest,
            tree,
            _names(known.tree) if tree is None else str(tree),
            outcome,
            seconds,
            len(whole),
            sum(whole) / len(whole) if whole else nan,
            proposer,
            operator,
            known.elapsed,
        )


def recorded_run(folder: Path) -> RecordedRun:
    """Return the run in a folder, which may still be running.

    Raises
    ------
    ValueError
        If the folder has no journal, or if it is damaged, of another version, or has not begun.
    """
    replay = read(folder)
    if replay.header is None:
        raise ValueError("the run has not begun, so its journal is empty")
    return RecordedRun(replay)


def _tree(encoded: Encoded, catalogue: Catalogue) -> Tree | None:
    """Return the tree of an encoded pipeline; None if some of its steps are the user's."""
    names = {primitive.name for primitive in catalogue}
    if not all(node is None or node[0] in names for node in encoded):
        return None
    nodes = [X if node is None else Step(catalogue[node[0]], node[1]) for node in encoded]
    # Anybody may have changed the file, so the nodes need not be those of a tree.
    with contextlib.suppress(ValueError, IndexError, KeyError):
        tree = Tree(nodes)
        short_name(tree)
        return tree
    return None


def _names(encoded: Encoded) -> str:
    """Return the names of the steps of an encoded pipeline."""
    return ", ".join(node[0] for node in encoded if node is not None)
