"""The program of an exported file: it fits a pipeline on a table and predicts another table.

The source of this module is copied into exported files. It needs nothing but numpy, pandas,
scikit-learn and threadpoolctl, which comes with scikit-learn, and its docstrings stay short.
"""

from __future__ import annotations

import argparse
import sys

import joblib
import numpy as np
import pandas as pd
from sklearn.base import is_classifier
from threadpoolctl import threadpool_limits

from evolver.export.table_files import read_table, write_table
from primitives.reading import LEFT_OUT, NUMBER, is_written, read_column


def split_target(table, target):
    """Return the table without the target column, and the target; several are a list of names.

    Raises
    ------
    ValueError
        If there is no such column.
    """
    for name in target if isinstance(target, list) else [target]:
        if name not in table.columns:
            raise ValueError(
                f"The target must be a column of the table ({', '.join(table.columns)}), got"
                f" {name!r}."
            )
    return table.drop(columns=target), table[target]


def known_target(column, classification):
    """Return the values of the rows with a target, and a mask of these rows."""
    known = column.notna().to_numpy()
    values = np.array(column[known].tolist())
    if not classification:
        return values.astype(np.float64), known
    # pandas keeps integers with gaps as floats.
    has_gaps = values.dtype.kind == "f" and not known.all()
    return values.astype(np.int64) if has_gaps else values, known


def known_targets(table, classification, read_target):
    """Return the values of the rows with all of several targets, and a mask of these rows."""
    known = np.all([read_target(table[name], classification)[1] for name in table], axis=0)
    values = [read_target(table.loc[known, name], classification)[0] for name in table]
    return np.column_stack(values).astype(np.int64 if classification else np.float64), known


def predict_table(model, X, target="prediction"):
    """Return the prediction for each row of `X`, and the probabilities if there are any.

    Of several targets, `target` has the names.
    """
    several = isinstance(target, list)
    predictions = model.predict(X)
    table = pd.DataFrame(
        dict(zip(target, predictions.T, strict=True)) if several else {"prediction": predictions}
    )
    if is_classifier(model):
        names = [f"probability_{name}" for name in (target if several else model.classes_)]
        # A target may have the name of another's probability, so that no column is replaced.
        table = pd.concat([table, pd.DataFrame(model.predict_proba(X), columns=names)], axis=1)
    return table


def say_unread(X, columns):
    """Print how many values of each column have no reading, and one of them."""
    for name, dtype in X.dtypes.items():
        column = columns.get(name, NUMBER)
        if column.kind in LEFT_OUT or not is_written(dtype):
            continue
        _, lost = read_column(X[name], column)
        if lost is not None:
            print(
                f"Column {name!r} has {lost[0]} values that are no {column.kind}, such as"
                f" {lost[1]!r}: they count as missing.",
                file=sys.stderr,
            )


def add_options(parser, default_target, has_weights, noun):
    """Add the options of a program that fits and predicts; `noun` is what it predicts."""
    parser.add_argument(
        "--target",
        default=default_target,
        nargs="+" if isinstance(default_target, list) else None,
        help="column to predict (default: %(default)s)",
    )
    if has_weights:
        parser.add_argument("--weight", help="column of the weights of the rows, to fit")
    parser.add_argument(
        "--predict",
        metavar=noun.upper(),
        help=f"{noun} to predict; default: the {noun} to fit on",
    )
    parser.add_argument("--save", metavar="MODEL", help="file for the fitted model")
    parser.add_argument("--load", metavar="MODEL", help="fitted model to use, without another fit")
    parser.add_argument(
        "--out", metavar="PREDICTIONS", help="file to write; default: print the first rows"
    )


def known_values(target, classification, read_target):
    """Return the values of one or several targets, and a mask of the rows that have all."""
    if isinstance(target, pd.DataFrame):
        return known_targets(target, classification, read_target)
    return read_target(target, classification)


def write_or_print(predictions, file):
    """Write predictions to a file; print the first rows if there is none."""
    if file:
        write_table(predictions, file)
    else:
        print(predictions.head(10).to_string())


def check_files(parser, options):
    """End the program with a message unless there is a table to fit on, or a model and a table."""
    if not (options.train or (options.load and options.predict)):
        parser.error("needs a table to fit on, or --load and --predict")


def fit_known(model, X, target, weights, read_target, fit_with_weights):
    """Fit a model on the rows with a target."""
    values, known = known_values(target, is_classifier(model), read_target)
    if fit_with_weights is None:
        model.fit(X[known], values)
    else:
        fit_with_weights(model, X[known], values, weights[known])


def main(
    make_pipeline, default_target, columns=None, read_target=known_target, fit_with_weights=None
):
    """Fit on one table and predict another."""
    parser = argparse.ArgumentParser(
        description="Fit the pipeline on a table and predict another table."
    )
    parser.add_argument("train", nargs="?", help="table to fit on, CSV or Parquet")
    add_options(parser, default_target, fit_with_weights is not None, "table")
    options = parser.parse_args()
    check_files(parser, options)
    model = make_pipeline()
    # The pipeline was found with one thread; some libraries round differently with several.
    with threadpool_limits(limits=1):
        if options.load:
            model = joblib.load(options.load)
        else:
            X, target = split_target(read_table(options.train, columns), options.target)
            weights = None
            if fit_with_weights is not None:
                if not options.weight:
                    parser.error("the following arguments are required: --weight")
                X, weights = split_target(X, options.weight)
                weights = weights.to_numpy(np.float64)
            fit_known(model, X, target, weights, read_target, fit_with_weights)
        if options.save:
            joblib.dump(model, options.save)
        if options.predict:
            X = read_table(options.predict, columns).drop(columns=options.target, errors="ignore")
            say_unread(X, columns or {})
        predictions = predict_table(model, X, options.target)
    write_or_print(predictions, options.out)
