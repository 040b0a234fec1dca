"""The record of a run: appended to before it is acted on, replayed to resume.

Written by the parent process alone. A journal that can no longer be written to goes quiet: the run
it belongs to goes on without it.
"""

from __future__ import annotations

import contextlib
import json
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from evolver import temporary
from evolver.errors import EvolverError, InputError
from evolver.genome.candidate import Candidate
from evolver.genome.codec import encode
from evolver.outcome import Failed, Outcome, Scored, ScoredFold
from evolver.storage.entries import Journaled, Replay
from evolver.storage.entry_file import CANDIDATE, FILE, EntryFile, copied

logger = logging.getLogger("evolver")


@dataclass(frozen=True)
class History:
    """What there is to know of a run, as plain data: enough to go on with it.

    Parameters
    ----------
    header : dict
    candidates : dict of int to Journaled
    shares : sequence of (int, float)
        From which candidate on which share of them is refined.
    seconds : float
        Of the budget so far.
    predictions : mapping of (str, int) to ndarray
        Out-of-fold ones of the best candidates, by digest and fold, where no folder has them.
    """

    header: dict[str, Any]
    candidates: dict[int, Journaled]
    shares: Sequence[tuple[int, float]]
    seconds: float
    predictions: Mapping[tuple[str, int], np.ndarray] = field(default_factory=dict)


class Journal:
    """An open journal. Only a run appends to it.

    Parameters
    ----------
    folder : Path or None
        Exists and can be written to; None: nothing is written.
    history : History, optional
        What is known where there is no folder.

    Raises
    ------
    InputError
        When another process has it open, it is damaged, or of another version.
    """

    def __init__(self, folder: Path | None, history: History | None = None) -> None:
        self.path = Path() if folder is None else folder / FILE
        self._known = Replay()
        self._file: EntryFile | None = None
        self._shares: list[tuple[int, float]] = []
        if folder is not None:
            self._open(folder)
        elif history is not None:
            self._known.header = history.header
            self._known.candidates = dict(history.candidates)
            self._known.shares = list(history.shares)
            self._known.seconds = history.seconds
        self._shares.extend(self._known.shares)

    def _open(self, folder: Path) -> None:
        """Open the file and recall what it says; what it has lost is said."""
        try:
            self._file = EntryFile(folder)
            for entry in self._file.read():
                self._known.apply(*entry)
            if (loss := self._file.loss) is not None:
                logger.warning("The journal %s %s. The run goes on from there.", self.path, loss)
        except BlockingIOError:
            raise InputError(
                f"`run_dir` must not be in use by another run, got {str(folder)!r}."
            ) from None
        except OSError as error:
            self._go_quiet(error)
        except ValueError as error:
            self.close()
            raise InputError(
                f"`run_dir` must hold an intact journal, got {str(self.path)!r}: {error}. Choose"
                " another folder, or empty this one to start anew."
            ) from None

    @property
    def header(self) -> dict[str, Any] | None:
        """Data and settings of the run; None where it has not begun."""
        return self._known.header

    @property
    def replayed(self) -> Mapping[int, Journaled]:
        """Candidates by number, as they were when the journal was opened."""
        return self._known.candidates

    @property
    def shares(self) -> tuple[tuple[int, float], ...]:
        """Shares of refinement, each after the number of the first candidate that it is for."""
        return tuple(self._shares)

    def share_at(self, number: int) -> float:
        """Return the share of refinement at a candidate; of several entries the last counts."""
        return [0.0, *(share for first, share in self._shares if first <= number)][-1]

    @property
    def seconds(self) -> float:
        """Seconds of the budget that were spent when the journal was opened."""
        return self._known.seconds

    def begin(self, header: Mapping[str, Any]) -> None:
        """Write what the run is about; a journal that has been begun must be about the same.

        Raises
        ------
        InputError
            When it is about other data or settings; the message says which.
        """
        plain = json.loads(json.dumps(header))
        if self.header is None:
            if self._known.count:
                raise InputError(
                    f"`run_dir` must hold an intact journal, but {str(self.path)!r} says nothing of"
                    " its data and settings. Choose another folder, or empty this one."
                )
            self._append(0, "header", plain)
            self._known.header = plain
            self._write(EntryFile.move_log)  # a log that is lost must not take the header with it
            return
        other = [
            _difference(key, self.header.get(key), plain[key])
            for key in sorted(plain)
            if plain[key] != self.header.get(key)
        ]
        if other:
            which = f"`run_dir` must belong to a run on the same data and settings, but {self.path}"
            if not self.path.name:
                which = "Data and settings must be those of `fit`, but the run"
            raise InputError(f"{which} differs in {', '.join(other)}.")

    def share(self, share: float, first: int | None) -> None:
        """Append the share of refinement from the next candidate on, unless it is that already.

        Where there was none yet, it is from candidate `first` on at the earliest; None: from one
        that is not known yet, so nothing is appended.
        """
        if self._shares:
            first = 0
        if first is not None and [one for _, one in self._shares[-1:]] != [share]:
            number = max(first, len(self.replayed))
            self._shares.append((number, share))
            self._append(number, "share", share)

    def refine(self) -> None:
        """Append that all candidates from the next on are refined, unless they are anyhow."""
        number = len(self.replayed)
        if self.share_at(number) < 1:
            self._shares.append((number, 1.0))
            self._append(number, "share", 1.0)

    def propose(self, number: int, candidate: Candidate) -> None:
        """Append a candidate that is about to be evaluated.

        Raises
        ------
        InputError
            When the journal has another candidate of this number: it was written by another
            version.
        """
        known = self.replayed.get(number)
        if known is None:
            self._append(
                number, CANDIDATE, {"digest": candidate.digest, "tree": encode(candidate.tree)}
            )
        elif known.digest != candidate.digest:
            raise InputError(
                f"`run_dir` must belong to a run of this version of evolver: candidate {number} of"
                f" {str(self.path)!r} is another than is proposed now."
            )

    def fold(self, number: int, fold: int, scored_fold: ScoredFold) -> None:
        """Append the score of one fold."""
        score, costs, *seconds = astuple(scored_fold)
        # One cost is a number, as it was before there could be several.
        self._append(
            number, "fold", [fold, score, costs[0] if len(costs) == 1 else costs, *seconds]
        )

    def settle(self, number: int, outcome: Outcome, seconds: float) -> None:
        """Append the outcome of a candidate, and the seconds of the run so far; once."""
        known = self.replayed.get(number)
        if known is not None and known.settled:
            return
        body = {"seconds": seconds}
        if isinstance(outcome, Scored):
            self._append(number, "scored", body)
        elif isinstance(outcome, Failed):
            failed = {
                "kind": outcome.kind.value,
                "reason": outcome.reason,
                "spent": outcome.seconds,
            }
            self._append(number, "failed", {**body, **failed})
        else:
            self._append(number, "stopped", {**body, "reason": outcome.reason})

    def close(self) -> None:
        """Close the file; nothing can be appended any more."""
        if self._file is not None:
            file, self._file = self._file, None
            file.close()

    def _append(self, number: int, kind: str, body: Any) -> None:
        self._write(lambda file: file.append(number, kind, body))

    def _write(self, write: Callable[[EntryFile], None]) -> None:
        if self._file is not None:
            try:
                write(self._file)
            except (OSError, ValueError) as error:
                self._go_quiet(error)

    def _go_quiet(self, error: Exception) -> None:
        logger.warning("The run goes on without its journal %s: %s", self.path, error)
        self.close()


def read(folder: Path) -> Replay:
    """Return what the journal of a run says, also while the run goes on, and leave it as it is.

    Raises
    ------
    ValueError
        When there is none, it is damaged, or of another version.
    """
    known = Replay()
    try:
        with copied(folder) as file:
            for entry in file.read():
                known.apply(*entry)
    except OSError as error:
        raise ValueError(str(error)) from None
    return known


@contextlib.contextmanager
def run_folder(folder: str | Path | None) -> Iterator[Path]:
    """Give the folder of a run: the caller's, or one that is gone afterwards.

    Raises
    ------
    EvolverError
        When there is no place for one.
    """
    temporary.sweep()
    with contextlib.ExitStack() as stack:
        try:
            own = stack.enter_context(temporary.folder()) if folder is None else Path(folder)
        except OSError as error:
            raise EvolverError(f"A run needs a folder, but {error}. Set `run_dir`.") from None
        yield own


def _difference(key: str, then: Any, now: Any) -> str:
    """Return what of the header differs; of versions, which."""
    if key != "versions" or not isinstance(then, dict):
        return key
    names = [name for name in sorted({*then, *now}) if then.get(name) != now.get(name)]
    return "versions ({})".format(
        "; ".join(
            f"{one} {then.get(one, 'none')} then, {now.get(one, 'none')} now" for one in names
        )
    )
