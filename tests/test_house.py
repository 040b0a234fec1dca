"""Architecture: directions of imports, users of each foreign library, and public names."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import evolver
import primitives

ROOT = Path(__file__).parents[1]

LAYERS = [
    {"errors", "files", "limits", "temporary", "warned"},
    {"objectives", "outcome", "schema", "task"},
    {"budget", "genome", "problem", "settings"},
    {"search", "evaluation", "execution", "ensemble", "storage"},
    {"run", "checks"},
    {"report", "export", "front_members", "presets", "session"},
    {"deploy"},
    {"command", "estimators", "training_table"},
    {"cli", "plotting"},
    {"__main__"},
]
"""Parts by layer, the lowest first. A module may import from lower layers and its own part."""

DOORS = {
    "deap": {"evolver.genome.tree", "evolver.search.selection"},
    "networkx": {"evolver.genome.graph", "evolver.genome.pipeline"},
    "multiprocess": {
        "evolver.execution.child",
        "evolver.execution.fork_server",
        "evolver.execution.pool",
    },
    "cloudpickle": {
        "evolver.execution.payload",
        "evolver.execution.wire",
        "evolver.execution.worker_handle",
        "evolver.report.run_folder",
    },
    "psutil": {
        "evolver.execution.fork_server",
        "evolver.execution.memory",
        "evolver.execution.processes",
        "evolver.execution.worker_handle",
        "evolver.temporary",
    },
    "tqdm": {"evolver.run.progress"},
    "jinja2": {"evolver.report.page"},
    "click": {
        "evolver.cli.completion",
        "evolver.cli.deploying",
        "evolver.cli.group",
        "evolver.cli.looking",
        "evolver.cli.models",
        "evolver.cli.output",
        "evolver.cli.parameters",
        "evolver.cli.reporting",
        "evolver.cli.searching",
    },
    "narwhals": {"evolver.checks.tables", "evolver.checks.target"},
    "sqlite3": {"evolver.storage.entry_file"},
    "dask": {"evolver.execution.dask"},
    "skops": {"evolver.deploy.carried.model", "evolver.deploy.model_file"},
    "fastapi": {"evolver.deploy.carried.serve"},
    "onnx": {
        "evolver.deploy.onnx_file",
        "evolver.deploy.onnx_foreign",
        "evolver.deploy.onnx_graph",
        "evolver.deploy.onnx_trees",
    },
    "skl2onnx": {"evolver.deploy.onnx_foreign"},
    "onnxruntime": {"evolver.deploy.carried.test_onnx", "evolver.deploy.onnx_file"},
}
"""Modules that may import a foreign library; no others may."""

OPTIONAL = ("lightgbm", "xgboost", "catboost", "pyarrow", "matplotlib", "torch", "dask")


@cache
def modules() -> dict[str, Path]:
    """Return every module of both packages by its name."""
    files = [
        file for package in ("evolver", "primitives") for file in (ROOT / package).rglob("*.py")
    ]
    names = [".".join(file.relative_to(ROOT).with_suffix("").parts) for file in files]
    return {name.removesuffix(".__init__"): file for name, file in zip(names, files, strict=True)}


@cache
def imports(file: Path) -> set[str]:
    """Return the full names of the modules that a file imports, also inside functions."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: imports must be absolute"
            found.add(node.module or "")
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def layer(part: str) -> int:
    """Return the layer of a part of the package, 0 for the lowest."""
    return next(height for height, parts in enumerate(LAYERS) if part in parts)


def test_every_part_has_a_layer() -> None:
    parts = {name.split(".")[1] for name in modules() if name.startswith("evolver.")}
    assert parts == set().union(*LAYERS)


@pytest.mark.parametrize("name", sorted(modules()))
def test_imports_point_down(name: str) -> None:
    ours = {module for module in imports(modules()[name]) if module in modules()}
    if name.startswith("primitives"):
        assert not {module for module in ours if module.startswith("evolver")}
        return
    part = name.split(".")[1] if "." in name else None
    for module in ours:
        other = module.split(".")[1] if module.startswith("evolver.") else None
        if part is not None and other is not None and other != part:
            assert layer(other) < layer(part), f"{name} imports {module}"


@pytest.mark.parametrize("library", sorted(DOORS))
def test_a_foreign_library_is_imported_by_its_modules_alone(library: str) -> None:
    users = {
        name
        for name, file in modules().items()
        if any(module.split(".")[0] == library for module in imports(file))
    }
    assert users <= DOORS[library]


PRIVATE_NAMES = ("_score_func", "_sign", "_kwargs", "_response_method", "_accept_sample_weight")
"""Private names of scikit-learn's scorers."""


def test_private_names_of_scorers_are_read_by_one_module() -> None:
    readers = {
        name
        for name, file in modules().items()
        if any(f".{part}" in file.read_text(encoding="utf-8") for part in PRIVATE_NAMES)
    }
    assert readers == {"evolver.evaluation.scorers"}


def test_the_public_names_are_these() -> None:
    assert evolver.__all__ == [
        "DataWarning",
        "EvolvedClassifier",
        "EvolvedRegressor",
        "EvolverError",
        "InputError",
        "InputTypeError",
        "NoPipelineError",
        "Settings",
    ]
    assert primitives.__all__ == [
        "CLASSIFICATION",
        "REGRESSION",
        "Catalogue",
        "Choice",
        "Features",
        "Kind",
        "NullableFeatures",
        "Prediction",
        "Primitive",
        "Space",
        "Table",
        "Traits",
        "default_catalogue",
    ]
    for package in (evolver, primitives):
        assert all(hasattr(package, name) for name in package.__all__)


def test_importing_loads_no_optional_library_and_prints_nothing() -> None:
    code = f"import evolver, sys; print(sorted(set(sys.modules) & set({OPTIONAL!r})))"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True
    )
    before = subprocess.run(
        [
            sys.executable,
            "-c",
            code.replace("import evolver", "import sklearn.model_selection, pandas"),
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == before.stdout
    assert done.stderr == ""


RELATIVE_WORDS = frozenset(
    [
        "after",
        "as",
        "at",
        "before",
        "by",
        "for",
        "from",
        "how",
        "in",
        "of",
        "on",
        "over",
        "that",
        "this",
        "to",
        "under",
        "what",
        "when",
        "where",
        "whether",
        "which",
        "who",
        "whose",
        "why",
        "with",
    ]
)
"""Words with which no docstring begins: a reader would have to read it twice."""


def docstrings(file: Path) -> Iterator[str]:
    """Yield the docstrings of a module, its classes and functions, and those of its constants."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        body = getattr(node, "body", None)
        if not isinstance(body, list):
            continue
        is_documented = isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        for before, statement in zip([None, *body], body, strict=False):
            follows = before is None and is_documented
            if (follows or isinstance(before, ast.Assign | ast.AnnAssign)) and (
                isinstance(statement, ast.Expr)
                and isinstance(statement.value, ast.Constant)
                and isinstance(statement.value.value, str)
            ):
                yield statement.value.value.strip()


def test_docstrings_begin_with_a_noun_or_a_verb() -> None:
    found = [text for file in modules().values() for text in docstrings(file)]
    late = [text for text in found if text.split()[0].strip("`,.").lower() in RELATIVE_WORDS]
    assert len(found) > 1_000
    assert len(late) < 0.02 * len(found), late


@pytest.mark.parametrize(
    "command", [["ruff", "check", "."], ["ruff", "format", "--check", "."], ["mypy"]]
)
def test_lint_format_and_types_pass(command: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
