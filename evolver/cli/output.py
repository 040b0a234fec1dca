"""Output of the command line: lines for people, JSON for programs, errors with exit codes."""

from __future__ import annotations

import contextlib
import json
import math
import os
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])

FAILURE, MISTAKE, NO_MODEL = 1, 2, 3
"""Exit codes of a failure of the system, a mistake of the user, and a run without a model."""


class Mistake(click.ClickException):
    """Error that the user can mend; click uses the same exit code for wrong options."""

    exit_code = MISTAKE


class NoModel(click.ClickException):
    """Error of a run in which no candidate succeeded."""

    exit_code = NO_MODEL


@dataclass(frozen=True)
class Output:
    """Standard output of one command.

    Parameters
    ----------
    as_json : bool
        True if the result is written as JSON, and nothing else.
    quiet : bool, default=False
        True if lines for people are left out, those on standard error included.
    """

    as_json: bool
    quiet: bool = False

    def line(self, text: str) -> None:
        """Print a line for people, unless they are left out."""
        if not (self.as_json or self.quiet):
            write(text)

    def result(self, content: Any) -> None:
        """Print the result as JSON, if that is asked for."""
        if self.as_json:
            write(json.dumps(plain(content), indent=1, ensure_ascii=False))

    @contextlib.contextmanager
    def plain_warnings(self) -> Iterator[None]:
        """Print our warnings as one line each, once, without a line of source."""
        from evolver.warned import DataWarning

        said: set[str] = set()
        with warnings.catch_warnings():
            before = warnings.showwarning

            def show(message: Any, category: Any, *place: Any, **options: Any) -> None:
                # Libraries have classes of warnings of their own.
                if category in (UserWarning, DataWarning):
                    if str(message) not in said:
                        click.echo(f"Warning: {message}", err=True)
                    said.add(str(message))
                else:
                    before(message, category, *place, **options)

            warnings.showwarning = show
            yield


JSON = click.option(
    "--json", "as_json", is_flag=True, help="Print the result as JSON, and nothing else."
)

QUIET = click.option(
    "--quiet", is_flag=True, help="Print no progress and no tables, only warnings and errors."
)


def plain(value: Any) -> Any:
    """Return a value as JSON can hold it: NaN and infinity become null, numbers those of Python."""
    if isinstance(value, Mapping):
        return {str(name): plain(one) for name, one in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [plain(one) for one in value]
    if hasattr(value, "to_dict"):  # a table: one object for each row
        return plain(value.to_dict("records"))
    if hasattr(value, "tolist"):  # a number or an array of numpy
        return plain(value.tolist())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value if isinstance(value, str | int | float | bool | None) else str(value)


def write(text: str) -> None:
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


def or_exit(act: Callable[[], Any]) -> Any:
    """Return the result of `act`; exit with a message of one line if it raises an expected error.

    Errors of the input exit with `MISTAKE`, a run without a model with `NO_MODEL`, and a machine on
    which no worker or file can be made with `FAILURE`.
    """
    from evolver.errors import EvolverError, NoPipelineError

    try:
        return act()
    except NoPipelineError as error:
        raise NoModel(str(error)) from error
    except (ValueError, TypeError, OSError, ImportError) as error:
        raise Mistake(str(error)) from error
    except EvolverError as error:
        raise click.ClickException(str(error)) from error


def listed(names: Sequence[str]) -> str:
    """Return names in quotes, with commas between them."""
    return ", ".join(map(repr, names))


def load_model(folder: Path) -> Any:
    """Unpickle and return the model in a run folder, or exit with an error."""
    import joblib

    from evolver.estimators import EvolvedClassifier, EvolvedRegressor
    from evolver.report.run_folder import MODEL_FILE

    file = folder / MODEL_FILE
    if not file.exists():
        raise Mistake(f"FOLDER must hold a finished run with {MODEL_FILE}, got {folder}.")
    try:
        model = joblib.load(file)
    except Exception as error:  # a file of any other content may raise any error
        raise Mistake(
            f"{file} must be a model that this version of evolver can read:"
            f" {type(error).__name__}: {error}"
        ) from None
    if not isinstance(model, EvolvedClassifier | EvolvedRegressor):
        raise Mistake(f"{file} must be a model of evolver, got {type(model).__name__}.")
    return model
