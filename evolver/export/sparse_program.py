"""The program of an exported file whose table is a sparse matrix.

The source of this module is copied into exported files, see `evolver.export.program`.
"""

from __future__ import annotations

import argparse

import numpy as np
from scipy.sparse import load_npz
from sklearn.base import is_classifier
from threadpoolctl import threadpool_limits

from evolver.export.program import known_target, known_targets, predict_table, split_target
from evolver.export.table_files import read_table, write_table


def main_of_sparse(make_pipeline, default_target, read_target=known_target, fit_with_weights=None):
    """Fit on one sparse matrix and predict another."""
    parser = argparse.ArgumentParser(
        description="Fit the pipeline on a sparse matrix and predict another one."
    )
    parser.add_argument("train", help="matrix to fit on, .npz of scipy.sparse.save_npz")
    parser.add_argument("targets", help="table with the target in each row, CSV or Parquet")
    parser.add_argument(
        "--target",
        default=default_target,
        nargs="+" if isinstance(default_target, list) else None,
        help="column to predict (default: %(default)s)",
    )
    if fit_with_weights is not None:
        parser.add_argument("--weight", required=True, help="column of the weights of the rows")
    parser.add_argument(
        "--predict", metavar="MATRIX", help="matrix to predict; default: the matrix to fit on"
    )
    parser.add_argument(
        "--out", metavar="PREDICTIONS", help="file to write; default: print the first rows"
    )
    options = parser.parse_args()
    X = load_npz(options.train).tocsr()
    table = read_table(options.targets)
    target = split_target(table, options.target)[1]
    model = make_pipeline()
    # The pipeline was found with one thread; some libraries round differently with several.
    with threadpool_limits(limits=1):
        # Rows without a target are left out.
        if isinstance(options.target, list):
            values, known = known_targets(target, is_classifier(model), read_target)
        else:
            values, known = read_target(target, is_classifier(model))
        if fit_with_weights is None:
            model.fit(X[known], values)
        else:
            weights = table.loc[known, options.weight].to_numpy(np.float64)
            fit_with_weights(model, X[known], values, weights)
        new = load_npz(options.predict).tocsr() if options.predict else X
        predictions = predict_table(model, new, options.target)
    if options.out:
        write_table(predictions, options.out)
    else:
        print(predictions.head(10).to_string())
