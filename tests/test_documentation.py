"""The documentation: the site builds without a warning, its links hold, and its code runs."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import unquote

import pytest

from tests.documented import program_of, run

ROOT = Path(__file__).parents[1]
PAGES = {
    file.relative_to(ROOT).as_posix(): file.read_text(encoding="utf-8")
    for file in sorted((ROOT / "docs").rglob("*.md"))
}
WITH_CODE = sorted(name for name, page in PAGES.items() if program_of(page))


WITH_WORKERS = {"docs/how-to/own-metric.md", "docs/how-to/own-primitive.md"}
"""Pages whose functions must reach worker processes."""


LONGEST = {
    "docs/how-to/deploying.md",
    "docs/how-to/resuming.md",
    "docs/how-to/own-metric.md",
    "docs/how-to/own-primitive.md",
}
"""Pages whose code is run by `--slow` alone."""


def pages(names: set[str]) -> list[object]:
    """Return pages as parameters, those that take long marked."""
    return [
        pytest.param(name, marks=pytest.mark.slow) if name in LONGEST else name
        for name in sorted(names)
    ]


@pytest.mark.parametrize("name", pages(set(WITH_CODE) - WITH_WORKERS))
def test_the_code_of_a_page_runs(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    # All pages in one process: each would import the libraries for seconds otherwise.
    exec(compile(program_of(PAGES[name]), name, "exec"), {"__name__": "page"})
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.parametrize("name", pages(WITH_WORKERS))
def test_the_code_of_a_page_runs_with_workers(name: str, tmp_path: Path) -> None:
    done = run(program_of(PAGES[name], in_process=False), tmp_path)
    assert done.returncode == 0, done.stderr


def test_the_code_of_the_readme_runs_and_leaves_what_it_says(tmp_path: Path) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    done = run(program_of(readme, in_process=False), tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "model.py").exists()


def test_budgets_are_small_and_commands_run_where_they_stand(tmp_path: Path) -> None:
    page = (
        "```python\nfirst = dict(time_budget=300)\nsecond = dict(max_evaluations=50)\n```\n"
        '```console\n$ python -c \'open("made", "w")\'  # comment\noutput\n```\n'
        "```python\nimport os\nprint(first == second, first, os.path.exists('made'))\n```\n"
        "```python\ndef report(seconds):\n    print(seconds)\nreport(seconds=30)\n```\n"
        "```text\nnothing\n```\n"
    )
    done = run(program_of(page), tmp_path)
    assert done.stdout == "True {'time_budget': 30, 'max_evaluations': 1} True\n1\n"


def test_a_command_that_fails_fails_its_page(tmp_path: Path) -> None:
    done = run(program_of("```console\n$ evolver show nothing\n```\n"), tmp_path)
    assert done.returncode != 0
    assert "nothing" in done.stderr


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the site, built with warnings as errors."""
    if find_spec("mkdocs") is None and "CI" not in os.environ:
        pytest.skip("mkdocs is not installed: pip install '.[docs]'")
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "-q", "-d", str(folder)]
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


class Links(HTMLParser):
    """Anchors of a page, where its links lead, and what a browser loads to show it."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.feed(page.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.anchors |= {found[name] or "" for name in ("id", "name") if name in found}
        if tag == "a" and found.get("href"):
            self.links.append(found["href"] or "")
        elif found.get("src") or (tag == "link" and found.get("rel") != "canonical"):
            self.loaded.append(found.get("src") or found.get("href") or "")


def test_the_site_holds_the_package_its_links_hold_and_nothing_is_loaded(site: Path) -> None:
    # One test, since each worker of pytest would build the site for itself.
    parsed = {page: Links(page) for page in site.rglob("*.html")}
    assert count_of_checked_links(parsed) > 1_000
    loaded = {link for found in parsed.values() for link in found.loaded}
    assert loaded
    assert not {link for link in loaded if re.match(r"([a-z]+:)?//", link)}
    anchors = parsed[site / "reference" / "estimators.html"].anchors
    for name in ("fit", "refine", "predict_proba", "select", "export"):
        assert f"evolver.EvolvedClassifier.{name}" in anchors
    commands = (site / "reference" / "command-line.html").read_text(encoding="utf-8")
    assert "--order-by" in commands
    catalogue = (site / "reference" / "catalogue.html").read_text(encoding="utf-8")
    assert "HistGradientBoostingClassifier" in catalogue
    assert "high_cardinality" in catalogue


def count_of_checked_links(parsed: dict[Path, Links]) -> int:
    """Return the number of links of pages to files and anchors that there are."""
    checked = 0
    for page, found in parsed.items():
        for link in found.links if page.name != "404.html" else []:
            if re.match(r"[a-z]+:", link):
                continue
            path, _, anchor = link.partition("#")
            target = (page.parent / unquote(path)).resolve() if path else page
            assert target.exists(), f"{page.name}: {link}"
            if anchor and target in parsed:
                assert unquote(anchor) in parsed[target].anchors, f"{page.name}: {link}"
            checked += 1
    return checked


def test_pictures_have_a_description() -> None:
    for name, page in PAGES.items():
        for description in re.findall(r"!\[([^\]]*)\]\(", page):
            assert len(description) > 10, name
