"""Command line: fit, inspect, resume, refine, export and predict, on CSV and Parquet files.

Everything heavy is imported inside the functions that need it, so that help texts appear at once.
The docstrings of the commands are their help texts.
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from evolver.command import TASKS, Command, keep_command, read_command

if TYPE_CHECKING:
    import pandas as pd

    from evolver.estimators import EvolvedClassifier, EvolvedRegressor
    from evolver.schema import Schema

SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0}
"""Seconds by unit of time."""

MAX_COLUMNS_SHOWN = 40
"""Number of columns of a table that are listed."""


class Duration(click.ParamType[float]):
    """Option of a time above 0: a number of seconds, or a number followed by s, m or h."""

    name = "time"

    def convert(self, value: Any, param: Any, ctx: Any) -> float:
        """Return the seconds that a text stands for, or exit with an error."""
        match = re.fullmatch(r"(\d+(?:\.\d+)?)([smh]?)", str(value))
        if match is None or float(match[1]) == 0:
            self.fail(f"must be a time above 0 such as 90s, 5m or 1h, got {value!r}.", param, ctx)
        return float(match[1]) * SECONDS[match[2] or "s"]


class ColumnKind(click.ParamType[tuple[str, Any]]):
    """Option of a column and its kind, or its values in their order, such as ``size=S,M,L``."""

    name = "column"

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[str, Any]:
        """Return the name of a column and its kind, or exit with an error."""
        if isinstance(value, tuple):  # click converts a value twice
            return value
        column, equals, kind = str(value).rpartition("=")
        if not (equals and column and kind):
            self.fail(f"must be a column and its kind such as zip=category, got {value!r}.")
        return column, kind.split(",") if "," in kind else kind


COLUMN = click.option(
    "--column",
    "columns",
    type=ColumnKind(),
    multiple=True,
    help="Kind of a column, such as zip=category or note=ignore, or its values in order, such as"
    " size=S,M,L; may be repeated.",
)

TARGET = click.option(
    "--target",
    required=True,
    multiple=True,
    help="Column to predict; repeated for several columns of numbers, or of labels of 0 and 1.",
)

TABLE = click.Path(exists=True, dir_okay=False, path_type=Path)
FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
FILE = click.Path(dir_okay=False, path_type=Path)


@click.group()
@click.version_option(package_name="evolver")
def main() -> None:
    """Evolve machine-learning pipelines for a table and a target column.

    Example: evolver fit train.csv --target price --time 5m --out run
    """


@main.command()
@click.argument("table", type=TABLE)
@TARGET
@click.option(
    "--time",
    "seconds",
    type=Duration(),
    default="5m",
    show_default=True,
    help="Time for the whole run, such as 90s, 5m or 1h.",
)
@click.option(
    "--task",
    type=click.Choice(TASKS),
    default="auto",
    show_default=True,
    help="Kind of target; auto: chosen by the values of the target.",
)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default="evolver-run",
    show_default=True,
    help="Folder for the run: new, empty, or with the same run, which is then continued.",
)
@click.option(
    "--jobs", type=int, default=-1, help="Number of worker processes; -1: one for each core."
)
@click.option("--seed", type=int, default=None, help="Seed of the run; without one it is random.")
@click.option(
    "--order-by",
    help="Column of times: pipelines are validated on later rows than they are fitted on.",
)
@COLUMN
def fit(
    table: Path,
    target: tuple[str, ...],
    seconds: float,
    task: str,
    out: Path,
    jobs: int,
    seed: int | None,
    order_by: str | None,
    columns: tuple[tuple[str, Any], ...],
) -> None:
    """Evolve pipelines for TABLE, and keep the results in a run folder.

    TABLE is a CSV or Parquet file; separator, encoding and compression are found in its content.
    How its columns are read is printed first. The folder gets the fitted model, the leaderboard,
    the Pareto front, the best pipeline as a program, winner.py, and the ensemble, if there is one,
    as another program, ensemble.py.

    Example: evolver fit train.csv --target price --time 5m --out run
    """
    from evolver.checks import check_folder

    command = Command(
        str(table.absolute()), list(target), seconds, task, jobs, seed, order_by, dict(columns)
    )
    folder = _or_exit(lambda: check_folder("run_dir", out))
    # The command is kept only once the folder belongs to this run: another run stays as it is.
    _evolve(command, out, begun=lambda: keep_command(command, folder))


@main.command()
@click.argument("table", type=TABLE)
@TARGET
@COLUMN
def inspect(table: Path, target: tuple[str, ...], columns: tuple[tuple[str, Any], ...]) -> None:
    """Print how TABLE is read: the kind and format of each column, and what looks wrong.

    Example: evolver inspect train.csv --target price
    """
    from evolver.checks import family_of_target, findings_of_columns

    X, column = _or_exit(lambda: _read_columns(table, list(target)))
    schema = _show_columns(X, dict(columns))
    for finding in findings_of_columns(schema, len(X)):
        click.echo(f"Warning: {finding.message}", err=True)
    _print(f"Target {_listed(target)}: {_or_exit(lambda: family_of_target(column))}.")


@main.command()
@click.argument("folder", type=FOLDER)
@click.option(
    "--time",
    "seconds",
    type=Duration(),
    help="Time for the whole run, including the time before it stopped; default: that of fit.",
)
def resume(folder: Path, seconds: float | None) -> None:
    """Continue the run in FOLDER where it stopped, on the same table.

    Example: evolver resume run --time 10m
    """
    command = _or_exit(lambda: read_command(folder))
    _evolve(command if seconds is None else replace(command, seconds=seconds), folder)


@main.command()
@click.argument("folder", type=FOLDER)
@click.option(
    "--time",
    "seconds",
    type=Duration(),
    default="1m",
    show_default=True,
    help="Time in addition to that of the run so far.",
)
def refine(folder: Path, seconds: float) -> None:
    """Continue the finished run in FOLDER by tuning the pipelines on its front.

    The model in FOLDER is unpickled, and a pickle can run any code: name only folders you trust.

    Example: evolver refine run --time 2m
    """
    command, model = _or_exit(lambda: read_command(folder)), _load_model(folder)
    X, column = _or_exit(lambda: _read_columns(command.table, command.target))
    model.set_params(run_dir=folder)  # the folder may have been moved since `fit`
    _or_exit(lambda: model.refine(X, column, time_budget=seconds))
    _show(model, folder)


@main.command()
@click.argument("folder", type=FOLDER)
@click.option("--out", type=FILE, default="winner.py", show_default=True, help="File to write.")
@click.option(
    "--member",
    help="Model to export: best, one_se, knee, ensemble or a digest of the front;"
    " default: the model that predicts.",
)
def export(folder: Path, out: Path, member: str | None) -> None:
    """Write a model of the run in FOLDER as a Python file that runs without evolver.

    The model in FOLDER is unpickled, and a pickle can run any code: name only folders you trust.

    Example: evolver export run --out model.py
    """
    model = _load_model(folder)
    _or_exit(lambda: model.export(out, member))
    _print(f"Wrote {out}.")


@main.command()
@click.argument("folder", type=FOLDER)
@click.argument("table", type=TABLE)
@click.option(
    "--out",
    type=FILE,
    default="predictions.csv",
    show_default=True,
    help="File to write: .csv, .tsv or .parquet.",
)
def predict(folder: Path, table: Path, out: Path) -> None:
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

    model = _load_model(folder)
    X = _or_exit(lambda: read_table(table, model._schema.columns))
    X = X.drop(columns=model.target_name_, errors="ignore")
    predictions = _or_exit(lambda: predict_table(model, X, model.target_name_))
    _or_exit(write)
    _print(f"Wrote {len(predictions)} predictions to {out}.")


def _listed(names: Sequence[str]) -> str:
    """Return names in quotes, with commas between them."""
    return ", ".join(map(repr, names))


def _read_columns(file: str | Path, targets: list[str]) -> Any:
    """Return the training table in a file without the target columns, and the target columns."""
    from evolver.export.program import split_target
    from evolver.training_table import read_training_table

    names = targets if len(targets) > 1 else targets[0]
    return split_target(read_training_table(file, *targets), names)


def _evolve(command: Command, out: Path, begun: Callable[[], object] = lambda: None) -> None:
    """Fit as a command says, keep the results in a folder, and print the front.

    Parameters
    ----------
    command : Command
        Arguments of `evolver fit`.
    out : Path
        Run folder.
    begun : callable
        Called without arguments once the folder belongs to this run.
    """
    from evolver.checks import family_of_target
    from evolver.estimators import EvolvedClassifier, EvolvedRegressor

    X, column = _or_exit(lambda: _read_columns(command.table, command.target))
    _show_columns(X, command.columns)
    kind = command.task
    if kind == "auto":
        kind = _or_exit(lambda: family_of_target(column))
    _print(f"Predicting {_listed(command.target)} by {kind}.")
    estimator = EvolvedClassifier if kind == "classification" else EvolvedRegressor
    model = estimator(
        columns=command.columns or None,
        time_budget=command.seconds,
        n_jobs=command.jobs,
        random_state=command.seed,
        run_dir=out,
        time=command.order_by,
    )
    with _plain_warnings():
        _or_exit(lambda: model._fit(X, column, begun))
    _show(model, out)


def _show_columns(X: pd.DataFrame, columns: dict[str, Any]) -> Schema:
    """Print how the columns of a table are read, and return the schema."""
    from evolver.checks import as_table, check_table
    from evolver.schema import learn

    table = _or_exit(lambda: check_table(as_table(X)))
    schema: Schema = _or_exit(lambda: learn(table, columns))
    shown = schema.table().astype(object).fillna("").astype(str)
    _print(shown[:MAX_COLUMNS_SHOWN].to_string(index=False, max_colwidth=30))
    if len(shown) > MAX_COLUMNS_SHOWN:
        kinds = shown["kind"].value_counts()
        counts = ", ".join(f"{count} of kind {kind}" for kind, count in kinds.items())
        _print(f"... {len(shown)} columns: {counts}.")
    return schema


@contextlib.contextmanager
def _plain_warnings() -> Iterator[None]:
    """Print warnings about the data as one line each, without a line of source."""
    from evolver.warned import DataWarning

    with warnings.catch_warnings():
        before = warnings.showwarning

        def show(message: Any, category: Any, *place: Any, **options: Any) -> None:
            if issubclass(category, DataWarning):
                click.echo(f"Warning: {message}", err=True)
            else:
                before(message, category, *place, **options)

        warnings.showwarning = show
        yield


def _show(model: EvolvedClassifier | EvolvedRegressor, out: Path) -> None:
    """Print the front of a run and the files in its folder."""
    _print(model.pareto_front_.drop(columns="digest").to_string(index=False, max_colwidth=60))
    programs = "winner.py"
    if model.ensemble_ is not None:
        programs = "winner.py, ensemble.py (the model that predicts)"
    _print(f"Kept in {out}: model, leaderboard, Pareto front, {programs}.")


def _load_model(folder: Path) -> EvolvedClassifier | EvolvedRegressor:
    """Unpickle and return the model in a run folder, or exit with an error."""
    import joblib

    from evolver.estimators import EvolvedClassifier, EvolvedRegressor
    from evolver.report.run_folder import MODEL_FILE

    file = folder / MODEL_FILE
    if not file.exists():
        raise click.ClickException(
            f"FOLDER must hold a finished run with {MODEL_FILE}, got {folder}."
        )
    try:
        model = joblib.load(file)
    except Exception as error:  # a file of any other content may raise any error
        raise click.ClickException(
            f"{file} must be a model that this version of evolver can read:"
            f" {type(error).__name__}: {error}"
        ) from None
    if not isinstance(model, EvolvedClassifier | EvolvedRegressor):
        raise click.ClickException(
            f"{file} must be a model of evolver, got {type(model).__name__}."
        )
    return model


def _print(text: str) -> None:
    """Print a line if standard output can be written to; it may be full, closed or a broken pipe.

    The results are in the run folder, so a line that is lost is no reason to fail.
    """
    try:
        click.echo(text)
    except (OSError, ValueError):
        # Python writes the buffered rest as it exits, which would fail again.
        with contextlib.suppress(OSError, ValueError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, sys.stdout.fileno())
            os.close(nowhere)


def _or_exit(act: Callable[[], Any]) -> Any:
    """Return the result of `act`; exit with a message of one line if the input causes an error."""
    from evolver.errors import EvolverError

    try:
        return act()
    except (EvolverError, ValueError, TypeError, OSError, ImportError) as error:
        raise click.ClickException(str(error)) from error
