"""The command `evolver deploy` writes the folder of a run, says what is missing, and replaces."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.tables import small_table
from tests.test_cli import evolver

QUICK = ["--time", "none", "--evaluations", "2", "--jobs", "1", "--seed", "0", "--cv", "3"]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    X, y = small_table("binary")
    X.assign(goal=y).to_csv(folder / "table.csv", index=False)
    arguments = ["--estimator", "LogisticRegression", "--out", folder / "run", "--quiet"]
    result = evolver("fit", folder / "table.csv", "--target", "goal", *QUICK, *arguments)
    assert result.exit_code == 0, result.output
    return folder / "run"


def rows_of(folder: Path) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads((folder / "example.json").read_text(encoding="utf-8"))
    return rows


def test_a_folder_is_written_from_a_run_and_its_table(run: Path, tmp_path: Path) -> None:
    out = tmp_path / "folder"
    result = evolver("deploy", run, "--out", out)
    assert result.exit_code == 0, result.output
    assert f"Wrote {out}" in result.output
    assert "model.skops predicts as the model does" in result.output
    assert "There is no model.onnx: FunctionTransformer has no ONNX form" in " ".join(
        result.output.split()
    )
    X, _ = small_table("binary")
    drawn = {row["second"] for row in rows_of(out)} - {None}
    assert drawn <= set(X["second"])


def test_an_earlier_folder_is_replaced_by_force_alone(run: Path, tmp_path: Path) -> None:
    out = tmp_path / "folder"
    result = evolver("deploy", run, "--out", out, "--json")
    assert json.loads(result.stdout)["differences"]["model.skops"] <= 1e-9
    result = evolver("deploy", run, "--out", out)
    assert result.exit_code == 2
    assert "--force" in result.output
    assert evolver("deploy", run, "--out", out, "--force", "--member", "best").exit_code == 0


def test_a_run_without_its_table_makes_rows_from_its_schema(run: Path, tmp_path: Path) -> None:
    missing = tmp_path / "missing.csv"
    missing.write_text("goal\n1\n", encoding="utf-8")
    out = tmp_path / "folder"
    result = evolver("deploy", run, "--out", out, "--table", missing)
    assert result.exit_code == 0, result.output
    assert "from the schema alone" in result.output
    assert len(rows_of(out)) == 8
