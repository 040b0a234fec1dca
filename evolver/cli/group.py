"""Group of all commands, with the short start that `evolver` alone prints."""

from __future__ import annotations

import click

from evolver.cli.completion import completion
from evolver.cli.deploying import deploy
from evolver.cli.looking import inspect, leaderboard, show
from evolver.cli.models import export, predict
from evolver.cli.reporting import report
from evolver.cli.searching import fit, refine, resume

START = """\
evolver finds scikit-learn pipelines for a table and a target column.

  evolver fit train.csv --target price --time 5m --out run
  evolver report run
  evolver predict run new.csv --out predictions.csv
  evolver export run --out model.py

More: evolver --help, evolver fit --help"""
"""Text that the program prints without arguments."""


class Commands(click.Group):
    """Group that lists its commands in the order in which they are used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of the commands in the order in which they were added."""
        return list(self.commands)


@click.group(cls=Commands, invoke_without_command=True)
@click.version_option(package_name="evolver")
@click.pass_context
def main(ctx: click.Context) -> None:
    """Evolve machine-learning pipelines for a table and a target column.

    \b
    Examples:
      evolver inspect train.csv --target price
      evolver fit train.csv --target price --time 5m --out run
      evolver show run
      evolver leaderboard run --rows 10
      evolver report run --out report.html
      evolver resume run --time 10m
      evolver predict run new.csv --out predictions.csv
      evolver export run --out model.py
      evolver deploy run --out deployment

    \b
    Exit codes:
      0  fine
      1  the system failed, or the run was interrupted before it had a model
      2  a mistake in the options, the table or the folder; the message says which
      3  no model: every candidate failed
    """
    if ctx.invoked_subcommand is None:
        click.echo(START)


for command in (
    *(fit, show, leaderboard, report, resume, refine),
    *(predict, export, deploy, inspect, completion),
):
    main.add_command(command)
