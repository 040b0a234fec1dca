"""Choice of the columns that constructed ones are made of, by their importance in a forest.

Exported files contain copies of this source; see `primitives.transformers`.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor
from sklearn.model_selection import KFold, StratifiedKFold
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from primitives.constructed import FormulaColumns, GroupColumns, TargetColumns
from primitives.transformers import UngroupedTargetEncoder

MOST_ROWS = 5_000
"""Number of rows that the importance of columns is learned from."""

MOST_SINGLES = 50
"""Number of columns of categories up to which each is encoded by the target alone."""


class OfImportantColumns(TransformerMixin, BaseEstimator, auto_wrap_output_keys=None):
    """Base of transformers that choose columns and let another transformer add new ones.

    Parameters
    ----------
    target_type : {"binary", "multiclass", "continuous"}
        Type of the target.
    random_state : int
        Seed of the forest that tells which columns are important, and of folds.

    Attributes
    ----------
    transformer_ : transformer
        Fitted transformer with the chosen columns.
    """

    def set_output(self, *, transform=None):
        """Return the transformer: it gives a DataFrame, as the next step selects by type."""
        return self

    def fit(self, X, y, sample_weight=None):
        self.fit_transform(X, y, sample_weight)
        return self

    def fit_transform(self, X, y, sample_weight=None):
        def best(kind, count):
            order = self._by_importance(X[list(X.select_dtypes(kind))], y, sample_weight)
            return order[:count]

        self.transformer_ = self._transformer(X, best)
        return self.transformer_.fit_transform(X, y, sample_weight=sample_weight)

    def transform(self, X):
        check_is_fitted(self)
        return self.transformer_.transform(X)

    def get_feature_names_out(self, input_features=None):
        check_is_fitted(self)
        return self.transformer_.get_feature_names_out(input_features)

    def _by_importance(self, X, y, sample_weight):
        """Return the names of the columns in the order in which trees use them."""
        rng = check_random_state(self.random_state)
        rows = np.sort(rng.permutation(len(X))[:MOST_ROWS])
        is_number = self.target_type == "continuous"
        kind = ExtraTreesRegressor if is_number else ExtraTreesClassifier
        forest = kind(50, min_samples_leaf=3, random_state=rng.randint(2**31 - 1))
        weights = None if sample_weight is None else np.asarray(sample_weight)[rows]
        forest.fit(as_codes(X.iloc[rows]), np.asarray(y)[rows], sample_weight=weights)
        order = np.argsort(-forest.feature_importances_, kind="stable")
        return [X.columns[place] for place in order]

    def _encoder(self):
        """Return an unfitted encoder by the target, with folds of its own."""
        splitter = KFold if self.target_type == "continuous" else StratifiedKFold
        folds = splitter(5, shuffle=True, random_state=self.random_state)
        return UngroupedTargetEncoder("auto", self.target_type, self.smooth, folds)


class PairFormulas(OfImportantColumns):
    """Results of operations on each two of the most important columns of numbers."""

    def __init__(self, n_columns=8, operations="+-*/", target_type="continuous", random_state=None):
        self.n_columns = n_columns
        self.operations = operations
        self.target_type = target_type
        self.random_state = random_state

    def _transformer(self, X, best):
        pairs = combinations(best("number", self.n_columns), 2)
        return FormulaColumns(
            [(first, one, second) for first, second in pairs for one in self.operations]
        )


class GroupStatistics(OfImportantColumns):
    """Means of the most important numbers by the most important categories, and differences."""

    def __init__(self, n_numbers=4, n_groups=3, target_type="continuous", random_state=None):
        self.n_numbers = n_numbers
        self.n_groups = n_groups
        self.target_type = target_type
        self.random_state = random_state

    def _transformer(self, X, best):
        return GroupColumns(best("number", self.n_numbers), best("category", self.n_groups))


class CrossedTargets(OfImportantColumns):
    """Means of the target by category, and by combination of the most important categories."""

    def __init__(
        self, n_columns=6, order=2, smooth=10.0, target_type="continuous", random_state=None
    ):
        self.n_columns = n_columns
        self.order = order
        self.smooth = smooth
        self.target_type = target_type
        self.random_state = random_state

    def _transformer(self, X, best):
        ranked = best("category", MOST_SINGLES)
        chosen = ranked[: self.n_columns]
        singles = [(name,) for name in ranked]
        crosses = [one for order in range(2, self.order + 1) for one in combinations(chosen, order)]
        return TargetColumns([*singles, *crosses], self._encoder())


class SubsetTargets(OfImportantColumns):
    """Means of the target by random subsets of the most important columns, numbers in bins."""

    def __init__(
        self,
        n_subsets=30,
        n_columns=10,
        size=3,
        n_bins=8,
        smooth=10.0,
        target_type="continuous",
        random_state=None,
    ):
        self.n_subsets = n_subsets
        self.n_columns = n_columns
        self.size = size
        self.n_bins = n_bins
        self.smooth = smooth
        self.target_type = target_type
        self.random_state = random_state

    def _transformer(self, X, best):
        chosen = best(["number", "category"], self.n_columns)
        subsets = list(combinations(chosen, min(self.size, len(chosen))))
        rng = check_random_state(self.random_state)
        places = np.sort(rng.permutation(len(subsets))[: self.n_subsets])
        return TargetColumns([subsets[place] for place in places], self._encoder(), self.n_bins)


def as_codes(X):
    """Return a table as numbers: categories by their place, gaps as the smallest of all."""
    codes = {
        name: values if values.dtype.kind == "f" else pd.factorize(values, sort=True)[0]
        for name, values in X.items()
    }
    return pd.DataFrame(codes, X.index).fillna(-1e30).to_numpy(np.float64)
