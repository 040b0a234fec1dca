"""Progress of a run: in a terminal, in a file, in the log."""

from __future__ import annotations

import logging
import os
import pty
import re
import subprocess
import sys
import threading
import time
from typing import Any

import pytest

from evolver.budget import Budget
from evolver.genome.candidate import Candidate, Origin
from evolver.outcome import RACED_OUT, Scored
from evolver.run.progress import FINAL_FITS, Progress, ProgressLine
from evolver.search.selection import Member
from tests.genome.strategies import CATALOGUES, random_tree

BEST = Member(
    Candidate(random_tree(CATALOGUES["binary"], 1, steps=3), Origin("evolution", "growth")),
    Scored((-0.25, -0.35), (3.0,), 1.0),
)


def state(phase: str = "evolution", seconds: float = 12.0, **changes: Any) -> Progress:
    known: dict[str, Any] = {
        "budget": Budget(60.0),
        "candidates": 30,
        "ended": {"scored": 9, RACED_OUT: 12, "timeout": 2, "error": 1},
        "best": BEST,
        "front_size": 4,
        "busy": 2,
        "workers": 2,
    }
    return Progress(phase, seconds, **{**known, **changes})


class Quick(ProgressLine):
    """Progress that looks at its state a hundred times a second."""

    TICK = 0.01


class Looks(threading.Event):
    """Event that counts how often it was waited for, which is once before each look."""

    number = 0

    def wait(self, timeout: float | None = None) -> bool:
        self.number += 1
        return super().wait(timeout)


def lines_of(*states: Progress, verbose: bool = True) -> list[str]:
    """Return what is logged where some states follow each other."""
    messages: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: messages.append(record.getMessage())  # type: ignore[method-assign]
    logger = logging.getLogger("evolver")
    before = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    progress = Quick("neg_log_loss", verbose=verbose)
    progress._is_over = looks = Looks()
    try:
        with progress:
            for one in states:
                progress(one)
                enough = looks.number + 2  # a look may have begun before
                while looks.number < enough:
                    time.sleep(0.001)
    finally:
        logger.removeHandler(handler)
        logger.setLevel(before)
    return messages


def test_a_line_says_phase_time_left_score_rate_front_failures_and_workers() -> None:
    [line] = lines_of(state())
    assert line.startswith("evolution | ")
    for part in ("s left", "log loss 0.3 by ", "30 candidates (2.", "front 4", "12 raced out"):
        assert part in line
    assert "failed: 1 error, 2 timeout" in line
    assert line.endswith("2/2 workers busy")


def test_a_new_phase_has_a_line_and_the_same_phase_one_a_minute() -> None:
    lines = lines_of(state(), state(seconds=13), state(FINAL_FITS, seconds=14))
    assert [line.partition(" |")[0] for line in lines] == ["evolution", "final fits"]
    assert len(lines_of(state(seconds=1), state(seconds=62))) == 2


def test_nothing_is_printed_unless_it_is_verbose(capfd: pytest.CaptureFixture[str]) -> None:
    assert len(lines_of(state(), verbose=False)) == 1
    assert capfd.readouterr() == ("", "")
    lines_of(state())
    assert capfd.readouterr().err.count("[evolver") == 1


def test_before_the_first_score_a_line_says_so() -> None:
    [line] = lines_of(state(best=None, ended={}, budget=Budget(None, 5)))
    assert "nothing scored yet" in line
    assert "left" not in line
    assert "0 failed" in line


PROGRAM = """
import time
from evolver.budget import Budget
from evolver.run.progress import Progress, ProgressLine

class Quick(ProgressLine):
    TICK = 0.01

with Quick("neg_log_loss", verbose=True) as progress:
    progress(Progress("evolution", 10.0, Budget(60.0), 30, {}, None, 4, 2, 2))
    time.sleep(1.2)
print("end")
"""


def test_in_a_terminal_one_line_is_written_again() -> None:
    parent, child = pty.openpty()
    with subprocess.Popen([sys.executable, "-c", PROGRAM], stdout=child, stderr=child) as process:
        os.close(child)
        found = b""
        while True:
            try:
                part = os.read(parent, 4096)
            except OSError:  # the terminal is gone with its last process
                break
            if not part:
                break
            found += part
    os.close(parent)
    assert process.returncode == 0, found
    text = found.decode()
    assert text.count("\r") >= 3
    assert "[evolver" not in text
    left = [int(one) for one in re.findall(r"evolution \| (\d+) s left", text)]
    assert len(set(left)) > 1
    assert left == sorted(left, reverse=True)
    assert text.splitlines()[-1].strip().endswith("end")
