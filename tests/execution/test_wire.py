"""Messages: frames are read whole however they arrive, and other bytes are refused."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evolver.evaluation.fold import FoldScore
from evolver.execution import wire
from evolver.execution.wire import BreachError, Frame, Kind, Reader
from evolver.outcome import Effort, Failed, Failure

FRAMES = st.lists(
    st.builds(Frame, st.integers(0, 2**64 - 1), st.sampled_from(Kind), st.binary(max_size=50)),
    max_size=5,
)
LIMIT = 1_000


@contextmanager
def connected() -> Iterator[tuple[socket.socket, Reader]]:
    """Yield the socket of a worker and the reader of its pool, connected."""
    theirs, ours = socket.socketpair()
    with theirs, ours:
        yield theirs, Reader(ours, LIMIT)


def written(frames: list[Frame]) -> bytes:
    """Return frames as the bytes that a worker sends."""
    return b"".join(
        wire.HEADER.pack(wire.MAGIC, frame.job, frame.kind, len(frame.content)) + frame.content
        for frame in frames
    )


@given(FRAMES, st.lists(st.integers(1, 40), max_size=20))
def test_frames_are_read_whole_however_the_bytes_are_cut(
    frames: list[Frame], cuts: list[int]
) -> None:
    content = written(frames)
    read: list[Frame] = []
    with connected() as (worker, reader):
        for cut in [*cuts, len(content)]:
            worker.sendall(content[:cut])
            content = content[cut:]
            more, has_ended = reader.read()
            read += more
            assert not has_ended
        worker.close()
        assert reader.read() == ([], True)
    assert read == frames


@given(FRAMES, st.binary(min_size=4, max_size=60))
def test_bytes_that_are_no_frame_are_refused(frames: list[Frame], more: bytes) -> None:
    if more.startswith(wire.MAGIC):
        more = more[1:]
    with connected() as (worker, reader):
        worker.sendall(written(frames) + more)
        with pytest.raises(BreachError):
            reader.read()


def test_a_frame_above_the_limit_is_refused_before_its_content_arrives() -> None:
    with connected() as (worker, reader):
        worker.sendall(wire.HEADER.pack(wire.MAGIC, 1, Kind.DATA, LIMIT + 1))
        with pytest.raises(BreachError):
            reader.read()


DATA: list[Any] = [
    None,
    [1, 2.5, "text", (True, b"bytes")],
    {"array": np.arange(6.0).reshape(2, 3), "number": np.float32(0.5)},
    Failed(Failure.CRASH, "reason", 1.5),
    np.array(["a", None], dtype=object),
]


@pytest.mark.parametrize("value", DATA, ids=lambda value: type(value).__name__)
def test_data_is_read_as_data(value: Any) -> None:
    kind, content = wire.encode(value)
    assert kind is Kind.DATA
    np.testing.assert_equal(wire.decode(Frame(1, kind, content), 1.0), value)


def test_the_score_of_a_fold_is_data() -> None:
    score = FoldScore(0.5, (3.0,), np.array([[0.25, 0.75]]), Effort(1.0))
    kind, content = wire.encode(score)
    read = wire.decode(Frame(1, kind, content), 1.0)
    assert kind is Kind.DATA
    assert (read.score, read.costs, read.effort) == (0.5, (3.0,), Effort(1.0))
    assert read.predictions.tolist() == [[0.25, 0.75]]


def test_a_pickle_that_runs_code_is_not_read_as_data() -> None:
    class Calling:
        """Object that calls a function when it is loaded."""

        def __reduce__(self) -> Any:
            return time.sleep, (0.0,)

    kind, content = wire.encode(Calling())
    assert kind is Kind.OBJECT
    with pytest.raises(Exception, match="is not plain data"):
        wire.decode(Frame(1, Kind.DATA, content), 1.0)


def test_an_object_that_does_not_load_in_time_raises_a_timeout() -> None:
    class Slow:
        """Object that takes 0.3 s to load."""

        def __reduce__(self) -> Any:
            return time.sleep, (0.3,)

    kind, content = wire.encode(Slow())
    with pytest.raises(TimeoutError, match="does not load within"):
        wire.decode(Frame(1, kind, content), 0.01)
