"""Command that writes a deployment folder of the model of a finished run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from evolver.cli.output import JSON, QUIET, Output, load_model, or_exit
from evolver.cli.parameters import FOLDER, PLACES_OF_DATA, with_options
from evolver.cli.reporting import attach_data


@click.command(short_help="Write a folder to run, check and serve a model.")
@click.argument("folder", type=FOLDER)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default="deployment",
    show_default=True,
    help="Folder to write: new or empty, or with --force an earlier deployment folder.",
)
@click.option(
    "--member",
    help="Model to deploy: best, one_se, knee, ensemble, or a digest of the front or its first"
    " characters, as `evolver leaderboard` shows them; default: the model that predicts.",
)
@click.option("--force", is_flag=True, help="Replace an earlier deployment folder.")
@with_options(*PLACES_OF_DATA, JSON, QUIET)
def deploy(
    folder: Path,
    out: Path,
    member: str | None,
    force: bool,
    as_json: bool,
    quiet: bool,
    **options: Any,
) -> None:
    """Write a folder with all that others need to run, check and serve a model of a run.

    It has the source, the fitted model (skops, and ONNX where it converts), pinned requirements, a
    model card, the schema of the input, a service and a test, and needs no evolver. The table of
    `fit` is read again, so that the example rows look like its rows; where it is gone, they are
    made from the schema.

    The model in FOLDER is unpickled, and a pickle can run any code: name only folders you trust.

    \b
    Examples:
      evolver deploy run --out deployment
      evolver deploy run --out deployment --member best --force
    """
    output = Output(as_json, quiet)
    model = load_model(folder)
    reason = attach_data(model, folder, options, output)
    if reason:
        output.line(f"The example rows are made from the schema alone: {reason}")
    found = or_exit(lambda: model.deploy(out, member, overwrite=force))
    output.line(f"Wrote {out}: {', '.join(found.files)}.")
    for name, gap in found.differences.items():
        output.line(f"{name} predicts as the model does; the largest difference is {gap:.2g}.")
    for note in found.notes:
        output.line(note)
    output.result(
        {
            "folder": str(out.absolute()),
            "files": list(found.files),
            "differences": found.differences,
            "notes": list(found.notes),
        }
    )
