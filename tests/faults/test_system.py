"""Faults of the system and of the caller's program.

A disturbed run ends with the best model so far. The next run in the same process is as good as one
that was never disturbed.
"""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path
from typing import Any

import psutil
import pytest

from evolver import temporary
from tests.clock import wait_for
from tests.faults.models import left_behind
from tests.faults.program import run_program


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Summary of a run that nothing disturbs."""
    return run_program(
        "OUT.write_text(json.dumps(summary(fit())))", tmp_path_factory.mktemp("plain")
    )


# One run after the other in the same process.
TWICE = "OUT.write_text(json.dumps([summary(fit()), summary(fit())]))"


class TestTheCallersOwnProcesses:
    """Callers that use `multiprocess` themselves."""

    @pytest.mark.slow
    def test_a_spawn_pool_of_the_caller_keeps_working(
        self, tmp_path: Path, undisturbed: Any
    ) -> None:
        body = """
        with multiprocess.get_context("spawn").Pool(1) as pool:
            assert pool.apply(abs, (-1,)) == 1
            model = fit()
            assert pool.apply(abs, (-2,)) == 2
            OUT.write_text(json.dumps(summary(model)))
        """
        assert run_program(body, tmp_path) == undisturbed

    @pytest.mark.slow
    def test_a_fork_server_of_the_caller_keeps_working(
        self, tmp_path: Path, undisturbed: Any
    ) -> None:
        body = """
        context = multiprocess.get_context("forkserver")
        for _ in range(2):
            process = context.Process(target=abs, args=(-1,))
            process.start()
            process.join()
            assert process.exitcode == 0
            model = fit()
        OUT.write_text(json.dumps(summary(model)))
        """
        assert run_program(body, tmp_path) == undisturbed

    @pytest.mark.slow
    @pytest.mark.parametrize(
        ("method", "daemon"),
        [("spawn", False), ("forkserver", True)],
    )
    def test_a_run_in_a_child_process_gives_the_same_result(
        self, tmp_path: Path, undisturbed: Any, method: str, daemon: bool
    ) -> None:
        body = f"""
        context = multiprocess.get_context({method!r})
        process = context.Process(target=fit_and_save, args=(OUT,), daemon={daemon})
        process.start()
        process.join()
        assert process.exitcode == 0
        """
        assert run_program(body, tmp_path) == undisturbed

    def test_a_run_in_a_fork_of_a_process_that_has_used_openmp_ends(self, tmp_path: Path) -> None:
        """A model of LightGBM cannot be loaded in such a fork, so the next best is fitted."""
        body = """
        from lightgbm import LGBMClassifier
        X, y = small_table("binary")
        LGBMClassifier(n_estimators=5, verbosity=-1).fit(X[["second", "third"]], y)
        if os.fork() == 0:
            space = default_catalogue().only("Encoder", "LGBMClassifier", "GaussianNB")
            model = fit(evaluations=4, time_budget=6.0, search_space=space)
            OUT.write_text(json.dumps(len(model.predict(X))))
            os._exit(0)
        os.wait()
        """
        assert run_program(body, tmp_path) == 120

    @pytest.mark.slow
    def test_shared_memory_of_the_caller_stays(self, tmp_path: Path) -> None:
        body = """
        before = SharedMemory(create=True, size=8)
        during = []
        when_begun(lambda: during.append(SharedMemory(create=True, size=8)))
        fit(run_dir=RUN, evaluations=None, time_budget=6.0)
        for memory in (before, *during):
            memory.buf[0] = 7
            again = SharedMemory(memory.name)
            assert again.buf[0] == 7
            again.close()
            memory.close()
            memory.unlink()
        OUT.write_text(json.dumps(len(during)))
        """
        assert run_program(body, tmp_path) == 1


class TestStandardError:
    """Faults of standard error, to which the progress is written, never end a run."""

    @pytest.mark.slow
    def test_it_may_be_closed(self, tmp_path: Path, undisturbed: Any) -> None:
        got = run_program(TWICE, tmp_path, preexec_fn=lambda: os.close(2))
        assert got == [undisturbed, undisturbed]

    def test_all_streams_may_be_closed(self, tmp_path: Path, undisturbed: Any) -> None:
        body = "os.closerange(0, 3)\nOUT.write_text(json.dumps(summary(fit())))"
        assert run_program(body, tmp_path) == undisturbed

    @pytest.mark.slow
    def test_it_may_be_full(self, tmp_path: Path, undisturbed: Any) -> None:
        with open("/dev/full", "wb") as full:
            assert run_program(TWICE, tmp_path, stderr=full) == [undisturbed, undisturbed]

    @pytest.mark.slow
    def test_it_may_be_a_broken_pipe(self, tmp_path: Path, undisturbed: Any) -> None:
        read, write = os.pipe()
        os.close(read)
        try:
            assert run_program(TWICE, tmp_path, stderr=write) == [undisturbed, undisturbed]
        finally:
            os.close(write)


@pytest.mark.slow
def test_the_caller_may_ignore_the_end_of_children(tmp_path: Path, undisturbed: Any) -> None:
    def ignore() -> None:
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)

    assert run_program(TWICE, tmp_path, preexec_fn=ignore) == [undisturbed, undisturbed]


@pytest.mark.slow
def test_the_working_directory_may_be_deleted(tmp_path: Path, undisturbed: Any) -> None:
    body = """
    os.mkdir(FOLDER / "gone")
    os.chdir(FOLDER / "gone")
    when_begun(lambda: os.rmdir(FOLDER / "gone"))
    first = fit(run_dir=RUN, evaluations=60)
    assert not os.path.exists(FOLDER / "gone")
    OUT.write_text(json.dumps([len(first.leaderboard_), summary(fit())]))
    """
    assert run_program(body, tmp_path) == [60, undisturbed]


@pytest.mark.slow
def test_the_folder_for_temporary_files_may_be_swept(tmp_path: Path, undisturbed: Any) -> None:
    body = """
    temporary = Path(os.environ["TMPDIR"])
    swept = []
    when_begun(lambda: swept.append([shutil.rmtree(one) for one in temporary.iterdir()]))
    first = fit(run_dir=RUN, evaluations=60)
    assert swept
    shutil.rmtree(temporary)
    OUT.write_text(json.dumps([len(first.leaderboard_), summary(fit())]))
    """
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    assert run_program(body, tmp_path, env={"TMPDIR": str(temporary)}) == [60, undisturbed]


@pytest.mark.slow
def test_when_workers_cannot_start_again_the_best_so_far_is_fitted(
    tmp_path: Path, undisturbed: Any
) -> None:
    body = """
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    def forbid():
        used = max(map(int, os.listdir("/proc/self/fd")))
        resource.setrlimit(resource.RLIMIT_NOFILE, (used, before[1]))
    when_begun(forbid)
    first = fit(run_dir=RUN, evaluations=100_000)
    resource.setrlimit(resource.RLIMIT_NOFILE, before)
    ended = first.statistics_["ended_by"]
    OUT.write_text(json.dumps([ended, first.best_score_ > 0.9, summary(fit())]))
    """
    assert run_program(body, tmp_path) == ["error", True, undisturbed]


@pytest.mark.slow
def test_a_limit_of_24_open_files_is_enough(tmp_path: Path, undisturbed: Any) -> None:
    body = "resource.setrlimit(resource.RLIMIT_NOFILE, (24, 24))\n" + TWICE
    assert run_program(body, tmp_path) == [undisturbed, undisturbed]


@pytest.mark.slow
def test_a_missing_interpreter_ends_a_search_and_stops_the_next_with_a_clear_error(
    tmp_path: Path, undisturbed: Any
) -> None:
    """An upgrade may remove the interpreter while a program runs."""
    body = """
    from evolver.execution.fork_server import server
    def remove():
        multiprocess.set_executable("/nowhere/python")
        os.kill(server().session, signal.SIGKILL)
    when_begun(remove)
    first = fit(run_dir=RUN, evaluations=100_000)
    try:
        fit()
    except Exception as error:
        outcome = [type(error).__name__, "/nowhere/python" in str(error)]
    multiprocess.set_executable(sys.executable)
    outcome += [first.statistics_["ended_by"], first.best_score_ > 0.9, summary(fit())]
    OUT.write_text(json.dumps(outcome))
    """
    expected = ["EvolverError", True, "error", True, undisturbed]
    assert run_program(body, tmp_path) == expected


@pytest.mark.slow
def test_when_no_worker_can_start_the_error_says_so(tmp_path: Path, undisturbed: Any) -> None:
    body = """
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (12, before[1]))
    try:
        fit()
    except Exception as error:
        outcome = [type(error).__name__, "be started" in str(error) or "written" in str(error)]
    resource.setrlimit(resource.RLIMIT_NOFILE, before)
    OUT.write_text(json.dumps([*outcome, summary(fit())]))
    """
    assert run_program(body, tmp_path) == ["EvolverError", True, undisturbed]


def test_a_target_may_have_any_name(tmp_path: Path) -> None:
    body = """
    names = [pd.NA, float("nan"), pd.NaT, ("a", 1), 7, ""]
    settings = Settings(in_process=True)
    models = [fit(name, 1, search_space=None, settings=settings) for name in names]
    OUT.write_text(json.dumps([model.target_name_ for model in models]))
    """
    expected = ["target", "target", "target", "('a', 1)", "7", "target"]
    assert run_program(body, tmp_path) == expected


class TestSignals:
    """Signals that a terminal or a service manager sends to end a program."""

    @pytest.mark.parametrize(
        "number",
        [
            signal.SIGINT,
            pytest.param(signal.SIGTERM, marks=pytest.mark.slow),
            pytest.param(signal.SIGHUP, marks=pytest.mark.slow),
        ],
    )
    def test_the_first_signal_ends_the_search_and_keeps_the_best_so_far(
        self, tmp_path: Path, number: signal.Signals
    ) -> None:
        def until(process: subprocess.Popen[bytes]) -> None:
            wait_for(lambda: any((tmp_path / "run").glob("predictions/*.npz")))
            process.send_signal(number)

        body = """
        model = fit(evaluations=100_000, run_dir=RUN)
        kept = sorted(one.name for one in RUN.iterdir())
        OUT.write_text(json.dumps([model.statistics_["ended_by"], "model.joblib" in kept]))
        """
        how: dict[str, Any] = {
            "preexec_fn": lambda: signal.signal(signal.SIGINT, signal.default_int_handler)
        }
        assert run_program(body, tmp_path, until=until, **how) == ["interrupt", True]

    @pytest.mark.slow
    def test_a_signal_handler_of_the_caller_stays(self, tmp_path: Path) -> None:
        body = """
        seen = []
        signal.signal(signal.SIGTERM, lambda number, frame: seen.append(number))
        when_begun(lambda: os.kill(os.getpid(), signal.SIGTERM))
        model = fit(run_dir=RUN, evaluations=None, time_budget=6.0)
        OUT.write_text(json.dumps([model.statistics_["ended_by"], len(seen)]))
        """
        assert run_program(body, tmp_path) == ["time", 1]


class TestKilled:
    """A killed program: what it leaves is ended or removed."""

    BODY = """
    left = catalogue_with_faults(default_catalogue().only(*GOOD)).only(*GOOD, "LeftChild")
    fit(evaluations=100_000, search_space=left)
    """

    @pytest.mark.parametrize("fault", ["LeftChild", "EndlessChildren"])
    def test_the_children_of_its_jobs_end(self, fault: str, tmp_path: Path) -> None:
        def until(process: subprocess.Popen[bytes]) -> None:
            wait_for(lambda: len(left_behind()) > 0)
            process.kill()
            process.wait()
            wait_for(lambda: left_behind() == [])
            (tmp_path / "out.json").write_text("true")

        body = self.BODY.replace("LeftChild", fault)
        assert run_program(body, tmp_path, until=until)
        assert left_behind() == []

    @pytest.mark.slow
    def test_the_next_run_removes_its_temporary_folders(self, tmp_path: Path) -> None:
        folder = tmp_path / "temporary"
        folder.mkdir()

        def until(process: subprocess.Popen[bytes]) -> None:
            wait_for(lambda: (tmp_path / "errors").stat().st_size > 0)
            process.kill()
            process.wait()
            (tmp_path / "out.json").write_text("true")

        environment = {"TMPDIR": str(folder)}
        assert run_program(self.BODY, tmp_path, until=until, env=environment)
        assert list(folder.iterdir()) != []
        foreign = [folder / "evolver-0-0-0-x", folder / f"evolver-{temporary.owner()}-mine"]
        for path in foreign:
            path.mkdir()
        run_program("OUT.write_text(json.dumps(summary(fit())))", tmp_path, env=environment)
        assert sorted(folder.iterdir()) == sorted(foreign)


def test_no_process_of_these_tests_is_left() -> None:
    assert left_behind() == []
    servers = [
        child
        for child in psutil.Process().children(recursive=True)
        if "serve(" in str(child.cmdline())
    ]
    assert len(servers) <= 1  # the one that all tests share
