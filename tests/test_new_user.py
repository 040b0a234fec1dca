"""Path of a new user: a table, a run, a look at the report, the exported file on its own."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pandas as pd
import pytest
from sklearn.datasets import load_breast_cancer

from evolver.errors import InputError
from evolver.estimators.reports import write_report_of_folder
from tests.alone import run_exported
from tests.report.browser import FLAGS
from tests.report.test_report import checked
from tests.test_cli import evolver

EVOLVER = shutil.which("evolver", path=str(Path(sys.executable).parent))
COMMAND = [EVOLVER] if EVOLVER else [sys.executable, "-m", "evolver"]


@pytest.fixture
def table(tmp_path: Path) -> Path:
    frame = load_breast_cancer(as_frame=True).frame
    frame[:400].to_csv(tmp_path / "train.csv", index=False)
    frame[400:].drop(columns="target").to_csv(tmp_path / "new.csv", index=False)
    return tmp_path / "train.csv"


def test_from_a_table_to_a_report_and_a_program(
    table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run is a process of its own, and the commands after it are called in this one."""

    def run(*arguments: object) -> None:
        done = evolver(*arguments)
        assert done.exit_code == 0, done.output

    monkeypatch.chdir(tmp_path)
    budget = ["--time", "60s", "--evaluations", 3]
    fit = ["fit", "train.csv", "--target", "target", *map(str, budget), "--out", "run"]
    done = subprocess.run([*COMMAND, *fit], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    said = done.stdout + done.stderr
    assert "Won: " in said
    assert "evolver report run" in said
    run("report", "run", "--out", "report.html", "--time", "1s")
    checked((tmp_path / "report.html").read_text("utf-8"))
    chromium = shutil.which("chromium")
    if chromium is not None:
        command = [chromium, *FLAGS, f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom"]
        page = (tmp_path / "report.html").as_uri()
        seen = subprocess.run([*command, page], capture_output=True, text=True, check=True).stdout
        assert "Cheapest threshold:" in seen  # the script has run
    run("export", "run", "--out", "model.py")
    run("predict", "run", "new.csv", "--out", "ours.csv")
    files = ["train.csv", "--predict", "new.csv", "--out", "theirs.csv"]
    run_exported(tmp_path / "model.py", *files)
    ours, theirs = (pd.read_csv(tmp_path / name) for name in ("ours.csv", "theirs.csv"))
    assert ours["prediction"].tolist() == theirs["prediction"].tolist()


@pytest.mark.slow
def test_a_run_that_goes_on_has_a_report(table: Path, tmp_path: Path) -> None:
    arguments = ["fit", "train.csv", "--target", "target", "--time", "120s", "--out", "run"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with subprocess.Popen([*COMMAND, *arguments], cwd=tmp_path, **quiet) as process:  # type: ignore[call-overload]
        try:
            file = tmp_path / "report.html"
            end = time.monotonic() + 100
            text = ""
            while "is so far best" not in text and time.monotonic() < end:
                assert process.poll() is None
                time.sleep(1)
                with suppress(InputError):  # the run has not begun yet
                    write_report_of_folder(tmp_path / "run", file)
                    text = file.read_text("utf-8")
            assert "is so far best" in text
            assert "the run is unfinished" in text
            checked(text)
            assert process.poll() is None
        finally:
            process.terminate()
