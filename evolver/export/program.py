"""Tables in, predictions out: what the command line does, and what an exported file carries to do
it alone.

It depends on numpy, pandas and scikit-learn only, because its source is copied into exported files.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.base import is_classifier
from threadpoolctl import threadpool_limits

SEPARATORS = {".csv": ",", ".tsv": "\t"}
"""By the ending of a file's name."""


def read_table(path):
    """Return a CSV, TSV or Parquet file as a DataFrame.

    Raises
    ------
    ValueError
        When the ending of the name is none of these, or the content is no table.
    """
    path = Path(path)
    if path.suffix in SEPARATORS:
        return pd.read_csv(path, sep=SEPARATORS[path.suffix], low_memory=False)
    if path.suffix == ".parquet":
        return pd.read_parquet(path)
    raise ValueError(f"A table must be a .csv, .tsv or .parquet file, got {str(path)!r}.")


def split_target(table, target):
    """Return the columns without the target, and the target.

    Raises
    ------
    ValueError
        When there is no such column.
    """
    if target not in table.columns:
        raise ValueError(
            f"The target must be a column of the table ({', '.join(table.columns)}), got"
            f" {target!r}."
        )
    return table.drop(columns=target), table[target]


def target_values(column, classification):
    """Return a target as an array: labels as they are, numbers as float64."""
    return np.asarray(column) if classification else np.asarray(column, dtype=np.float64)


def predict_table(model, X):
    """Return one row for each of `X`: the prediction, and the probability of every class where
    there are any."""
    predictions = {"prediction": model.predict(X)}
    if is_classifier(model):
        probabilities = model.predict_proba(X)
        for number, label in enumerate(model.classes_):
            predictions[f"probability_{label}"] = probabilities[:, number]
    return pd.DataFrame(predictions)


def write_table(table, path):
    """Write a DataFrame as Parquet, TSV or else CSV, by the ending of the name."""
    suffix = Path(path).suffix
    if suffix == ".parquet":
        table.to_parquet(path, index=False)
    else:
        table.to_csv(path, sep=SEPARATORS.get(suffix, ","), index=False)


def main(make_pipeline, default_target):
    """Fit on one table and predict another.

    Numeric libraries run on one thread, as when the pipeline was found: some round differently on
    several.
    """
    parser = argparse.ArgumentParser(
        description="Fit the pipeline on a table, and predict another."
    )
    parser.add_argument("train", help="table to fit on, .csv or .parquet")
    parser.add_argument(
        "--target", default=default_target, help="column to predict (default: %(default)s)"
    )
    parser.add_argument(
        "--predict", metavar="TABLE", help="table to predict; default: the one fitted on"
    )
    parser.add_argument(
        "--out", metavar="PREDICTIONS", help="file to write; default: the first rows are shown"
    )
    options = parser.parse_args()
    X, target = split_target(read_table(options.train), options.target)
    model = make_pipeline()
    with threadpool_limits(limits=1):
        model.fit(X, target_values(target, is_classifier(model)))
        if options.predict:
            X = read_table(options.predict).drop(columns=options.target, errors="ignore")
        predictions = predict_table(model, X)
    if options.out:
        write_table(predictions, options.out)
    else:
        print(predictions.head(10).to_string())
