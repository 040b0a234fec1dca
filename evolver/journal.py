"""The record of a run: appended to before it is acted on, replayed to resume.

    entry    (number, kind, body, checksum), appended and never changed
    state    what a replay of the entries gives

One SQLite file in WAL mode, written by the parent process alone. Each checksum covers the one
before it, so that a changed, missing or reordered entry is found when the file is opened. A journal
that can no longer be written to goes quiet: the run it belongs to goes on without it.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import sqlite3
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from evolver.errors import InputError
from evolver.files import PRIVATE_FILE
from evolver.genome.candidate import Candidate
from evolver.genome.codec import encode
from evolver.outcome import Failed, Failure, Outcome, Scored, ScoredFold
from evolver.problem import share_at

FILE = "journal.sqlite"
FILES = (FILE, f"{FILE}-wal", f"{FILE}-shm", f"{FILE}-journal")
"""The journal, and what SQLite may keep beside it."""

SCHEMA_VERSION = 3
BUSY_SECONDS = 0.2
NO_ROOM = (
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_CANTOPEN,
)
"""Errors of the place, not of the journal: a run goes on without it."""

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
    """

    digest: str
    folds: dict[int, ScoredFold] = field(default_factory=dict)
    settled: bool = False
    failed: Failed | None = None


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
        self.header: dict[str, Any] | None = None
        self.candidates: dict[int, Journaled] = {}
        self.seconds = 0.0
        self.shares: list[tuple[int, float]] = []
        self._last = ""
        self._connection: sqlite3.Connection | None = None
        if folder is None:
            if history is not None:
                self.header = history.header
                self.candidates = dict(history.candidates)
                self.shares = list(history.shares)
                self.seconds = history.seconds
            return
        try:
            self._connection = _connect(self.path)
            self._replay()
        except (sqlite3.DatabaseError, OSError, ValueError, KeyError, TypeError) as error:
            self.close()
            code = getattr(error, "sqlite_errorcode", 0) & 0xFF
            if code == sqlite3.SQLITE_BUSY:
                raise InputError(
                    f"`run_dir` must not be in use by another run, got {str(folder)!r}."
                ) from None
            if code not in NO_ROOM and not isinstance(error, OSError):
                raise self._damaged(str(error)) from None
            logger.warning("The run goes on without its journal %s: %s", self.path, error)

    def begin(self, header: Mapping[str, Any]) -> None:
        """Write what the run is about; a journal that has been begun must be about the same.

        Raises
        ------
        InputError
            When it is about other data or settings; the message says which.
        """
        plain = json.loads(json.dumps(header))
        if self.header is None:
            self._append(0, "header", plain)
            self.header = plain
            return
        other = sorted(key for key in plain if plain[key] != self.header.get(key))
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
        if self.shares:
            first = 0
        if first is not None and [one for _, one in self.shares[-1:]] != [share]:
            number = max(first, len(self.candidates))
            self.shares.append((number, share))
            self._append(number, "share", share)

    def refine(self) -> None:
        """Append that all candidates from the next on are refined, unless they are anyhow."""
        number = len(self.candidates)
        if share_at(self.shares, number) < 1:
            self.shares.append((number, 1.0))
            self._append(number, "share", 1.0)

    def propose(self, number: int, candidate: Candidate) -> None:
        """Append a candidate that is about to be evaluated.

        Raises
        ------
        InputError
            When the journal has another candidate of this number: it was written by another
            version.
        """
        known = self.candidates.get(number)
        if known is None:
            self._append(
                number, "candidate", {"digest": candidate.digest, "tree": encode(candidate.tree)}
            )
        elif known.digest != candidate.digest:
            raise InputError(
                f"`run_dir` must belong to a run of this version of evolver: candidate {number} of"
                f" {str(self.path)!r} is another than is proposed now."
            )

    def fold(self, number: int, fold: int, scored_fold: ScoredFold) -> None:
        """Append the score of one fold."""
        self._append(number, "fold", [fold, *astuple(scored_fold)])

    def settle(self, number: int, outcome: Outcome, seconds: float) -> None:
        """Append the outcome of a candidate, and the seconds of the run so far; once."""
        known = self.candidates.get(number)
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
        if self._connection is not None:
            connection, self._connection = self._connection, None
            connection.close()

    def _append(self, number: int, kind: str, body: Any) -> None:
        if self._connection is None:
            return
        text = json.dumps(body)
        checksum = _checksum(self._last, number, kind, text)
        try:
            if not self.path.exists():
                raise FileNotFoundError("the file is gone")
            self._connection.execute(
                "INSERT INTO entries (number, kind, body, checksum) VALUES (?, ?, ?, ?)",
                (number, kind, text, checksum),
            )
            self._last = checksum
        except (sqlite3.Error, OSError) as error:
            logger.warning("The run goes on without its journal %s: %s", self.path, error)
            self.close()

    def _replay(self) -> None:
        assert self._connection is not None
        for number, kind, body, checksum in self._connection.execute(
            "SELECT number, kind, body, checksum FROM entries ORDER BY position"
        ):
            if checksum != _checksum(self._last, number, kind, body):
                raise ValueError("an entry does not match its checksum")
            self._last = checksum
            self._apply(number, kind, json.loads(body))

    def _apply(self, number: int, kind: str, body: Any) -> None:
        if kind == "header":
            self.header = body
        elif kind == "candidate":
            self.candidates[number] = Journaled(body["digest"])
        elif kind == "share":
            self.shares.append((number, body))
        elif kind == "fold":
            fold, *values = body
            self.candidates[number].folds[fold] = ScoredFold(*values)
        else:
            self.seconds = body["seconds"]
            self.candidates[number].settled = True
            self.candidates[number].failed = _failed(body) if kind == "failed" else None

    def _damaged(self, why: str) -> InputError:
        return InputError(
            f"`run_dir` must hold an intact journal, but {str(self.path)!r} is damaged: {why}."
            " Choose another folder, or delete the file to start anew."
        )


@contextlib.contextmanager
def run_folder(folder: str | Path | None) -> Iterator[Path]:
    """Give the folder of a run: the caller's, or one that is gone afterwards."""
    if folder is not None:
        yield Path(folder)
        return
    with tempfile.TemporaryDirectory(prefix="evolver-", ignore_cleanup_errors=True) as name:
        yield Path(name)


def _connect(path: Path) -> sqlite3.Connection:
    """Open the file for this process alone, and check that it is sound."""
    with contextlib.suppress(FileExistsError):  # SQLite would make it for everybody to read
        os.close(os.open(path, os.O_CREAT | os.O_EXCL, PRIVATE_FILE))
    connection = sqlite3.connect(path, isolation_level=None, timeout=BUSY_SECONDS)
    try:
        connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("BEGIN IMMEDIATE")
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version == 0:
            connection.execute(
                "CREATE TABLE entries (position INTEGER PRIMARY KEY, number INTEGER NOT NULL,"
                " kind TEXT NOT NULL, body TEXT NOT NULL, checksum TEXT NOT NULL) STRICT"
            )
            connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        elif version != SCHEMA_VERSION:
            raise ValueError(f"its schema is version {version}, not {SCHEMA_VERSION}")
        connection.execute("COMMIT")
        problems = connection.execute("PRAGMA integrity_check").fetchone()[0]
        if problems != "ok":
            raise ValueError(problems.splitlines()[0])
    except BaseException:
        connection.close()
        raise
    return connection


def _checksum(last: str, number: int, kind: str, text: str) -> str:
    content = json.dumps([last, number, kind, text]).encode()
    return hashlib.blake2b(content, digest_size=16).hexdigest()


def _failed(body: Mapping[str, Any]) -> Failed:
    return Failed(Failure(body["kind"]), body["reason"], body["spent"])
