"""Pinned requirements of a deployment folder: the libraries in use, and no others."""

from __future__ import annotations

import ast
import platform
import sys
from collections.abc import Iterable
from importlib import metadata


def requirements(packages: Iterable[str], sources: Iterable[str]) -> str:
    """Return the content of ``requirements.txt``.

    Parameters
    ----------
    packages : iterable of str
        Names of top-level packages that are in use.
    sources : iterable of str
        Sources of modules, whose imports are in use too.

    Raises
    ------
    ValueError
        If a package is of no installed distribution, such as a module of the user.
    """
    local = {"model", "parts", "pipeline"}
    used = {*packages, *(name for source in sources for name in _imported(source))} - local
    installed = metadata.packages_distributions()
    pins = set()
    for name in sorted(used - sys.stdlib_module_names):
        if name not in installed:
            raise ValueError(
                f"every part must be of an installed library or of the script that is run, got a"
                f" part of the module {name}."
            )
        # Several distributions of one name share its packages, such as builds of one library.
        distribution = sorted(installed[name])[0]
        pins.add(f"{distribution}=={metadata.version(distribution)}")
    return "\n".join([f"# Python {platform.python_version()}", *sorted(pins)]) + "\n"


def _imported(source: str) -> set[str]:
    """Return the top-level packages that a module imports when it is loaded."""
    found = set()
    for node in ast.parse(source).body:
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.split(".")[0])
    return found
