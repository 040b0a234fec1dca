"""The journal: what was appended is recalled, and what is damaged, foreign or in use is refused."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from evolver.errors import InputError
from evolver.genome.candidate import Candidate, Origin
from evolver.journal import FILE, Journal
from evolver.outcome import Failed, Failure, ScoredFold, Stopped, scored
from evolver.store import Store
from tests.genome.strategies import CATALOGUES, random_tree

HEADER = {"X": "abc", "lag": 16, "random_state": {"state": 2**100}}
CANDIDATES = [
    Candidate(random_tree(CATALOGUES["binary"], seed), Origin("evolution", "growth"))
    for seed in range(4)
]
FOLDS = [ScoredFold(0.1 + 1e-17 * number, 2.0, 0.25) for number in range(3)]


def filled(folder: Path) -> Journal:
    """Return a journal of a scored, a failed, an unfinished and a stopped candidate."""
    journal = Journal(folder)
    journal.begin(HEADER)
    for number, candidate in enumerate(CANDIDATES):
        journal.propose(number, candidate)
    for fold, entry in enumerate(FOLDS):
        journal.fold(0, fold, entry)
    journal.settle(0, scored(FOLDS, 0), 1.5)
    journal.settle(1, Failed(Failure.MEMORY, "too big", 0.5), 2.5)
    journal.fold(2, 1, FOLDS[0])
    journal.fold(3, 0, FOLDS[0])
    journal.settle(3, Stopped("raced out", 0.25), 3.0)
    return journal


def test_what_was_appended_is_recalled(tmp_path: Path) -> None:
    filled(tmp_path).close()
    again = Journal(tmp_path)
    assert again.header == HEADER
    assert [one.digest for one in again.candidates.values()] == [one.digest for one in CANDIDATES]
    assert again.candidates[0].folds == dict(enumerate(FOLDS))
    assert again.candidates[1].failed == Failed(Failure.MEMORY, "too big", 0.5)
    assert again.candidates[2].folds == {1: FOLDS[0]}
    assert [one.settled for one in again.candidates.values()] == [True, True, False, True]
    assert [number for number, one in again.candidates.items() if one.failed] == [1]
    assert again.seconds == 3.0
    again.begin(HEADER)
    again.close()


def test_a_journal_without_a_folder_keeps_nothing() -> None:
    journal = Journal(None)
    journal.begin(HEADER)
    journal.propose(0, CANDIDATES[0])
    assert journal.candidates == {}


def test_another_run_is_refused_by_what_differs(tmp_path: Path) -> None:
    filled(tmp_path).close()
    journal = Journal(tmp_path)
    with pytest.raises(InputError, match=r"same data and settings.*differs in X, lag"):
        journal.begin({**HEADER, "X": "other", "lag": 3})
    with pytest.raises(InputError, match=r"candidate 0 of.*is another"):
        journal.propose(0, CANDIDATES[1])
    journal.close()


def test_a_journal_in_use_is_refused(tmp_path: Path) -> None:
    journal = filled(tmp_path)
    with pytest.raises(InputError, match="must not be in use by another run"):
        Journal(tmp_path)
    journal.close()
    Journal(tmp_path).close()


@pytest.mark.parametrize("where", [0.02, 0.3, 0.5, 0.7, 0.95])
def test_flipped_bytes_never_give_another_result(tmp_path: Path, where: float) -> None:
    filled(tmp_path).close()
    expected = Journal(tmp_path)
    expected.close()
    file = tmp_path / FILE
    content = bytearray(file.read_bytes())
    for offset in range(40):
        content[int(where * len(content)) + offset] ^= 0xFF
    file.write_bytes(content)
    assert recalled_or_refused(tmp_path) in ("refused", expected.candidates)


def recalled_or_refused(folder: Path) -> Any:
    """Return what a journal knows: damage to a part of the file that holds nothing costs
    nothing."""
    try:
        journal = Journal(folder)
    except InputError:
        return "refused"
    journal.close()
    return journal.candidates


@pytest.mark.parametrize("keep", [0.0, 0.1, 0.4, 0.8])
def test_a_truncated_file_is_refused_or_empty(tmp_path: Path, keep: float) -> None:
    filled(tmp_path).close()
    file = tmp_path / FILE
    os.truncate(file, int(keep * file.stat().st_size))
    if keep == 0.0:
        fresh = Journal(tmp_path)
        assert fresh.header is None
        fresh.close()
        return
    with pytest.raises(InputError, match=r"is damaged.*Choose another folder, or delete the file"):
        Journal(tmp_path)


def test_a_changed_entry_is_found(tmp_path: Path) -> None:
    filled(tmp_path).close()
    connection = sqlite3.connect(tmp_path / FILE)
    connection.execute("UPDATE entries SET body = replace(body, '0.1', '0.9') WHERE kind = 'fold'")
    connection.commit()
    connection.close()
    with pytest.raises(InputError, match="does not match its checksum"):
        Journal(tmp_path)


def test_an_entry_taken_out_is_found(tmp_path: Path) -> None:
    filled(tmp_path).close()
    connection = sqlite3.connect(tmp_path / FILE)
    connection.execute("DELETE FROM entries WHERE position = 3")
    connection.commit()
    connection.close()
    with pytest.raises(InputError, match="does not match its checksum"):
        Journal(tmp_path)


def test_what_is_no_journal_is_refused(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("a shopping list " * 100)
    with pytest.raises(InputError, match="is damaged: file is not a database"):
        Journal(tmp_path)


def test_a_later_schema_is_refused(tmp_path: Path) -> None:
    filled(tmp_path).close()
    connection = sqlite3.connect(tmp_path / FILE)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(InputError, match="schema is version 99"):
        Journal(tmp_path)


class TestStore:
    def test_predictions_come_back_also_in_another_process(self, tmp_path: Path) -> None:
        predictions = np.random.default_rng(0).random((5, 2))
        digest = CANDIDATES[0].digest
        Store(tmp_path, 10**6).put(digest, 0, predictions)
        again = Store(tmp_path, 10**6)
        kept = again.get(digest, 0)
        assert kept is not None
        np.testing.assert_array_equal(kept, predictions)
        assert again.get(digest, 1) is None
        assert again.get(CANDIDATES[1].digest, 0) is None

    def test_the_worst_go_first_within_the_limit(self, tmp_path: Path) -> None:
        store = Store(tmp_path, 3 * 800)
        for name, merit in [("good", 0.9), ("bad", 0.1), ("fair", 0.5), ("new", None)]:
            if merit is not None:
                store.rate(name, merit)
            store.put(name, 0, np.ones(100))
        assert store.size <= 3 * 800
        assert store.get("bad", 0) is None
        assert all(store.get(name, 0) is not None for name in ("good", "fair", "new"))
        assert not (tmp_path / "bad-0.npz").exists()

    def test_a_folder_that_cannot_be_written_to_costs_memory_only(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        (tmp_path / "file").write_text("in the way")
        store = Store(tmp_path / "file" / "store", 10**6)
        for fold in range(3):
            store.put("a", fold, np.full(4, fold))
        kept: Any = store.get("a", 2)
        assert kept.tolist() == [2, 2, 2, 2]
        assert len(caplog.records) == 1

    def test_a_damaged_file_is_as_if_absent(self, tmp_path: Path) -> None:
        store = Store(tmp_path, 10**6)
        store.put("a", 0, np.arange(100.0))
        file = tmp_path / "a-0.npz"
        content = bytearray(file.read_bytes())
        content[len(content) // 2] ^= 0xFF
        file.write_bytes(content)
        assert store.get("a", 0) is None
