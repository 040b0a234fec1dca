"""Each fault of the system, or of the caller's own program, in a run of its own: how the run ended,
how late it was, and whether anything was left behind.

    python -m benchmarks.faults.system [SITUATION ...]

Run it from the top of the project. Every run has a budget of `SECONDS` and a primitive that crashes
its worker, so that workers must be started again and again. Saves `results/system.json` and
`results/system.md`.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.faults.models import left_behind
from tests.faults.program import run_program

SECONDS = 8.0
RESULTS = Path(__file__).parent / "results"

FIT = f"""
began = time.monotonic()
model = fit(run_dir=RUN, evaluations=None, time_budget={SECONDS})
OUT.write_text(json.dumps([
    model.statistics_["ended_by"], model.statistics_["scored"], model.best_score_,
    time.monotonic() - began,
]))
"""

SITUATIONS = {
    "nothing": "",
    "the fork server is killed": (
        "from evolver.execution.fork_server import server\n"
        "when_begun(lambda: os.kill(server().session, signal.SIGKILL))"
    ),
    "all workers are killed again and again": (
        "import psutil\n"
        "from evolver.execution.fork_server import server\n"
        "def kill():\n"
        "    for _ in range(20):\n"
        "        for pid in list(server().workers):\n"
        "            os.kill(pid, signal.SIGKILL)\n"
        "        time.sleep(0.1)\n"
        "when_begun(kill)"
    ),
    "the folder for temporary files is swept": (
        "when_begun(lambda: [shutil.rmtree(one) for one in Path(os.environ['TMPDIR']).iterdir()])"
    ),
    "the working directory is deleted": (
        "os.mkdir(FOLDER / 'gone')\n"
        "os.chdir(FOLDER / 'gone')\n"
        "when_begun(lambda: os.rmdir(FOLDER / 'gone'))"
    ),
    "no file can be opened any more": (
        "when_begun(lambda: resource.setrlimit(resource.RLIMIT_NOFILE,"
        " (max(map(int, os.listdir('/proc/self/fd'))), 4096)))"
    ),
    "SIGTERM": "when_begun(lambda: os.kill(os.getpid(), signal.SIGTERM))",
    "SIGHUP": "when_begun(lambda: os.kill(os.getpid(), signal.SIGHUP))",
    "SIGCHLD is ignored": "signal.signal(signal.SIGCHLD, signal.SIG_IGN)",
    "standard error is full": "os.dup2(os.open('/dev/full', os.O_WRONLY), 2)",
    "standard error is a broken pipe": "read, write = os.pipe(); os.close(read); os.dup2(write, 2)",
    "the caller has a spawn pool": (
        "pool = multiprocess.get_context('spawn').Pool(1)\nassert pool.apply(abs, (-1,)) == 1"
    ),
    "four processes take the cores": "",
}
"""By name, code that the program runs before the search."""


def main() -> None:
    """Measure the situations named, or all, and save the records and the table."""
    file = RESULTS / "system.json"
    measured = json.loads(file.read_text()) if file.exists() else {}
    for name in sys.argv[1:] or SITUATIONS:
        measured[name] = measure(name)
        print(name, json.dumps(measured[name]), flush=True)
    measured = {name: measured[name] for name in SITUATIONS if name in measured}
    file.write_text(json.dumps(measured, indent=1) + "\n")
    (RESULTS / "system.md").write_text(render(measured))


def measure(name: str) -> dict[str, Any]:
    """Run the program in one situation."""
    before = set(os.listdir("/dev/shm"))
    with tempfile.TemporaryDirectory() as folder:
        temporary = Path(folder, "temporary")
        temporary.mkdir()
        with load(4 if name.startswith("four") else 0):
            told = run_program(SITUATIONS[name] + FIT, Path(folder), env={"TMPDIR": str(temporary)})
        ended_by, scored, score, seconds = told
        left = [one.name for one in temporary.iterdir() if one.name.startswith("evolver-")]
    return {
        "ended_by": ended_by,
        "scored": scored,
        "score": round(score, 4),
        "seconds": round(seconds, 2),
        "late": round(seconds - SECONDS, 2),
        "processes_left": len(left_behind()),
        "files_left": len(left) + len(set(os.listdir("/dev/shm")) - before),
    }


@contextmanager
def load(processes: int) -> Iterator[None]:
    """Keep the cores busy by so many processes."""
    running = [
        subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(processes)
    ]
    try:
        yield
    finally:
        for process in running:
            process.send_signal(signal.SIGKILL)
            process.wait()


def render(measured: dict[str, dict[str, Any]]) -> str:
    """Return the records as a Markdown table."""
    lines = [
        f"{SECONDS:g} s a run.",
        "",
        "| situation | ended by | scored | best AUC | late, s | processes, files left |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for name, one in measured.items():
        left = f"{one['processes_left']}, {one['files_left']}"
        cells = [name, one["ended_by"], one["scored"], one["score"], f"{one['late']:+.2f}", left]
        lines.append(f"| {' | '.join(map(str, cells))} |")
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    main()
