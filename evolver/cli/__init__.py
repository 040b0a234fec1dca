"""Command line: fit, look at, continue, export and apply runs, on CSV and Parquet files."""

from evolver.cli.group import main

__all__ = ["main"]
