"""Program that runs a search in a process of its own while the test disturbs it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]

PROGRAM = """
import json, os, resource, shutil, signal, sys, threading, time
from pathlib import Path

import multiprocess
import pandas as pd
from multiprocess.shared_memory import SharedMemory

from evolver import EvolvedClassifier, Settings
from primitives import default_catalogue
from tests.faults.models import catalogue_with_faults
from tests.tables import small_table

GOOD = ("Encoder", "StandardScaler", "GaussianNB", "LinearDiscriminantAnalysis")
SPACE = catalogue_with_faults(default_catalogue().only(*GOOD)).only(*GOOD, "Abort")
OUT, FOLDER = Path(sys.argv[1]), Path(sys.argv[2])
RUN = FOLDER / "run"


def fit(name=None, evaluations=20, **options):
    '''Run a search in which workers crash, so that new ones must be started.'''
    X, y = small_table("binary")
    model = EvolvedClassifier(**{
        "time_budget": None, "max_evaluations": evaluations, "cv": 3, "population_size": 10,
        "search_space": SPACE, "n_jobs": 2, "random_state": 0,
        "settings": Settings(fold_timeout=3.0, initial_steps=2, racing_error=0.0, lag=6),
        **options,
    })
    return model.fit(X, pd.Series(y, name=name))


def summary(model):
    '''Return what a disturbance must not change.'''
    counts = model.statistics_
    return [counts["scored"], counts["ended_by"], round(model.best_score_, 6)]


def when_begun(act):
    '''Call a function soon after the run in RUN has stored the predictions of its first folds.'''
    def wait():
        while not any(RUN.glob("predictions/*.npz")):
            time.sleep(0.02)
        time.sleep(0.5)
        act()
    threading.Thread(target=wait, daemon=True).start()


def fit_and_save(file):
    file.write_text(json.dumps(summary(fit())))


def main():
{body}


if __name__ == "__main__":
    main()
"""


def run_program(
    body: str,
    folder: Path,
    *,
    until: Callable[[subprocess.Popen[bytes]], None] | None = None,
    **how: Any,
) -> Any:
    """Run the program, and return the value that it has written to OUT as JSON.

    Parameters
    ----------
    body : str
        Code of its main function.
    folder : Path
        Folder for its files.
    until : callable, optional
        Function that is called with the running process.
    **how
        Options of `subprocess.Popen`; `env` is added to the environment.
    """
    folder.mkdir(exist_ok=True, parents=True)
    file, out, errors = folder / "program.py", folder / "out.json", folder / "errors"
    file.write_text(PROGRAM.replace("{body}", textwrap.indent(textwrap.dedent(body), "    ")))
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **how.pop("env", {})}
    with errors.open("wb") as error:
        how = {"stderr": error, "stdout": subprocess.DEVNULL, **how}
        process = subprocess.Popen(
            [sys.executable, str(file), str(out), str(folder)], env=environment, **how
        )
        try:
            if until is not None:
                until(process)
            process.wait(timeout=240)
        finally:
            process.kill()
    assert out.exists(), errors.read_text()[-3000:]
    return json.loads(out.read_text())
