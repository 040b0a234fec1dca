"""Tables and predictions in files, for the command line and for exported files.

The source of this module is copied into exported files. It needs nothing but numpy, pandas,
scikit-learn and threadpoolctl, which comes with scikit-learn, and its docstrings stay short.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.base import is_classifier
from threadpoolctl import threadpool_limits

SEPARATORS = {".csv": ",", ".tsv": "\t"}
"""Separators of columns by the ending of a file's name."""


def read_table(path):
    """Return a CSV, TSV or Parquet file as a DataFrame.

    Raises
    ------
    ValueError
        If the name has another ending, or the content is no table.
    """
    path = Path(path)
    if path.suffix in SEPARATORS:
        # Read in several chunks, a column could hold values of several types.
        return pd.read_csv(path, sep=SEPARATORS[path.suffix], low_memory=False)
    if path.suffix == ".parquet":
        return pd.read_parquet(path)
    raise ValueError(f"A table must be a .csv, .tsv or .parquet file, got {str(path)!r}.")


def split_target(table, target):
    """Return the table without the target column, and the target column.

    Raises
    ------
    ValueError
        If there is no such column.
    """
    if target not in table.columns:
        raise ValueError(
            f"The target must be a column of the table ({', '.join(table.columns)}), got"
            f" {target!r}."
        )
    return table.drop(columns=target), table[target]


def target_values(column, classification):
    """Return the target as an array: labels unchanged, or numbers as float64."""
    return np.asarray(column) if classification else np.asarray(column, dtype=np.float64)


def predict_table(model, X):
    """Return the prediction for each row of `X`, and the class probabilities if there are any."""
    predictions = {"prediction": model.predict(X)}
    if is_classifier(model):
        probabilities = model.predict_proba(X)
        for number, label in enumerate(model.classes_):
            predictions[f"probability_{label}"] = probabilities[:, number]
    return pd.DataFrame(predictions)


def write_table(table, path):
    """Write a DataFrame as Parquet or TSV if the name ends so, else as CSV."""
    suffix = Path(path).suffix
    if suffix == ".parquet":
        table.to_parquet(path, index=False)
    else:
        table.to_csv(path, sep=SEPARATORS.get(suffix, ","), index=False)


def main(make_pipeline, default_target):
    """Fit on one table and predict another."""
    parser = argparse.ArgumentParser(
        description="Fit the pipeline on a table and predict another table."
    )
    parser.add_argument("train", help="table to fit on, .csv, .tsv or .parquet")
    parser.add_argument(
        "--target", default=default_target, help="column to predict (default: %(default)s)"
    )
    parser.add_argument(
        "--predict", metavar="TABLE", help="table to predict; default: the table to fit on"
    )
    parser.add_argument(
        "--out", metavar="PREDICTIONS", help="file to write; default: print the first rows"
    )
    options = parser.parse_args()
    X, target = split_target(read_table(options.train), options.target)
    model = make_pipeline()
    # The pipeline was found with one thread; some libraries round differently with several.
    with threadpool_limits(limits=1):
        model.fit(X, target_values(target, is_classifier(model)))
        if options.predict:
            X = read_table(options.predict).drop(columns=options.target, errors="ignore")
        predictions = predict_table(model, X)
    if options.out:
        write_table(predictions, options.out)
    else:
        print(predictions.head(10).to_string())
