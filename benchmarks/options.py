"""Options that the scripts have in common: one name for one thing."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from benchmarks.index import name_of

RESULTS = "results"
"""Folder beside a script for what it saves."""


def parser_of(
    file: str,
    doc: str | None,
    *,
    names: Sequence[str] | None = None,
    seeds: Sequence[int] | None = None,
    budget: float | None = None,
    workers: int | None = None,
    out: Path | None = None,
    has_out: bool = True,
    repeat: bool = True,
) -> argparse.ArgumentParser:
    """Return the parser of a script with the common options that have a default here.

    Parameters
    ----------
    file : str
        `__file__` of the script.
    doc : str
        Its docstring.
    names : sequence of str, optional
        Names of what is measured: tables, unless the script says otherwise.
    seeds : sequence of int, optional
    budget : float, optional
        Seconds of a fit.
    workers : int, optional
        Number of processes that work at once.
    out : Path, optional
        Folder of the results; by default `results` beside the script.
    has_out : bool
        True if the script saves results.
    repeat : bool
        True if the script can measure again what is saved.
    """
    parser = argparse.ArgumentParser(
        prog=f"python -m benchmarks {name_of(file)}",
        description=doc,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    if names is not None:
        parser.add_argument("--names", nargs="+", default=names, help="names of what is measured")
    if seeds is not None:
        parser.add_argument("--seeds", type=int, nargs="+", default=seeds)
    if budget is not None:
        parser.add_argument("--budget", type=float, default=budget, help="seconds of a fit")
    if workers is not None:
        parser.add_argument("--workers", type=int, default=workers, help="processes at once")
    if has_out:
        folder = out or Path(file).parent / RESULTS
        parser.add_argument("--out", type=Path, default=folder, help="folder of the results")
    if repeat:
        parser.add_argument("--repeat", action="store_true", help="measure again what is saved")
    return parser


def add_datasets(parser: argparse.ArgumentParser, *, required: bool = False) -> None:
    """Add the folder of real tables; where it is not required, saved records are drawn without."""
    without = "" if required else "; without it, saved records are drawn"
    parser.add_argument(
        "--datasets",
        type=Path,
        required=required,
        metavar="FOLDER",
        help=f"folder of NAME.parquet, each with a column `target`{without}",
    )


def add_predictions(parser: argparse.ArgumentParser) -> None:
    """Add the folder of the out-of-fold predictions of the portfolio's trials."""
    parser.add_argument(
        "--predictions",
        type=Path,
        metavar="FOLDER",
        help="folder of the predictions that `portfolio.trials` keeps",
    )


def add_libraries(parser: argparse.ArgumentParser, *, required: bool = False) -> None:
    """Add the folder of the libraries of runs."""
    parser.add_argument(
        "--libraries",
        type=Path,
        required=required,
        metavar="FOLDER",
        help="folder of the libraries that `ensemble.libraries` makes",
    )
