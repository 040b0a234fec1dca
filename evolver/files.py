"""How files are written: whole or not at all.

A part file in the same folder is written first and then takes the place of the file, so that a
program that is killed while it writes leaves what was there before.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

PRIVATE_FILE = 0o600
PRIVATE_FOLDER = 0o700
"""Permissions of what a run folder holds: rows of the user's table can be read from it."""

READABLE_FILE = 0o666
"""Permissions of a file that the user names, before the user's own mask."""


@contextmanager
def replacing(file: Path, mode: int = PRIVATE_FILE) -> Iterator[Path]:
    """Give an empty part file, which takes the place of a file when the block ends.

    A symbolic link of that name is replaced, not followed. Where the block raises, nothing changes.

    Parameters
    ----------
    file : Path
    mode : int
        Permissions of the new file.

    Raises
    ------
    OSError
        When no file can be made in the folder.
    """
    part = file.with_name(f".{uuid4().hex}.part{file.suffix}")
    try:
        os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode))
    except OSError as error:  # the caller knows the file, not its part
        raise OSError(error.errno, error.strerror, str(file)) from None
    try:
        yield part
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def replacing_named(path: Path) -> Iterator[Path]:
    """Give what to write to in order to write a file that the user names.

    As `replacing`, but symbolic links are followed, a file that is there keeps its permissions, and
    what can only be written in place is: a device, a pipe, a file in a folder that is read-only.

    Raises
    ------
    OSError
        When no file can be made in the folder.
    """
    file = path.resolve()
    if path.exists() and not (path.is_file() and os.access(file.parent, os.W_OK)):
        yield path
        return
    with replacing(file, READABLE_FILE) as part:
        if file.exists():
            shutil.copymode(file, part)
        yield part
