"""Faults of the system and of the caller's own program, each in a run of its own.

    python -m benchmarks faults.system [--names SITUATION ...]

A record says how the run ended, how late it was, and what it left behind. Every run has a budget of
`SECONDS` and a primitive that crashes its worker, so that workers must be started again and again.
Saves `system.json` and `system.md`.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks import markdown
from benchmarks.options import parser_of
from benchmarks.records import Records, publish
from tests.faults.models import left_behind
from tests.faults.program import run_program

SECONDS = 8.0

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
"""Code that the program runs before the search, by name of the situation."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure the missing situations, and save records and table."""
    options = parser_of(__file__, __doc__, names=list(SITUATIONS)).parse_args(arguments)
    records = Records(options.out / "system.json", "situation", repeat=options.repeat)
    for (situation,) in records.missing(options.names):
        records.add(measure(situation))
    publish(options.out / "system.md", table_of(records))


def measure(situation: str) -> dict[str, Any]:
    """Run the program in one situation."""
    before = set(os.listdir("/dev/shm"))
    with tempfile.TemporaryDirectory() as folder:
        temporary = Path(folder, "temporary")
        temporary.mkdir()
        with load(4 if situation.startswith("four") else 0):
            code = SITUATIONS[situation] + FIT
            printed = run_program(code, Path(folder), env={"TMPDIR": str(temporary)})
        ended_by, scored, score, seconds = printed
        left = [one.name for one in temporary.iterdir() if one.name.startswith("evolver-")]
    return {
        "situation": situation,
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
    """Keep the cores busy with so many processes."""
    running = [
        subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(processes)
    ]
    try:
        yield
    finally:
        for process in running:
            process.send_signal(signal.SIGKILL)
            process.wait()


def table_of(records: Sequence[dict[str, Any]]) -> str:
    """Return a row for each situation."""
    header = ["situation", "ended by", "scored", "best AUC", "late, s", "processes, files left"]
    order = list(SITUATIONS)
    rows = []
    for one in sorted(records, key=lambda one: order.index(one["situation"])):
        left = f"{one['processes_left']}, {one['files_left']}"
        cells = [one["situation"], one["ended_by"], one["scored"], one["score"]]
        rows.append([*cells, f"{one['late']:+.2f}", left])
    lines = markdown.table(header, rows)
    return "\n".join([f"{SECONDS:g} s a run.", "", *lines]) + "\n"


if __name__ == "__main__":
    main()
