"""The measurements: all are in the index, can be launched, and save records with provenance."""

from __future__ import annotations

import importlib
import json
import platform
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import evolver
from benchmarks.anytime import compare
from benchmarks.engine import overhead
from benchmarks.index import HERE, INDEX, questions, scripts
from benchmarks.provenance import LIBRARIES, ROOT, commit, provenance
from benchmarks.racing import record
from benchmarks.records import Records, save
from tests.tables import small_table

IN_OTHER_ENVIRONMENTS = ("amlb/extensions/", "peers/run_")
"""Files that need a framework or a system which is not installed beside evolver."""


def test_the_index_names_every_script_with_its_question() -> None:
    assert set(questions()) == set(scripts())
    assert all(question.endswith("?") for question in questions().values())


def test_the_index_names_every_folder() -> None:
    folders = {file.parent.name for file in HERE.glob("*/README.md")}
    assert folders == {
        file.name for file in HERE.iterdir() if file.is_dir() and file.name[0] != "_"
    }
    linked = set(re.findall(r"\]\((\w+)/README\.md\)", INDEX.read_text(encoding="utf-8")))
    assert linked == folders


def test_every_file_of_python_is_a_script_or_used_by_one() -> None:
    files = [file for file in HERE.rglob("*.py") if file.name != "__main__.py"]
    names = {".".join(file.relative_to(ROOT).with_suffix("").parts) for file in files}
    sources = [file.read_text(encoding="utf-8") for file in (*files, HERE / "__main__.py")]
    for name in names - set(scripts().values()):
        if not name.replace(".", "/").removeprefix("benchmarks/").startswith(IN_OTHER_ENVIRONMENTS):
            package, _, module = name.rpartition(".")
            lines = re.compile(rf"from {name} import|from {package} import .*\b{module}\b")
            assert any(lines.search(source) for source in sources), name


def test_links_of_the_readmes_lead_somewhere() -> None:
    for readme in HERE.rglob("README.md"):
        for link in re.findall(r"\]\(([^)#:]+)\)", readme.read_text(encoding="utf-8")):
            assert (readme.parent / link).exists(), f"{readme}: {link}"


def test_a_readme_begins_with_question_answer_version_and_what_changed_since() -> None:
    for readme in HERE.rglob("README.md"):
        title, answer, version = readme.read_text(encoding="utf-8").split("\n\n")[:3]
        assert title.startswith("# "), readme
        assert re.match(r"\*\*[^*]+\?\*\*\s+\S", answer), readme
        assert re.match(r"Measured.*\b20\d\d-\d\d-\d\d\b.*Since then\b", version, re.DOTALL), readme


def test_readmes_name_scripts_that_there_are() -> None:
    for readme in [*HERE.rglob("README.md"), ROOT / "README.md"]:
        text = readme.read_text(encoding="utf-8")
        for name in re.findall(r"python -m benchmarks ([a-z_.]+)", text):
            assert name in scripts(), f"{readme}: {name}"


@pytest.mark.parametrize("name", sorted(scripts()))
def test_a_script_explains_itself_without_work(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    script = importlib.import_module(scripts()[name])
    with pytest.raises(SystemExit) as ended:
        script.main(["--help"])
    assert ended.value.code == 0
    shown = capsys.readouterr().out
    assert f"usage: python -m benchmarks {name} " in shown
    assert script.__doc__ is not None
    assert f"python -m benchmarks {name} " in script.__doc__.replace("\n", " ")


def test_labels_without_records_are_an_error_that_names_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        compare.main(["then", "now", "--out", str(tmp_path)])
    assert "must be labels with saved records, got then." in capsys.readouterr().err


def test_the_launcher_lists_every_script_with_its_question() -> None:
    done = launched()
    assert done.returncode == 0
    for name, question in questions().items():
        assert re.search(rf"^{re.escape(name)} +{re.escape(question)}$", done.stdout, re.MULTILINE)


def test_the_launcher_runs_a_script_and_refuses_a_name_that_is_none(tmp_path: Path) -> None:
    for label in ("before", "after"):
        (tmp_path / f"{label}.json").write_text(
            (HERE / "anytime" / "results" / f"{label}.json").read_text()
        )
    done = launched("anytime.compare", "before", "after", "--out", tmp_path)
    assert done.returncode == 0, done.stderr
    assert "Final: better 9, equal 5, worse 6." in (tmp_path / "table.md").read_text()
    done = launched("nothing")
    assert done.returncode != 0
    assert "NAME must be one of ablation, " in done.stderr
    assert "got nothing" in done.stderr


def launched(*arguments: object) -> subprocess.CompletedProcess[str]:
    program = [sys.executable, "-m", "benchmarks", *map(str, arguments)]
    return subprocess.run(program, cwd=ROOT, capture_output=True, text=True, check=False)


def test_a_measurement_saves_commit_versions_and_machine(tmp_path: Path) -> None:
    overhead.main(["--evaluations", "20", "--out", str(tmp_path)])
    records = json.loads((tmp_path / "overhead.json").read_text())
    assert len(records) == len(overhead.ERRORS)
    for one in records:
        assert one["commit"] == provenance()["commit"]
        assert one["versions"].keys() == {"python", "evolver", *LIBRARIES}
        assert one["versions"]["python"] == platform.python_version()
        assert one["versions"]["evolver"] == evolver.__version__
        assert one["versions"]["scikit-learn"]
        assert one["machine"]["cores"] >= 1
        assert one["machine"]["processor"]
        assert one["machine"]["memory"] > 10**8
    assert "| 20 | 0.0 |" in (tmp_path / "overhead.md").read_text()


@pytest.mark.slow
def test_a_search_of_a_table_is_recorded_fold_by_fold(tmp_path: Path) -> None:
    X, y = small_table("binary")
    X.assign(target=y).to_parquet(tmp_path / "small.parquet")
    folders = ["--datasets", str(tmp_path), "--out", str(tmp_path)]
    record.main([*folders, "--names", "small", "--seeds", "0", "--evaluations", "3"])
    saved = json.loads((tmp_path / "small-0.json").read_text())
    assert saved["commit"] == provenance()["commit"]
    assert saved["ladder"] == 0
    assert len(saved["candidates"]) == 3
    for folds in saved["candidates"]:
        assert folds is None or np.array(folds).shape == (5, 3)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Make a checkout with one commit of code and of saved results."""
    for name in ("evolver/search.py", "benchmarks/engine/results/records.json"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_text("[]")
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-q", "-m", "first")
    return tmp_path


def git(folder: Path, *arguments: str) -> str:
    who = ["-c", "user.name=nobody", "-c", "user.email=nobody@example.org"]
    command = ["git", "-C", folder, *who, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def test_a_commit_is_dirty_where_code_has_changed_and_not_where_results_have(
    checkout: Path,
) -> None:
    head = git(checkout, "rev-parse", "HEAD")
    assert commit(checkout) == head
    (checkout / "benchmarks" / "engine" / "results" / "records.json").write_text("[1]")
    assert commit(checkout) == head
    (checkout / "evolver" / "search.py").write_text("[1]")
    assert commit(checkout) == f"{head}-dirty"


def test_a_folder_without_git_has_no_commit(checkout: Path) -> None:
    inside = checkout / "evolver"
    assert commit(inside) is None, "that of the checkout around it is another project's"
    assert commit(checkout / "nowhere") is None


def test_records_are_not_repeated_unless_asked_and_then_replaced(tmp_path: Path) -> None:
    file = tmp_path / "new" / "records.json"
    records = Records(file, "seed", "name")
    records.add({"name": "a", "seed": 0, "score": 1})
    records.add({"name": "b", "seed": 0, "score": 2})
    assert list(Records(file, "seed", "name").missing([0, 1], ["a", "b"])) == [(1, "a"), (1, "b")]
    again = Records(file, "seed", "name", repeat=True)
    assert list(again.missing([0], ["a"])) == [(0, "a")]
    again.add({"name": "a", "seed": 0, "score": 3})
    saved = json.loads(file.read_text())
    assert [one["score"] for one in saved] == [3, 2]
    assert len(file.read_text().splitlines()) == len(saved) + 2


def test_old_records_are_read_as_they_are(tmp_path: Path) -> None:
    file = tmp_path / "records.json"
    file.write_text('{"adult": {"rows": 3}}')
    assert Records(file, "name") == [{"name": "adult", "rows": 3}]


def test_an_object_is_saved_with_its_provenance_and_its_lists_by_lines(tmp_path: Path) -> None:
    save(tmp_path / "new" / "one.json", {"ladder": 2, "candidates": [[1.5], None]})
    text = (tmp_path / "new" / "one.json").read_text()
    assert json.loads(text) == {**provenance(), "ladder": 2, "candidates": [[1.5], None]}
    assert "\n[1.5],\nnull\n" in text
