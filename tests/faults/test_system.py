"""Faults of the system and of the caller's own program: a run ends with the best so far, and the
next one in the same process is as good."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from evolver import temporary
from tests.faults.models import left_behind
from tests.faults.program import run_program


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What a run tells that nothing happens to."""
    return run_program("OUT.write_text(json.dumps(said(fit())))", tmp_path_factory.mktemp("plain"))


TWICE = "OUT.write_text(json.dumps([said(fit()), said(fit())]))"


class TestTheCallersOwnProcesses:
    """A caller that uses `multiprocess` itself."""

    def test_a_spawn_pool_works_on(self, tmp_path: Path, undisturbed: Any) -> None:
        body = """
        with multiprocess.get_context("spawn").Pool(1) as pool:
            assert pool.apply(abs, (-1,)) == 1
            model = fit()
            assert pool.apply(abs, (-2,)) == 2
            OUT.write_text(json.dumps(said(model)))
        """
        assert run_program(body, tmp_path) == undisturbed

    def test_a_fork_server_of_the_callers_works_on(self, tmp_path: Path, undisturbed: Any) -> None:
        body = """
        context = multiprocess.get_context("forkserver")
        for _ in range(2):
            process = context.Process(target=abs, args=(-1,))
            process.start()
            process.join()
            assert process.exitcode == 0
            model = fit()
        OUT.write_text(json.dumps(said(model)))
        """
        assert run_program(body, tmp_path) == undisturbed

    @pytest.mark.parametrize(("method", "daemon"), [("spawn", False), ("forkserver", True)])
    def test_a_run_inside_a_process_is_like_any_other(
        self, tmp_path: Path, undisturbed: Any, method: str, daemon: bool
    ) -> None:
        body = f"""
        context = multiprocess.get_context({method!r})
        process = context.Process(target=fit_and_tell, args=(OUT,), daemon={daemon})
        process.start()
        process.join()
        assert process.exitcode == 0
        """
        assert run_program(body, tmp_path) == undisturbed

    def test_a_run_in_a_fork_of_a_process_that_used_openmp_ends(self, tmp_path: Path) -> None:
        """There a model of LightGBM cannot even be loaded: the next best is fitted."""
        body = """
        from lightgbm import LGBMClassifier
        X, y = small_table("binary")
        LGBMClassifier(n_estimators=5, verbosity=-1).fit(X[["second", "third"]], y)
        if os.fork() == 0:
            space = default_catalogue().only("Encoder", "LGBMClassifier", "GaussianNB")
            model = fit(evaluations=None, time_budget=10.0, search_space=space)
            OUT.write_text(json.dumps(len(model.predict(X))))
            os._exit(0)
        os.wait()
        """
        assert run_program(body, tmp_path) == 120

    def test_shared_memory_stays(self, tmp_path: Path) -> None:
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
    """Progress is never worth a run."""

    def test_it_may_be_closed(self, tmp_path: Path, undisturbed: Any) -> None:
        got = run_program(TWICE, tmp_path, preexec_fn=lambda: os.close(2))
        assert got == [undisturbed, undisturbed]

    def test_all_streams_may_be_closed(self, tmp_path: Path, undisturbed: Any) -> None:
        body = "os.closerange(0, 3)\n" + TWICE
        assert run_program(body, tmp_path) == [undisturbed, undisturbed]

    def test_it_may_be_full(self, tmp_path: Path, undisturbed: Any) -> None:
        with open("/dev/full", "wb") as full:
            assert run_program(TWICE, tmp_path, stderr=full) == [undisturbed, undisturbed]

    def test_it_may_be_a_broken_pipe(self, tmp_path: Path, undisturbed: Any) -> None:
        read, write = os.pipe()
        os.close(read)
        try:
            assert run_program(TWICE, tmp_path, stderr=write) == [undisturbed, undisturbed]
        finally:
            os.close(write)


def test_the_death_of_children_may_be_ignored(tmp_path: Path, undisturbed: Any) -> None:
    def ignore() -> None:
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)

    assert run_program(TWICE, tmp_path, preexec_fn=ignore) == [undisturbed, undisturbed]


def test_the_working_directory_may_be_deleted(tmp_path: Path, undisturbed: Any) -> None:
    body = """
    os.mkdir(FOLDER / "gone")
    os.chdir(FOLDER / "gone")
    when_begun(lambda: os.rmdir(FOLDER / "gone"))
    first = fit(run_dir=RUN, evaluations=None, time_budget=8.0)
    OUT.write_text(json.dumps([first.statistics_["scored"] > 5, said(fit())]))
    """
    assert run_program(body, tmp_path) == [True, undisturbed]


def test_the_folder_for_temporary_files_may_be_swept(tmp_path: Path, undisturbed: Any) -> None:
    body = """
    temporary = Path(os.environ["TMPDIR"])
    when_begun(lambda: [shutil.rmtree(one) for one in temporary.iterdir()])
    first = fit(run_dir=RUN, evaluations=None, time_budget=8.0)
    shutil.rmtree(temporary)
    OUT.write_text(json.dumps([first.statistics_["scored"] > 5, said(fit())]))
    """
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    assert run_program(body, tmp_path, env={"TMPDIR": str(temporary)}) == [True, undisturbed]


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
    OUT.write_text(json.dumps([ended, first.best_score_ > 0.9, said(fit())]))
    """
    assert run_program(body, tmp_path) == ["error", True, undisturbed]


def test_a_few_open_files_are_enough(tmp_path: Path, undisturbed: Any) -> None:
    body = "resource.setrlimit(resource.RLIMIT_NOFILE, (24, 24))\n" + TWICE
    assert run_program(body, tmp_path) == [undisturbed, undisturbed]


def test_an_interpreter_that_is_gone_is_said_or_ends_the_search(
    tmp_path: Path, undisturbed: Any
) -> None:
    """An upgrade may remove it while a program runs."""
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
        told = [type(error).__name__, "/nowhere/python" in str(error)]
    multiprocess.set_executable(sys.executable)
    told += [first.statistics_["ended_by"], first.best_score_ > 0.9, said(fit())]
    OUT.write_text(json.dumps(told))
    """
    expected = ["EvolverError", True, "error", True, undisturbed]
    assert run_program(body, tmp_path) == expected


def test_when_no_worker_can_start_the_error_says_so(tmp_path: Path, undisturbed: Any) -> None:
    body = """
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (12, before[1]))
    try:
        fit()
    except Exception as error:
        told = [type(error).__name__, "must start" in str(error) or "written" in str(error)]
    resource.setrlimit(resource.RLIMIT_NOFILE, before)
    OUT.write_text(json.dumps([*told, said(fit())]))
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
    """What a terminal or a service manager sends when it ends a program."""

    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
    def test_the_first_keeps_the_best_so_far(self, tmp_path: Path, number: signal.Signals) -> None:
        def until(process: subprocess.Popen[bytes]) -> None:
            wait_for(lambda: (tmp_path / "errors").stat().st_size > 0)
            time.sleep(1.0)
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

    def test_a_handler_of_the_callers_own_stays(self, tmp_path: Path) -> None:
        body = """
        seen = []
        signal.signal(signal.SIGTERM, lambda number, frame: seen.append(number))
        when_begun(lambda: os.kill(os.getpid(), signal.SIGTERM))
        model = fit(run_dir=RUN, evaluations=None, time_budget=6.0)
        OUT.write_text(json.dumps([model.statistics_["ended_by"], len(seen)]))
        """
        assert run_program(body, tmp_path) == ["time", 1]


class TestKilled:
    """A program that is killed leaves nothing that stays."""

    BODY = """
    left = catalogue_with_faults(default_catalogue().only(*GOOD)).only(*GOOD, "LeftChild")
    fit(evaluations=100_000, search_space=left)
    """

    def test_the_children_of_jobs_end_too(self, tmp_path: Path) -> None:
        def until(process: subprocess.Popen[bytes]) -> None:
            wait_for(lambda: len(left_behind()) > 0)
            process.kill()
            process.wait()
            wait_for(lambda: left_behind() == [])
            (tmp_path / "told.json").write_text("true")

        assert run_program(self.BODY, tmp_path, until=until)
        assert left_behind() == []

    def test_the_next_run_removes_what_it_left(self, tmp_path: Path) -> None:
        folder = tmp_path / "temporary"
        folder.mkdir()

        def until(process: subprocess.Popen[bytes]) -> None:
            wait_for(lambda: (tmp_path / "errors").stat().st_size > 0)
            process.kill()
            process.wait()
            (tmp_path / "told.json").write_text("true")

        environment = {"TMPDIR": str(folder)}
        assert run_program(self.BODY, tmp_path, until=until, env=environment)
        assert list(folder.iterdir()) != []
        foreign = [folder / "evolver-0-0-0-x", folder / f"evolver-{temporary.owner()}-mine"]
        for one in foreign:
            one.mkdir()
        run_program("OUT.write_text(json.dumps(said(fit())))", tmp_path, env=environment)
        assert sorted(folder.iterdir()) == sorted(foreign)


def wait_for(holds: Callable[[], bool], seconds: float = 60.0) -> None:
    """Return when something holds.

    Raises
    ------
    AssertionError
        When it does not hold for so long.
    """
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it never held"
        time.sleep(0.05)


def test_nothing_of_all_this_is_left() -> None:
    assert left_behind() == []
    mine = [
        one for one in psutil.Process().children(recursive=True) if "serve(" in str(one.cmdline())
    ]
    assert len(mine) <= 1  # that of all tests
