"""The command line does what a user types."""

from __future__ import annotations

import json
import os
import pickle
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import click
import pandas as pd
import pytest
from click.testing import CliRunner, Result

from evolver.cli import main
from evolver.export.program import read_table
from evolver.storage.journal import FILE
from tests.alone import run_exported
from tests.storage.test_journal import rewrite
from tests.tables import by_age, small_table


def evolver(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


QUICK = [
    *("--time", "none", "--evaluations", "4", "--jobs", "1", "--seed", "1"),
    *("--preset", "light", "--cv", "3"),
]
"""Options of a run that ends soon, on a machine of any speed."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with tables and a finished run of each task."""
    folder = tmp_path_factory.mktemp("cli")
    for task in ("multiclass", "regression"):
        X, y = small_table(task)
        table = X.assign(goal=y)
        table[:90].to_parquet(folder / f"{task}.parquet")
        table[90:].drop(columns="goal").to_parquet(folder / f"{task}-new.parquet")
        run = [*QUICK, "--patience", "2", "--lag", "1", "--out", folder / task]
        result = evolver("fit", folder / f"{task}.parquet", "--target", "goal", *run)
        assert result.exit_code == 0, result.output
        kind = "regression" if task == "regression" else "classification"
        assert f"Predicting 'goal' by {kind}." in result.output
    return folder


@pytest.mark.parametrize("task", ["multiclass", "regression"])
def test_fit_predict_export_and_the_exported_program_agree(folder: Path, task: str) -> None:
    new, out = folder / f"{task}-new.parquet", folder / f"{task}-predictions.parquet"
    result = evolver("predict", folder / task, new, "--out", out)
    assert result.exit_code == 0, result.output
    assert "Wrote 30 predictions" in result.output
    result = evolver("export", folder / task, "--out", folder / f"{task}.py")
    assert result.exit_code == 0, result.output
    alone = folder / f"{task}-alone.parquet"
    train = folder / f"{task}.parquet"
    run_exported(folder / f"{task}.py", train, "--predict", new, "--out", alone)
    pd.testing.assert_frame_equal(pd.read_parquet(alone), pd.read_parquet(out), rtol=1e-9)


def test_a_csv_file_is_predicted_like_a_parquet_file(folder: Path, tmp_path: Path) -> None:
    X, _ = small_table("multiclass")
    X[90:].to_csv(tmp_path / "new.csv", index=False)
    out = tmp_path / "out.csv"
    assert (
        evolver("predict", folder / "multiclass", tmp_path / "new.csv", "--out", out).exit_code == 0
    )
    assert len(pd.read_csv(out)) == 30


def test_a_run_is_resumed_with_more_candidates(folder: Path) -> None:
    run = folder / "multiclass"
    before = by_age(pd.read_csv(run / "leaderboard.csv"))
    result = evolver("resume", run, "--evaluations", 6)
    assert result.exit_code == 0, result.output
    after = by_age(pd.read_csv(run / "leaderboard.csv"))
    assert len(after) == 6
    assert after["digest"][:4].tolist() == before["digest"].tolist()


def test_a_finished_run_is_refined(folder: Path) -> None:
    """The patience of the run ends the refinement long before its time."""
    run = folder / "regression"
    before = pd.read_csv(run / "leaderboard.csv")
    result = evolver("refine", run, "--time", "60s")
    assert result.exit_code == 0, result.output
    after = pd.read_csv(run / "leaderboard.csv")
    assert set(before["digest"]) <= set(after["digest"])
    assert (after["proposer"] == "refinement").sum() >= 1
    kept = result.output.rpartition("Kept in")[2]
    assert "winner.py" in kept
    assert ("ensemble.py" in kept) == (run / "ensemble.py").exists()


@pytest.mark.parametrize("command", ["refine", "export", "predict"])
def test_the_help_warns_that_a_model_is_unpickled(command: str) -> None:
    assert "unpickle" in evolver(command, "--help").output


@pytest.mark.parametrize("command", sorted(main.commands))
def test_every_command_has_a_help_text_with_an_example_and_explains_its_options(
    command: str,
) -> None:
    result = evolver(command, "--help")
    assert result.exit_code == 0
    assert re.search(rf"Examples?:\s+evolver {command} ", result.output)
    options = [one for one in main.commands[command].params if isinstance(one, click.Option)]
    assert all(len(option.help or "") > 10 for option in options)


def test_the_program_alone_prints_a_short_start_and_its_help_the_exit_codes() -> None:
    result = evolver()
    assert result.exit_code == 0
    assert "evolver fit train.csv --target price" in result.output
    assert len(result.output.splitlines()) < 12
    assert re.search(r"2 +a mistake.*\n +3 +no model", evolver("--help").output)


def test_the_version_is_printed() -> None:
    assert "0.1.0" in evolver("--version").output


def test_a_mistake_does_not_change_an_existing_run(folder: Path) -> None:
    run = folder / "regression"
    before = (run / "command.json").read_text()
    for table, target in (("regression", "nothing"), ("multiclass", "goal")):
        result = evolver("fit", folder / f"{table}.parquet", "--target", target, "--out", run)
        assert result.exit_code != 0
    assert (run / "command.json").read_text() == before


def program(*arguments: object, **options: Any) -> subprocess.Popen[str]:
    """Start the command line as a process that can be interrupted."""
    # A shell that runs the tests in the background lets its processes ignore interrupts.
    return subprocess.Popen(
        [Path(sys.executable).with_name("evolver"), *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        **options,
    )


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGKILL])
def test_a_mistake_that_is_interrupted_does_not_change_an_existing_run(
    folder: Path, tmp_path: Path, end: signal.Signals
) -> None:
    """The process ends while it reads another table, which is a pipe without content."""
    run = folder / "regression"
    before = {file.name: file.read_bytes() for file in run.iterdir() if file.is_file()}
    pipe = tmp_path / "other.csv"
    os.mkfifo(pipe)
    process = program("fit", pipe, "--target", "goal", "--out", run)
    with open(pipe, "wb"):  # blocks until the process opens the pipe for reading
        process.send_signal(end)
        process.communicate(timeout=60)
    assert process.returncode != 0
    assert {file.name: file.read_bytes() for file in run.iterdir() if file.is_file()} == before


def test_a_killed_run_is_resumed_with_the_command_written_at_its_start(
    folder: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    table = folder / "multiclass.parquet"
    options = ["--target", "goal", *QUICK, "--time", "5m", "--patience", "none"]
    process = program("fit", table, *options, "--out", run)
    for _ in range(600):
        if (run / "command.json").exists():
            break
        time.sleep(0.1)
    process.kill()
    process.communicate()
    command = json.loads((run / "command.json").read_text())
    assert (command["seed"], command["settings"]["patience"]) == (1, None)
    result = evolver("resume", run, "--time", "60s", "--evaluations", 2)
    assert result.exit_code == 0, result.output
    assert "Kept in" in result.output


COMMAND = {
    "table": __file__,
    "target": ["goal"],
    "seconds": 6.0,
    "task": "auto",
    "jobs": -1,
    "seed": None,
    "order_by": None,
    "columns": {},
}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "Expecting value"),
        ("\x00", "Expecting value"),
        ("[1, 2]", "must be an object"),
        ('"text"', "must be an object"),
        (json.dumps({**COMMAND, "more": 1}), "'more'"),
        (json.dumps({name: COMMAND[name] for name in list(COMMAND)[1:]}), "'table'"),
        (json.dumps({**COMMAND, "table": 7}), "'table'.*7"),
        (json.dumps({**COMMAND, "target": None}), "'target'.*None"),
        (json.dumps({**COMMAND, "seconds": "soon"}), "'seconds'.*'soon'"),
        (json.dumps({**COMMAND, "seconds": -1}), "'seconds'.*-1"),
        (json.dumps({**COMMAND, "seconds": float("nan")}), "'seconds'.*nan"),
        (json.dumps({**COMMAND, "seconds": True}), "'seconds'.*True"),
        (json.dumps({**COMMAND, "task": "cluster"}), "'task'.*'cluster'"),
        (json.dumps({**COMMAND, "task": []}), "'task'"),
        (json.dumps({**COMMAND, "jobs": 1.5}), "'jobs'.*1.5"),
        (json.dumps({**COMMAND, "seed": "lucky"}), "'seed'.*'lucky'"),
        (json.dumps({**COMMAND, "order_by": 3}), "'order_by'.*3"),
        (json.dumps({**COMMAND, "weight": 3}), "'weight'.*3"),
        (json.dumps({**COMMAND, "evaluations": 0}), "'evaluations'.*0"),
        (json.dumps({**COMMAND, "scoring": "f1"}), "'scoring'.*'f1'"),
        (json.dumps({**COMMAND, "complexity": ["poem"]}), "'complexity'.*'poem'"),
        (json.dumps({**COMMAND, "cv": 1}), "'cv'.*1"),
        (json.dumps({**COMMAND, "settings": {"lag": 0}}), "'settings'.*'lag': 0"),
        (json.dumps({**COMMAND, "settings": {"in_process": True}}), "'settings'.*'in_process'"),
        (json.dumps({**COMMAND, "table": "/gone.csv"}), "'table'.*'/gone.csv'"),
        (json.dumps({**COMMAND, "table": "/gone\x00.csv"}), "'table'"),
        ("[" * 100_000, "nested|recursion"),
    ],
)
@pytest.mark.parametrize("act", ["resume", "refine"])
def test_an_invalid_command_file_is_an_error_of_one_line(
    act: str, content: str, message: str, folder: Path, tmp_path: Path
) -> None:
    for name in ("journal.sqlite", "model.joblib"):
        shutil.copy(folder / "multiclass" / name, tmp_path)
    (tmp_path / "command.json").write_text(content)
    result = evolver(act, tmp_path)
    assert result.exit_code == 2
    assert isinstance(result.exception, SystemExit)
    assert re.search(rf"^Error: .*command\.json.*({message}).*$", result.output), result.output
    (tmp_path / "command.json").write_bytes(b"\xff\xfe")
    assert evolver(act, tmp_path).exit_code == 2
    (tmp_path / "command.json").unlink()
    (tmp_path / "command.json").mkdir()
    assert evolver(act, tmp_path).output.startswith("Error: ")


def test_a_damaged_or_rewritten_journal_is_an_error_of_one_line(
    folder: Path, tmp_path: Path
) -> None:
    damages: list[Any] = [
        lambda run: (run / FILE).write_bytes(b"no journal"),
        lambda run: rewrite(run, lambda rows: [*rows, [0, "poem", {}]]),
        lambda run: rewrite(run, lambda rows: [[0, "header", {}], *rows[1:]]),
        lambda run: rewrite(run, lambda rows: rows[1:]),
    ]
    for number, damage in enumerate(damages):
        run = tmp_path / str(number)
        shutil.copytree(folder / "multiclass", run)
        damage(run)
        for act in ("resume", "refine"):
            result = evolver(act, run)
            assert result.exit_code == 2
            assert isinstance(result.exception, SystemExit)
            errors = [line for line in result.output.splitlines() if line.startswith("Error: ")]
            assert len(errors) == 1
            assert "`run_dir` must hold" in errors[0]


def test_a_file_that_is_no_model_is_an_error_of_one_line(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder / "multiclass", tmp_path / "run")
    for content in (b"", b"no model", pickle.dumps({"a": "model"})):
        (tmp_path / "run" / "model.joblib").write_bytes(content)
        for arguments in (
            ["export", tmp_path / "run", "--out", tmp_path / "m.py"],
            ["predict", tmp_path / "run", folder / "multiclass.parquet"],
            ["refine", tmp_path / "run"],
        ):
            result = evolver(*arguments)
            assert result.exit_code == 2
            assert isinstance(result.exception, SystemExit)
            assert result.output.startswith("Error: ")
            assert "model.joblib must be a model" in result.output


def test_predictions_are_written_in_the_format_of_the_file_name(
    folder: Path, tmp_path: Path
) -> None:
    new = folder / "multiclass-new.parquet"
    written = []
    for name in ("new.csv", "new.tsv", "new.parquet"):
        result = evolver("predict", folder / "multiclass", new, "--out", tmp_path / name)
        assert result.exit_code == 0, result.output
        written.append(read_table(tmp_path / name))
    pd.testing.assert_frame_equal(written[0], written[1])
    pd.testing.assert_frame_equal(written[0], written[2])


def test_mistakes_get_one_clear_line(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # the default run folder is created in the working directory
    table = folder / "multiclass.parquet"
    (tmp_path / "text.doc").write_text("not a table")
    (tmp_path / "broken.parquet").write_text("not a table")
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")
    (tmp_path / "empty").mkdir()
    cases = [
        (["fit", tmp_path / "absent.csv", "--target", "a"], "does not exist"),
        (
            ["fit", tmp_path / "text.doc", "--target", "a"],
            "The target must be a column of the table",
        ),
        (["fit", tmp_path / "broken.parquet", "--target", "a"], "Error: "),
        (["fit", table, "--target", "nothing"], "The target must be a column of the table"),
        (["fit", table], "Missing option '--target'"),
        (["fit", table, "--target", "goal", "--time", "soon"], "5m or 1h, or none, got 'soon'"),
        (["fit", table, "--target", "goal", "--jobs", 0], "`n_jobs` must be at least 1"),
        (["fit", table, "--target", "goal", "--out", "/proc/x"], "`run_dir` must be a folder"),
        (["fit", table, "--target", "goal", "--task", "regression"], "`y` must be numbers"),
        (["predict", tmp_path / "empty", table], "must hold a finished run"),
        (["resume", tmp_path / "empty"], "must hold a run of `evolver fit`"),
        (["predict", folder / "multiclass", tmp_path / "other.csv"], "columns of fit"),
        (["predict", folder / "multiclass", table, "--out", "/proc/x.csv"], "Error: "),
        (["export", folder / "multiclass", "--out", "/proc/x.py"], "must be a file to write"),
        (["export", folder / "multiclass", "--member", "none"], "`member` must be one of"),
    ]
    for arguments, message in cases:
        result = evolver(*arguments)
        assert result.exit_code != 0, arguments
        assert message in result.output, (arguments, result.output)
        assert "Traceback" not in result.output


def test_files_in_the_working_directory_are_not_imported(folder: Path, tmp_path: Path) -> None:
    """The files may have names of modules of the standard library or of this package."""
    for name in ("random", "queue", "primitives", "evolver", "sklearn"):
        (tmp_path / f"{name}.py").write_text("raise RuntimeError('imported')")
    program = [Path(sys.executable).with_name("evolver"), "fit", folder / "multiclass.parquet"]
    options = ["--target", "goal", *QUICK, "--evaluations", "1", "--out", tmp_path / "run"]
    done = subprocess.run(
        [*program, *options], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "imported" not in done.stdout + done.stderr
    assert "small decision tree" not in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("end", ["2>&1 | head -1", "2>&1 > /dev/full", ">&- 2>&-"])
def test_a_run_succeeds_when_its_output_is_closed_full_or_broken(
    folder: Path, tmp_path: Path, end: str
) -> None:
    program = Path(sys.executable).with_name("evolver")
    options = f"--target goal {' '.join(QUICK)} --out {tmp_path}/run"
    command = f"({program} fit {folder}/regression.parquet {options}; echo $? > {tmp_path}/code)"
    subprocess.run(["bash", "-c", f"{command} {end}"], capture_output=True, check=False)
    assert (tmp_path / "code").read_text().strip() == "0"
    assert (tmp_path / "run" / "model.joblib").exists()
    assert (tmp_path / "run" / "winner.py").exists()


@pytest.mark.parametrize(
    ("target", "kind", "columns"),
    [
        (
            lambda y: (y == "class 0") * 1.0,
            "classification",
            ["probability_0.0", "probability_1.0"],
        ),
        (
            lambda y: pd.Series((y == "class 0") * 1).mask(y.index < 3),
            "classification",
            ["probability_0", "probability_1"],
        ),
        (lambda y: pd.Series([f"$ {n},{n:03}" for n in range(100, 220)]), "regression", []),
        (lambda y: pd.Series(["?", *map(str, range(118)), "?"]), "regression", []),
    ],
    ids=["floats", "gaps", "prices", "marks"],
)
def test_the_values_of_a_target_choose_its_task(
    target: Any, kind: str, columns: list[str], tmp_path: Path
) -> None:
    X, y = small_table("binary")
    X.assign(goal=target(pd.Series(y))).to_csv(tmp_path / "train.csv", index=False)
    run = ["--target", "goal", *QUICK, "--evaluations", "1", "--out", tmp_path / "run"]
    result = evolver("fit", tmp_path / "train.csv", *run)
    assert result.exit_code == 0, result.output
    assert f"Predicting 'goal' by {kind}." in result.output
    out = tmp_path / "out.csv"
    result = evolver("predict", tmp_path / "run", tmp_path / "train.csv", "--out", out)
    assert result.exit_code == 0, result.output
    assert pd.read_csv(out).columns.tolist() == ["prediction", *columns]


def test_a_target_of_dates_is_an_error_of_one_line(tmp_path: Path) -> None:
    X, _ = small_table("binary")
    X.assign(goal=pd.date_range("2024-01-01", periods=len(X))).to_parquet(tmp_path / "t.parquet")
    result = evolver("fit", tmp_path / "t.parquet", "--target", "goal", "--out", tmp_path / "run")
    assert result.exit_code == 2
    assert "Error: `y` must not hold dates: make numbers of them first" in result.output


def test_a_price_that_is_no_number_is_named(tmp_path: Path) -> None:
    X, _ = small_table("binary")
    prices = [*map(str, range(119)), "call us"]
    X.assign(goal=prices).to_csv(tmp_path / "t.csv", index=False)
    result = evolver("fit", tmp_path / "t.csv", "--target", "goal", "--out", tmp_path / "run")
    assert result.exit_code == 2
    assert "got 'call us' in 1 of 120 rows" in result.output
    assert "--task classification" in result.output


@pytest.mark.slow
def test_a_run_goes_forward_by_a_column_and_is_resumed_so(tmp_path: Path) -> None:
    X, y = small_table("regression")
    table, run = tmp_path / "table.parquet", tmp_path / "run"
    X.assign(goal=y).sample(frac=1, random_state=0).to_parquet(table)
    options = ["--target", "goal", *QUICK, "--out", run]
    result = evolver("fit", table, *options, "--order-by", "day")
    assert result.exit_code == 0, result.output
    assert "5 folds go forward in time by 'day'" in result.stderr
    assert json.loads((run / "command.json").read_text())["order_by"] == "day"
    assert evolver("resume", run, "--evaluations", 6).exit_code == 0
    refused = evolver("fit", table, *options)
    assert refused.exit_code == 2
    assert "time" in refused.output
