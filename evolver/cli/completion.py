"""Completion of commands and options by the shell."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class


@click.command(short_help="Print the script for completion by the shell.")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print the script with which a SHELL completes commands, options and files.

    \b
    bash: evolver completion bash > ~/.evolver-complete.bash
          echo '. ~/.evolver-complete.bash' >> ~/.bashrc
    zsh:  evolver completion zsh > ~/.evolver-complete.zsh
          echo '. ~/.evolver-complete.zsh' >> ~/.zshrc   (after compinit)
    fish: evolver completion fish > ~/.config/fish/completions/evolver.fish

    Then start a new shell.

    Example: evolver completion bash
    """
    kind = get_completion_class(shell)
    assert kind is not None  # click has these three shells
    click.echo(kind(ctx.find_root().command, {}, "evolver", "_EVOLVER_COMPLETE").source())
