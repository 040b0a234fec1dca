"""Commands that search: fit a table, continue a run, refine a finished run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from evolver.cli.output import JSON, QUIET, Output, listed, load_model, or_exit
from evolver.cli.parameters import (
    FOLDER,
    PLACES_OF_DATA,
    SEARCH,
    TABLE,
    CommandWithSettings,
    Duration,
    expert_options,
    was_given,
    with_options,
)
from evolver.cli.tables import read_command_data, show_columns
from evolver.command import COMMAND_FILE, SETTINGS, Command, keep_command, read_command

if TYPE_CHECKING:
    from evolver.estimators import EvolvedClassifier, EvolvedRegressor

DEFAULT_SECONDS = 300.0
"""Time budget of a run of Python whose journal does not tell it, that of the estimators."""


@click.command(cls=CommandWithSettings, short_help="Evolve pipelines for a table.")
@click.argument("table", type=TABLE)
@with_options(*SEARCH)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default="evolver-run",
    show_default=True,
    help="Folder for the run: new, empty, or with the same run, which is then continued.",
)
@with_options(JSON, QUIET, *expert_options())
def fit(table: Path, out: Path, as_json: bool, quiet: bool, **options: Any) -> None:
    """Evolve pipelines for TABLE, and keep the results in a run folder.

    TABLE is a CSV or Parquet file; separator, encoding and compression are found in its content.
    How its columns are read is printed first. The folder gets the fitted model, the leaderboard,
    the Pareto front, the best pipeline as a program, winner.py, and the ensemble, if there is one,
    as another program, ensemble.py.

    A folder that holds another run is never overwritten. A finished run of the same table and
    options is not run again: its result is shown, and `evolver resume` and `evolver refine`
    continue it.

    \b
    Examples:
      evolver fit train.csv --target price --time 5m --out run
      evolver fit train.csv --target sold --scoring roc_auc --scoring f1 --weight w
      evolver fit train.csv --target y --time none --evaluations 500 --seed 0 --lag 16
    """
    from evolver.checks import check_folder

    command = or_exit(lambda: _command_of(table, options))
    folder = or_exit(lambda: check_folder("run_dir", out))
    # The command is kept only once the folder belongs to this run: another run stays as it is.
    _evolve(command, out, Output(as_json, quiet), begun=lambda: keep_command(command, folder))


@click.command(short_help="Continue a run where it stopped.")
@click.argument("folder", type=FOLDER)
@click.option(
    "--time",
    "seconds",
    type=Duration(or_none=True),
    help="Time for the whole run, including the time before it stopped; default: that of fit.",
)
@click.option(
    "--evaluations",
    type=click.IntRange(1),
    help="Largest number of candidates of the whole run; default: that of fit.",
)
@with_options(*PLACES_OF_DATA, JSON, QUIET)
def resume(folder: Path, as_json: bool, quiet: bool, **options: Any) -> None:
    """Continue the run in FOLDER where it stopped, on the same table.

    A run that was made from Python (`run_dir`) does not say where its table is: --table and
    --target do. Its scorers, objectives, folds and column of times are read from its journal. If
    other parameters are not the default ones, it is continued from Python, or by `evolver fit
    TABLE --out FOLDER` with the same options.

    \b
    Examples:
      evolver resume run --time 10m
      evolver resume run_of_python --table train.csv --target price
    """
    command = or_exit(lambda: command_in(folder, options))
    if was_given("seconds"):
        command = replace(command, seconds=options["seconds"])
    if options["evaluations"] is not None:
        command = replace(command, evaluations=options["evaluations"])
    output = Output(as_json, quiet)
    # A later `resume` needs no table and target any more.
    is_known = (folder / COMMAND_FILE).exists()
    _evolve(
        command,
        folder,
        output,
        begun=lambda: None if is_known else keep_command(command, folder),
    )


@click.command(short_help="Tune the front of a finished run.")
@click.argument("folder", type=FOLDER)
@click.option(
    "--time",
    "seconds",
    type=Duration(),
    default="1m",
    show_default=True,
    help="Time in addition to that of the run so far.",
)
@with_options(*PLACES_OF_DATA, JSON, QUIET)
def refine(folder: Path, seconds: float, as_json: bool, quiet: bool, **options: Any) -> None:
    """Continue the finished run in FOLDER by tuning the pipelines on its front.

    The model in FOLDER is unpickled, and a pickle can run any code: name only folders you trust.

    \b
    Examples:
      evolver refine run --time 2m
      evolver refine run_of_python --table train.csv --target price
    """
    output = Output(as_json, quiet)
    command, model = or_exit(lambda: command_in(folder, options)), load_model(folder)
    data = or_exit(lambda: read_command_data(command))
    # The folder may have been moved since `fit`.
    model.set_params(run_dir=folder, verbose=int(not quiet))
    weights = {"sample_weight": data.weights, "groups": data.groups}
    with output.plain_warnings():
        or_exit(lambda: model.refine(data.X, data.y, time_budget=seconds, **weights))
    _show(model, folder, output)


def _command_of(table: Path, options: dict[str, Any]) -> Command:
    """Return the command of the options of `fit`.

    Raises
    ------
    ValueError
        If a setting breaks its rule, or if nothing would end the run.
    """
    settings = {name: options.pop(name) for name in SETTINGS}
    rates = dict(settings.pop("operator_rates"))
    settings = {name: value for name, value in settings.items() if value is not None}
    if settings.get("patience") == "none":
        settings["patience"] = None
    if "portfolio" in settings:
        settings["portfolio"] = str(settings["portfolio"].absolute())
    if rates:
        from evolver.settings import OPERATOR_RATES

        settings["operator_rates"] = {**OPERATOR_RATES, **rates}
    if options["seconds"] is None and options["evaluations"] is None:
        raise ValueError("--time must be a time unless --evaluations is given, got none.")
    options["warm_start"] = [str(folder.absolute()) for folder in options["warm_start"]]
    for name in ("columns", "max_predict_seconds"):
        options[name] = dict(options[name])
    for name in ("target", "scoring", "complexity", "estimators"):
        options[name] = list(options[name])
    command = Command(table=str(table.absolute()), settings=settings, **options)
    command.parameters()  # checks the settings
    return command


def command_in(folder: Path, options: dict[str, Any]) -> Command:
    """Return the command of the run in a folder, with the places of its data that are given.

    Raises
    ------
    ValueError
        If the folder has no run, or if its run does not say where its table is.
    """
    from evolver.storage.entry_file import FILE

    table, target = options["table"], list(options["target"])
    changes = {name: options[name] for name in ("weight", "groups") if options[name] is not None}
    if table is not None:
        changes["table"] = str(table.absolute())
    if target:
        changes["target"] = target
    if (folder / COMMAND_FILE).exists() or not (folder / FILE).exists():
        return read_command(folder, **changes)
    if table is None or not target:
        raise ValueError(
            "FOLDER holds a run that was made from Python, which does not say where its table is,"
            f" got {folder}: name the file and the column with --table FILE --target NAME."
        )
    return _command_of_python(folder, changes)


def _command_of_python(folder: Path, changes: dict[str, Any]) -> Command:
    """Return the command of a run that was made from Python, as far as its journal tells it.

    Raises
    ------
    ValueError
        If the run has a scorer or an objective that has no name.
    """
    from sklearn.metrics import get_scorer_names

    from evolver.objectives import OBJECTIVES
    from evolver.run.recorded import recorded_run

    run = recorded_run(folder)
    scoring, complexity = list(run.metrics), run.objectives
    for names, known, noun in (
        (scoring, get_scorer_names(), "scorer"),
        (complexity, OBJECTIVES, "objective"),
    ):
        if unknown := [name for name in names if name not in known]:
            raise ValueError(
                f"FOLDER must hold a run whose {noun}s have names, got {unknown[0]!r}: continue"
                f" it from Python with `run_dir={str(folder)!r}`."
            )
    return Command(
        **{
            "seconds": run.about.get("seconds", DEFAULT_SECONDS),
            "evaluations": run.about.get("evaluations"),
            "task": "auto",
            "jobs": -1,
            "seed": None,
            "order_by": run.time,
            "columns": {},
            "scoring": scoring,
            "complexity": complexity,
            "cv": run.n_folds,
            **changes,
        }
    )


def _evolve(
    command: Command, out: Path, output: Output, begun: Callable[[], object] = lambda: None
) -> None:
    """Fit as a command says, keep the results in a folder, and print the front.

    Parameters
    ----------
    command : Command
        Arguments of `evolver fit`.
    out : Path
        Run folder.
    output : Output
    begun : callable
        Called without arguments once the folder belongs to this run.
    """
    from evolver.checks import family_of_target
    from evolver.estimators import EvolvedClassifier, EvolvedRegressor
    from evolver.training_table import csv_options

    data = or_exit(lambda: read_command_data(command))
    show_columns(data.X, command.columns, output)
    kind = command.task
    if kind == "auto":
        kind = or_exit(lambda: family_of_target(data.y))
    output.line(f"Predicting {listed(command.target)} by {kind}.")
    estimator = EvolvedClassifier if kind == "classification" else EvolvedRegressor
    parameters = command.parameters()
    model = or_exit(lambda: estimator(**parameters, run_dir=out, verbose=int(not output.quiet)))
    model._csv_options = csv_options(command.table)
    with output.plain_warnings():
        or_exit(lambda: model._fit(data.X, data.y, begun, data.weights, data.groups))
    _show(model, out, output)


def _show(model: EvolvedClassifier | EvolvedRegressor, out: Path, output: Output) -> None:
    """Print the front of a run and the files in its folder."""
    from evolver.report.frames import shown_digest

    front = model.pareto_front_
    if len(front):
        shown = front.drop(columns=["rank", "expression"])
        output.line(shown.to_string(index=False, max_colwidth=60, float_format="{:.5g}".format))
    else:
        output.line("No candidate was scored: the model is a fallback. More time may help.")
    programs = "winner.py"
    if model.ensemble_ is not None:
        programs = "winner.py, ensemble.py (the model that predicts)"
    output.line(f"Kept in {out}: model, report.html, leaderboard, Pareto front, {programs}.")
    output.line(f"Next: evolver report {out}; evolver export {out}; evolver predict {out} TABLE.")
    output.result(
        {
            "folder": str(out.absolute()),
            "target": model.target_name_,
            "metric": next(iter(model.scorers_)),
            "score": model.best_score_,
            "honest": asdict(model.honest_score_),
            "predicts": shown_digest(model._members.digest_of(None)),
            "winner": shown_digest(model._members.winner),
            "front": front,
            "statistics": model.statistics_,
            "warnings": [{"code": one.code, "message": one.message} for one in model.warnings_],
            "files": sorted(file.name for file in out.iterdir() if file.is_file()),
        }
    )
