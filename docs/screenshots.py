"""Pictures of the documentation: report, notebook and terminal, of a real run.

    python docs/screenshots.py

It needs Chromium, and writes into ``docs/images``.
"""

from __future__ import annotations

import html
import os
import pty
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from sklearn.datasets import load_diabetes

from evolver import EvolvedRegressor

IMAGES = Path(__file__).parent / "images"
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    "--hide-scrollbars",
)
SECONDS = 60
"""Seconds of the run whose report is shown."""


def shoot(page: Path, name: str, width: int, height: int, *, dark: bool = False) -> None:
    """Write a picture of a page."""
    chromium = shutil.which("chromium")
    if chromium is None:
        raise SystemExit("Chromium must be installed.")
    flags = [*FLAGS, *(["--blink-settings=preferredColorScheme=0"] if dark else [])]
    with tempfile.TemporaryDirectory() as profile:
        size = [f"--window-size={width},{height}", f"--user-data-dir={profile}"]
        picture = f"--screenshot={IMAGES / name}"
        subprocess.run([chromium, *flags, *size, picture, page.as_uri()], check=True)


def terminal_text(command: list[str]) -> str:
    """Return what a command shows in a terminal, each line as it was last written."""
    parent, child = pty.openpty()
    found = b""
    environment = {**os.environ, "COLUMNS": "150"}
    with subprocess.Popen(command, stdout=child, stderr=child, env=environment):
        os.close(child)
        while True:
            try:
                part = os.read(parent, 4096)
            except OSError:
                break
            if not part:
                break
            found += part
    os.close(parent)
    # The line of progress is shown as it was in the middle of the run.
    parts = found.decode().replace("\r\n", "\n").split("\n")
    lines = []
    for line in parts:
        states = [state for state in line.split("\r") if state.strip()]
        lines += states[len(states) // 2 :][:1] + (states[-1:] if len(states) > 1 else [])
    return re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", "\n".join(lines))


def main() -> None:
    """Fit models, and write all pictures."""
    IMAGES.mkdir(exist_ok=True)
    X, y = load_diabetes(return_X_y=True, as_frame=True)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        model = EvolvedRegressor(time_budget=SECONDS, random_state=0).fit(X, y)
        model.report(folder / "report.html", seconds=120)
        shoot(folder / "report.html", "report.png", 1100, 1500)
        shoot(folder / "report.html", "report-dark.png", 1100, 1500, dark=True)
        shoot(folder / "report.html", "report-narrow.png", 500, 1500)
        body = f"<!doctype html><meta charset=utf-8><body style='margin:1rem'>{model._repr_html_()}"
        (folder / "notebook.html").write_text(body, encoding="utf-8")
        shoot(folder / "notebook.html", "notebook.png", 1000, 1100)
        X.assign(progression=y).to_csv(folder / "diabetes.csv", index=False)
        command = [
            "fit",
            "diabetes.csv",
            "--target",
            "progression",
            "--time",
            "30s",
            "--out",
            "run",
        ]
        os.chdir(folder)
        shown = terminal_text([sys.executable, "-m", "evolver", *command])
        text = html.escape(f"$ evolver {' '.join(command)}\n{shown}")
        style = "background:#0d1117;color:#e6edf3;font:13px/1.5 monospace;padding:1rem;margin:0"
        page = f"<!doctype html><meta charset=utf-8><body style='{style}'><pre>{text}</pre>"
        (folder / "terminal.html").write_text(page, encoding="utf-8")
        shoot(folder / "terminal.html", "terminal.png", 1250, 620)
        os.chdir(Path(__file__).parent)


if __name__ == "__main__":
    main()
