"""Writing of files, whole or not at all.

The content goes into a part file in the same folder, which then replaces the target in one step.
A program that is killed while it writes leaves the earlier file as it was.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

PRIVATE_FILE = 0o600
"""Permissions of a file that its owner alone may read: it can contain rows of the user's table."""

PRIVATE_FOLDER = 0o700
"""Permissions of a folder that its owner alone may open, such as a run folder."""

READABLE_FILE = 0o666
"""Permissions of a file that the user names, before the user's umask removes some."""


@contextmanager
def replacing(file: Path, mode: int = PRIVATE_FILE) -> Iterator[Path]:
    """Replace a file by the part file that the block writes.

    A symbolic link of that name is replaced, not followed. If the block raises, nothing changes.

    Parameters
    ----------
    file : Path
        File to replace; it need not exist.
    mode : int
        Permissions of the new file.

    Yields
    ------
    Path
        Empty part file to write to.

    Raises
    ------
    OSError
        If no file can be created in the folder.
    """
    # The suffix stays: writers such as `numpy.savez` and `DataFrame.to_csv` act on it.
    part = file.with_name(f".{uuid4().hex}.part{file.suffix}")
    try:
        # The file is created with its permissions, so that nobody can open it before they are set.
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
    """Replace a file that the user names by the one that the block writes.

    Unlike `replacing`, symbolic links are followed and an existing file keeps its permissions. A
    device, a pipe, and an existing file in a read-only folder cannot be replaced: the block writes
    to them directly.

    Parameters
    ----------
    path : Path
        File to replace; it need not exist.

    Yields
    ------
    Path
        File to write to.

    Raises
    ------
    OSError
        If no file can be created in the folder.
    """
    file = path.resolve()
    if path.exists() and not (path.is_file() and os.access(file.parent, os.W_OK)):
        yield path
        return
    with replacing(file, READABLE_FILE) as part:
        if file.exists():
            shutil.copymode(file, part)
        yield part


@contextmanager
def replacing_folder(folder: Path) -> Iterator[Path]:
    """Replace a folder that the user names by the one that the block writes.

    If the block raises, nothing changes.

    Parameters
    ----------
    folder : Path
        Folder to replace; it need not exist.

    Yields
    ------
    Path
        Empty folder beside it to write to.

    Raises
    ------
    OSError
        If no folder can be created there.
    """
    target = folder.resolve()
    part = target.with_name(f".{uuid4().hex}.part")
    earlier = target.with_name(f".{uuid4().hex}.earlier")
    part.mkdir()
    try:
        yield part
        if target.exists():
            target.replace(earlier)
        try:
            part.replace(target)
        except OSError:
            if earlier.exists():
                earlier.replace(target)
            raise
    finally:
        shutil.rmtree(part, ignore_errors=True)
        shutil.rmtree(earlier, ignore_errors=True)
