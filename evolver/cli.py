"""The command line: ``evolver fit``, ``evolver export`` and ``evolver predict``, on CSV and
Parquet."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import re
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    import pandas as pd

    from evolver.estimators import EvolvedClassifier, EvolvedRegressor

logger = logging.getLogger("evolver")

TASKS = ("auto", "classification", "regression")
SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0}
MAX_CLASSES_OF_INTEGERS = 20
"""An integer target with more distinct values is taken as a number to predict."""


COMMAND_FILE = "command.json"
"""Where a run folder keeps what `evolver fit` was asked."""


@dataclass(frozen=True)
class Command:
    """What `evolver fit` was asked, so that `evolver resume` can ask it again."""

    table: str
    target: str
    seconds: float
    task: str
    jobs: int
    seed: int | None


RULES: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "table": ("a file that is there", lambda value: _is_text(value) and os.path.exists(value)),
    "target": ("a text", lambda value: _is_text(value)),
    "seconds": ("a time above 0", lambda value: _is_number(value) and 0 < value < 1e12),
    "task": (f"one of {', '.join(TASKS)}", lambda value: _is_text(value) and value in TASKS),
    "jobs": ("an integer", lambda value: _is_integer(value)),
    "seed": ("an integer or null", lambda value: value is None or _is_integer(value)),
}
"""Rule for each entry of a command, in words and as a test."""


class Duration(click.ParamType[float]):
    """Seconds, or a number with s, m or h behind it."""

    name = "time"

    def convert(self, value: Any, param: Any, ctx: Any) -> float:
        match = re.fullmatch(r"(\d+(?:\.\d+)?)([smh]?)", str(value))
        if match is None or float(match[1]) == 0:
            self.fail(f"must be a time above 0 such as 90s, 5m or 1h, got {value!r}.", param, ctx)
        return float(match[1]) * SECONDS[match[2] or "s"]


TABLE = click.Path(exists=True, dir_okay=False, path_type=Path)
FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
FILE = click.Path(dir_okay=False, path_type=Path)


@click.group()
@click.version_option(package_name="evolver")
def main() -> None:
    """Evolve machine-learning pipelines for a table and a target."""


@main.command()
@click.argument("table", type=TABLE)
@click.option("--target", required=True, help="Column to predict.")
@click.option("--time", "seconds", type=Duration(), default="5m", show_default=True)
@click.option("--task", type=click.Choice(TASKS), default="auto")
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default="evolver-run",
    show_default=True,
    help="Folder for the run: new, empty, or of the same run.",
)
@click.option("--jobs", type=int, default=-1, help="Worker processes; -1: one for each core.")
@click.option("--seed", type=int, default=None)
def fit(
    table: Path, target: str, seconds: float, task: str, out: Path, jobs: int, seed: int | None
) -> None:
    """Evolve pipelines for TABLE and keep model, leaderboard, front and winner.py in a folder."""
    from evolver.checks import check_folder

    command = Command(str(table.absolute()), target, seconds, task, jobs, seed)
    folder = _or_complain(lambda: check_folder("run_dir", out))
    _evolve(command, out, begun=lambda: _note(command, folder / COMMAND_FILE))


@main.command()
@click.argument("folder", type=FOLDER)
@click.option("--time", "seconds", type=Duration(), help="Time for the whole run.")
def resume(folder: Path, seconds: float | None) -> None:
    """Go on with the run in FOLDER where it stopped, on the same table."""
    command = _command(folder)
    _evolve(command if seconds is None else replace(command, seconds=seconds), folder)


@main.command()
@click.argument("folder", type=FOLDER)
@click.option("--time", "seconds", type=Duration(), default="1m", show_default=True)
def refine(folder: Path, seconds: float) -> None:
    """Go on with the run in FOLDER, tuning the pipelines of its front alone, for some time more.

    The model in FOLDER is unpickled, which runs what it says: name only folders that you trust.
    """
    command, model = _command(folder), _load(folder)
    X, column = _or_complain(lambda: _table_of(command))
    model.set_params(run_dir=folder)
    _or_complain(lambda: model.refine(X, column, time_budget=seconds))
    _show(model, folder)


@main.command()
@click.argument("folder", type=FOLDER)
@click.option("--out", type=FILE, default="winner.py", show_default=True)
@click.option("--member", help="best, ensemble or a digest of the front; default what predicts.")
def export(folder: Path, out: Path, member: str | None) -> None:
    """Write what predicts of the run in FOLDER as a Python file that runs on its own.

    The model in FOLDER is unpickled, which runs what it says: name only folders that you trust.
    """
    model = _load(folder)
    _or_complain(lambda: model.export(out, member))
    _say(f"Wrote {out}.")


@main.command()
@click.argument("folder", type=FOLDER)
@click.argument("table", type=TABLE)
@click.option("--out", type=FILE, default="predictions.csv", show_default=True)
def predict(folder: Path, table: Path, out: Path) -> None:
    """Predict TABLE with the model of the run in FOLDER, a row for each of its rows.

    The model is unpickled, which runs what it says: name only folders that you trust.
    """
    from evolver.export.program import predict_table, write_table
    from evolver.files import replacing_named

    def write() -> None:
        with replacing_named(out) as part:
            write_table(predictions, part)

    model = _load(folder)
    X = _read(table).drop(columns=model.target_name_, errors="ignore")
    predictions = _or_complain(lambda: predict_table(model, X))
    _or_complain(write)
    _say(f"Wrote {len(predictions)} predictions to {out}.")


def _command(folder: Path) -> Command:
    """Return what the run in a folder was asked."""
    file = folder / COMMAND_FILE
    if not file.exists():
        raise click.ClickException(f"FOLDER must hold a run that `evolver fit` began: {folder}")
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        _check_command(content)
    except (OSError, ValueError, RecursionError) as error:
        raise click.ClickException(f"{file} must be as `evolver fit` wrote it: {error}") from None
    return Command(**content)


def _check_command(content: Any) -> None:
    """Raise a ValueError unless what a file holds is a command."""
    if not isinstance(content, dict):
        raise ValueError(f"it must be an object, got {type(content).__name__}.")
    wrong = sorted(content.keys() ^ RULES.keys())
    if wrong:
        raise ValueError(f"it must have {', '.join(RULES)} and nothing else, not so {wrong[0]!r}.")
    for name, (rule, holds) in RULES.items():
        if not holds(content[name]):
            raise ValueError(f"its {name!r} must be {rule}, got {content[name]!r}.")


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and "\0" not in value


def _is_integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: Any) -> bool:
    return isinstance(value, float) or _is_integer(value)


def _note(command: Command, file: Path) -> None:
    """Keep a command; where that cannot be, the run goes on without it."""
    from evolver.files import replacing

    try:
        with replacing(file) as part:
            part.write_text(json.dumps(asdict(command), indent=1), encoding="utf-8")
    except OSError as error:
        logger.warning("The run goes on, but cannot be resumed by `evolver resume`: %s", error)


def _table_of(command: Command) -> Any:
    """Return the columns to predict from, and the one to predict."""
    from evolver.export.program import split_target

    return split_target(_read(Path(command.table)), command.target)


def _evolve(command: Command, out: Path, begun: Callable[[], object] = lambda: None) -> None:
    """Fit as a command says, and keep the run in a folder."""
    from evolver.estimators import EvolvedClassifier, EvolvedRegressor

    X, column = _or_complain(lambda: _table_of(command))
    classification = command.task == "classification"
    if command.task == "auto":
        classification = _is_classification(column)
    kind = "classification" if classification else "regression"
    _say(f"Predicting {command.target!r} by {kind}.")
    estimator = EvolvedClassifier if classification else EvolvedRegressor
    model = estimator(
        time_budget=command.seconds, n_jobs=command.jobs, random_state=command.seed, run_dir=out
    )
    _or_complain(lambda: model._fit(X, column, begun))
    _show(model, out)


def _show(model: EvolvedClassifier | EvolvedRegressor, out: Path) -> None:
    _say(model.pareto_front_.drop(columns="digest").to_string(index=False, max_colwidth=60))
    programs = "winner.py" if model.ensemble_ is None else "winner.py, ensemble.py (what predicts)"
    _say(f"Kept in {out}: model, leaderboard, Pareto front, {programs}.")


def _read(table: Path) -> pd.DataFrame:
    from evolver.export.program import read_table

    return _or_complain(lambda: read_table(table))  # type: ignore[no-any-return]  # a DataFrame


def _load(folder: Path) -> EvolvedClassifier | EvolvedRegressor:
    """Return the model that a run has kept, which unpickles it."""
    import joblib

    from evolver.estimators import EvolvedClassifier, EvolvedRegressor
    from evolver.report.run_folder import MODEL_FILE

    file = folder / MODEL_FILE
    if not file.exists():
        raise click.ClickException(f"FOLDER must hold a finished run with {MODEL_FILE}: {folder}")
    try:
        model = joblib.load(file)
    except Exception as error:  # whatever a file that is no model raises
        raise click.ClickException(
            f"{file} must be a model that this version of evolver can read:"
            f" {type(error).__name__}: {error}"
        ) from None
    if not isinstance(model, EvolvedClassifier | EvolvedRegressor):
        raise click.ClickException(
            f"{file} must be a model of evolver, got {type(model).__name__}."
        )
    return model


def _is_classification(column: pd.Series[Any]) -> bool:
    from pandas.api.types import is_bool_dtype, is_float_dtype, is_integer_dtype

    if is_integer_dtype(column) and not is_bool_dtype(column):
        return column.nunique() <= MAX_CLASSES_OF_INTEGERS
    return not is_float_dtype(column)


def _say(text: str) -> None:
    """Print a line; a standard output that is full, closed or a broken pipe costs only the line."""
    try:
        click.echo(text)
    except (OSError, ValueError):
        # Python would write the rest when it ends, and fail again.
        with contextlib.suppress(OSError, ValueError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, sys.stdout.fileno())
            os.close(nowhere)


def _or_complain(act: Callable[[], Any]) -> Any:
    """Return what `act` returns; what goes wrong by what the caller gave is said in one line."""
    from evolver.errors import EvolverError

    try:
        return act()
    except (EvolverError, ValueError, TypeError, OSError, ImportError) as error:
        raise click.ClickException(str(error)) from error
