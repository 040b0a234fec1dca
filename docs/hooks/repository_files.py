"""Pages of the site that lie outside of `docs`, and links from page to page by their paths.

The pages of the measurements and the list of changes are read from where they are. A link is
written as the path of a file of the repository, so that it leads somewhere there and in the site.
Links to files that the site does not hold, such as scripts, become plain text.
"""

from __future__ import annotations

import os
import re
from pathlib import Path, PurePosixPath

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[2]

OUTSIDE = ("CHANGELOG.md", "benchmarks/**/*.md", "benchmarks/**/*.svg")
"""Patterns of the files outside of `docs` that are part of the site."""

LINK = re.compile(r"\[([^\]]*)\]\(([^)\s:#]+)(#[^)\s]*)?\)")
"""Link to a file: its text, the path and the anchor."""


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """Add the files outside of `docs`."""
    for pattern in OUTSIDE:
        for file in sorted(ROOT.glob(pattern)):
            uri = file.relative_to(ROOT).as_posix()
            files.append(File.generated(config, uri, abs_src_path=str(file)))
    return files


def on_page_markdown(markdown: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Return the text of a page with links that hold in the site."""
    pages = {_in_repository(file): file.src_uri for file in files if file.abs_src_path}
    here = _in_repository(page.file).parent
    folder = PurePosixPath(page.file.src_uri).parent

    def in_site(link: re.Match[str]) -> str:
        text, target, anchor = link[1], link[2], link[3] or ""
        path = PurePosixPath(os.path.normpath(here / target))
        if path in pages:
            return f"[{text}]({os.path.relpath(pages[path], folder)}{anchor})"
        # A path that is nowhere stays as it is, and the build warns of it.
        return text if (ROOT / path).exists() else link[0]

    return LINK.sub(in_site, markdown)


def _in_repository(file: File) -> PurePosixPath:
    """Return the path of a file from the top of the repository."""
    assert file.abs_src_path is not None
    return PurePosixPath(os.path.relpath(file.abs_src_path, ROOT))
