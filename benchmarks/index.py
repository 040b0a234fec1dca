"""Index of the measurements: the scripts there are, and their questions in README.md."""

from __future__ import annotations

import re
from pathlib import Path

HERE = Path(__file__).parent
INDEX = HERE / "README.md"
DEFAULT = ".measure"
"""End of a module's name that is left out of the script's name."""

ROW = re.compile(r"^\| `(?P<name>[\w.]+)[^|]*\| (?P<question>[^|]+) \|", re.MULTILINE)
"""Row of the index: command and question come first."""


def scripts() -> dict[str, str]:
    """Return the modules of all scripts by name: those in a folder that have a `main`."""
    files = sorted(
        file for file in HERE.glob("*/*.py") if "\ndef main(" in file.read_text(encoding="utf-8")
    )
    return {name_of(file): f"{HERE.name}.{file.parent.name}.{file.stem}" for file in files}


def name_of(file: Path | str) -> str:
    """Return the name that a script is launched by: its folder, and its own unless "measure"."""
    script = Path(file)
    return f"{script.parent.name}.{script.stem}".removesuffix(DEFAULT)


def questions() -> dict[str, str]:
    """Return the first question of each script in the index."""
    found: dict[str, str] = {}
    for match in ROW.finditer(INDEX.read_text(encoding="utf-8")):
        found.setdefault(match["name"], match["question"].strip())
    return found
