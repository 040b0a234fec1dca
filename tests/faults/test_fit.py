"""Faults during `fit`: each is a row of the leaderboard, and the model is good all the same."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import psutil
import pytest

from evolver import EvolvedClassifier, Settings
from evolver.checks import selected_catalogue
from evolver.evaluation.fold import Evaluator, Request
from evolver.execution import fork_server
from evolver.genome.codec import encode
from evolver.outcome import Failure
from evolver.schema import learn
from evolver.storage.journal import FILE, Journal
from primitives import default_catalogue
from tests.clock import wait_for
from tests.faults.models import EXPECTED, catalogue_with_faults, left_behind
from tests.tables import small_table

GOOD = default_catalogue().only("Encoder", "StandardScaler", "GaussianNB", "LogisticRegression")
CAP = 700_000_000


HANGING_FAULTS = {name for name, failure in EXPECTED.items() if failure is Failure.TIMEOUT}
"""Faults that a timeout ends."""


def model_of_a_run_with(faults: Iterable[str], timeout: float) -> EvolvedClassifier:
    """Return the model of a run in which each of some faults happened."""
    X, y = small_table("binary")
    space = catalogue_with_faults(GOOD).without(*(set(EXPECTED) - set(faults)))
    n_faults = len(space) - len(GOOD)
    model = EvolvedClassifier(
        time_budget=None,
        max_evaluations=n_faults + 12,
        population_size=n_faults + 8,
        cv=3,
        search_space=space,
        n_jobs=2,
        random_state=1,
        verbose=0,
        settings=Settings(
            fold_timeout=timeout, worker_memory=CAP, initial_steps=2, racing_error=0.0
        ),
    )
    return model.fit(X, y)


@pytest.fixture(scope="module")
def fitted() -> EvolvedClassifier:
    """Model of a run in which every fault happened that ends by itself, however long it takes."""
    return model_of_a_run_with(set(EXPECTED) - HANGING_FAULTS, timeout=60.0)


@pytest.fixture(scope="module")
def hung() -> EvolvedClassifier:
    """Model of a run in which every fault happened that does not end by itself."""
    return model_of_a_run_with(HANGING_FAULTS, timeout=1.5)


@pytest.mark.parametrize("fault", sorted(EXPECTED))
def test_a_fault_has_the_expected_outcome(request: pytest.FixtureRequest, fault: str) -> None:
    board = request.getfixturevalue("hung" if fault in HANGING_FAULTS else "fitted").leaderboard_
    rows = board[board["expression"].str.startswith(f"{fault}(")]
    assert len(rows) >= 1
    expected = EXPECTED[fault]
    for _, row in rows.iterrows():
        if expected is None:
            assert row["outcome"] == "scored", row["reason"]
        else:
            assert row["outcome"] == "failed"
            assert row["failure"] == expected.value, row["reason"]
            assert row["reason"]


def test_good_candidates_are_scored_and_the_best_of_them_wins(fitted: EvolvedClassifier) -> None:
    board = fitted.leaderboard_
    good = board["expression"].str.startswith(("GaussianNB", "LogisticRegression"))
    assert good.sum() >= 3
    assert (board[good]["outcome"] == "scored").all()
    assert fitted.best_score_ > 0.9
    X, y = small_table("binary")
    assert fitted.score(X, y) > 0.9


def test_scores_equal_those_of_a_process_without_faults(fitted: EvolvedClassifier) -> None:
    """Candidates that change their input, the seed or the folder do not affect others."""
    X, _ = small_table("binary")
    problem, front = fitted._members._problem, fitted._members.front
    assert problem is not None
    pd.testing.assert_frame_equal(problem.X, learn(X).read(X)[0])
    assert [len(train) for train, _ in problem.folds] == [80] * 3
    undisturbed = Evaluator(problem, selected_catalogue(GOOD, problem, grouped=False))
    assert len(front) >= 2
    for member in front:
        tree = encode(member.candidate.tree)
        scores = [undisturbed(Request(tree, fold)).score for fold in range(3)]  # type: ignore[union-attr]  # a fold has a score
        assert member.outcome.fold_scores == tuple(scores)


def test_no_child_is_left(fitted: EvolvedClassifier) -> None:
    assert left_behind() == []


SCRIPT = """
import sys
import psutil
from pathlib import Path
from evolver import EvolvedClassifier, Settings
from primitives import default_catalogue
from tests.tables import small_table

space = default_catalogue().only(
    "Encoder", "StandardScaler", "PCA", "Union", "GaussianNB",
    "LogisticRegression", "DecisionTreeClassifier", "LinearDiscriminantAnalysis",
)
X, y = small_table("binary")
model = EvolvedClassifier(
    time_budget=None,
    max_evaluations=int(sys.argv[2]),
    cv=3, search_space=space, population_size=10, n_jobs=2, random_state=0,
    run_dir=sys.argv[1], settings=Settings(lag=6, in_process="in process" in sys.argv),
)
model.fit(X, y)
model.leaderboard_.drop(columns="seconds").to_csv(Path(sys.argv[1]) / "compared.csv")
print("winner", model._members.winner)
print("left", [process.name() for process in psutil.Process().children(recursive=True)])
"""
ROOT = Path(__file__).parents[2]


def run_script(
    folder: Path, *arguments: object, code: str = SCRIPT, **options: Any
) -> subprocess.Popen[str]:
    """Start a script that Ctrl-C interrupts, even if the tests themselves ignore Ctrl-C."""
    command = [sys.executable, "-c", code, str(folder), *map(str, arguments)]
    return subprocess.Popen(
        command,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        **options,
    )


def finish(process: subprocess.Popen[str]) -> str:
    """Wait for a script to end without error, and return its output."""
    out, err = process.communicate(timeout=200)
    assert process.returncode == 0, err
    return out


def search_in_process(folder: Path, evaluations: int) -> None:
    """Run the script in this process, without workers."""
    sys.argv = ["script", str(folder), str(evaluations), "in process"]
    exec(SCRIPT, {})


def begin(folder: Path, evaluations: int, *, pool: bool) -> Any:
    """Start the script in a process that the test can kill, with a pool of workers or without."""
    if pool:
        return run_script(folder, evaluations)
    process = fork_server.context.Process(target=search_in_process, args=(folder, evaluations))
    process.start()
    return process


def wait_for_writes(folder: Path, number: int) -> None:
    """Wait until the journal has been written to `number` times, on a machine of any speed."""
    log = folder / f"{FILE}-wal"
    end = time.monotonic() + 60
    seen = None
    while number >= 0 and time.monotonic() < end:
        written = log.stat().st_mtime_ns if log.exists() else None
        if written != seen:
            seen = written
            number -= 1
        time.sleep(0.001)


@pytest.mark.slow
def test_a_run_that_is_killed_and_resumed_eight_times_equals_an_undisturbed_one(
    tmp_path: Path,
) -> None:
    evaluations = 80
    expected = finish(run_script(tmp_path / "whole", evaluations))
    rng = np.random.default_rng(0)
    folder = tmp_path / "killed"
    for number in range(8):
        pool = number % 7 == 0  # starting a pool takes its time
        process = begin(folder, evaluations, pool=pool)
        wait_for_writes(folder, int(rng.integers(1, 13)))
        process.kill()
        if pool:
            process.communicate()
            assert process.returncode == -signal.SIGKILL
        else:
            process.join()
            assert process.exitcode == -signal.SIGKILL
    with closing(Journal(folder)) as journal:
        assert 0 < sum(entry.settled for entry in journal.replayed.values()) < evaluations
    got = finish(run_script(folder, evaluations))
    assert got == expected
    whole, killed = (pd.read_csv(tmp_path / name / "compared.csv") for name in ("whole", "killed"))
    pd.testing.assert_frame_equal(killed, whole)


# A socket's address has 107 bytes at the most.
@pytest.mark.parametrize("length", [pytest.param(8, marks=pytest.mark.slow), 120])
def test_a_run_leaves_no_process_and_no_file(
    length: int, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    temporary = Path(tempfile.mkdtemp()) / ("t" * length)
    temporary.mkdir()
    request.addfinalizer(lambda: shutil.rmtree(temporary.parent))
    before = left_in_shared_memory()
    environment = {**os.environ, "TMPDIR": str(temporary)}
    out = finish(run_script(tmp_path / "run", 10, env=environment))
    assert "left []" in out
    assert list(temporary.iterdir()) == []
    # Files of a run that another test killed go soon.
    wait_for(lambda: left_in_shared_memory() <= before)


def left_in_shared_memory() -> set[str]:
    """Return the files in shared memory that no process has mapped."""
    mapped = set()
    for maps in Path("/proc").glob("[0-9]*/maps"):
        with suppress(OSError):  # it has ended, or belongs to another user
            mapped |= set(re.findall(r"/dev/shm/\S+", maps.read_text()))
    return {str(file) for file in Path("/dev/shm").glob("*")} - mapped


def test_an_interrupt_keeps_the_best(tmp_path: Path) -> None:
    process = run_script(tmp_path, 100_000, start_new_session=True)
    wait_for(lambda: any((tmp_path / "predictions").glob("*.npz")))
    process.send_signal(signal.SIGINT)
    assert "winner" in finish(process)


HANGING = """
import sys
import time
from pathlib import Path
from sklearn.dummy import DummyClassifier
from evolver import EvolvedClassifier
from evolver.run import search_loop
from primitives import CLASSIFICATION, Features, Prediction, Primitive, default_catalogue
from tests.tables import small_table

folder = Path(sys.argv[1])

class Hanging(DummyClassifier):
    def fit(self, X, y):
        (folder / "begun").touch()
        time.sleep(1000)

search_loop.INTERRUPT_SECONDS = 100.0
hanging = Primitive("Hanging", (Features,), Prediction, Hanging, {}, CLASSIFICATION)
space = default_catalogue().only("Encoder").add(hanging)
X, y = small_table("binary")
EvolvedClassifier(time_budget=None, max_evaluations=4, search_space=space, n_jobs=2).fit(X, y)
"""
"""Search that waits for its workers until it is interrupted twice."""


def test_a_second_interrupt_ends_at_once_and_leaves_no_process_and_no_file(tmp_path: Path) -> None:
    folder, temporary = tmp_path / "run", tmp_path / "temporary"
    folder.mkdir()
    temporary.mkdir()
    environment = {**os.environ, "TMPDIR": str(temporary)}
    process = run_script(folder, code=HANGING, env=environment, start_new_session=True)
    wait_for((folder / "begun").exists)
    children = psutil.Process(process.pid).children(recursive=True)
    assert len(children) >= 2
    process.send_signal(signal.SIGINT)
    time.sleep(1.0)
    assert process.poll() is None
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == -signal.SIGINT
    assert err.splitlines()[-1] == "KeyboardInterrupt"
    assert psutil.wait_procs(children, timeout=60)[1] == []
    assert list(temporary.iterdir()) == []


@pytest.mark.slow
def test_a_run_folder_in_use_is_refused(tmp_path: Path) -> None:
    first = run_script(tmp_path, 100_000)
    assert first.stderr is not None
    first.stderr.readline()
    second = run_script(tmp_path, 5)
    _, err = second.communicate(timeout=200)
    first.kill()
    first.communicate()
    assert second.returncode != 0
    assert "must not be in use by another run" in err


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a small file system")
@pytest.mark.slow
def test_on_a_full_disk_the_run_goes_on_without_its_journal(tmp_path: Path) -> None:
    with tempfile.TemporaryDirectory() as small:
        mounted = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=80k", "tmpfs", small], check=False
        )
        if mounted.returncode != 0:
            pytest.skip("this system lets nobody mount a small file system")
        try:
            process = run_script(Path(small), 25)
            _, err = process.communicate(timeout=200)
        finally:
            subprocess.run(["umount", "-l", small], check=True)
    assert "The run goes on without its journal" in err
    assert err.count("The run goes on without its journal") == 1
    assert "The model is fitted, but its" in err


@pytest.mark.slow
def test_without_its_folder_the_run_goes_on_without_its_journal(tmp_path: Path) -> None:
    process = run_script(tmp_path / "run", 25)
    assert process.stderr is not None
    process.stderr.readline()
    vanished = (tmp_path / "run").rename(tmp_path / "vanished")
    shutil.rmtree(vanished)
    _, err = process.communicate(timeout=200)
    assert process.returncode == 0, err
    assert err.count("The run goes on without its journal") == 1
