"""File of a fitted model that loads where this package is not installed.

Parts of the model that are defined here or in the user's script are replaced by equal objects of
the classes in ``parts.py``, a module of copies. Skops writes the result; what it cannot write or
read back is pickled, and a note says why.
"""

from __future__ import annotations

import io
import json
import pickle
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

from evolver.export.source_file import CARRIED_PACKAGES, to_module

PARTS = "parts"
"""Name of the module with the definitions of parts that no library has."""

SKOPS_FILE, PICKLE_FILE, TYPES_FILE = "model.skops", "model.joblib", "types.json"
"""Names of the file of the model, of the one that stands in for it, and of its types."""


@dataclass(frozen=True)
class ModelFile:
    """File of a fitted model.

    Parameters
    ----------
    name : str
        `SKOPS_FILE` or `PICKLE_FILE`.
    packages : frozenset of str
        Top-level packages that define parts of the model.
    types : tuple of str
        Types in the file that a reader must trust, besides those that skops trusts by itself.
    note : str
        Reason for a pickle; empty for skops.
    """

    name: str
    packages: frozenset[str]
    types: tuple[str, ...] = ()
    note: str = ""


class _Unpickler(pickle.Unpickler):
    """Unpickler that notes the names of all functions and classes, and takes ours from a module."""

    def __init__(self, content: bytes, parts: ModuleType | None = None) -> None:
        super().__init__(io.BytesIO(content))
        self.names: set[tuple[str, str]] = set()
        self._parts = parts

    def find_class(self, module: str, name: str) -> Any:
        """Return a function or class by its module and name."""
        self.names.add((module, name))
        if self._parts is not None and _package(module) in CARRIED_PACKAGES:
            return getattr(self._parts, name)
        return super().find_class(module, name)


def write_model(
    estimator: Any, folder: Path, is_equal: Callable[[Any], bool], *, is_safe: bool = True
) -> ModelFile:
    """Write a fitted estimator, and the source of its parts that are in no library.

    Parameters
    ----------
    estimator : estimator
        Fitted estimator.
    folder : Path
        Folder to write to.
    is_equal : callable
        Function of the estimator that is read back: True if it predicts what this one does.
    is_safe : bool, default=True
        False: the model is pickled, whether skops can write it or not.

    Raises
    ------
    ValueError
        If a part cannot be pickled, or its source not be copied, or if the file that was written
        predicts otherwise.
    """
    content = _pickled(estimator)
    reader = _Unpickler(content)
    reader.load()
    ours = {name for name in reader.names if _package(name[0]) in CARRIED_PACKAGES}
    packages = frozenset(_package(module) for module, _ in reader.names) - {*CARRIED_PACKAGES}
    parts = _write_parts(ours, folder) if ours else None
    with _known(parts, folder):
        copy = estimator if parts is None else _Unpickler(content, parts).load()
        note = ""
        if is_safe:
            try:
                return _write_skops(copy, folder, packages, is_equal)
            except Exception as error:  # a part of the model may be of any class
                (folder / SKOPS_FILE).unlink(missing_ok=True)
                (folder / TYPES_FILE).unlink(missing_ok=True)
                note = (
                    f"The model is a pickle, because skops cannot keep a part of it:"
                    f" {type(error).__name__}: {error} Open it only if you trust its source."
                )
        return _write_pickle(copy, folder, packages, is_equal, note)


def _pickled(estimator: Any) -> bytes:
    try:
        return pickle.dumps(estimator, protocol=5)
    except Exception as error:  # classes of the user may raise any error
        raise ValueError(f"it cannot be pickled: {type(error).__name__}: {error}") from error


def _write_skops(
    copy: Any, folder: Path, packages: frozenset[str], is_equal: Callable[[Any], bool]
) -> ModelFile:
    """Write an estimator by skops, and the list of its types; check what is read back."""
    from skops.io import get_untrusted_types, load

    file = folder / SKOPS_FILE
    _dump(copy, file)
    types = tuple(get_untrusted_types(file=file))
    (folder / TYPES_FILE).write_text(json.dumps(types, indent=1) + "\n", encoding="utf-8")
    if not is_equal(load(file, trusted=list(types))):
        raise ValueError("what it reads back predicts otherwise.")
    return ModelFile(SKOPS_FILE, packages | {"skops"}, types)


class _IndexedZip(ZipFile):
    """Zip file that finds a name among many at once."""

    def namelist(self) -> Any:
        """Return the names; a search among them takes no longer where there are many."""
        return self.NameToInfo.keys()


def _dump(estimator: Any, file: Path) -> None:
    """Write an estimator as `skops.io.dump` does.

    `dump` looks for each array in the list of all names, which takes minutes for a forest.
    """
    import skops
    from skops.io._utils import SaveContext, get_state

    with _IndexedZip(file, "w", compression=ZIP_DEFLATED) as archive:
        context = SaveContext(zip_file=archive)
        state = get_state(estimator, context)
        context.clear_memo()
        state |= {"protocol": context.protocol, "_skops_version": skops.__version__}
        archive.writestr("schema.json", json.dumps(state))


def _write_pickle(
    copy: Any, folder: Path, packages: frozenset[str], is_equal: Callable[[Any], bool], note: str
) -> ModelFile:
    """Write an estimator as a pickle; check what is read back."""
    import joblib

    file = folder / PICKLE_FILE
    joblib.dump(copy, file)
    if not is_equal(joblib.load(file)):
        raise ValueError("a pickle of it predicts otherwise.")
    return ModelFile(PICKLE_FILE, packages | {"joblib"}, note=note)


def _package(module: str) -> str:
    return module.split(".")[0]


def _write_parts(names: set[tuple[str, str]], folder: Path) -> ModuleType:
    """Write the module of the parts that no library has, and return it."""
    things = [getattr(sys.modules[module], name) for module, name in sorted(names)]
    source = to_module(things, "Parts of the model that no library has.")
    file = folder / f"{PARTS}.py"
    file.write_text(source, encoding="utf-8")
    module = ModuleType(PARTS)
    module.__file__ = str(file)
    exec(compile(source, str(file), "exec"), module.__dict__)
    return module


@contextmanager
def _known(parts: ModuleType | None, folder: Path) -> Iterator[None]:
    """Let readers of files find the module of parts by its name, within the block alone."""
    path, earlier = list(sys.path), sys.modules.pop(PARTS, None)
    if parts is not None:
        sys.modules[PARTS] = parts
    try:
        yield
    finally:
        sys.path[:] = path
        sys.modules.pop(PARTS, None)
        if earlier is not None:
            sys.modules[PARTS] = earlier
