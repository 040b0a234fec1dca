"""Constructed columns: arithmetic of numbers, statistics of groups, crosses encoded by the target.

Each transformer takes a cleaned table and returns it with further columns of numbers. Exported
files contain copies of this source; see `primitives.transformers`.

    FormulaColumns     results of operations on pairs of columns
    GroupColumns       means of numbers by category, and differences from them
    TargetColumns      means of the target by combinations of columns, out of fold
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.utils.validation import check_is_fitted

from primitives.cleaning import cut_off

OPERATIONS = {"+": np.add, "-": np.subtract, "*": np.multiply, "/": np.divide}
"""Operations on two columns of numbers."""


class FurtherColumns(TransformerMixin, BaseEstimator, auto_wrap_output_keys=None):
    """Base of transformers that return a table with further columns.

    Attributes
    ----------
    columns_in_ : list of str
        Names of the columns that it was fitted on.
    """

    def set_output(self, *, transform=None):
        """Return the transformer: it gives a DataFrame, as the next step selects by type."""
        return self

    def fit(self, X, y=None, sample_weight=None):
        self._learn(X, sample_weight)
        self.columns_in_ = list(X)
        return self

    def transform(self, X):
        check_is_fitted(self)
        return beside(X, self._columns(X))

    def get_feature_names_out(self, input_features=None):
        check_is_fitted(self)
        given = self.columns_in_ if input_features is None else list(input_features)
        known = dict(zip(self.columns_in_, given, strict=True))
        new = zip(self._names({}), self._names(known), strict=True)
        names = dict.fromkeys(name for own, name in new if own not in known)
        return np.asarray([*given, *names], dtype=object)


class FormulaColumns(FurtherColumns):
    """Transformer that adds results of operations on two columns of numbers.

    Parameters
    ----------
    formulas : list of tuple of str
        First column, operation and second column, such as ``("rooms", "/", "age")``. A column
        without a name, ``""``, is the last one of numbers.
    """

    def __init__(self, formulas):
        self.formulas = formulas

    def _learn(self, X, sample_weight):
        last = X.select_dtypes("number").columns[-1:]
        self.formulas_ = [tuple(part or last[0] for part in one) for one in self.formulas]

    def _names(self, known):
        return [
            f"{known.get(first, first)} {operation} {known.get(second, second)}"
            for first, operation, second in self.formulas_
        ]

    def transform(self, X):
        check_is_fitted(self)
        return with_formulas(X, self.formulas_)


class GroupColumns(FurtherColumns):
    """Transformer that adds means of numbers by category, and the differences from them.

    Parameters
    ----------
    numbers, groups : list of str
        Columns of numbers, and of categories.
    smooth : float, default=10.0
        Number of rows that the mean of all rows counts as. Otherwise the difference would be 0 for
        a category of one row, and only where the row is one of `fit`.
    """

    def __init__(self, numbers, groups, smooth=10.0):
        self.numbers = numbers
        self.groups = groups
        self.smooth = smooth

    def _learn(self, X, sample_weight):
        weights = np.ones(len(X)) if sample_weight is None else np.asarray(sample_weight)
        self.overall_, self.means_ = {}, {}
        for number in self.numbers:
            values = floats_of(X[number])
            heavy = np.where(np.isnan(values), 0.0, weights)
            sums = pd.DataFrame({"sum": np.nan_to_num(values) * heavy, "weight": heavy}, X.index)
            overall = sums["sum"].sum() / max(sums["weight"].sum(), np.finfo(float).tiny)
            self.overall_[number] = float(overall)
            for group in self.groups:
                of_value = sums.groupby(as_labels(X[group])).sum()
                means = (of_value["sum"] + self.smooth * overall) / (
                    of_value["weight"] + self.smooth
                )
                self.means_[number, group] = means.to_dict()

    def _names(self, known):
        pairs = [[known.get(name, name) for name in pair] for pair in self.means_]
        return [
            name
            for number, group in pairs
            for name in (f"mean of {number} by {group}", f"{number} - mean by {group}")
        ]

    def _columns(self, X):
        new = []
        for (number, group), means in self.means_.items():
            found = as_labels(X[group]).map(means).astype(float).fillna(self.overall_[number])
            new += [found, floats_of(X[number]) - found]
        return dict(zip(self._names({}), new, strict=True))


class TargetColumns(FurtherColumns):
    """Transformer that adds means of the target by combinations of columns, out of fold.

    Numbers are cut into bins of about equal numbers of rows.

    Parameters
    ----------
    combinations : list of tuple of str
        Columns of each combination.
    encoder : TargetEncoder
        Encoder by the target.
    n_bins : int, default=8
        Number of bins of a column of numbers.
    """

    def __init__(self, combinations, encoder, n_bins=8):
        self.combinations = combinations
        self.encoder = encoder
        self.n_bins = n_bins

    def fit(self, X, y, sample_weight=None):
        self.fit_transform(X, y, sample_weight)
        return self

    def fit_transform(self, X, y, sample_weight=None):
        names = {name for combination in self.combinations for name in combination}
        shares = np.linspace(0, 1, self.n_bins + 1)[1:-1]
        self.edges_ = {
            name: np.unique(np.nanquantile(floats_of(X[name]), shares))
            for name in sorted(names)
            if pd.api.types.is_numeric_dtype(X[name])
        }
        self.encoder_ = clone(self.encoder)
        weights = {} if sample_weight is None else {"sample_weight": sample_weight}
        found = self.encoder_.fit_transform(self._combined(X), y, **weights)
        self.columns_in_ = list(X)
        return beside(X, dict(zip(self._names({}), found.T, strict=True)))

    def _columns(self, X):
        found = self.encoder_.transform(self._combined(X))
        return dict(zip(self._names({}), found.T, strict=True))

    def _combined(self, X):
        """Return the values of each combination as texts."""
        names = {name for combination in self.combinations for name in combination}
        texts = {
            name: in_bins(X[name], self.edges_[name]) if name in self.edges_ else as_labels(X[name])
            for name in names
        }
        combined = {}
        for number, (first, *others) in enumerate(self.combinations):
            values = texts[first]
            for name in others:
                values = values + "\n" + texts[name]
            combined[str(number)] = values
        return pd.DataFrame(combined, X.index).astype(object)

    def _names(self, known):
        """Return the names of the new columns: several classes have one each."""
        is_several = self.encoder_.target_type_ == "multiclass"
        classes = self.encoder_.classes_ if is_several else [""]
        return [
            f"target of {' & '.join(known.get(name, name) for name in names)} {one}".rstrip()
            for names in self.combinations
            for one in classes
        ]


def with_formulas(X, formulas):
    """Return a table with results of operations on two columns, NaN where they are infinite."""
    return beside(X, {" ".join(one): calculated(X[one[0]], one[1], X[one[2]]) for one in formulas})


def beside(X, columns):
    """Return a table with further columns; a name that it has keeps its column."""
    new = {name: values for name, values in columns.items() if name not in X.columns}
    return pd.concat([X, pd.DataFrame(new, X.index)], axis=1)


def floats_of(values):
    """Return a column of numbers as an array of floats, NaN for a gap."""
    return values.to_numpy(dtype=np.float64, na_value=np.nan)


def in_bins(values, edges):
    """Return the numbers of the bins of a column as texts; gaps are in the last one."""
    return pd.Series(np.digitize(floats_of(values), edges).astype(str), values.index)


def as_labels(values):
    """Return a column as texts, with an empty one for a gap."""
    return values.astype(object).where(values.notna(), "").map(str)


def calculated(first, operation, second):
    """Return the result of an operation on two columns, within the limits of cleaned numbers."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        return cut_off(OPERATIONS[operation](floats_of(first), floats_of(second)))
