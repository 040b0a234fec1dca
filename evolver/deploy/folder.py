"""Deployment folder: source, fitted model, card, schema, service and test of one model."""

from __future__ import annotations

import importlib.util
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from evolver.deploy.card import FILES, card_of
from evolver.deploy.columns import SCHEMA_FILE, schema_of
from evolver.deploy.example import example_rows
from evolver.deploy.model_file import PARTS, write_model
from evolver.deploy.onnx_file import ONNX_FILE, write_onnx
from evolver.deploy.requirements import requirements
from evolver.errors import InputError
from evolver.files import replacing_folder
from evolver.report.frames import shown_digest

CARRIED = Path(__file__).with_name("carried")
"""Folder of the modules that are copied into each deployment folder."""

EXAMPLES, PROBES = 8, 300
"""Number of example rows, and of rows on which files are compared with the model."""

LARGEST_DIFFERENCE = 1e-9
"""Largest difference between the predictions of the model and of the file that is loaded."""

BY_PRODUCTS = ("__pycache__", ".pytest_cache", ".ruff_cache", ".mypy_cache", ".hypothesis")
"""Names of folders that running the folder's programs leaves in it."""


@dataclass(frozen=True)
class Deployment:
    """Deployment folder that was written.

    Parameters
    ----------
    folder : Path
    files : tuple of str
        Names of its files.
    differences : dict of str to float
        Largest difference between the predictions of a file and of the model, relative above 1.
    notes : tuple of str
        Sentences about what is missing or needs care, such as the step that has no ONNX form.
    """

    folder: Path
    files: tuple[str, ...]
    differences: dict[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def deploy(model: Any, digest: str, source: str, simple: Any, folder: Path) -> Deployment:
    """Write the deployment folder of a member of a fitted estimator, whole or not at all.

    Parameters
    ----------
    model : EvolvedClassifier or EvolvedRegressor
        Fitted estimator.
    digest : str
        Digest of the member.
    source : str
        Source of the member.
    simple : estimator
        Member as an equal estimator made of the classes of libraries, as far as there are any.
    folder : Path
        Folder to write, checked by `check_folder`.

    Raises
    ------
    InputError
        If the table is a sparse matrix, or if the member cannot be written.
    """
    if model._schema.is_sparse:
        raise InputError(
            "`X` of a model that is deployed must be a table with columns, got a sparse matrix:"
            " export the model instead."
        )
    fitted = model._members.fitted(digest)
    try:
        with replacing_folder(folder) as part, threadpool_limits(limits=1):
            return _write(model, fitted, simple, digest, source, part, folder)
    except (OSError, ValueError, ImportError) as error:
        raise InputError(
            f"`member` must be a model that can be deployed to {str(folder)!r}, got {digest!r}:"
            f" {error}"
        ) from error


def check_folder(folder: Path, *, overwrite: bool) -> None:
    """Raise an InputError unless a folder is new, empty, or an earlier one to overwrite."""
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return
    rule = "must be a new or empty folder"
    if not folder.is_dir():
        raise InputError(f"`folder` {rule}, got the file {str(folder)!r}.")
    names = {file.name for file in folder.iterdir()} - {*BY_PRODUCTS}
    others = sorted(names - {*FILES})
    if others or not _is_deployment(folder):
        shown = ", ".join((others or sorted(names))[:5])
        raise InputError(f"`folder` {rule}, got {str(folder)!r} with {shown}.")
    if not overwrite:
        raise InputError(
            f"`folder` {rule}, got the deployment folder {str(folder)!r}: allow to overwrite it"
            " (`overwrite=True`, `--force`)."
        )


def _is_deployment(folder: Path) -> bool:
    """Return True if a folder has the schema of a deployment folder."""
    try:
        return "deployment" in json.loads((folder / SCHEMA_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError, TypeError):
        return False


def _write(
    model: Any, fitted: Any, simple: Any, digest: str, source: str, part: Path, folder: Path
) -> Deployment:
    """Write all files to a folder of its own."""
    schema = schema_of(model._schema, model._fitted_task, model.target_name_)
    (part / "pipeline.py").write_text(source, encoding="utf-8")
    _write_json(schema, part / SCHEMA_FILE)
    for name in ("model.py", "serve.py", "test_model.py"):
        shutil.copyfile(CARRIED / name, part / name)
    carried = _module(part / "model.py")
    problem = model._members._problem
    rng = np.random.default_rng(0)
    table = None if problem is None else problem.X
    rows = example_rows(model._schema, table, EXAMPLES, rng)
    expected = carried.predict(fitted, rows)
    _write_json(rows, part / "example.json")
    _write_json(expected, part / "expected.json")
    probes = carried.to_table([*rows, *example_rows(model._schema, table, PROBES, rng)])
    truth = response(fitted, probes)
    found: dict[str, float] = {}

    def is_equal(loaded: Any) -> bool:
        found["model"] = difference(response(loaded, probes), truth)
        return found["model"] <= LARGEST_DIFFERENCE

    kept = write_model(simple, part, is_equal)
    differences = {kept.name: found["model"]}
    onnx = write_onnx(simple, model._schema, model._fitted_task, probes, truth, part / ONNX_FILE)
    if onnx.difference is not None:
        differences[ONNX_FILE] = onnx.difference
        shutil.copyfile(CARRIED / "test_onnx.py", part / "test_onnx.py")
    used = [(part / name).read_text(encoding="utf-8") for name in ("model.py", "pipeline.py")]
    text = requirements(kept.packages, used + _parts_of(part))
    (part / "requirements.txt").write_text(text, encoding="utf-8")
    notes = tuple(note for note in (kept.note, onnx.note) if note)
    card = part / "model_card.md"
    card.touch()
    files = tuple(sorted(file.name for file in part.iterdir() if file.is_file()))
    shown, honest = shown_digest(digest), getattr(model, "honest_score_", None)
    card.write_text(
        card_of(model._facts, shown, honest, files, differences, notes), encoding="utf-8"
    )
    return Deployment(folder, files, differences, notes)


def _parts_of(folder: Path) -> list[str]:
    """Return the source of the parts that no library has, if there is any."""
    file = folder / f"{PARTS}.py"
    return [file.read_text(encoding="utf-8")] if file.exists() else []


def _write_json(content: Any, file: Path) -> None:
    text = json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False)
    file.write_text(text + "\n", encoding="utf-8")


def _module(file: Path) -> ModuleType:
    """Return the module in a file, without making it importable."""
    spec = importlib.util.spec_from_file_location("deployed_model", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def response(estimator: Any, table: Any) -> np.ndarray:
    """Return the probabilities of a fitted classifier, or the predictions of a regressor."""
    answer: Callable[[Any], Any] = getattr(estimator, "predict_proba", estimator.predict)
    return np.asarray(answer(table), dtype=np.float64)


def difference(found: np.ndarray, expected: np.ndarray) -> float:
    """Return the largest difference of two arrays, relative where the expected number is above 1.

    It is infinite for other shapes and where one of them alone is not a number.
    """
    if found.shape != expected.shape or (np.isnan(found) != np.isnan(expected)).any():
        return float("inf")
    gaps = np.abs(found - expected) / np.maximum(1.0, np.abs(expected))
    return float(np.nanmax(gaps, initial=0.0))
