"""The command line continues, shows and describes runs, also while they go on."""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest

from evolver import EvolvedClassifier, Settings
from evolver.command import Command, read_command
from evolver.storage.journal import FILE, read
from tests.tables import by_age, small_table
from tests.test_cli import COMMAND, QUICK, evolver, program

OPTIONS = [
    *("--scoring", "roc_auc", "--scoring", "accuracy"),
    *("--preset", "light", "--estimator", "Gaussian*", "--estimator", "DecisionTreeClassifier"),
    *("--complexity", "size", "--cv", "3", "--population", "20", "--weight", "w", "--groups", "g"),
    *("--lag", "5", "--ensemble-size", "2", "--patience", "2", "--cache-limit", "64M"),
    *("--operator-rate", "crossover=0.5", "--row-ladder", "false", "--fold-timeout", "30s"),
    *("--threshold", "0,1,2,0"),
]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Return a run of many options: its folder, table and the result as JSON."""
    folder = tmp_path_factory.mktemp("runs")
    X, y = small_table("binary")
    rows = np.arange(len(y))
    table = folder / "table.parquet"
    X.assign(goal=y, w=rows % 3 + 1.0, g=rows // 4).to_parquet(table)
    run = folder / "run"
    result = evolver("fit", table, "--target", "goal", *QUICK, *OPTIONS, "--out", run, "--json")
    assert result.exit_code == 0, result.output
    return {"run": run, "table": table, "result": json.loads(result.stdout)}


def test_all_options_reach_the_run_and_are_kept_in_its_folder(made: dict[str, Any]) -> None:
    command, result = read_command(made["run"]), made["result"]
    assert (command.weight, command.groups, command.cv, command.population) == ("w", "g", 3, 20)
    assert (command.seconds, command.evaluations) == (None, 4)
    assert command.scoring == ["roc_auc", "accuracy"]
    assert (command.preset, command.template) == ("light", None)
    assert command.estimators == ["Gaussian*", "DecisionTreeClassifier"]
    assert command.threshold == [[0, 1], [2, 0]]
    assert command.settings["lag"] == 5
    assert command.settings["patience"] == 2
    assert command.settings["cache_limit"] == 64 * 1024**2
    assert command.settings["fold_timeout"] == 30.0
    assert command.settings["operator_rates"]["crossover"] == 0.5
    assert command.parameters()["settings"].row_ladder is False
    assert result["metric"] == "roc_auc"
    assert result["statistics"]["candidates"] == 4
    assert {"accuracy", "complexity"} <= result["front"][0].keys()
    columns = pd.read_csv(made["run"] / "columns.csv")["column"]
    assert not {"w", "g", "goal"} & set(columns)
    assert "fit_with_weights" in (made["run"] / "winner.py").read_text()
    header = read(made["run"]).header
    assert header is not None
    assert (header["lag"], header["complexity"], header["folds"]) == (5, "size", 3)


def test_a_run_is_resumed_and_refined_with_the_options_of_fit(
    made: dict[str, Any], tmp_path: Path
) -> None:
    run = tmp_path / "run"
    shutil.copytree(made["run"], run)
    result = evolver("resume", run, "--evaluations", 6, "--json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["statistics"]["candidates"] == 6
    result = evolver("refine", run, "--time", "60s", "--json", "--quiet")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["statistics"]["candidates"] >= 6
    assert "[evolver" not in result.stderr


@pytest.mark.slow
def test_a_finished_run_is_not_overwritten_and_its_result_is_shown(made: dict[str, Any]) -> None:
    before = pd.read_csv(made["run"] / "leaderboard.csv")
    arguments = ["fit", made["table"], "--target", "goal", *QUICK, *OPTIONS, "--out", made["run"]]
    done = subprocess_of(*arguments, "--quiet")
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    assert re.search(r"was finished before: nothing was searched.*evolver resume", done.stderr)
    pd.testing.assert_frame_equal(pd.read_csv(made["run"] / "leaderboard.csv"), before)
    refused = evolver(*arguments[:-1], made["run"], "--lag", "7")
    assert refused.exit_code == 2
    assert "differs in lag" in refused.output


def test_limits_of_use_reach_the_run_and_are_kept(made: dict[str, Any], tmp_path: Path) -> None:
    arguments = ["fit", made["table"], "--target", "goal", *QUICK, "--column", "w=ignore"]
    limits = ["--max-model-bytes", "64K", "--max-predict-seconds", "800ms", "--interpretable"]
    run = tmp_path / "run"
    result = evolver(*arguments, *limits, "--max-predict-seconds", "50=2", "--out", run, "--json")
    assert result.exit_code == 0, result.output
    command = read_command(run)
    assert command.parameters()["max_predict_seconds"] == {1: 0.8, 50: 2.0}
    assert (command.max_model_bytes, command.interpretable) == (64 * 1024, True)
    front = json.loads(result.stdout)["front"]
    assert all(0 < one["model_bytes"] <= 64 * 1024 for one in front)
    refused = evolver(*arguments, "--max-predict-seconds", "0=1s")
    assert refused.exit_code == 2
    assert "1000=0.5s" in refused.output


def subprocess_of(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Return the finished process of a command."""
    process = program(*arguments)
    out, err = process.communicate(timeout=120)
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def test_a_finished_run_is_shown_without_a_change(made: dict[str, Any]) -> None:
    before = {file.name: file.read_bytes() for file in made["run"].iterdir() if file.is_file()}
    shown = json.loads(evolver("show", made["run"], "--json").stdout)
    assert shown["state"] == "finished"
    assert shown["candidates"] == 4 == sum(shown["outcomes"].values())
    assert shown["metric"] == "roc_auc"
    assert shown["best"]["score"] == pytest.approx(max(one["score"] for one in shown["front"]))
    assert {"winner.py", "model.joblib", "command.json"} <= set(shown["files"])
    text = evolver("show", made["run"]).output
    for part in ("finished", "Best roc_auc", shown["best"]["pipeline"], "winner.py", "Front"):
        assert part in text
    honest = joblib.load(made["run"] / "model.joblib").honest_score_
    assert shown["honest"] == asdict(honest)
    assert f"roc auc {honest.score:.5g} (95 %: {honest.low:.5g} to {honest.high:.5g}; " in text
    rows = json.loads(evolver("leaderboard", made["run"], "--rows", 2, "--json").stdout)
    assert len(rows) == 2
    assert rows[0]["digest"] == shown["best"]["digest"]
    assert rows[0]["proposer"] in ("portfolio", "evolution")
    table = evolver("leaderboard", made["run"], "--rows", 2).output
    assert rows[0]["digest"][:8] in table
    assert "... 4 candidates" in table
    board = pd.read_csv(made["run"] / "leaderboard.csv").set_index("number")
    assert board["score"][rows[0]["number"]] == pytest.approx(rows[0]["score"])
    after = {file.name: file.read_bytes() for file in made["run"].iterdir() if file.is_file()}
    assert after == before


@pytest.mark.slow
def test_a_running_run_is_shown_and_goes_on(made: dict[str, Any], tmp_path: Path) -> None:
    run = tmp_path / "run"
    options = ["--target", "goal", "--time", "5m", "--jobs", 1, "--seed", 1, "--cv", 3]
    process = program("fit", made["table"], *options, "--out", run)
    shown: dict[str, Any] = {}
    for _ in range(100):
        time.sleep(0.5)
        if (run / FILE).exists() and (done := subprocess_of("show", run, "--json")).stdout:
            shown = json.loads(done.stdout)
            if shown["outcomes"].get("scored", 0) >= 2:
                break
    assert shown["state"] == "running"
    assert shown["phase"] in ("portfolio", "evolution")
    assert shown["best"]["score"] > 0.5
    boards = [subprocess_of("leaderboard", run, "--json") for _ in range(3)]
    assert all(len(json.loads(one.stdout)) >= 2 for one in boards)
    refused = subprocess_of("fit", made["table"], *options, "--out", run)
    assert refused.returncode == 2
    assert "must not be in use by another run" in refused.stderr
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    assert "without its journal" not in errors
    after = json.loads(evolver("show", run, "--json").stdout)
    assert after["state"] == "finished"
    assert after["candidates"] >= shown["candidates"]


def test_a_run_that_was_killed_is_shown_as_stopped(made: dict[str, Any], tmp_path: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(made["run"], run)
    (run / "model.joblib").unlink()
    assert json.loads(evolver("show", run, "--json").stdout)["state"] == "stopped"
    assert "evolver resume" in evolver("show", run).output


@pytest.mark.parametrize("act", ["show", "leaderboard"])
def test_a_folder_without_a_run_cannot_be_shown(act: str, tmp_path: Path) -> None:
    result = evolver(act, tmp_path)
    assert result.exit_code == 2
    assert result.output.startswith("Error: FOLDER must hold a run")
    (tmp_path / FILE).write_text("no journal")
    assert evolver(act, tmp_path).exit_code == 2


@pytest.mark.parametrize("act", ["resume", pytest.param("refine", marks=pytest.mark.slow)])
def test_a_run_of_python_is_continued_with_its_table(
    act: str, made: dict[str, Any], tmp_path: Path
) -> None:
    table = pd.read_parquet(made["table"]).drop(columns=["w", "g"])
    table.to_parquet(tmp_path / "table.parquet")
    run = tmp_path / "run"
    model = EvolvedClassifier(
        time_budget=None,
        max_evaluations=2,
        cv=3,
        n_jobs=1,
        scoring="accuracy",
        run_dir=run,
        verbose=0,
        settings=Settings(in_process=True, patience=2),
    ).fit(table.drop(columns="goal"), table["goal"])
    refused = evolver(act, run)
    assert refused.exit_code == 2
    assert "made from Python" in refused.output
    assert "--table FILE --target NAME" in refused.output
    place = ["--table", tmp_path / "table.parquet", "--target", "goal"]
    more = ["--evaluations", 3] if act == "resume" else ["--time", "60s"]
    result = evolver(act, run, *place, *more, "--json")
    assert result.exit_code == 0, result.output
    board = by_age(pd.read_csv(run / "leaderboard.csv"))
    assert board["digest"][:2].tolist() == by_age(model.leaderboard_)["digest"].tolist()
    assert len(board) >= (3 if act == "resume" else 2)
    if act == "resume":
        assert read_command(run).target == ["goal"]
        assert evolver("resume", run, "--evaluations", 4).exit_code == 0


def test_a_command_of_an_earlier_version_has_default_options(tmp_path: Path) -> None:
    (tmp_path / "command.json").write_text(json.dumps(COMMAND))
    assert read_command(tmp_path) == Command(**COMMAND)
    assert read_command(tmp_path).parameters()["cv"] is None


def test_results_are_printed_as_json_alone(made: dict[str, Any], tmp_path: Path) -> None:
    run, table = made["run"], made["table"]
    out = tmp_path / "out.csv"
    told = evolver("predict", run, table, "--out", out, "--json")
    assert json.loads(told.stdout) == {
        "file": str(out),
        "rows": 120,
        "columns": list(pd.read_csv(out).columns),
    }
    digest = made["result"]["front"][-1]["digest"]
    told = evolver("export", run, "--member", digest[:8], "--out", tmp_path / "m.py", "--json")
    assert json.loads(told.stdout)["member"] == digest
    assert "make_pipeline" in (tmp_path / "m.py").read_text()
    told = evolver("inspect", table, "--target", "goal", "--json")
    content = json.loads(told.stdout)
    assert content["task"] == "classification"
    assert content["rows"] == 120
    assert "first" in [column["column"] for column in content["columns"]]
    for arguments in (["predict", run, table, "--out", out], ["export", run, "--out", out]):
        assert evolver(*arguments, "--quiet").stdout == ""


def test_mistakes_in_options_exit_with_2(made: dict[str, Any], tmp_path: Path) -> None:
    start = ["fit", made["table"], "--target", "goal", "--out", tmp_path / "run"]
    cases: list[tuple[list[Any], str]] = [
        (["--time", "none"], "--evaluations is given"),
        (["--lag", 0], "`settings.lag` must be an integer of at least 1"),
        (["--patience", "some"], "must be an integer or none, got 'some'"),
        (["--cache-limit", "much"], "must be a size such as 512M or 2G, got 'much'"),
        (["--operator-rate", "swap=1"], "must be one of crossover"),
        (["--weight", "absent"], "--weight must be a column of the table"),
        (["--groups", "goal"], "--groups must be a column of the table beside the target"),
        (["--scoring", "poem"], "`scoring` must be"),
        (["--complexity", "poem"], "`complexity` must be one of"),
    ]
    for options, message in cases:
        result = evolver(*start, *options)
        assert result.exit_code == 2, options
        assert message in " ".join(result.output.split()), (options, result.output)
        assert not (tmp_path / "run").exists(), options


def test_a_run_without_a_model_exits_with_3(made: dict[str, Any], tmp_path: Path) -> None:
    """Loading a large library takes longer than the time between two measurements of memory."""
    start = ["fit", made["table"], "--target", "goal", "--out", tmp_path / "run", "--json"]
    large = ["--time", "none", "--evaluations", 2, "--jobs", 1, "--estimator", "CatBoost*"]
    result = evolver(*start, *large, "--worker-memory", "1M")
    assert result.exit_code == 3
    assert "No pipeline could be fitted (2 candidates)" in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_script_for_completion_is_printed(shell: str, tmp_path: Path) -> None:
    result = evolver("completion", shell)
    assert result.exit_code == 0
    assert "_EVOLVER_COMPLETE" in result.output
    if shutil.which(shell):
        (tmp_path / "script").write_text(result.stdout)
        subprocess.run([shell, "-n", tmp_path / "script"], check=True)
    assert evolver("completion", "cmd").exit_code == 2
