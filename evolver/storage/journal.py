"""Journal of a run: each step is appended before the run acts on it, and replayed to resume.

Only the parent process writes to it. When writing fails, the journal logs a warning and writes
nothing more; the run continues without it.
"""

from __future__ import annotations

import contextlib
import json
import logging
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from evolver import temporary
from evolver.errors import EvolverError, InputError
from evolver.files import PRIVATE_FOLDER
from evolver.genome.candidate import Candidate
from evolver.genome.codec import encode
from evolver.outcome import Failed, Outcome, Scored, ScoredFold
from evolver.storage.entries import Journaled, Replay
from evolver.storage.entry_file import CANDIDATE, FILE, EntryFile, copied

logger = logging.getLogger("evolver")

ABOUT = "about"
"""Entry of a header that describes the run for people; it may differ when a run is continued."""


@dataclass(frozen=True)
class History:
    """State of a run as plain data, from which the run can be continued.

    Parameters
    ----------
    header : dict
        Data and settings of the run.
    candidates : dict of int to Journaled
        Candidates by number.
    shares : sequence of (int, float)
        Number of a candidate, and share of the candidates from it on that are refined.
    seconds : float
        Seconds of the budget that the run has spent.
    predictions : mapping of (str, int) to ndarray
        Out-of-fold predictions of the best candidates, by digest and fold; empty if a run folder
        holds them.
    simplified : sequence of (int, int)
        Numbers of the first candidate that may be a simplification, and of the first after it that
        may not.
    """

    header: dict[str, Any]
    candidates: dict[int, Journaled]
    shares: Sequence[tuple[int, float]]
    seconds: float
    predictions: Mapping[tuple[str, int], np.ndarray] = field(default_factory=dict)
    simplified: Sequence[tuple[int, int]] = ()


class Journal:
    """Open journal. Only the run that it belongs to appends to it.

    Parameters
    ----------
    folder : Path or None
        Folder that exists and can be written to; None: nothing is written.
    history : History, optional
        State of the run to continue. It is used only if there is no folder.

    Raises
    ------
    InputError
        If another process has the journal open, or if it is damaged or of another version.
    """

    def __init__(self, folder: Path | None, history: History | None = None) -> None:
        self.path = Path() if folder is None else folder / FILE
        self._known = Replay()
        self._file: EntryFile | None = None
        if folder is not None:
            self._open(folder)
        elif history is not None:
            self._known.header = history.header
            self._known.candidates = dict(history.candidates)
            self._known.shares = list(history.shares)
            self._known.simplified = list(history.simplified)
            self._known.seconds = history.seconds

    def _open(self, folder: Path) -> None:
        """Open the file and replay its entries; log a warning if entries are missing."""
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
            self._stop_writing(error)
        except ValueError as error:
            self.close()
            raise InputError(
                f"`run_dir` must hold an intact journal, got {str(self.path)!r}: {error}. Choose"
                " another folder, or empty this one to start anew."
            ) from None

    @property
    def header(self) -> dict[str, Any] | None:
        """Data and settings of the run; None if it has not begun."""
        return self._known.header

    @property
    def replayed(self) -> Mapping[int, Journaled]:
        """Candidates by number, as recorded when the journal was opened."""
        return self._known.candidates

    @property
    def shares(self) -> tuple[tuple[int, float], ...]:
        """Pairs of a candidate's number and the share of refinement from that candidate on."""
        return tuple(self._known.shares)

    def share_at(self, number: int) -> float:
        """Return the share of refinement that holds for a candidate."""
        return [0.0, *(share for first, share in self._known.shares if first <= number)][-1]

    @property
    def simplified(self) -> tuple[tuple[int, int], ...]:
        """Pairs of the first candidate that may be a simplification, and of the first that not."""
        return tuple(self._known.simplified)

    def simplifies_at(self, number: int) -> bool:
        """Return True if a candidate may be a simplification."""
        return any(first <= number < end for first, end in self._known.simplified)

    @property
    def seconds(self) -> float:
        """Seconds of the budget that were spent when the journal was opened."""
        return self._known.seconds

    def begin(self, header: Mapping[str, Any]) -> None:
        """Append the header, or check that the journal already has the same one.

        Raises
        ------
        InputError
            If the journal has a header with other data or settings; the message names them.
        """
        # A header that was read has been through JSON, where a tuple becomes a list.
        plain = json.loads(json.dumps(header))
        if self.header is None:
            if self._known.count:
                raise InputError(
                    f"`run_dir` must hold an intact journal, but {str(self.path)!r} does not name"
                    " the data and settings of its run. Choose another folder, or empty this one."
                )
            self._append(0, "header", plain)
            self._known.header = plain
            self._write(EntryFile.move_log)  # a lost log must not cost the header
            return
        other = [
            _difference(key, self.header.get(key), plain[key])
            for key in sorted(plain)
            if key != ABOUT and plain[key] != self.header.get(key)
        ]
        if other:
            rule = f"`run_dir` must belong to a run on the same data and settings, but {self.path}"
            if not self.path.name:  # `refine` continues a run that was kept in memory
                rule = "Data and settings must be those of `fit`, but the run"
            raise InputError(f"{rule} differs in {', '.join(other)}.")

    def share(self, share: float, first: int | None) -> None:
        """Append the share of refinement from the next candidate on, unless it holds already.

        Parameters
        ----------
        share : float
            Share of the candidates that are refined, from 0 to 1.
        first : int or None
            Number of the earliest candidate that the first share of a run may hold for; None: it is
            not known yet, so nothing is appended. Later shares ignore it.
        """
        if self._known.shares:
            first = 0
        if first is not None and [latest for _, latest in self._known.shares[-1:]] != [share]:
            number = max(first, len(self.replayed))
            self._known.shares.append((number, share))
            self._append(number, "share", share)

    def refine(self) -> None:
        """Append a share of 1 from the next candidate on, unless it holds already."""
        number = len(self.replayed)
        if self.share_at(number) < 1:
            self._known.shares.append((number, 1.0))
            self._append(number, "share", 1.0)

    def simplify(self, first: int, end: int) -> None:
        """Append that the candidates from one number to another may be simplifications."""
        self._known.simplified.append((first, end))
        self._append(first, "simplify", end)

    def propose(self, number: int, candidate: Candidate) -> None:
        """Append a candidate before it is evaluated, unless it is recorded already.

        Raises
        ------
        InputError
            If the journal has another candidate of this number, which another version proposed.
        """
        known = self.replayed.get(number)
        if known is None:
            body = {"digest": candidate.digest, "tree": encode(candidate.tree)}
            origin = [candidate.origin.proposer, candidate.origin.operator]
            self._append(number, CANDIDATE, {**body, "origin": origin})
        elif known.digest != candidate.digest:
            raise InputError(
                f"`run_dir` must belong to a run of this version of evolver: candidate {number} of"
                f" {str(self.path)!r} is not the one that is proposed now."
            )

    def fold(self, number: int, fold: int, scored_fold: ScoredFold) -> None:
        """Append the scores of one fold."""
        costs = scored_fold.costs
        body: list[Any] = [
            fold,
            scored_fold.score,
            # A single cost is a number: journals had only one before there could be more.
            costs[0] if len(costs) == 1 else costs,
            scored_fold.seconds,
            scored_fold.saved,
        ]
        if scored_fold.reported:  # JSON has no NaN
            body.append([None if math.isnan(one) else one for one in scored_fold.reported])
        if scored_fold.usage:
            body.append({"usage": list(scored_fold.usage)})
        self._append(number, "fold", body)

    def settle(self, number: int, outcome: Outcome, seconds: float) -> None:
        """Append the outcome of a candidate and the seconds of the run, unless it is recorded."""
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
        """Close the file. Nothing is written any more."""
        if self._file is not None:
            file, self._file = self._file, None
            file.close()

    def _append(self, number: int, kind: str, body: Any) -> None:
        self._write(lambda file: file.append(number, kind, body))

    def _write(self, write: Callable[[EntryFile], None]) -> None:
        """Call `write` with the file, if there is one; after an error the file is closed."""
        if self._file is not None:
            try:
                write(self._file)
            except (OSError, ValueError) as error:
                self._stop_writing(error)

    def _stop_writing(self, error: Exception) -> None:
        """Log a warning and close the file."""
        logger.warning("The run goes on without its journal %s: %s", self.path, error)
        self.close()


def read(folder: Path) -> Replay:
    """Return the recorded state of a run, which may still be running. The journal is not changed.

    Raises
    ------
    ValueError
        If the folder has no journal, or if it is damaged or of another version.
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
    """Yield the folder of a run: the caller's, or a temporary one that is removed afterwards.

    The caller's folder is created if it does not exist. If the block raises, the folders that were
    created are removed again, unless something is in them.

    Raises
    ------
    InputError
        If the caller's folder cannot be created.
    EvolverError
        If no temporary folder can be created.
    """
    temporary.sweep()  # runs that were killed have left theirs
    with contextlib.ExitStack() as stack:
        try:
            if folder is None:
                place = stack.enter_context(temporary.folder())
            else:
                place = stack.enter_context(_created(Path(folder)))
        except OSError as error:
            if folder is not None:
                raise InputError(
                    f"`run_dir` must be a folder that can be written to, got {str(folder)!r}:"
                    f" {error}"
                ) from None
            raise EvolverError(f"A run needs a folder, but {error}. Set `run_dir`.") from None
        yield place


@contextlib.contextmanager
def _created(folder: Path) -> Iterator[Path]:
    """Create a folder with its parents; if the block raises, remove those that are empty."""
    missing = [one for one in (folder, *folder.parents) if not one.exists()]
    folder.mkdir(PRIVATE_FOLDER, parents=True, exist_ok=True)
    try:
        yield folder
    except BaseException:
        with contextlib.suppress(OSError):  # a folder that is not empty cannot be removed
            for one in missing:
                one.rmdir()
        raise


def _difference(key: str, then: Any, now: Any) -> str:
    """Return the name of an entry of the header that differs, with the libraries for versions."""
    if key != "versions" or not isinstance(then, dict):
        return key
    names = [name for name in sorted({*then, *now}) if then.get(name) != now.get(name)]
    return "versions ({})".format(
        "; ".join(
            f"{name} {then.get(name, 'none')} then, {now.get(name, 'none')} now" for name in names
        )
    )
