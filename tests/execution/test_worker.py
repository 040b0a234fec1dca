"""The loop of a worker ends silently when nobody waits for its answers."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import os, pickle, socket
from types import SimpleNamespace

from evolver.execution import wire
from evolver.execution.payload import Payload
from evolver.execution.worker import work

parent, worker = socket.socketpair()
written = Payload(abs)
wire.send(parent, 1, wire.Kind.JOB, pickle.dumps(-1))
parent.close()
descriptor = os.dup(written.descriptor)
work(worker, SimpleNamespace(detach=lambda: descriptor), {})
print("ended")
"""


def test_a_job_whose_pool_was_closed_leaves_no_traceback() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "ended\n", "")
