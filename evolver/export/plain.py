"""Specialisation of a fitted estimator: an equal one made of the classes of libraries.

A pipeline of a search is general: it reads any table, selects columns by type, and looks for the
number of boosting rounds. A fitted one has settled all that. `plain` returns a fitted estimator
with the same predictions in which

    columns      are named, and the cleaner is left out where it changes nothing
    boosting     is the model of the library, with the number of rounds that was found
    repeats      are a `VotingClassifier` or `VotingRegressor`
    wrappers     of ours are left out where they change nothing

A part that has no rule stays as it is. A fit of the result on the same rows gives the same model.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.ensemble import (
    AdaBoostClassifier,
    AdaBoostRegressor,
    VotingClassifier,
    VotingRegressor,
)
from sklearn.feature_selection import SelectFwe
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import FixedThresholdClassifier
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    LabelEncoder,
    OneHotEncoder,
    OrdinalEncoder,
    TargetEncoder,
)

from evolver.export.columns import FUNCTION_NAMES, cleaner_left, parts_chosen
from evolver.export.fit_facts import Fit
from evolver.task import as_if_fitted
from primitives.calibration import PlattScaledClassifier
from primitives.cleaning import TableCleaner
from primitives.constructed import FormulaColumns, TargetColumns, with_formulas
from primitives.dates import DateParts
from primitives.early_stopping import EarlyStoppedClassifier, EarlyStoppedRegressor
from primitives.importance import (
    CrossedTargets,
    GroupStatistics,
    OfImportantColumns,
    PairFormulas,
    SubsetTargets,
)
from primitives.labels import EncodedLabels
from primitives.logistic import NAMES_PENALTY, ElasticNetLogisticRegression
from primitives.transformers import (
    TAKES_SPLITTER,
    AtMostColumns,
    BestFamilyWise,
    OutOfFoldPredictions,
    UngroupedTargetEncoder,
)
from primitives.wrappers import (
    OpinionPoolClassifier,
    RepeatedClassifier,
    RepeatedRegressor,
    RoutedAdaBoostClassifier,
    RoutedAdaBoostRegressor,
    SubsampledClassifier,
    SubsampledRegressor,
    TemperatureScaledClassifier,
)


def plain(estimator: Any, fit: Fit) -> Any:
    """Return a fitted estimator that predicts the same, made of the classes of libraries.

    Parameters
    ----------
    estimator : estimator
        Fitted estimator, which stays as it is. Parts may be shared with the result.
    fit : Fit
    """
    rule = RULES.get(type(estimator))
    return estimator if rule is None else rule(estimator, fit)


def changed(estimator: Any, /, **attributes: Any) -> Any:
    """Return a shallow copy of an estimator with other attributes."""
    new = copy.copy(estimator)
    vars(new).update(attributes)
    return new


def as_class(kind: type, estimator: Any, /, **attributes: Any) -> Any:
    """Return the fitted state of an estimator in an object of another class."""
    new: Any = object.__new__(kind)
    vars(new).update(vars(estimator) | attributes)
    return new


def _pipeline(pipeline: Pipeline, fit: Fit) -> Any:
    """Return a pipeline without steps that change nothing, and without pipelines as steps."""
    steps: list[tuple[str, Any]] = []
    for name, step in pipeline.steps:
        new = plain(step, fit)
        if type(new) is Pipeline:
            steps += new.steps
        elif not (isinstance(new, str) and new == "passthrough"):
            steps.append((name, new))
    return changed(pipeline, steps=_renamed(steps))


def _renamed(steps: Sequence[tuple[str, Any]]) -> list[tuple[str, Any]]:
    """Return steps with short names, and with a number after each name that came before."""
    found: dict[str, Any] = {}
    for name, step in steps:
        is_model = hasattr(step, "predict")
        kind = step.func if isinstance(step, FunctionTransformer) else type(step)
        short = "model" if is_model else NAMES.get(kind, name.partition("-")[0])
        number = sum(other.partition("-")[0] == short for other in found)
        found[f"{short}-{number + 1}" if number else short] = step
    return list(found.items())


def _feature_union(union: FeatureUnion, fit: Fit) -> Any:
    """Return a union of specialised branches."""
    branches = [(name, plain(branch, fit)) for name, branch in union.transformer_list]
    return changed(union, transformer_list=branches)


def _column_transformer(transformer: ColumnTransformer, fit: Fit) -> Any:
    """Return a transformer of named columns, without parts that have no columns."""
    given = {name: part for name, part, _ in transformer.transformers}
    parts = [
        (name, _of_columns(part, columns, fit), list(columns))
        for name, part, columns in transformer.transformers_
        if name in given and len(columns)
    ]
    written = [
        (name, "passthrough" if _is_identity(part) else part, columns)
        for name, part, columns in parts
    ]
    rest = [one for one in transformer.transformers_ if one[0] not in given]
    return changed(transformer, transformers=written, transformers_=[*parts, *rest])


def _is_identity(part: Any) -> bool:
    """Return True if a part of a transformer of columns changes nothing."""
    return isinstance(part, FunctionTransformer) and part.func is None


def _of_columns(part: Any, columns: Sequence[str], fit: Fit) -> Any:
    """Return a part of a transformer of columns, without parameters that change nothing there."""
    new = plain(part, fit)
    is_imputer = isinstance(new, SimpleImputer)
    if is_imputer and not fit.keeps_imputers and set(columns) <= set(fit.complete):
        return FunctionTransformer(feature_names_out="one-to-one")
    if is_imputer and not set(columns) & set(fit.empty):
        new = changed(new, keep_empty_features=False)
    return new


def _simple_imputer(imputer: SimpleImputer, fit: Fit) -> Any:
    """Return an imputer without indicators if there is nothing to indicate."""
    indicator = getattr(imputer, "indicator_", None)
    if indicator is None or len(indicator.features_):
        return imputer
    return changed(imputer, add_indicator=False, indicator_=None)


def _one_hot(encoder: OneHotEncoder, fit: Fit) -> Any:
    """Return an encoder without a limit of categories if none is rare."""
    rare = getattr(encoder, "infrequent_categories_", [])
    if encoder.handle_unknown != "infrequent_if_exist" or any(one is not None for one in rare):
        return encoder
    unlimited = {"max_categories": None, "min_frequency": None}
    return changed(encoder, handle_unknown="ignore", _infrequent_enabled=False, **unlimited)


def _ordinal(encoder: OrdinalEncoder, fit: Fit) -> Any:
    """Return an encoder without a least frequency if each category has it by occurring."""
    if encoder.min_frequency != 1 or encoder.max_categories is not None:
        return encoder
    return changed(encoder, min_frequency=None, _infrequent_enabled=False)


def _target_encoder(encoder: UngroupedTargetEncoder, fit: Fit) -> Any:
    """Return scikit-learn's encoder with the same folds; it takes no weights."""
    if fit.is_weighted:
        return encoder
    if TAKES_SPLITTER:
        return as_class(TargetEncoder, encoder)
    folds = {name: getattr(encoder.cv, name) for name in ("shuffle", "random_state")}
    return as_class(TargetEncoder, encoder, cv=encoder.cv.n_splits, **folds)


def _early_stopped_classifier(model: EarlyStoppedClassifier, fit: Fit) -> Any:
    """Return the model of the library, with the labels that it was given as numbers."""
    booster, labels = model.estimator_, model.classes_
    is_number = labels.dtype.kind in "iu" and np.array_equal(labels, np.arange(len(labels)))
    if is_number or fit.encodes_labels:
        return booster
    library = type(booster).__module__.split(".")[0]
    if library == "lightgbm":
        numbers = dict(zip(labels, range(len(labels)), strict=True))
        return changed(booster, _le=model._labels, _classes=labels, _class_map=numbers)
    if library == "sklearn":
        return changed(booster, classes_=labels, _label_encoder=model._labels)
    encoded = EncodedLabels(booster)
    encoded.__dict__.update(estimator_=booster, classes_=labels)
    return encoded


def _early_stopped_regressor(model: EarlyStoppedRegressor, fit: Fit) -> Any:
    """Return the model of the library."""
    return model.estimator_


def _repeated_classifier(model: RepeatedClassifier, fit: Fit) -> Any:
    """Return the average of the fits, whose seeds differ."""
    voting = VotingClassifier(_seeded(model, fit), voting="soft")
    voting.le_ = LabelEncoder().fit(model.classes_)
    voting.classes_ = voting.le_.classes_
    return as_if_fitted(voting)


def _repeated_regressor(model: RepeatedRegressor, fit: Fit) -> Any:
    """Return the average of the fits, whose seeds differ."""
    return as_if_fitted(VotingRegressor(_seeded(model, fit)))


def _seeded(model: Any, fit: Fit) -> list[tuple[str, Any]]:
    """Return the fits of a repeated model with names."""
    inner = replace(fit, encodes_labels=True)
    return [(f"fit_{number}", plain(one, inner)) for number, one in enumerate(model.estimators_, 1)]


def _voting(voting: Any, fit: Fit) -> Any:
    """Return an average of specialised members."""
    inner = replace(fit, encodes_labels=True)
    members = [
        (name, plain(member, inner))
        for (name, _), member in zip(voting.estimators, voting.estimators_, strict=True)
    ]
    return as_if_fitted(changed(voting, estimators=members))


def _around(model: Any, fit: Fit) -> Any:
    """Return a meta-estimator around a specialised estimator."""
    inner = plain(model.estimator_, fit)
    return changed(model, estimator=inner, estimator_=inner)


def _scaled(model: TemperatureScaledClassifier, fit: Fit) -> Any:
    """Return the scaled classifier itself if the temperature is 1."""
    return plain(model.estimator_, fit) if model.temperature == 1 else _around(model, fit)


def _subsampled(model: Any, fit: Fit) -> Any:
    """Return the model itself if it is fitted on all rows."""
    return plain(model.estimator_, fit) if fit.rows <= model.max_rows else _around(model, fit)


def _at_most_columns(model: AtMostColumns, fit: Fit) -> Any:
    """Return the estimator with the number of components that it has."""
    return plain(model.estimator_, fit)


def _of_important_columns(model: OfImportantColumns, fit: Fit) -> Any:
    """Return the transformer with the columns that were chosen."""
    return plain(model.transformer_, fit)


def _target_columns(model: TargetColumns, fit: Fit) -> Any:
    """Return the transformer with the encoder of scikit-learn."""
    return changed(model, encoder=plain(model.encoder, fit), encoder_=plain(model.encoder_, fit))


def _formula_columns(model: FormulaColumns, fit: Fit) -> Any:
    """Return a function with the names of all columns."""
    return FunctionTransformer(with_formulas, kw_args={"formulas": model.formulas_})


def _best_family_wise(selector: BestFamilyWise, fit: Fit) -> Any:
    """Return scikit-learn's selector if a column passes its test."""
    library = as_class(SelectFwe, selector)
    return library if library._get_support_mask().any() else selector


def _ada_boost(kind: type) -> Callable[[Any, Fit], Any]:
    """Return the rule of an AdaBoost that differs from scikit-learn's by its weights."""

    def rule(model: Any, fit: Fit) -> Any:
        return model if fit.is_weighted else as_class(kind, model)

    return rule


def _elastic_net(model: ElasticNetLogisticRegression, fit: Fit) -> Any:
    """Return scikit-learn's model with the same penalties."""
    penalty = {"penalty": "elasticnet"} if NAMES_PENALTY else {}
    return as_class(LogisticRegression, model, solver="saga", **penalty)


def _changed_target(model: TransformedTargetRegressor, fit: Fit) -> Any:
    """Return a model of a changed target around a specialised one."""
    inner = plain(model.regressor_, fit)
    return changed(model, regressor=inner, regressor_=inner)


NAMES: dict[Any, str] = {
    **FUNCTION_NAMES,
    TableCleaner: "clean",
    ColumnTransformer: "encode",
    FeatureUnion: "features",
    SimpleImputer: "impute",
}
"""Names of steps by class or function; others have that of their class in small letters."""

RULES: dict[type, Callable[[Any, Fit], Any]] = {
    Pipeline: _pipeline,
    TableCleaner: cleaner_left,
    DateParts: parts_chosen,
    FeatureUnion: _feature_union,
    ColumnTransformer: _column_transformer,
    SimpleImputer: _simple_imputer,
    OneHotEncoder: _one_hot,
    OrdinalEncoder: _ordinal,
    UngroupedTargetEncoder: _target_encoder,
    EarlyStoppedClassifier: _early_stopped_classifier,
    EarlyStoppedRegressor: _early_stopped_regressor,
    RepeatedClassifier: _repeated_classifier,
    RepeatedRegressor: _repeated_regressor,
    VotingClassifier: _voting,
    VotingRegressor: _voting,
    OpinionPoolClassifier: _around,
    TemperatureScaledClassifier: _scaled,
    PlattScaledClassifier: _around,
    FixedThresholdClassifier: _around,
    OutOfFoldPredictions: _around,
    SubsampledClassifier: _subsampled,
    SubsampledRegressor: _subsampled,
    AtMostColumns: _at_most_columns,
    BestFamilyWise: _best_family_wise,
    PairFormulas: _of_important_columns,
    GroupStatistics: _of_important_columns,
    CrossedTargets: _of_important_columns,
    SubsetTargets: _of_important_columns,
    FormulaColumns: _formula_columns,
    TargetColumns: _target_columns,
    RoutedAdaBoostClassifier: _ada_boost(AdaBoostClassifier),
    RoutedAdaBoostRegressor: _ada_boost(AdaBoostRegressor),
    ElasticNetLogisticRegression: _elastic_net,
    TransformedTargetRegressor: _changed_target,
}
"""Rules of specialisation by the exact class of a fitted estimator."""
