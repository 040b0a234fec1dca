"""Command that writes the report of a run, finished or not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from evolver.cli.output import JSON, QUIET, Output, load_model, or_exit
from evolver.cli.parameters import FILE, FOLDER, PLACES_OF_DATA, Duration, with_options
from evolver.cli.searching import command_in
from evolver.cli.tables import read_command_data


@click.command(short_help="Write the report of a run.")
@click.argument("folder", type=FOLDER)
@click.option(
    "--out",
    type=FILE,
    default="report.html",
    show_default=True,
    help="File to write: .html for a page, .json for the same as data.",
)
@click.option(
    "--time",
    "seconds",
    type=Duration(),
    default="30s",
    show_default=True,
    help="Time in which plain models, the worth of steps and the importance of columns may be"
    " computed.",
)
@with_options(*PLACES_OF_DATA, JSON, QUIET)
def report(
    folder: Path, out: Path, seconds: float, as_json: bool, quiet: bool, **options: Any
) -> None:
    """Write the report of the run in FOLDER, which may still be going on.

    A page needs no network and no other file. For a finished run, the table of `fit` is read again,
    and plain models, the worth of each step and the importance of columns are computed in the given
    time; where the table is gone, the report has what the run has left.

    The model in FOLDER is unpickled, and a pickle can run any code: name only folders you trust.

    \b
    Examples:
      evolver report run
      evolver report run --out report.json --time 2m
    """
    from evolver.estimators.reports import write_report_of_folder
    from evolver.report.run_folder import MODEL_FILE

    output = Output(as_json, quiet)
    if not (folder / MODEL_FILE).exists():
        or_exit(lambda: write_report_of_folder(folder, out))
        output.line(f"Wrote {out}. The run has no model yet.")
        output.result({"file": str(out.absolute()), "finished": False})
        return
    model = load_model(folder)
    reason = attach_data(model, folder, options, output)
    if reason:  # what the run has left is enough for a report
        output.line(f"The report is without what needs the table: {reason}")
    or_exit(lambda: model.report(out, seconds))
    output.line(f"Wrote {out}.")
    output.result({"file": str(out.absolute()), "finished": True})


def attach_data(model: Any, folder: Path, options: dict[str, Any], output: Output) -> str:
    """Give a model the table of its run again; return the reason if that fails, else ""."""
    try:
        data = read_command_data(command_in(folder, options))
        with output.plain_warnings():
            model._attach(data.X, data.y, data.weights, data.groups)
    except (OSError, ValueError, TypeError) as error:
        return str(error)
    return ""
