"""Journals: entries are read back, and damaged, foreign or locked files are refused."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import catboost
import lightgbm
import numpy as np
import pandas as pd
import pytest
import scipy
import xgboost
from optuna.distributions import IntDistribution

from evolver import temporary
from evolver.budget import Budget
from evolver.errors import EvolverError, InputError
from evolver.genome.candidate import Candidate, Origin
from evolver.genome.codec import encode
from evolver.outcome import Failed, Failure, ScoredFold, Stopped, aggregate_folds
from evolver.run.plan import RunPlan
from evolver.run.run_header import header_of
from evolver.settings import Settings
from evolver.storage.entry_file import COUNT, FILE, LOG, SCHEMA_VERSION, _checksum
from evolver.storage.journal import Journal, read, run_folder
from evolver.storage.predictions import Store
from primitives import Catalogue, Choice, Prediction, Primitive, Table
from tests.evaluation.test_fold import problem
from tests.genome.strategies import CATALOGUES, random_tree
from tests.pipelines import catalogue

HEADER = {
    "X": "abc",
    "lag": 16,
    "folds": 3,
    "ladder": 0,
    "random_state": np.random.default_rng(0).bit_generator.state,
    "versions": {"pandas": "3.0.1", "numpy": "2.1.0"},
}
CANDIDATES = [
    Candidate(random_tree(CATALOGUES["binary"], seed), Origin("evolution", "growth"))
    for seed in range(4)
]
FOLDS = [ScoredFold(0.1 + 1e-17 * number, (2.0,), 0.25) for number in range(3)]


def filled(folder: Path) -> Journal:
    """Return a journal of a scored, a failed, an unfinished and a stopped candidate."""
    journal = Journal(folder)
    journal.begin(HEADER)
    for number, candidate in enumerate(CANDIDATES):
        journal.propose(number, candidate)
    for fold, entry in enumerate(FOLDS):
        journal.fold(0, fold, entry)
    journal.settle(0, aggregate_folds(FOLDS, 0), 1.5)
    journal.settle(1, Failed(Failure.MEMORY, "too big", 0.5), 2.5)
    journal.fold(2, 1, FOLDS[0])
    journal.fold(3, 0, FOLDS[0])
    journal.settle(3, Stopped("raced out", 0.25), 3.0)
    return journal


def test_appended_entries_are_read_back(tmp_path: Path) -> None:
    filled(tmp_path).close()
    again = Journal(tmp_path)
    assert again.header == HEADER
    assert [one.digest for one in again.replayed.values()] == [one.digest for one in CANDIDATES]
    assert again.replayed[0].folds == dict(enumerate(FOLDS))
    assert again.replayed[1].final == Failed(Failure.MEMORY, "too big", 0.5)
    assert again.replayed[2].folds == {1: FOLDS[0]}
    assert [one.settled for one in again.replayed.values()] == [True, True, False, True]
    assert [number for number, one in again.replayed.items() if one.final] == [1]
    assert again.replayed[0].origin == ["evolution", "growth"]
    assert again.seconds == 3.0
    again.begin(HEADER)
    again.close()


def test_a_candidate_that_was_not_begun_is_read_back_as_that(tmp_path: Path) -> None:
    outcome = Stopped("not begun: expected to take longer than 2 s", 0.0)
    with closing(Journal(tmp_path)) as journal:
        journal.begin(HEADER)
        journal.propose(0, CANDIDATES[0])
        journal.settle(0, outcome, 1.0)
    with closing(Journal(tmp_path)) as again:
        assert again.replayed[0].final == outcome
        assert again.replayed[0].settled


def test_a_journal_without_a_folder_keeps_nothing() -> None:
    journal = Journal(None)
    journal.begin(HEADER)
    journal.propose(0, CANDIDATES[0])
    assert journal.replayed == {}


def test_a_journal_of_another_run_is_refused_and_the_differences_are_named(tmp_path: Path) -> None:
    filled(tmp_path).close()
    journal = Journal(tmp_path)
    with pytest.raises(InputError, match=r"same data and settings.*differs in X, lag"):
        journal.begin({**HEADER, "X": "other", "lag": 3})
    with pytest.raises(InputError, match=r"candidate 0 of.*is not the one"):
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
    assert recalled_or_refused(tmp_path) in ("refused", expected.replayed)


def recalled_or_refused(folder: Path) -> Any:
    """Return the candidates of a journal, or "refused".

    Damage to an unused part of the file changes nothing, so both answers are right.
    """
    try:
        journal = Journal(folder)
    except InputError:
        return "refused"
    journal.close()
    return journal.replayed


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
    with pytest.raises(InputError, match=r"intact.*Choose another folder, or empty this one"):
        Journal(tmp_path)


def test_a_changed_entry_is_detected(tmp_path: Path) -> None:
    filled(tmp_path).close()
    connection = sqlite3.connect(tmp_path / FILE)
    connection.execute("UPDATE entries SET body = replace(body, '0.1', '0.9') WHERE kind = 'fold'")
    connection.commit()
    connection.close()
    with pytest.raises(InputError, match="does not match its checksum"):
        Journal(tmp_path)


def test_a_removed_entry_is_detected(tmp_path: Path) -> None:
    filled(tmp_path).close()
    connection = sqlite3.connect(tmp_path / FILE)
    connection.execute("DELETE FROM entries WHERE position = 3")
    connection.commit()
    connection.close()
    with pytest.raises(InputError, match="does not match its checksum"):
        Journal(tmp_path)


def test_a_file_that_is_no_journal_is_refused(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("a shopping list " * 100)
    with pytest.raises(
        InputError, match=r"must hold an intact journal, got .*: file is not a database"
    ):
        Journal(tmp_path)


def test_a_later_schema_is_refused(tmp_path: Path) -> None:
    filled(tmp_path).close()
    connection = sqlite3.connect(tmp_path / FILE)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(InputError, match="got version 99"):
        Journal(tmp_path)


def test_a_journal_of_an_earlier_version_is_refused_by_name(tmp_path: Path) -> None:
    filled(tmp_path).close()
    connection = sqlite3.connect(tmp_path / FILE)
    connection.execute("PRAGMA user_version = 3")
    connection.close()
    with pytest.raises(InputError, match=r"another version of evolver.*got version 3"):
        Journal(tmp_path)


@pytest.mark.parametrize("version", [0, SCHEMA_VERSION])
def test_a_database_of_another_program_is_refused_and_not_changed(
    tmp_path: Path, version: int
) -> None:
    connection = sqlite3.connect(tmp_path / FILE)
    connection.execute("CREATE TABLE shopping (what TEXT)")
    connection.execute(f"PRAGMA user_version = {version}")
    connection.close()
    with pytest.raises(InputError, match=r"another program|no such table"):
        Journal(tmp_path)
    connection = sqlite3.connect(tmp_path / FILE)
    assert connection.execute("SELECT name FROM sqlite_master").fetchall() == [("shopping",)]
    connection.close()


def test_versions_that_differ_are_named(tmp_path: Path) -> None:
    filled(tmp_path).close()
    with closing(Journal(tmp_path)) as journal:
        now = {"pandas": "3.1.1", "numpy": "2.1.0", "lightgbm": "4.7.0"}
        message = (
            r"differs in versions \(lightgbm none then, 4.7.0 now; pandas 3.0.1 then, 3.1.1 now"
        )
        with pytest.raises(InputError, match=message):
            journal.begin({**HEADER, "versions": now})
        with pytest.raises(InputError, match="differs in lag, versions"):
            journal.begin({**HEADER, "lag": 3, "versions": now})


def test_the_header_has_the_version_of_every_library_that_affects_a_score() -> None:
    one, space = problem(), catalogue("binary")
    plan = RunPlan(one, space, Budget(), Settings(lag=1), 8, 1)
    header = header_of(plan, {})
    installed = {"lightgbm": lightgbm, "xgboost": xgboost, "catboost": catboost}
    for name, library in {"pandas": pd, "scipy": scipy, "numpy": np, **installed}.items():
        assert header["versions"][name] == library.__version__, name
    assert sys.version.startswith(header["versions"]["python"])
    few = header_of(replace(plan, catalogue=space.only("Encoder", "GaussianNB")), {})
    assert not installed.keys() & few["versions"].keys()


@pytest.mark.parametrize(
    "changes",
    [
        {"weight": 2.0},
        {"space": {"kind": Choice({"x": {}, "y": {"a": IntDistribution(1, 3)}})}},
        {"space": {"kind": Choice({"x": {}, "y": {}})}},
    ],
)
def test_a_weight_or_a_parameter_of_a_choice_makes_another_search_space(changes: Any) -> None:
    """Each moves what is drawn."""
    space = {"kind": Choice({"x": {}, "y": {"a": IntDistribution(1, 2)}})}
    model = Primitive("Model", (Table,), Prediction, dict, space)
    plans = [
        RunPlan(problem(), Catalogue([primitive]), Budget(), Settings(lag=1), 8, 1)
        for primitive in (model, replace(model, **changes))
    ]
    headers = [header_of(plan, {}) for plan in plans]
    assert headers[0]["search_space"] != headers[1]["search_space"]
    assert {**headers[0], "search_space": ""} == {**headers[1], "search_space": ""}


LONG = 30
"""Number of candidates of a run that is killed before SQLite moves its log into the file."""


def killed(folder: Path, candidates: int = LONG) -> None:
    """Write a journal in a process that kills itself, so its log is not moved into the file."""
    code = (
        "import os, sys\nfrom pathlib import Path\n"
        "from tests.storage.test_journal import CANDIDATES, FOLDS, HEADER\n"
        "from evolver.storage.journal import Journal\nfrom evolver.outcome import aggregate_folds\n"
        "journal = Journal(Path(sys.argv[1]))\n"
        "journal.begin(HEADER)\n"
        "for number in range(int(sys.argv[2])):\n"
        "    journal.propose(number, CANDIDATES[number % 4])\n"
        "    for fold, entry in enumerate(FOLDS):\n"
        "        journal.fold(number, fold, entry)\n"
        "    journal.settle(number, aggregate_folds(FOLDS, 0), number + 1.0)\n"
        "os._exit(1)\n"
    )
    program = [sys.executable, "-c", code, str(folder), str(candidates)]
    subprocess.run(program, cwd=Path(__file__).parents[2], check=False)
    assert (folder / LOG).stat().st_size > 0


@pytest.fixture(scope="module")
def dead(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("killed")
    killed(folder)
    return folder


def test_the_journal_of_a_killed_run_is_complete_and_logs_no_warning(
    dead: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    shutil.copytree(dead, tmp_path, dirs_exist_ok=True)
    with closing(Journal(tmp_path)) as journal:
        assert len(journal.replayed) == LONG
        journal.begin(HEADER)
        journal.propose(LONG, CANDIDATES[0])
    with closing(Journal(tmp_path)) as journal:
        assert len(journal.replayed) == LONG + 1
    assert caplog.text == ""


def spoil(file: Path, how: str, where: float) -> None:
    if how == "cut":
        os.truncate(file, int(where * file.stat().st_size))
    elif how == "gone":
        file.unlink()
    else:
        content = bytearray(file.read_bytes())
        content[int(where * len(content))] ^= 0xFF
        file.write_bytes(content)


@pytest.mark.parametrize("how", ["cut", "flipped", "gone"])
@pytest.mark.parametrize("where", [0.0, 0.001, 0.1, 0.4, 0.5, 0.77, 0.95])
def test_a_damaged_log_is_reported_with_the_number_of_missing_entries(
    dead: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture, how: str, where: float
) -> None:
    shutil.copytree(dead, tmp_path, dirs_exist_ok=True)
    spoil(tmp_path / LOG, how, where)
    with closing(Journal(tmp_path)) as journal:
        assert journal.header is not None
        left = len(journal.replayed)
    found = re.search(r"(\d+) of (\d+) entries and (\d+) of (\d+) candidates are", caplog.text)
    assert found is not None
    entries = 1 + 5 * LONG
    assert int(found[1]) < int(found[2]) == entries
    assert int(found[3]) == left < int(found[4]) == LONG or int(found[1]) > entries - 5
    caplog.clear()
    with closing(Journal(tmp_path)) as journal:  # a loss is reported once
        journal.begin(HEADER)
        journal.share(0.5, 0)
    with closing(Journal(tmp_path)):
        pass
    assert caplog.text.count("was cut") == 1


def test_a_missing_count_is_reported(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    filled(tmp_path).close()
    (tmp_path / COUNT).unlink()
    with closing(Journal(tmp_path)) as journal:
        assert len(journal.replayed) == len(CANDIDATES)
    assert "lost the count of its entries" in caplog.text


Change = Callable[[list[list[Any]]], list[list[Any]]]
"""Function that takes and returns entries (number, kind, body)."""


def rewritten(folder: Path, change: Change) -> None:
    """Write a journal whose entries are changed, with valid checksums."""
    filled(folder).close()
    rewrite(folder, change)


def rewrite(folder: Path, change: Change) -> None:
    """Change the entries of a journal, and write valid checksums."""
    connection = sqlite3.connect(folder / FILE)
    select = "SELECT number, kind, body FROM entries ORDER BY position"
    rows = [[number, kind, json.loads(body)] for number, kind, body in connection.execute(select)]
    connection.execute("DROP TABLE entries")
    connection.execute(
        "CREATE TABLE entries (position INTEGER PRIMARY KEY, number, kind, body, checksum)"
    )
    last = ""
    for number, kind, body in change(rows):
        text = body if isinstance(body, Text) else json.dumps(body)
        last = _checksum(last, number, kind, text)
        values = (number, kind, text, last)
        connection.execute(
            "INSERT INTO entries (number, kind, body, checksum) VALUES (?, ?, ?, ?)", values
        )
    connection.commit()
    connection.close()


class Text(str):
    """Body of an entry that is written as it is, not as JSON."""


def with_body(kind: str, change: Callable[[Any], Any]) -> Callable[..., list[list[Any]]]:
    """Return a `Change` that changes the bodies of the entries of one kind."""
    return lambda rows: [[n, k, change(body) if k == kind else body] for n, k, body in rows]


def without(name: str) -> Callable[[Any], Any]:
    """Return a function that removes one field of a body."""
    return lambda body: {key: value for key, value in body.items() if key != name}


CHANGES: dict[str, Change] = {
    "two headers": lambda rows: [rows[0], *rows],
    "no candidates": lambda rows: [row for row in rows if row[1] != "candidate"],
    "first candidate gone": lambda rows: [rows[0], *rows[2:]],
    "candidate twice": lambda rows: [rows[0], rows[1], *rows[1:]],
    "another kind": lambda rows: [*rows, [0, "poem", {"seconds": 1.0}]],
    "kind is a number": lambda rows: [*rows, [0, 7, {"seconds": 1.0}]],
    "number is text": lambda rows: [*rows, ["first", "scored", {"seconds": 1.0}]],
    "number is negative": lambda rows: [*rows, [-1, "scored", {"seconds": 1.0}]],
    "body is no JSON": lambda rows: [*rows, [0, "scored", Text("{seconds")]],
    "body is nested": lambda rows: [*rows, [0, "scored", Text("[" * 100_000)]],
    "header is a list": with_body("header", lambda _: [1, 2]),
    "header without lag": with_body("header", without("lag")),
    "header with a lag of text": with_body("header", lambda body: {**body, "lag": "long"}),
    "header without state": with_body("header", without("random_state")),
    "header with another state": with_body(
        "header", lambda body: {**body, "random_state": {"bit_generator": "MT19937"}}
    ),
    "header with a state out of range": with_body(
        "header",
        lambda body: {
            **body,
            "random_state": {**body["random_state"], "state": {"state": -1, "inc": 2**200}},
        },
    ),
    "header without folds": with_body("header", without("folds")),
    "candidate is text": with_body("candidate", lambda _: "KNN"),
    "candidate without digest": with_body("candidate", without("digest")),
    "candidate without tree": with_body("candidate", without("tree")),
    "candidate with an empty tree": with_body("candidate", lambda body: {**body, "tree": []}),
    "candidate with a tree of numbers": with_body(
        "candidate", lambda body: {**body, "tree": [[1, 2]]}
    ),
    "candidate with nested values": with_body(
        "candidate", lambda body: {**body, "tree": [["PCA", {"n": [1]}]]}
    ),
    "digest is a number": with_body("candidate", lambda body: {**body, "digest": 5}),
    "fold is a number": with_body("fold", lambda _: 5),
    "fold is short": with_body("fold", lambda body: body[:1]),
    "fold is long": with_body("fold", lambda body: [*body, 1.0]),
    "fold is not there": with_body("fold", lambda body: [99, *body[1:]]),
    "fold is text": with_body("fold", lambda body: ["first", *body[1:]]),
    "score is text": with_body("fold", lambda body: [body[0], "good", *body[2:]]),
    "score is NaN": with_body("fold", lambda body: [body[0], float("nan"), *body[2:]]),
    "score is huge": with_body("fold", lambda body: [body[0], 10**400, *body[2:]]),
    "score is true": with_body("fold", lambda body: [body[0], True, *body[2:]]),
    "outcome is a list": with_body("scored", lambda _: []),
    "outcome without seconds": with_body("scored", lambda _: {}),
    "seconds are text": with_body("stopped", lambda body: {**body, "seconds": "long"}),
    "failure of another kind": with_body("failed", lambda body: {**body, "kind": "boredom"}),
    "failure without reason": with_body("failed", without("reason")),
    "reason is a number": with_body("failed", lambda body: {**body, "reason": 3}),
    "share above one": lambda rows: [*rows, [4, "share", 2.0]],
    "share is text": lambda rows: [*rows, [4, "share", "half"]],
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_journal_that_was_rewritten_is_refused(tmp_path: Path, change: str) -> None:
    """The checksums are valid, so the content of the entries must reveal the change."""
    rewritten(tmp_path, CHANGES[change])
    with pytest.raises(InputError, match=r"`run_dir` must hold an intact journal, got"):
        Journal(tmp_path)
    with pytest.raises(ValueError, match=r"entry|Expecting|nested|recursion"):
        read(tmp_path)


def test_a_journal_without_its_header_is_not_taken_for_a_new_one(tmp_path: Path) -> None:
    rewritten(tmp_path, lambda rows: rows[1:])
    with (
        closing(Journal(tmp_path)) as journal,
        pytest.raises(InputError, match="does not name the data and settings"),
    ):
        journal.begin(HEADER)


def test_text_in_a_journal_is_never_executed(tmp_path: Path) -> None:
    trap = f"__import__('pathlib').Path({str(tmp_path / 'sprung')!r}).touch()"
    rewritten(
        tmp_path,
        with_body(
            "candidate", lambda body: {**body, "digest": trap, "tree": [[trap, {trap: trap}]]}
        ),
    )
    with closing(Journal(tmp_path)) as journal:
        assert journal.replayed[0].digest == trap
    assert not (tmp_path / "sprung").exists()


class TestRead:
    """Reading a journal that no run of this process has open."""

    def test_the_journal_of_a_killed_run_is_read_and_its_folder_is_not_changed(
        self, dead: Path
    ) -> None:
        before = {file.name: file.read_bytes() for file in dead.iterdir()}
        known = read(dead)
        assert len(known.candidates) == LONG
        assert json.dumps(known.candidates[0].tree) == json.dumps(encode(CANDIDATES[0].tree))
        assert {file.name: file.read_bytes() for file in dead.iterdir()} == before

    def test_the_journal_of_a_running_run_is_read(self, tmp_path: Path) -> None:
        journal = filled(tmp_path)
        assert len(read(tmp_path).candidates) == len(CANDIDATES)
        journal.settle(2, Failed(Failure.MEMORY, "too big", 0.5), 4.5)
        assert read(tmp_path).seconds == 4.5
        journal.close()

    def test_a_folder_without_a_journal_is_an_error(self, tmp_path: Path) -> None:
        with pytest.raises(ValueError, match=FILE):
            read(tmp_path)


class TestStore:
    def test_predictions_are_read_back_by_another_store(self, tmp_path: Path) -> None:
        predictions = np.random.default_rng(0).random((5, 2))
        digest = CANDIDATES[0].digest
        Store(tmp_path, 10**6).put(digest, 0, predictions)
        again = Store(tmp_path, 10**6)
        kept = again.get(digest, 0)
        assert kept is not None
        np.testing.assert_array_equal(kept, predictions)
        assert again.get(digest, 1) is None
        assert again.get(CANDIDATES[1].digest, 0) is None

    def test_the_predictions_of_the_worst_are_removed_at_the_limit(self, tmp_path: Path) -> None:
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

    def test_a_pickle_in_a_file_is_never_executed(self, tmp_path: Path) -> None:
        digest, sprung = CANDIDATES[0].digest, tmp_path / "sprung"

        class Trap:
            def __reduce__(self) -> Any:
                return Path.touch, (sprung,)

        np.savez(tmp_path / f"{digest}-0.npz", predictions=np.array([Trap()], dtype=object))
        assert Store(tmp_path, 10**6).get(digest, 0) is None
        assert not sprung.exists()

    def test_a_damaged_file_counts_as_missing(self, tmp_path: Path) -> None:
        store = Store(tmp_path, 10**6)
        store.put("a", 0, np.arange(100.0))
        file = tmp_path / "a-0.npz"
        content = bytearray(file.read_bytes())
        content[len(content) // 2] ^= 0xFF
        file.write_bytes(content)
        assert store.get("a", 0) is None


def test_an_error_asks_for_a_run_dir_if_no_temporary_folder_can_be_created(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(temporary, "places", lambda: ["/proc/none"])
    with pytest.raises(EvolverError, match=r"no folder for temporary files.*Set `run_dir`"):
        contextlib.ExitStack().enter_context(run_folder(None))
