"""Commands that only look: at a table, and at a run that is finished, stopped or still going on."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from evolver.cli.output import JSON, Mistake, Output, listed, or_exit
from evolver.cli.parameters import COLUMN, FOLDER, TABLE, TARGET
from evolver.cli.tables import read_data, show_columns

if TYPE_CHECKING:
    from evolver.run.recorded import RecordedCandidate, RecordedRun

WRITING_SECONDS = 30.0
"""Seconds after the latest entry in which a run that has closed its journal may write its files."""

FINISHED = "finished"
"""State of a run that has left its model."""

WIDTH = 60
"""Largest number of characters of a pipeline in a table."""


@click.command(short_help="Print how a table is read.")
@click.argument("table", type=TABLE)
@TARGET
@COLUMN
@JSON
def inspect(
    table: Path, target: tuple[str, ...], columns: tuple[tuple[str, Any], ...], as_json: bool
) -> None:
    """Print how TABLE is read: the kind and format of each column, and what looks wrong.

    \b
    Examples:
      evolver inspect train.csv --target price
      evolver inspect train.csv --target price --column zip=category --json
    """
    from evolver.checks import family_of_target, findings_of_columns

    output = Output(as_json)
    data = or_exit(lambda: read_data(table, list(target), columns=dict(columns)))
    schema = show_columns(data.X, dict(columns), output)
    findings = findings_of_columns(schema, len(data.X))
    for finding in findings:
        click.echo(f"Warning: {finding.message}", err=True)
    family = or_exit(lambda: family_of_target(data.y))
    output.line(f"Target {listed(target)}: {family}.")
    output.result(
        {
            "rows": len(data.X),
            "columns": schema.table(),
            "target": list(target),
            "task": family,
            "warnings": [
                {"code": one.code, "message": one.message, "column": one.column} for one in findings
            ],
        }
    )


@click.command(short_help="Print a summary of a run.")
@click.argument("folder", type=FOLDER)
@JSON
def show(folder: Path, as_json: bool) -> None:
    """Print a summary of the run in FOLDER, which may still be going on.

    It tells the state of the run, its candidates by outcome, the best score and its pipeline, the
    score to expect on new rows, the size of the front, and the files. Nothing is changed, and
    nothing is unpickled.

    \b
    Examples:
      evolver show run
      evolver show run --json
    """
    from evolver.genome.names import short_digest
    from evolver.report.run_folder import facts_in
    from evolver.report.sentences import honest_score

    run, output = _recorded(folder), Output(as_json)
    best = next(iter(run.front), None)
    state, age = or_exit(lambda: _state(folder, run))
    # A run that goes on has at most the report of an earlier end.
    facts = facts_in(folder) if state == FINISHED else {}
    files = sorted(
        file.name
        for file in folder.iterdir()
        if file.is_file() and not file.name.startswith((".", "journal."))
    )
    counts = ", ".join(f"{count} {name}" for name, count in run.counts.items())
    lines = [("Run", str(folder)), ("State", state)]
    lines += [("Candidates", f"{len(run.candidates)}: {counts}" if run.candidates else "none yet")]
    if best is None:
        lines += [("Best", "nothing scored yet")]
    else:
        lines += [
            (f"Best {run.metric}", f"{best.score:.6g} over {run.n_folds} folds"),
            *([("Honest score", honest_score(facts))] if honest_score(facts) else []),
            ("Pipeline", best.pipeline),
            ("Digest", short_digest(best.digest)),
            ("Front", f"{len(run.front)} pipeline{'s' * (len(run.front) > 1)}"),
        ]
    lines += [("Seconds", f"{run.seconds:.1f}{_budget(run)}"), ("Files", ", ".join(files))]
    width = max(len(name) for name, _ in lines)
    for name, text in lines:
        output.line(f"{name:<{width}}  {text}")
    output.result(
        {
            "folder": str(folder.absolute()),
            "state": state.partition(":")[0],
            "phase": _phase(run),
            "seconds_since_last_entry": age,
            "candidates": len(run.candidates),
            "outcomes": run.counts,
            "metric": run.metric,
            "best": None if best is None else best.row(),
            "honest": facts.get("honest"),
            "front": [one.row() for one in run.front],
            "seconds": run.seconds,
            "about": run.about,
            "files": files,
        }
    )


@click.command(short_help="Print the candidates of a run, best first.")
@click.argument("folder", type=FOLDER)
@click.option(
    "--rows",
    type=click.IntRange(1),
    default=20,
    show_default=True,
    help="Largest number of candidates that are shown.",
)
@JSON
def leaderboard(folder: Path, rows: int, as_json: bool) -> None:
    """Print the candidates of the run in FOLDER, best first; the run may still be going on.

    Candidates that were scored on all folds come first. The others have the mean score of the folds
    that were scored. Nothing is changed, and nothing is unpickled.

    \b
    Examples:
      evolver leaderboard run
      evolver leaderboard run --rows 5 --json
    """
    run, output = _recorded(folder), Output(as_json)
    shown = run.ranked()[:rows]
    output.line(_table(shown, run.metric) if shown else "No candidates yet.")
    if len(shown) < len(run.candidates):
        output.line(f"... {len(run.candidates)} candidates; --rows shows more.")
    output.result([one.row() for one in shown])


def _recorded(folder: Path) -> RecordedRun:
    """Return the run in a folder, or exit with an error."""
    from evolver.run.recorded import recorded_run

    try:
        return recorded_run(folder)
    except ValueError as error:
        raise Mistake(f"FOLDER must hold a run, got {folder}: {error}.") from None


def _state(folder: Path, run: RecordedRun) -> tuple[str, float]:
    """Return the state of a run in words, and the seconds since the latest entry of its journal."""
    from evolver.report.run_folder import MODEL_FILE
    from evolver.storage.entry_file import FILES, is_in_use

    changes = [(folder / name).stat().st_mtime for name in FILES if (folder / name).exists()]
    age = max(0.0, time.time() - max(changes))
    if is_in_use(folder):
        return f"running: {_phase(run)}, last entry {age:.0f} s ago", age
    if (folder / MODEL_FILE).exists():
        return FINISHED, age
    # A run closes its journal before it writes its files.
    ending = "it may be writing its model; otherwise " if age < WRITING_SECONDS else ""
    return f"stopped: no model yet; {ending}`evolver resume` continues it", age


def _phase(run: RecordedRun) -> str:
    """Return the phase of a run: the proposer of its latest candidate."""
    return (run.candidates[-1].proposer if run.candidates else "") or "search"


def _budget(run: RecordedRun) -> str:
    """Return the budget with which a run was begun, in words."""
    seconds, evaluations = run.about.get("seconds"), run.about.get("evaluations")
    limits = [f"{seconds:g} s"] if isinstance(seconds, int | float) else []
    limits += [f"{evaluations} candidates"] if isinstance(evaluations, int) else []
    return f" (begun with a budget of {' and '.join(limits)})" if limits else ""


def _table(candidates: Sequence[RecordedCandidate], metric: str) -> str:
    """Return candidates as a table for people."""
    import pandas as pd

    table = pd.DataFrame([one.row() for one in candidates]).rename(columns={"score": metric})
    table.insert(0, "rank", range(1, len(table) + 1))
    table = table.drop(columns=["number", "reason", "expression"])
    return table.to_string(index=False, max_colwidth=WIDTH, na_rep="", float_format="{:.5g}".format)
