"""The program of an exported file whose table is a sparse matrix.

The source of this module is copied into exported files, see `evolver.export.program`.
"""

from __future__ import annotations

import argparse

import numpy as np
from scipy.sparse import load_npz
from sklearn.base import is_classifier
from threadpoolctl import threadpool_limits

from evolver.export.program import (
    add_options,
    known_target,
    known_values,
    predict_table,
    split_target,
    write_or_print,
)
from evolver.export.table_files import read_table


def main_of_sparse(make_pipeline, default_target, read_target=known_target, fit_with_weights=None):
    """Fit on one sparse matrix and predict another."""
    parser = argparse.ArgumentParser(
        description="Fit the pipeline on a sparse matrix and predict another one."
    )
    parser.add_argument("train", help="matrix to fit on, .npz of scipy.sparse.save_npz")
    parser.add_argument("targets", help="table with the target in each row, CSV or Parquet")
    add_options(parser, default_target, fit_with_weights is not None, "matrix")
    options = parser.parse_args()
    X = load_npz(options.train).tocsr()
    table = read_table(options.targets)
    target = split_target(table, options.target)[1]
    model = make_pipeline()
    # The pipeline was found with one thread; some libraries round differently with several.
    with threadpool_limits(limits=1):
        # Rows without a target are left out.
        values, known = known_values(target, is_classifier(model), read_target)
        if fit_with_weights is None:
            model.fit(X[known], values)
        else:
            weights = table.loc[known, options.weight].to_numpy(np.float64)
            fit_with_weights(model, X[known], values, weights)
        new = load_npz(options.predict).tocsr() if options.predict else X
        predictions = predict_table(model, new, options.target)
    write_or_print(predictions, options.out)
