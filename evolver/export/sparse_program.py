"""The program of an exported file whose table is a sparse matrix.

The source of this module is copied into exported files, see `evolver.export.program`.
"""

from __future__ import annotations

import argparse

import joblib
import numpy as np
from scipy.sparse import load_npz
from threadpoolctl import threadpool_limits

from evolver.export.program import (
    add_options,
    check_files,
    fit_known,
    known_target,
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
    parser.add_argument("train", nargs="?", help="matrix to fit on, .npz of scipy.sparse.save_npz")
    parser.add_argument(
        "targets", nargs="?", help="table with the target in each row, CSV or Parquet"
    )
    add_options(parser, default_target, fit_with_weights is not None, "matrix")
    options = parser.parse_args()
    check_files(parser, options)
    model = make_pipeline()
    # The pipeline was found with one thread; some libraries round differently with several.
    with threadpool_limits(limits=1):
        if options.load:
            model = joblib.load(options.load)
        else:
            table, X = read_table(options.targets), load_npz(options.train).tocsr()
            target = split_target(table, options.target)[1]
            weights = None
            if fit_with_weights is not None:
                weights = table[options.weight].to_numpy(np.float64)
            fit_known(model, X, target, weights, read_target, fit_with_weights)
        if options.save:
            joblib.dump(model, options.save)
        new = load_npz(options.predict or options.train).tocsr()
        predictions = predict_table(model, new, options.target)
    write_or_print(predictions, options.out)
