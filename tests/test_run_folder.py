"""Run folders: files of the user are not changed, and files of a run are private."""

from __future__ import annotations

import json
import logging
import os
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from evolver import EvolvedClassifier, InputError, Settings
from evolver.cli import main
from evolver.search.racing import FIRST
from evolver.storage.journal import FILE
from evolver.storage.predictions import FOLDER
from primitives import default_catalogue
from primitives.encoders import FORMER_ENCODERS
from tests.pipelines import ONE_HOT
from tests.storage.test_journal import rewrite
from tests.tables import by_age, small_table

X, Y = small_table("binary")
SPACE = default_catalogue().only(
    "Encoder", "StandardScaler", "GaussianNB", "LinearDiscriminantAnalysis"
)
QUICK: dict[str, Any] = {
    "time_budget": None,
    "max_evaluations": 4,
    "cv": 3,
    "search_space": SPACE,
    "n_jobs": 1,
    "random_state": 0,
    "verbose": 0,
    "settings": Settings(in_process=True),
}


def classifier(**changes: Any) -> EvolvedClassifier:
    return EvolvedClassifier(**{**QUICK, **changes})


def contents(folder: Path) -> dict[str, bytes]:
    """Return the content of every file in a folder, and the targets of links."""
    files = [file for file in folder.rglob("*") if file.is_symlink() or file.is_file()]
    return {
        str(file.relative_to(folder)): os.readlink(file).encode()
        if file.is_symlink()
        else file.read_bytes()
        for file in files
    }


FILES_OF_USERS = (
    "leaderboard.csv",
    "command.json",
    "model.joblib",
    "winner.py",
    "ensemble.py",
    "notes.txt",
    ".git/HEAD",
    "predictions/mine.npz",
)


@pytest.mark.parametrize("name", FILES_OF_USERS)
def test_a_folder_with_other_files_is_refused_and_not_changed(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The folder may be the working directory, or be given on the command line."""
    file = tmp_path / name
    file.parent.mkdir(exist_ok=True)
    X.assign(target=Y).to_csv(file, index=False)
    before = contents(tmp_path)
    monkeypatch.chdir(tmp_path)
    first = name.split("/")[0]
    for folder in (tmp_path, "."):
        with pytest.raises(InputError, match=f"`run_dir` must be a folder .* '{first}'"):
            classifier(run_dir=folder).fit(X, Y)
    arguments = ["fit", name, "--target", "target", "--out", ".", "--time", "2s"]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code != 0
    assert f"'{first}'" in result.output
    assert "Traceback" not in result.output
    assert contents(tmp_path) == before


def test_empty_and_missing_folders_become_run_folders(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for name in ("empty", "new", "deep/new"):
        classifier(run_dir=tmp_path / name).fit(X, Y)
        assert (tmp_path / name / FILE).stat().st_size > 0


@pytest.mark.parametrize("name", ["new", "deep/new", "empty"])
def test_a_mistake_found_before_the_search_leaves_no_file_behind(name: str, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    before = sorted(tmp_path.rglob("*"))
    table = X.assign(target=Y)
    for wrong in ({"scoring": "nothing"}, {"cv": 1000}, {"columns": {"absent": "text"}}):
        with pytest.raises(InputError):
            classifier(run_dir=tmp_path / name, **wrong).fit(X, Y)
        assert sorted(tmp_path.rglob("*")) == before
    with pytest.raises(InputError):
        classifier(run_dir=tmp_path / name).fit(X, ["one"] * len(X))
    assert sorted(tmp_path.rglob("*")) == before
    file = tmp_path.parent / "table.parquet"
    table.to_parquet(file)
    for target, options in (("absent", []), ("target", ["--task", "regression"])):
        arguments = ["fit", str(file), "--target", target, "--out", str(tmp_path / name)]
        assert CliRunner().invoke(main, [*arguments, *options]).exit_code != 0
        assert sorted(tmp_path.rglob("*")) == before


def warned_of(caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    """Return the records of warnings; a slow run has lines of its progress too."""
    return [one for one in caplog.records if one.levelno >= logging.WARNING]


def test_a_run_that_is_finished_says_that_its_result_is_shown(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    first = classifier(run_dir=tmp_path / "run").fit(X, Y)
    assert not warned_of(caplog)
    again = classifier(run_dir=tmp_path / "run").fit(X, Y)
    (record,) = warned_of(caplog)
    assert f"The run in {tmp_path / 'run'} was finished before" in record.getMessage()
    assert "evolver resume" in record.getMessage()
    assert again.leaderboard_["digest"].tolist() == first.leaderboard_["digest"].tolist()
    caplog.clear()
    classifier(run_dir=tmp_path / "run", max_evaluations=6).fit(X, Y)
    assert not caplog.records


def test_a_refinement_without_a_new_candidate_says_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    model = classifier(run_dir=tmp_path).fit(X, Y)
    front = model.pareto_front_["digest"].tolist()
    model.refine(X, Y, time_budget=0.01)
    messages = [record.getMessage() for record in caplog.records]
    assert any("The refinement finished no candidate" in message for message in messages)
    assert model.pareto_front_["digest"].tolist() == front
    caplog.clear()
    model.refine(X, Y, time_budget=None, max_evaluations=2)
    assert not caplog.records


def test_a_run_that_is_refused_leaves_the_run_of_the_folder(finished: Path) -> None:
    before = contents(finished)
    with pytest.raises(InputError, match="differs in"):
        classifier(run_dir=finished, random_state=7).fit(X, Y)
    assert set(contents(finished)) == set(before)
    assert contents(finished)[FILE] == before[FILE]


def test_an_empty_journal_is_accepted_without_other_files_and_refused_beside_them(
    tmp_path: Path,
) -> None:
    """A run that is killed as it begins leaves an empty journal and no other file."""
    (tmp_path / FILE).touch()
    classifier(run_dir=tmp_path).fit(X, Y)
    os.truncate(tmp_path / FILE, 0)
    with pytest.raises(InputError, match="`run_dir` must be a folder that is new, empty"):
        classifier(run_dir=tmp_path).fit(X, Y)


def test_a_run_folder_may_be_a_link(tmp_path: Path) -> None:
    (tmp_path / "far").mkdir()
    (tmp_path / "run").symlink_to("far")
    classifier(run_dir=tmp_path / "run").fit(X, Y)
    assert (tmp_path / "far" / FILE).exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a file system")
def test_a_folder_that_is_read_only_is_refused_before_any_work(tmp_path: Path) -> None:
    mount = ["mount", "-t", "tmpfs", "-o", "ro", "tmpfs", str(tmp_path)]
    if subprocess.run(mount, check=False, capture_output=True).returncode != 0:
        pytest.skip("this system lets nobody mount a small file system")
    try:
        for folder in (tmp_path, tmp_path / "new"):
            with pytest.raises(InputError, match="`run_dir` must be a folder that can be written"):
                classifier(run_dir=folder).fit(X, Y)
    finally:
        subprocess.run(["umount", "-l", str(tmp_path)], check=True)


FILES_OF_RUN = (
    "model.joblib",
    "leaderboard.csv",
    "pareto_front.csv",
    "pareto_front.svg",
    "winner.py",
)


def test_links_out_of_the_folder_are_replaced_and_their_targets_are_not_changed(
    tmp_path: Path,
) -> None:
    folder, far = tmp_path / "run", tmp_path / "far"
    far.mkdir()
    settings = Settings(in_process=True, ensemble_size=1)
    model = classifier(run_dir=folder, settings=settings).fit(X, Y)
    kept = sorted(file.name for file in (folder / FOLDER).iterdir())
    assert kept
    names = [*FILES_OF_RUN, *(f"{FOLDER}/{name}" for name in kept)]
    for number, name in enumerate([*names, "ensemble.py"]):
        (far / str(number)).write_text("mine")
        (folder / name).unlink(missing_ok=True)
        (folder / name).symlink_to(far / str(number))
    model.set_params(max_evaluations=8).fit(X, Y)
    for name in FILES_OF_RUN:
        assert not (folder / name).is_symlink(), name
        assert (folder / name).stat().st_size > 0
    assert {file.read_text() for file in far.iterdir()} == {"mine"}


@pytest.mark.parametrize("name", [FILE, f"{FILE}-wal", f"{FILE}-journal", FOLDER])
def test_a_journal_or_predictions_that_are_links_are_refused(name: str, tmp_path: Path) -> None:
    folder, far = tmp_path / "run", tmp_path / "far"
    classifier(run_dir=folder).fit(X, Y)
    if (folder / name).exists():
        (folder / name).rename(far)
    else:
        far.touch()
    (folder / name).symlink_to(far)
    before = contents(tmp_path)
    with pytest.raises(InputError, match=f"{name}.*symbolic link"):
        classifier(run_dir=folder, max_evaluations=8).fit(X, Y)
    assert contents(tmp_path) == before


def test_files_of_the_user_among_the_predictions_are_kept(tmp_path: Path) -> None:
    settings = Settings(in_process=True, store_limit=0)
    classifier(run_dir=tmp_path).fit(X, Y)
    ours = set(contents(tmp_path / FOLDER))
    np.savez(tmp_path / FOLDER / "mine.npz", np.ones(3))
    np.savez(tmp_path / FOLDER / "mine-0.npz", np.ones(3))
    (tmp_path / FOLDER / f"{next(iter(ours))[:-5]}9.npz").symlink_to("nowhere")
    classifier(run_dir=tmp_path, max_evaluations=8, settings=settings).fit(X, Y)
    kept = set(contents(tmp_path / FOLDER))
    assert {"mine.npz", "mine-0.npz"} <= kept
    assert not kept & ours


def test_files_of_a_run_are_private(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        theirs = tmp_path / "theirs"
        theirs.mkdir(mode=0o755)
        for folder in (tmp_path / "new", theirs):
            model = classifier(run_dir=folder).fit(X, Y)
            assert (folder.stat().st_mode & 0o777) == (0o755 if folder == theirs else 0o700)
            made = list(folder.rglob("*"))
            assert {FILE, *FILES_OF_RUN} <= {file.name for file in made}
            for file in made:
                assert file.stat().st_mode & 0o777 == (0o700 if file.is_dir() else 0o600), file
        model.export(tmp_path / "mine.py")
        assert (tmp_path / "mine.py").stat().st_mode & 0o777 == 0o666
    finally:
        os.umask(before)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("finished") / "run"
    classifier(run_dir=folder, max_evaluations=12).fit(X, Y)
    return folder


def changed_at_random(rows: list[list[Any]], rng: np.random.Generator) -> list[list[Any]]:
    """Return the entries of a journal with one change at random.

    An entry is removed, moved or doubled, or its candidate, its kind or part of its body changes.
    """
    rows = json.loads(json.dumps(rows))
    place, other = (int(drawn) for drawn in rng.integers(1, len(rows), size=2))
    change = rng.integers(6)
    if change == 0:
        del rows[place]
    elif change == 1:
        rows.insert(other, rows.pop(place))
    elif change == 2:
        rows.insert(other, rows[place])
    elif change == 3:
        rows[place][0] = int(rng.integers(-1, 20))
    elif change == 4:
        rows[place][1] = str(
            rng.choice(["candidate", "fold", "scored", "stopped", "failed", "share"])
        )
    else:
        body = rows[place][2]
        keys = list(body) if isinstance(body, dict) else range(len(body or []))
        odd = (None, "", "x", -1, 7, 1e300, True, [], {}, [[]], {"a": []})
        body[keys[rng.integers(len(keys))]] = odd[rng.integers(len(odd))]
    return rows


@pytest.mark.parametrize("seed", range(20))
def test_a_journal_that_was_rewritten_at_random_is_refused_or_continued(
    seed: int, finished: Path, tmp_path: Path
) -> None:
    shutil.copytree(finished, tmp_path, dirs_exist_ok=True)
    rewrite(tmp_path, lambda rows: changed_at_random(rows, np.random.default_rng(seed)))
    for arguments in ({"run_dir": tmp_path}, {"warm_start": tmp_path}):
        try:
            model = classifier(max_evaluations=14, **arguments).fit(X, Y)
        except InputError:
            continue
        assert len(model.leaderboard_) == 14
        assert model.predict(X).shape == Y.shape


@pytest.mark.parametrize(
    "tree",
    [
        [["Nothing", {}], None],
        [None],
        [["LinearDiscriminantAnalysis", {}]],
        [["LinearDiscriminantAnalysis", {}], None, None],
        [["LinearDiscriminantAnalysis", {"C": "much"}], ["Encoder", {"odd": 1e300}], None],
        [["Encoder", {}], ["LinearDiscriminantAnalysis", {}], None],
        [["StandardScaler", {}]] * 3_000 + [None],
        [["__import__('os').abort()", {}], None],
    ],
    ids=str,
)
def test_invalid_trees_of_an_earlier_run_are_skipped(
    tree: Any, finished: Path, tmp_path: Path
) -> None:
    shutil.copytree(finished, tmp_path, dirs_exist_ok=True)

    def change(rows: list[list[Any]]) -> list[list[Any]]:
        return [
            [number, kind, {**body, "tree": tree} if kind == "candidate" else body]
            for number, kind, body in rows
        ]

    rewrite(tmp_path, change)
    assert len(classifier(warm_start=tmp_path).fit(X, Y).leaderboard_) == 4


def test_a_run_goes_on_where_a_scored_candidate_has_lost_its_first_fold(
    finished: Path, tmp_path: Path
) -> None:
    shutil.copytree(finished, tmp_path, dirs_exist_ok=True)

    def without_a_fold(rows: list[list[Any]]) -> list[list[Any]]:
        raced = next(number for number, kind, _ in rows if kind == "scored" and number >= FIRST)
        lost = next(row for row in rows if row[:2] == [raced, "fold"])
        return [row for row in rows if row is not lost]

    rewrite(tmp_path, without_a_fold)
    whole, mended = (
        by_age(classifier(max_evaluations=14, **options).fit(X, Y).leaderboard_)
        for options in ({}, {"run_dir": tmp_path})
    )
    assert len(mended) == 14
    np.testing.assert_array_equal(mended["score"], whole["score"])


def with_former_names(rows: list[list[Any]]) -> list[list[Any]]:
    """Return the entries of a journal in which the name of an encoder holds its treatments."""

    def renamed(node: Any) -> Any:
        if node is None or "numbers" not in node[1]:
            return node
        new, values = node[0], dict(node[1])
        treatments = {role: values.pop(role, "none") for role in ("numbers", "categories", "texts")}
        names = (name for name, known in FORMER_ENCODERS.items() if known == (new, treatments))
        return [next(names), values]

    return [
        [number, kind, {**body, "tree": list(map(renamed, body["tree"]))}]
        if kind == "candidate"
        else [number, kind, body]
        for number, kind, body in rows
    ]


def test_a_run_begins_with_pipelines_whose_encoders_have_former_names(
    finished: Path, tmp_path: Path
) -> None:
    shutil.copytree(finished, tmp_path, dirs_exist_ok=True)
    rewrite(tmp_path, with_former_names)
    boards = [
        by_age(classifier(warm_start=one).fit(X, Y).leaderboard_) for one in (finished, tmp_path)
    ]
    assert boards[0]["operator"][0] == "warm start"
    assert boards[0]["digest"].tolist() == boards[1]["digest"].tolist()


def test_a_run_on_encoders_of_former_names_is_not_resumed(tmp_path: Path) -> None:
    former = replace(ONE_HOT, name="MedianOneHot")
    classifier(search_space=SPACE.without("Encoder").add(former), run_dir=tmp_path).fit(X, Y)
    with pytest.raises(InputError, match="differs in search_space"):
        classifier(run_dir=tmp_path).fit(X, Y)


class Wandering:
    """Scorer that changes the working directory."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(self, model: Any, X: Any, y: Any) -> float:
        os.chdir(self.folder)
        return float(np.mean(model.predict(X) == y))


def test_a_run_stays_in_its_folder_when_the_working_directory_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "other").mkdir()
    monkeypatch.chdir(tmp_path)
    classifier(run_dir="run", scoring=Wandering(tmp_path / "other")).fit(X, Y)
    assert set(os.listdir(tmp_path)) == {"run", "other"}
    assert os.listdir(tmp_path / "other") == []
    assert {FILE, FOLDER, *FILES_OF_RUN} <= set(os.listdir(tmp_path / "run"))


def test_refining_continues_in_the_folder_of_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "other").mkdir()
    monkeypatch.chdir(tmp_path)
    model = classifier(run_dir="run").fit(X, Y)
    monkeypatch.chdir(tmp_path / "other")
    model.refine(X, Y, time_budget=None, max_evaluations=2)
    assert len(model.leaderboard_) == 6
    assert os.listdir(tmp_path / "other") == []
