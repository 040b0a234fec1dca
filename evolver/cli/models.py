"""Commands that use the model of a finished run: export and predict."""

from __future__ import annotations

from pathlib import Path

import click

from evolver.cli.output import JSON, QUIET, Output, load_model, or_exit
from evolver.cli.parameters import FILE, FOLDER, TABLE


@click.command(short_help="Write a model as a Python file.")
@click.argument("folder", type=FOLDER)
@click.option("--out", type=FILE, default="winner.py", show_default=True, help="File to write.")
@click.option(
    "--member",
    help="Model to export: best, one_se, simplest, knee, ensemble, or a digest of the front or its"
    " first characters, as `evolver leaderboard` shows them; default: the model that predicts.",
)
@click.option(
    "--style",
    type=click.Choice(["readable", "exact"]),
    default="readable",
    show_default=True,
    help="readable: as a person would write it, specialised to the table; exact: every step as it"
    " was searched.",
)
@JSON
@QUIET
def export(
    folder: Path, out: Path, member: str | None, style: str, as_json: bool, quiet: bool
) -> None:
    """Write a model of the run in FOLDER as a Python file that runs without evolver.

    A file that ends in .ipynb is a notebook.

    The model in FOLDER is unpickled, and a pickle can run any code: name only folders you trust.

    \b
    Examples:
      evolver export run --out model.py
      evolver export run --out simple.py --member one_se
      evolver export run --out winner.ipynb
    """
    from evolver.report.frames import shown_digest

    output = Output(as_json, quiet)
    model = load_model(folder)
    or_exit(lambda: model.export(out, member, style))
    output.line(f"Wrote {out}.")
    digest = shown_digest(model._members.digest_of(member))
    output.result({"file": str(out.absolute()), "member": digest})


@click.command(short_help="Predict the rows of a table.")
@click.argument("folder", type=FOLDER)
@click.argument("table", type=TABLE)
@click.option(
    "--out",
    type=FILE,
    default="predictions.csv",
    show_default=True,
    help="File to write: .csv, .tsv or .parquet.",
)
@JSON
@QUIET
def predict(folder: Path, table: Path, out: Path, as_json: bool, quiet: bool) -> None:
    """Predict each row of TABLE with the model of the run in FOLDER.

    The predictions of classes have a column of probabilities for each class.

    The model in FOLDER is unpickled, and a pickle can run any code: name only folders you trust.

    Example: evolver predict run new.csv --out predictions.csv
    """
    from evolver.export.program import predict_table
    from evolver.export.table_files import read_table, write_table
    from evolver.files import replacing_named

    def write() -> None:
        with replacing_named(out) as part:
            write_table(predictions, part)

    output = Output(as_json, quiet)
    model = load_model(folder)
    X = or_exit(lambda: read_table(table, model._schema.columns))
    X = X.drop(columns=model.target_name_, errors="ignore")
    with output.plain_warnings():
        predictions = or_exit(lambda: predict_table(model, X, model.target_name_))
    or_exit(write)
    output.line(f"Wrote {len(predictions)} predictions to {out}.")
    columns = list(predictions.columns)
    output.result({"file": str(out.absolute()), "rows": len(predictions), "columns": columns})
