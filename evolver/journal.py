"""The record of a run: appended to before it is acted on, replayed to resume.

    entry    (number, kind, body, checksum), appended and never changed
    state    what a replay of the entries gives

One SQLite file in WAL mode, written by the parent process alone. Each checksum covers the one
before it, so that a changed, missing or reordered entry is found when the file is opened. A log of
SQLite that lost its end is no fault to SQLite, so a count of the entries is kept beside it. A
journal that can no longer be written to goes quiet: the run it belongs to goes on without it.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass, field
from io import FileIO
from pathlib import Path
from typing import Any

import numpy as np

from evolver.entries import Journaled, Replay
from evolver.errors import InputError
from evolver.files import PRIVATE_FILE
from evolver.genome.candidate import Candidate
from evolver.genome.codec import encode
from evolver.outcome import Failed, Outcome, Scored, ScoredFold
from evolver.problem import share_at

FILE = "journal.sqlite"
LOG = f"{FILE}-wal"
COUNT = f"{FILE}-count"
FILES = (FILE, LOG, f"{FILE}-shm", f"{FILE}-journal", COUNT)
"""The journal, what SQLite may keep beside it, and how many entries and candidates there are."""

SCHEMA_VERSION = 4
PAGES_OF_LOG = 200
"""Pages after which SQLite moves its log into the file: what a lost log costs at the most."""
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
        self._last = ""
        self._connection: sqlite3.Connection | None = None
        self._count_file: FileIO | None = None
        self._proposed = 0
        if folder is None:
            if history is not None:
                self._known.header = history.header
                self._known.candidates = dict(history.candidates)
                self._known.shares = list(history.shares)
                self._known.seconds = history.seconds
            return
        try:
            self._connection = _connect(self.path)
            self._last = _replay(self._connection, self._known)
            self._count_file = _opened_count(folder / COUNT)
            self._proposed = len(self._known.candidates)
            self._say_what_is_lost()
        except (sqlite3.DatabaseError, OSError, ValueError) as error:
            self.close()
            code = getattr(error, "sqlite_errorcode", 0) & 0xFF
            if code == sqlite3.SQLITE_BUSY:
                raise InputError(
                    f"`run_dir` must not be in use by another run, got {str(folder)!r}."
                ) from None
            if code not in NO_ROOM and not isinstance(error, OSError):
                raise InputError(
                    f"`run_dir` must hold an intact journal, got {str(self.path)!r}: {error}."
                    " Choose another folder, or empty this one to start anew."
                ) from None
            logger.warning("The run goes on without its journal %s: %s", self.path, error)

    @property
    def header(self) -> dict[str, Any] | None:
        """What the run is about; None where it has not begun."""
        return self._known.header

    @property
    def candidates(self) -> Mapping[int, Journaled]:
        """What was known by number when the journal was opened."""
        return self._known.candidates

    @property
    def shares(self) -> list[tuple[int, float]]:
        """From which candidate on which share of them is refined."""
        return self._known.shares

    @property
    def seconds(self) -> float:
        """Of the budget, when the journal was opened."""
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
            self._move_log()
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
        if self._count_file is not None:
            self._count_file.close()

    def _say_what_is_lost(self) -> None:
        """Warn where the count knows of more entries than there are."""
        assert self._count_file is not None
        counts = self._count_file.read().split()
        known = (self._known.count, len(self._known.candidates))
        if len(counts) == 2 and all(one.isdigit() for one in counts):
            entries, candidates = map(int, counts)
            if entries > known[0]:
                logger.warning(
                    "The journal %s was cut: %d of %d entries are left, of %d of %d candidates. The"
                    " run goes on from there.",
                    self.path,
                    known[0],
                    entries,
                    known[1],
                    candidates,
                )
        elif self._known.count:
            logger.warning(
                "The journal %s has lost the count of its entries: whether entries are lost too is"
                " not known.",
                self.path,
            )

    def _move_log(self) -> None:
        """Let SQLite move its log into the file, so that it says of itself what it is about."""
        if self._connection is not None:
            try:
                self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            except sqlite3.Error as error:
                logger.warning("The run goes on without its journal %s: %s", self.path, error)
                self.close()

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
            self._count(kind)
        except (sqlite3.Error, OSError) as error:
            logger.warning("The run goes on without its journal %s: %s", self.path, error)
            self.close()

    def _count(self, kind: str) -> None:
        """Note that there is one entry more; after it, so that no count is of what is not there."""
        assert self._count_file is not None
        self._known.count += 1
        self._proposed += kind == "candidate"
        self._count_file.seek(0)
        self._count_file.write(b"%12d %12d\n" % (self._known.count, self._proposed))


def read(folder: Path) -> Replay:
    """Return what the journal of a run says, also while the run goes on, and leave it as it is.

    Raises
    ------
    ValueError
        When there is none, it is damaged, or of another version.
    """
    try:
        return _read(folder)
    except (OSError, sqlite3.Error) as error:
        raise ValueError(str(error)) from None


def _read(folder: Path) -> Replay:
    known = Replay()
    with tempfile.TemporaryDirectory(prefix="evolver-") as copy:
        # The log first: its pages can be put over a file that has got them already, not the other
        # way round.
        with contextlib.suppress(FileNotFoundError):
            shutil.copyfile(folder / LOG, Path(copy, LOG))
        shutil.copyfile(folder / FILE, Path(copy, FILE))
        with contextlib.closing(_connect(Path(copy, FILE))) as connection:
            _replay(connection, known)
    return known


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
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("BEGIN IMMEDIATE")
        _settle_schema(connection)
        connection.execute("COMMIT")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(f"PRAGMA wal_autocheckpoint = {PAGES_OF_LOG}")
        problems = connection.execute("PRAGMA integrity_check").fetchone()[0]
        if problems != "ok":
            raise ValueError(f"{problems.splitlines()[0]}")
    except BaseException:
        connection.close()
        raise
    return connection


def _settle_schema(connection: sqlite3.Connection) -> None:
    """Make the table in a new file; raise a ValueError where the file is no journal of ours."""
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version == SCHEMA_VERSION:
        return
    tables = connection.execute("SELECT name FROM sqlite_master").fetchall()
    if version == 0 and not tables:
        connection.execute(
            "CREATE TABLE entries (position INTEGER PRIMARY KEY, number INTEGER NOT NULL,"
            " kind TEXT NOT NULL, body TEXT NOT NULL, checksum TEXT NOT NULL) STRICT"
        )
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        return
    if ("entries",) not in tables:
        raise ValueError("it is a database of something else")
    raise ValueError(
        f"it was written by another version of evolver, its schema is version {version}, not"
        f" {SCHEMA_VERSION}"
    )


def _replay(connection: sqlite3.Connection, known: Replay) -> str:
    """Apply all entries in their order; return the last checksum.

    Raises
    ------
    ValueError
        When one is not as it was written, or none that a run writes.
    """
    last = ""
    for number, kind, body, checksum in connection.execute(
        "SELECT number, kind, body, checksum FROM entries ORDER BY position"
    ):
        try:
            is_intact = checksum == _checksum(last, number, kind, body)
            content = json.loads(body)
        except (TypeError, RecursionError) as error:
            raise ValueError(f"{error}") from None
        if not is_intact:
            raise ValueError("an entry does not match its checksum")
        last = checksum
        known.apply(number, kind, content)
    return last


def _opened_count(path: Path) -> FileIO:
    """Open the count of entries without a buffer, to be read and written."""
    return FileIO(os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, PRIVATE_FILE), "r+")


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


def _checksum(last: str, number: int, kind: str, text: str) -> str:
    content = json.dumps([last, number, kind, text]).encode()
    return hashlib.blake2b(content, digest_size=16).hexdigest()
