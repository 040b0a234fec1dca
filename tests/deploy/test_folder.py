"""A deployment folder holds a model that others can run, check and serve without our packages."""

from __future__ import annotations

import json
import pickle
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression

from evolver import EvolvedClassifier, EvolvedRegressor, InputError, Settings
from evolver.deploy.folder import Deployment, check_folder
from evolver.deploy.model_file import PICKLE_FILE, write_model
from evolver.deploy.onnx_file import ONNX_FILE
from evolver.deploy.requirements import requirements
from evolver.outcome import HonestScore
from primitives import default_catalogue
from tests.alone import run_without_us
from tests.tables import small_table

SETTINGS = Settings(in_process=True)
QUICK: dict[str, Any] = {
    "time_budget": None,
    "max_evaluations": 2,
    "cv": 3,
    "random_state": 0,
    "verbose": 0,
    "settings": SETTINGS,
}
MODELS = ("Encoder", "GapKeepingEncoder", "StandardScaler", "LogisticRegression", "LGBMClassifier")
ALWAYS = {
    *("example.json", "expected.json", "model.py", "model.skops", "model_card.md"),
    *("pipeline.py", "requirements.txt", "schema.json", "serve.py", "test_model.py", "types.json"),
}

SERVICE_TEST = Path(__file__).with_name("service.txt")
"""Test of the service, which is run in a copy of a deployment folder."""


def classifier(X: pd.DataFrame, y: Any, **changes: Any) -> EvolvedClassifier:
    space = default_catalogue().only(*MODELS)
    return EvolvedClassifier(**{**QUICK, "search_space": space, **changes}).fit(X, y)


@pytest.fixture(scope="module")
def model() -> EvolvedClassifier:
    return classifier(*small_table("binary"))


@pytest.fixture(scope="module")
def deployed(model: EvolvedClassifier, tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    return model.deploy(tmp_path_factory.mktemp("deployed") / "folder")


def read(folder: Path, name: str) -> Any:
    return json.loads((folder / name).read_text(encoding="utf-8"))


def run_tests_without_us(folder: Path) -> None:
    """Run the tests in a folder where our packages are refused; a failure shows their output."""
    code = (
        "import pytest; sys.path.insert(0, '.'); sys.stdout = sys.stderr\n"
        "sys.exit(pytest.main(['-q', '-p', 'no:cacheprovider', '-p', 'no:hypothesispytest']))"
    )
    run_without_us(code, cwd=folder)


def test_a_folder_has_the_files_that_are_returned(deployed: Deployment) -> None:
    assert {file.name for file in deployed.folder.iterdir()} == set(deployed.files)
    assert set(deployed.files) >= ALWAYS
    assert deployed.differences["model.skops"] <= 1e-9


def test_the_tests_and_the_service_run_without_our_packages(
    deployed: Deployment, tmp_path: Path
) -> None:
    folder = shutil.copytree(deployed.folder, tmp_path / "copy")
    shutil.copyfile(SERVICE_TEST, folder / "test_service.py")
    run_tests_without_us(folder)


def test_files_of_a_folder_are_formatted_and_linted(deployed: Deployment) -> None:
    # The source of the model has as many parts in a line as it takes, as a person writes.
    fixed = [file.name for file in deployed.folder.glob("*.py") if file.name != "pipeline.py"]
    for command, files in (
        (["check", "--select=E,F,I,UP"], ["."]),
        (["check", "--select=B"], fixed),
        (["format", "--check"], fixed),
    ):
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *command, "--isolated", "--line-length=100", *files],
            cwd=deployed.folder,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr


def test_the_expected_values_are_those_of_the_model(
    model: EvolvedClassifier, deployed: Deployment
) -> None:
    rows, expected = (read(deployed.folder, f"{name}.json") for name in ("example", "expected"))
    table = pd.DataFrame(rows).replace({None: np.nan})
    table["day"] = pd.to_datetime(table["day"])
    probabilities = model.predict_proba(table)
    found = [list(one["probabilities"].values()) for one in expected]
    np.testing.assert_allclose(found, probabilities, rtol=0, atol=1e-9)


def test_no_example_row_is_a_row_of_the_table(deployed: Deployment) -> None:
    X, _ = small_table("binary")
    names = ["second", "third", "fourth", "fifth", "sixth"]
    known = {tuple(row) for row in X[names].itertuples(index=False)}
    rows = read(deployed.folder, "example.json")
    assert not known & {tuple(row[name] for name in names) for row in rows}
    assert any(None in row.values() for row in rows)
    categories = {row["category"] for row in rows} - {None}
    assert len(categories - set(X["category"].dropna())) == 1


def test_requirements_are_the_libraries_in_use_and_no_others(deployed: Deployment) -> None:
    lines = (deployed.folder / "requirements.txt").read_text(encoding="utf-8").splitlines()
    assert lines[0] == f"# Python {sys.version.split()[0]}"
    assert all(re.fullmatch(r"[\w.-]+==[\w.]+", line) for line in lines[1:])
    names = {line.split("==")[0] for line in lines[1:]}
    assert {"scikit-learn", "pandas", "skops", "joblib"} <= names
    source = (deployed.folder / "pipeline.py").read_text(encoding="utf-8")
    assert ("lightgbm" in names) == ("LGBMClassifier" in source)
    assert not {"catboost", "xgboost", "xgboost-cpu", "optuna", "evolver", "deap"} & names


def test_a_part_of_a_module_that_is_not_installed_has_no_requirement() -> None:
    with pytest.raises(ValueError, match="nowhere"):
        requirements(["nowhere"], [])


def test_the_schema_has_kinds_ranges_and_known_categories(deployed: Deployment) -> None:
    columns = {one["name"]: one for one in read(deployed.folder, "schema.json")["columns"]}
    X, _ = small_table("binary")
    assert list(columns) == list(X)
    assert columns["second"]["low"] == X["second"].min()
    assert columns["category"]["values"] == sorted(X["category"].dropna().unique())
    assert (columns["flag"]["kind"], columns["day"]["kind"]) == ("boolean", "date")


def test_the_card_says_what_the_report_says(model: EvolvedClassifier, deployed: Deployment) -> None:
    card = (deployed.folder / "model_card.md").read_text(encoding="utf-8")
    row = model.pareto_front_.iloc[0]
    assert f"{row['score']:.6g}" in card
    assert row["pipeline"] in card
    assert "120 rows, 9 columns" in card
    assert "roc_auc" in card
    assert "Baseline, constant prediction: 0.5" in card
    assert "seed 0" in card
    for name in deployed.files:
        assert f"- `{name}`: " in card
    for note in deployed.notes:
        assert note in card


def test_an_honest_score_is_in_the_card(model: EvolvedClassifier, tmp_path: Path) -> None:
    corrected = pickle.loads(pickle.dumps(model))
    corrected.honest_score_ = HonestScore(0.8765, 0.8, 0.9, "for this test")
    corrected.deploy(tmp_path / "folder")
    assert "0.8765" in (tmp_path / "folder" / "model_card.md").read_text(encoding="utf-8")


def test_an_unpickled_model_makes_example_rows_from_its_schema(
    model: EvolvedClassifier, tmp_path: Path
) -> None:
    found = pickle.loads(pickle.dumps(model)).deploy(tmp_path / "folder")
    rows = read(found.folder, "example.json")
    schema = read(found.folder, "schema.json")["columns"]
    numbers = [one for one in schema if one["kind"] == "number"]
    for row in rows:
        for one in numbers:
            assert row[one["name"]] is None or one["low"] <= row[one["name"]] <= one["high"]


@pytest.mark.parametrize("task", ["multiclass", "regression"])
def test_other_tasks_and_members_are_deployed(task: str, tmp_path: Path) -> None:
    X, y = small_table(task)
    space = default_catalogue().only("Encoder", "LinearDiscriminantAnalysis", "Ridge")
    kind = EvolvedRegressor if task == "regression" else EvolvedClassifier
    model = kind(**QUICK, search_space=space).fit(X.drop(columns="day"), y)
    found = model.deploy(tmp_path / "folder", member="best")
    assert found.notes == ()
    assert found.differences[ONNX_FILE] < 1e-9
    assert read(found.folder, "schema.json")["task"] == task
    run_tests_without_us(found.folder)


def test_several_targets_are_deployed(tmp_path: Path) -> None:
    X, y = small_table("regression")
    targets = pd.DataFrame({"one": y, "two": y[::-1]})
    space = default_catalogue().only("Encoder", "Ridge")
    model = EvolvedRegressor(**QUICK, search_space=space).fit(X, targets)
    found = model.deploy(tmp_path / "folder")
    assert set(read(found.folder, "expected.json")[0]["prediction"]) == {"one", "two"}
    assert any(ONNX_FILE in note for note in found.notes)


def test_an_earlier_folder_is_replaced_if_that_is_allowed(
    model: EvolvedClassifier, deployed: Deployment, tmp_path: Path
) -> None:
    folder = shutil.copytree(deployed.folder, tmp_path / "folder")
    (folder / "__pycache__").mkdir()
    (folder / "expected.json").write_text("[]", encoding="utf-8")
    with pytest.raises(InputError, match=r"`folder` must be a new or empty folder.*overwrite=True"):
        model.deploy(folder)
    assert read(folder, "expected.json") == []
    model.deploy(folder, overwrite=True)
    assert len(read(folder, "expected.json")) == 8
    assert [file.name for file in tmp_path.iterdir()] == ["folder"]


@pytest.mark.parametrize("name", ["notes.txt", "model.skops", "schema.json", ".git"])
def test_a_folder_with_other_files_is_refused(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text("{}", encoding="utf-8")
    with pytest.raises(InputError, match=re.escape(name)):
        check_folder(tmp_path, overwrite=True)
    assert [file.name for file in tmp_path.iterdir()] == [name]


def test_a_file_is_no_folder(model: EvolvedClassifier, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(InputError, match="the file"):
        model.deploy(file, overwrite=True)
    with pytest.raises(InputError, match="missing"):
        model.deploy(tmp_path / "missing" / "folder")


def test_nothing_is_left_where_a_model_cannot_be_written(tmp_path: Path) -> None:
    X, y = small_table("binary")
    model = classifier(X, y)
    model.best_pipeline_.note = lambda: None
    with pytest.raises(InputError, match=r"`member`.*pickled"):
        model.deploy(tmp_path / "folder", member="best")
    assert list(tmp_path.iterdir()) == []


def test_a_sparse_matrix_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("evolver.checks.tables.MAX_DENSE_BYTES", 0)
    X = csr_matrix(np.random.default_rng(0).integers(0, 2, (60, 30)))
    space = default_catalogue().only("Encoder", "LogisticRegression")
    model = EvolvedClassifier(**QUICK, search_space=space).fit(X, np.arange(60) % 2)
    with pytest.raises(InputError, match="sparse matrix"):
        model.deploy(tmp_path / "folder")
    assert list(tmp_path.iterdir()) == []


def test_a_model_that_skops_cannot_keep_is_a_pickle_with_a_reason(tmp_path: Path) -> None:
    X, y = small_table("binary")
    model = LogisticRegression(max_iter=1000).fit(X[["second", "third"]], y)
    model.pattern = re.compile("a")
    found = write_model(model, tmp_path, lambda one: one.pattern.pattern == "a")
    assert found.name == PICKLE_FILE
    assert "pickle" in found.note
    assert {file.name for file in tmp_path.iterdir()} == {PICKLE_FILE}


def test_a_file_that_predicts_otherwise_is_refused(tmp_path: Path) -> None:
    X, y = small_table("binary")
    model = LogisticRegression(max_iter=1000).fit(X[["second", "third"]], y)
    with pytest.raises(ValueError, match="predicts otherwise"):
        write_model(model, tmp_path, lambda one: False)
