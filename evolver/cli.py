"""The command line: ``evolver fit``, ``evolver export`` and ``evolver predict``, on CSV and
Parquet."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    import pandas as pd

    from evolver.estimators import EvolvedClassifier, EvolvedRegressor

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
@click.option("--task", type=click.Choice(["auto", "classification", "regression"]), default="auto")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), default="evolver-run")
@click.option("--jobs", type=int, default=-1, help="Worker processes; -1: one for each core.")
@click.option("--seed", type=int, default=None)
def fit(
    table: Path, target: str, seconds: float, task: str, out: Path, jobs: int, seed: int | None
) -> None:
    """Evolve pipelines for TABLE and keep model, leaderboard, front and winner.py in a folder."""
    from evolver.checks import check_folder

    command = Command(str(table.absolute()), target, seconds, task, jobs, seed)
    _or_complain(lambda: check_folder("run_dir", out))
    file = out / COMMAND_FILE
    earlier = file.read_bytes() if file.exists() else None
    file.write_text(json.dumps(asdict(command), indent=1), encoding="utf-8")
    try:
        _evolve(command, out)
    except click.ClickException:
        if earlier is not None:  # the run that is there can still go on
            file.write_bytes(earlier)
        raise


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
    """Go on with the run in FOLDER, tuning the pipelines of its front alone, for some time more."""
    model, command = _load(folder), _command(folder)
    X, column = _or_complain(lambda: _table_of(command))
    model.set_params(run_dir=folder)
    _or_complain(lambda: model.refine(X, column, time_budget=seconds))
    _show(model, folder)


@main.command()
@click.argument("folder", type=FOLDER)
@click.option("--out", type=FILE, default="winner.py", show_default=True)
@click.option("--member", help="best, ensemble or a digest of the front; default what predicts.")
def export(folder: Path, out: Path, member: str | None) -> None:
    """Write what predicts of the run in FOLDER as a Python file that runs on its own."""
    model = _load(folder)
    _or_complain(lambda: model.export(out, member))
    click.echo(f"Wrote {out}.")


@main.command()
@click.argument("folder", type=FOLDER)
@click.argument("table", type=TABLE)
@click.option("--out", type=FILE, default="predictions.csv", show_default=True)
def predict(folder: Path, table: Path, out: Path) -> None:
    """Predict TABLE with the model of the run in FOLDER, a row for each of its rows."""
    from evolver.program import predict_table, write_table

    model = _load(folder)
    X = _read(table).drop(columns=model.target_name_, errors="ignore")
    predictions = _or_complain(lambda: predict_table(model, X))
    _or_complain(lambda: write_table(predictions, out))
    click.echo(f"Wrote {len(predictions)} predictions to {out}.")


def _command(folder: Path) -> Command:
    """Return what the run in a folder was asked."""
    file = folder / COMMAND_FILE
    if not file.exists():
        raise click.ClickException(f"FOLDER must hold a run that `evolver fit` began: {folder}")
    return Command(**json.loads(file.read_text(encoding="utf-8")))


def _table_of(command: Command) -> Any:
    """Return the columns to predict from, and the one to predict."""
    from evolver.program import split_target

    return split_target(_read(Path(command.table)), command.target)


def _evolve(command: Command, out: Path) -> None:
    """Fit as a command says, and keep the run in a folder."""
    from evolver.estimators import EvolvedClassifier, EvolvedRegressor

    X, column = _or_complain(lambda: _table_of(command))
    classification = command.task == "classification"
    if command.task == "auto":
        classification = _is_classification(column)
    kind = "classification" if classification else "regression"
    click.echo(f"Predicting {command.target!r} by {kind}.")
    estimator = EvolvedClassifier if classification else EvolvedRegressor
    model = estimator(
        time_budget=command.seconds, n_jobs=command.jobs, random_state=command.seed, run_dir=out
    )
    _or_complain(lambda: model.fit(X, column))
    _show(model, out)


def _show(model: EvolvedClassifier | EvolvedRegressor, out: Path) -> None:
    click.echo(model.pareto_front_.drop(columns="digest").to_string(index=False, max_colwidth=60))
    programs = "winner.py" if model.ensemble_ is None else "winner.py, ensemble.py (what predicts)"
    click.echo(f"Kept in {out}: model, leaderboard, Pareto front, {programs}.")


def _read(table: Path) -> pd.DataFrame:
    from evolver.program import read_table

    return _or_complain(lambda: read_table(table))  # type: ignore[no-any-return]  # a DataFrame


def _load(folder: Path) -> EvolvedClassifier | EvolvedRegressor:
    import joblib

    from evolver.record import MODEL_FILE

    file = folder / MODEL_FILE
    if not file.exists():
        raise click.ClickException(f"FOLDER must hold a finished run with {MODEL_FILE}: {folder}")
    return joblib.load(file)  # type: ignore[no-any-return]  # as `fit` wrote it


def _is_classification(column: pd.Series[Any]) -> bool:
    from pandas.api.types import is_bool_dtype, is_float_dtype, is_integer_dtype

    if is_integer_dtype(column) and not is_bool_dtype(column):
        return column.nunique() <= MAX_CLASSES_OF_INTEGERS
    return not is_float_dtype(column)


def _or_complain(act: Callable[[], Any]) -> Any:
    """Return what `act` returns; what goes wrong by what the caller gave is said in one line."""
    from evolver.errors import EvolverError

    try:
        return act()
    except (EvolverError, ValueError, TypeError, OSError, ImportError) as error:
        raise click.ClickException(str(error)) from error
