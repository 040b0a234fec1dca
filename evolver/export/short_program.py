"""Program of a readable file: a few lines that read, fit, save, load and predict."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
from threadpoolctl import threadpool_limits

from evolver.export.about import About
from evolver.export.layout import LINE_LENGTH
from evolver.export.source_file import COLUMNS

OF_TEXTS = ("CATEGORIES", "MANY_VALUES", "TEXTS")
"""Beginnings of the names of the constants with columns that are read as texts."""

TYPES = {"i": "int", "u": "int", "b": "bool"}
"""Types of labels that a parser may lose, by the kind of their array."""


def short_program(
    texts: Sequence[str],
    about: About,
    steps: Sequence[Any],
    *,
    cleans: bool,
    has_dates: bool,
) -> tuple[list[str], dict[str, Any]]:
    """Return the functions of a program for one plain target, and the names that they use.

    Parameters
    ----------
    texts : sequence of str
        Names of the constants with columns that are read as texts.
    about : About
    steps : sequence of estimator
        Parts of the model.
    cleans : bool
        True if the model begins with a cleaner, which reads all columns.
    has_dates : bool
        True if there is a constant with columns of dates.
    """
    used: dict[str, Any] = {"argparse": "argparse", "pd": pd}
    if cleans and about.columns:
        texts = [COLUMNS]
    names = [f"*{name}" for name in texts] + ["TARGET"] * (about.label_kind in ("O", "U", "T"))
    listed = texts[0] if len(names) == 1 and texts else f"[{', '.join(names)}]"
    options = f", dtype=dict.fromkeys({listed}, str)" if names else ""
    if has_dates and not cleans:
        options += ", parse_dates=DATES"
    if about.options:
        options += f", {about.options}"
    sources = (
        READ_SHORT.format(options=options),
        READ.format(options=options),
        READ_LONG.format(listed=listed, options=options.replace(listed, "texts")),
    )
    read = next((one for one in sources if _is_within_lines(one)), sources[-1])
    # A cleaner reads all columns, other steps those that they name.
    features = "known.drop(columns=options.target)" if cleans else "known"
    kind = f".astype({TYPES[about.label_kind]})" if about.label_kind in TYPES else ""
    threads = "" if _is_the_same_on_threads(steps) else THREADS
    if threads:
        used["threadpool_limits"] = threadpool_limits
    run = RUN.format(
        features=features,
        kind=kind,
        threads=threads,
        predictions=SHARES if about.label_kind else NUMBERS,
    )
    return [read, run], used


def _is_within_lines(source: str) -> bool:
    """Return True if no line is too long."""
    return max(map(len, source.splitlines())) <= LINE_LENGTH


def _is_the_same_on_threads(steps: Sequence[Any]) -> bool:
    """Return True if no step adds numbers in an order that depends on the number of threads."""
    return all(
        type(step).__name__ in ON_ONE_THREAD or type(step).__module__.startswith(OF_ONE_THREAD)
        for step in steps
    )


OF_ONE_THREAD = (
    *("lightgbm", "xgboost", "catboost"),
    *("sklearn.compose", "sklearn.impute", "sklearn.pipeline", "sklearn.preprocessing"),
    "sklearn.tree",
)
"""Modules whose estimators give the same on any number of threads, or are told to use one."""

ON_ONE_THREAD = (
    *("RandomForestClassifier", "RandomForestRegressor"),
    *("ExtraTreesClassifier", "ExtraTreesRegressor", "VotingClassifier", "VotingRegressor"),
)
"""Further estimators that give the same on any number of threads."""

READ = '''def read(path):
    """Return the table in a CSV or Parquet file."""
    if path.endswith(".parquet"):
        return pd.read_parquet(path)
    return pd.read_csv(path{options})'''
"""Function that reads a table."""

READ_SHORT = '''def read(path):
    """Return the table in a CSV or Parquet file."""
    return pd.read_parquet(path) if path.endswith(".parquet") else pd.read_csv(path{options})'''
"""The same function, if it fits in the line."""

READ_LONG = '''def read(path):
    """Return the table in a CSV or Parquet file."""
    if path.endswith(".parquet"):
        return pd.read_parquet(path)
    texts = {listed}
    return pd.read_csv(path{options})'''
"""The same function, if the names of the columns of texts need a line."""

THREADS = """    threadpool_limits(1)  # more threads may change the last digits of a number
"""
"""Line that limits the number of threads."""

RUN = """if __name__ == "__main__":
    parser = argparse.ArgumentParser(usage=__doc__.replace("%", "%%"))
    for option in ("train", "--target", "--predict", "--out", "--save", "--load"):
        parser.add_argument(option, nargs="?")
    options = parser.parse_args(namespace=argparse.Namespace(target=TARGET))
    if not (options.train or (options.load and options.predict)):
        parser.error("needs a table to fit on, or --load and --predict")
{threads}    model = pd.read_pickle(options.load) if options.load else make_pipeline()
    if not options.load:
        known = read(options.train).dropna(subset=options.target)
        model.fit({features}, known[options.target]{kind})
    if options.save:
        pd.to_pickle(model, options.save)
    new = read(options.predict or options.train)
{predictions}    write = out.to_parquet if str(options.out).endswith(".parquet") else out.to_csv
    print(write(options.out, index=False) or f"Wrote {{options.out}}.")"""
"""Program of a file."""

SHARES = (
    "    out = pd.DataFrame(model.predict_proba(new), columns=model.classes_)"
    '.add_prefix("probability_")\n'
    '    out.insert(0, "prediction", model.predict(new))\n'
)
"""Lines that predict classes."""

NUMBERS = """    out = pd.DataFrame({"prediction": model.predict(new)})
"""
"""Line that predicts numbers."""
