"""Entries of a journal in a file: appended one by one, and read again in their order.

    entry      (number, kind, body, checksum), appended and never changed
    checksum   of an entry and of the checksum before it
    count      of entries and candidates, in a small file beside it

One SQLite file in WAL mode. The checksums find an entry that was changed, taken out or moved. To
SQLite a log that lost its end, or all of it, is no fault, so the count tells how much is lost.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import sqlite3
from collections.abc import Iterator
from io import FileIO
from pathlib import Path
from typing import Any

from evolver import temporary
from evolver.files import PRIVATE_FILE

FILE = "journal.sqlite"
LOG = f"{FILE}-wal"
COUNT = f"{FILE}-count"
FILES = (FILE, LOG, f"{FILE}-shm", f"{FILE}-journal", COUNT)
"""The file, what SQLite may keep beside it, and the count."""

SCHEMA_VERSION = 4
PAGES_OF_LOG = 200
"""Pages after which SQLite moves its log into the file: a lost log costs no more."""
BUSY_SECONDS = 0.2
NO_ROOM = (
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_CANTOPEN,
)
"""Errors of the place, not of what the file holds."""

CANDIDATE = "candidate"
"""Kind of the entries that are counted of their own, too."""


class EntryFile:
    """An open file of entries, for this process alone.

    Parameters
    ----------
    folder : Path
        The file is made where there is none.

    Raises
    ------
    BlockingIOError
        When another process has it open.
    OSError
        When there is no room, or it may not be written to; of every method.
    ValueError
        When it is damaged, of another version, or of something else; of every method.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE
        self._last = ""
        self._entries = 0
        self._candidates = 0
        with _in_words():
            self._connection = _connect(self._path)
        try:
            flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW
            self._count = FileIO(os.open(folder / COUNT, flags, PRIVATE_FILE), "r+")
        except OSError:
            self._connection.close()
            raise

    def read(self) -> Iterator[tuple[int, str, Any]]:
        """Give number, kind and body of all entries. Reading comes before appending."""
        with _in_words():
            for number, kind, text, checksum in self._connection.execute(
                "SELECT number, kind, body, checksum FROM entries ORDER BY position"
            ):
                try:
                    is_intact = checksum == _checksum(self._last, number, kind, text)
                    body = json.loads(text)
                except (TypeError, RecursionError) as error:
                    raise ValueError(str(error)) from None
                if not is_intact:
                    raise ValueError("an entry does not match its checksum")
                self._noted(kind, checksum)
                yield number, kind, body

    def append(self, number: int, kind: str, body: Any) -> None:
        """Append an entry, then count it: no count is of what is not there."""
        if not self._path.exists():
            raise FileNotFoundError("the file is gone")
        text = json.dumps(body)
        checksum = _checksum(self._last, number, kind, text)
        with _in_words():
            self._connection.execute(
                "INSERT INTO entries (number, kind, body, checksum) VALUES (?, ?, ?, ?)",
                (number, kind, text, checksum),
            )
        self._noted(kind, checksum)
        self._count.seek(0)
        self._count.write(b"%12d %12d\n" % (self._entries, self._candidates))

    def move_log(self) -> None:
        """Let SQLite move its log into the file, so that what is there now is not lost with it."""
        with _in_words():
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    @property
    def loss(self) -> str | None:
        """The loss of entries, in words; None where there is none. All must have been read."""
        self._count.seek(0)
        counts = self._count.read().split()
        if len(counts) != 2 or not all(one.isdigit() for one in counts):
            is_lost = "has lost the count of its entries: whether entries are lost too is not known"
            return is_lost if self._entries else None
        entries, candidates = map(int, counts)
        if entries <= self._entries:
            return None
        return (
            f"was cut: {self._entries} of {entries} entries are left, of {self._candidates} of"
            f" {candidates} candidates"
        )

    def close(self) -> None:
        """Close the file."""
        self._connection.close()
        self._count.close()

    def _noted(self, kind: str, checksum: str) -> None:
        self._last = checksum
        self._entries += 1
        self._candidates += kind == CANDIDATE


@contextlib.contextmanager
def copied(folder: Path) -> Iterator[EntryFile]:
    """Give a copy of the file of a folder, also while a run appends to it."""
    with temporary.folder() as copy:
        # The log first: its pages can be put over a file that has got them already, not the other
        # way round.
        with contextlib.suppress(FileNotFoundError):
            shutil.copyfile(folder / LOG, copy / LOG)
        shutil.copyfile(folder / FILE, copy / FILE)
        with contextlib.closing(EntryFile(copy)) as file:
            yield file


@contextlib.contextmanager
def _in_words() -> Iterator[None]:
    """Turn errors of SQLite into ours."""
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code == sqlite3.SQLITE_BUSY:
            raise BlockingIOError(str(error)) from None
        kind = OSError if code in NO_ROOM else ValueError
        raise kind(str(error)) from None


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


def _checksum(last: str, number: int, kind: str, text: str) -> str:
    content = json.dumps([last, number, kind, text]).encode()
    return hashlib.blake2b(content, digest_size=16).hexdigest()
