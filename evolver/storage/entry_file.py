"""File of a journal: entries are appended one by one, and read again in order.

    entry      (number, kind, body, checksum), appended and never changed
    checksum   hash of an entry and of the checksum before it
    count      number of entries and of candidates, in a small file beside the journal

The file is an SQLite database with a write-ahead log. The checksums reveal an entry that was
changed, removed or moved. They do not reveal missing entries at the end, and SQLite accepts a log
that lost its end, or all of it. The count tells how many entries are missing.
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
"""Name of the SQLite file."""

LOG = f"{FILE}-wal"
"""Name of the write-ahead log that SQLite keeps beside its file."""

COUNT = f"{FILE}-count"
"""Name of the file with the number of entries and of candidates."""

FILES = (FILE, LOG, f"{FILE}-shm", f"{FILE}-journal", COUNT)
"""Names of all files of a journal, those that SQLite may create included."""

SCHEMA_VERSION = 4
"""Version of the format, stored in the `user_version` of the SQLite file."""

PAGES_OF_LOG = 200
"""Number of pages in the log at which SQLite moves them into its file: a lost log costs no more."""

BUSY_SECONDS = 0.2
"""Seconds to wait for the lock of another process."""

MOST_COPIES = 5
"""Largest number of attempts to copy a file and a log that belong together."""

LOCKED_FROM, LOCKED_BYTES = 0x40000002, 510
"""First byte and number of bytes of a file that SQLite locks, its ``SHARED_FIRST`` and its size."""

NO_ROOM = (
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_CANTOPEN,
)
"""Error codes of SQLite that concern the disk or its permissions, not the content of the file."""

CANDIDATE = "candidate"
"""Kind of the entries that begin a candidate; they have a count of their own."""


class EntryFile:
    """Open file of entries, locked against other processes.

    Parameters
    ----------
    folder : Path
        Folder of the file. The file is created if it does not exist.

    Raises
    ------
    BlockingIOError
        If another process has the file open.
    OSError
        If the disk is full or the file may not be written to. Every method may raise it.
    ValueError
        If the file is damaged, of another version, or not a journal. Every method may raise it.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE
        self._is_new = not self._path.exists()
        self._last = ""
        self._entries = 0
        self._candidates = 0
        with _errors_translated():
            self._connection = _connect(self._path)
        try:
            # The count is unbuffered, so a process that is killed loses nothing of it.
            flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW
            self._count = FileIO(os.open(folder / COUNT, flags, PRIVATE_FILE), "r+")
        except OSError:
            self._connection.close()
            raise

    def read(self) -> Iterator[tuple[int, str, Any]]:
        """Yield the number, kind and body of all entries in order.

        All entries must be read before the first is appended: its checksum follows theirs.
        """
        with _errors_translated():
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
                self._advance(kind, checksum)
                yield number, kind, body

    def append(self, number: int, kind: str, body: Any) -> None:
        """Append an entry, then update the count.

        A process that is killed in between leaves a count that is too small, which is harmless.
        """
        # SQLite reports no error when it writes to a file that was deleted.
        if not self._path.exists():
            raise FileNotFoundError("the file is gone")
        text = json.dumps(body)
        checksum = _checksum(self._last, number, kind, text)
        with _errors_translated():
            self._connection.execute(
                "INSERT INTO entries (number, kind, body, checksum) VALUES (?, ?, ?, ?)",
                (number, kind, text, checksum),
            )
        self._advance(kind, checksum)
        # The width is fixed, so the new numbers cover the old ones.
        self._count.seek(0)
        self._count.write(b"%12d %12d\n" % (self._entries, self._candidates))

    def move_log(self) -> None:
        """Move the log into the SQLite file, so that the entries so far survive a lost log."""
        with _errors_translated():
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    @property
    def loss(self) -> str | None:
        """Description of the entries that are missing; None if none are.

        All entries must have been read.
        """
        self._count.seek(0)
        counts = self._count.read().split()
        if len(counts) != 2 or not all(count.isdigit() for count in counts):
            unknown = "lost the count of its entries, so the last entries may be missing"
            return unknown if self._entries else None
        entries, candidates = map(int, counts)
        if entries <= self._entries:
            return None
        return (
            f"was cut: {self._entries} of {entries} entries and {self._candidates} of"
            f" {candidates} candidates are left"
        )

    def close(self) -> None:
        """Close the file; remove it if it was created here and nothing was appended.

        All entries must have been read.
        """
        if self._is_new and not self._entries:
            self._remove()
        self._connection.close()
        self._count.close()

    def _remove(self) -> None:
        """Remove the files, while they are locked: no other process can have begun a run in them.

        Without a log, SQLite removes nothing more when it closes the file.
        """
        with contextlib.suppress(OSError, sqlite3.Error):
            self._connection.execute("PRAGMA journal_mode = DELETE")
            self._path.unlink(missing_ok=True)
            self._path.with_name(COUNT).unlink(missing_ok=True)

    def _advance(self, kind: str, checksum: str) -> None:
        """Count an entry, and continue the checksums from it."""
        self._last = checksum
        self._entries += 1
        self._candidates += kind == CANDIDATE


@contextlib.contextmanager
def copied(folder: Path) -> Iterator[EntryFile]:
    """Yield an open copy of the file of a folder. A run may append to the original meanwhile."""
    with temporary.folder() as copy:
        for _ in range(MOST_COPIES):
            before = _state(folder / FILE)
            (copy / LOG).unlink(missing_ok=True)
            with contextlib.suppress(FileNotFoundError):
                shutil.copyfile(folder / LOG, copy / LOG)
            shutil.copyfile(folder / FILE, copy / FILE)
            # If the run has moved its log into the file in between, the two do not belong together.
            if _state(folder / FILE) == before:
                break
        with contextlib.closing(EntryFile(copy)) as file:
            yield file


def is_in_use(folder: Path) -> bool:
    """Return True if another process has the file of a folder open.

    The lock of SQLite is asked for and given back at once; the file is only read. A process that
    asks for its own file would lose its lock, so a run must not call this.
    """
    import fcntl  # only Unix has it

    try:
        with (folder / FILE).open("rb") as file:
            fcntl.lockf(file, fcntl.LOCK_SH | fcntl.LOCK_NB, LOCKED_BYTES, LOCKED_FROM)
    except BlockingIOError:
        return True
    return False


def _state(file: Path) -> tuple[int, int]:
    """Return the size and the time of the latest change of a file."""
    status = file.stat()
    return status.st_size, status.st_mtime_ns


@contextlib.contextmanager
def _errors_translated() -> Iterator[None]:
    """Raise errors of SQLite as BlockingIOError, OSError or ValueError."""
    try:
        yield
    except sqlite3.Error as error:
        # The lowest byte of an extended error code is the primary code.
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code == sqlite3.SQLITE_BUSY:
            raise BlockingIOError(str(error)) from None
        kind = OSError if code in NO_ROOM else ValueError
        raise kind(str(error)) from None


def _connect(path: Path) -> sqlite3.Connection:
    """Open the file, lock it against other processes, and check that it is intact."""
    # SQLite would create a file that every user may read.
    with contextlib.suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL, PRIVATE_FILE))
    connection = sqlite3.connect(path, isolation_level=None, timeout=BUSY_SECONDS)
    try:
        connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        # With a write-ahead log, a power failure may then cost the last entries, never the file.
        connection.execute("PRAGMA synchronous = NORMAL")
        # The first write transaction takes the lock, which exclusive mode holds until the end.
        connection.execute("BEGIN IMMEDIATE")
        _create_or_check_schema(connection)
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


def _create_or_check_schema(connection: sqlite3.Connection) -> None:
    """Create the table in a new file, or check that an existing file is a journal.

    Raises
    ------
    ValueError
        If the file is not a journal, or is of another version.
    """
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
        raise ValueError("it is a database of another program")
    raise ValueError(
        f"it was written by another version of evolver: its schema must be version"
        f" {SCHEMA_VERSION}, got version {version}"
    )


def _checksum(last: str, number: int, kind: str, text: str) -> str:
    """Return the checksum of an entry, which covers the last checksum before it."""
    content = json.dumps([last, number, kind, text]).encode()
    return hashlib.blake2b(content, digest_size=16).hexdigest()
