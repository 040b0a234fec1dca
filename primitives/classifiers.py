"""Classifiers: from features to class labels with probabilities.

Every classifier has ``predict_proba``. The margins of support vector machines are calibrated on
inner folds.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from sklearn.calibration import CalibratedClassifierCV
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis, QuadraticDiscriminantAnalysis
from sklearn.ensemble import (
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
)
from sklearn.gaussian_process import GaussianProcessClassifier
from sklearn.gaussian_process.kernels import Matern
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.naive_bayes import BernoulliNB, ComplementNB, GaussianNB, MultinomialNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import MinMaxScaler
from sklearn.svm import SVC, LinearSVC
from sklearn.tree import DecisionTreeClassifier

from primitives.base import (
    OF_CLASSES,
    OF_NUMBERS,
    Features,
    Kind,
    NullableFeatures,
    Prediction,
    Primitive,
    Space,
    Traits,
    always,
    rows_at_most,
    smallest_class_at_least,
)
from primitives.early_stopping import PATIENCE, EarlyStoppedClassifier
from primitives.logistic import ElasticNetLogisticRegression
from primitives.several_targets import OneForEachLabel
from primitives.wrappers import RoutedAdaBoostClassifier

WEIGHTS = CategoricalDistribution((None, "balanced"))
"""Weights of the classes: equal, or inverse to their frequencies."""

REGULARISATION = FloatDistribution(1e-3, 100.0, log=True)
"""Inverse strength of the penalty."""

SMOOTHING = {
    "alpha": FloatDistribution(1e-3, 10.0, log=True),
    "fit_prior": CategoricalDistribution((False, True)),
}
"""Hyperparameter space that Bernoulli and multinomial naive Bayes share."""

FOREST = {
    "n_estimators": IntDistribution(50, 300, log=True),
    "max_features": FloatDistribution(0.05, 1.0),
    "min_samples_leaf": IntDistribution(1, 20, log=True),
    "criterion": CategoricalDistribution(("gini", "entropy")),
}
"""Hyperparameter space of forests."""

FIXED_ROUNDS = IntDistribution(20, 500, log=True)
"""Number of boosting rounds where early stopping cannot find it."""

GRADIENT_BOOSTING = {
    "n_estimators": IntDistribution(20, 200, log=True),
    "learning_rate": FloatDistribution(0.01, 0.5, log=True),
    "max_depth": IntDistribution(1, 6),
    "subsample": FloatDistribution(0.5, 1.0),
    "max_features": FloatDistribution(0.1, 1.0),
    "min_samples_leaf": IntDistribution(1, 50, log=True),
}
"""Hyperparameter space of gradient boosting without histograms."""


def logistic_l1(
    C: float, class_weight: str | None, random_state: int
) -> ElasticNetLogisticRegression:
    """Return logistic regression with an L1 penalty."""
    return logistic_elastic_net(C, 1.0, class_weight, random_state)


def logistic_elastic_net(
    C: float, l1_ratio: float, class_weight: str | None, random_state: int
) -> ElasticNetLogisticRegression:
    """Return logistic regression with an L1 and an L2 penalty."""
    # SAGA is the only solver with an L1 penalty for several classes. It converges slowly, so the
    # tolerance is ten times the default.
    return ElasticNetLogisticRegression(
        l1_ratio=l1_ratio,
        C=C,
        class_weight=class_weight,
        tol=1e-3,
        max_iter=300,
        random_state=random_state,
    )


def logistic_l2(C: float, class_weight: str | None) -> LogisticRegression:
    """Return logistic regression with an L2 penalty."""
    return LogisticRegression(C=C, class_weight=class_weight, max_iter=500)


def calibrated(model: Any) -> CalibratedClassifierCV:
    """Return a classifier with probabilities that are calibrated on three inner folds."""
    # `ensemble=False` keeps one model, fitted on all rows, instead of one model per fold.
    return CalibratedClassifierCV(model, cv=3, ensemble=False)


def linear_svm(C: float, class_weight: str | None, random_state: int) -> CalibratedClassifierCV:
    """Return a calibrated linear support vector machine."""
    return calibrated(
        LinearSVC(C=C, class_weight=class_weight, dual="auto", random_state=random_state)
    )


def rbf_svm(
    C: float, gamma: float, class_weight: str | None, random_state: int
) -> CalibratedClassifierCV:
    """Return a calibrated support vector machine with a Gaussian kernel."""
    return calibrated(SVC(C=C, gamma=gamma, class_weight=class_weight, random_state=random_state))


def bernoulli(alpha: float, fit_prior: bool, binarize: float) -> Pipeline:
    """Return Bernoulli naive Bayes on features that are scaled to [0, 1] and made binary."""
    return make_pipeline(
        MinMaxScaler(), BernoulliNB(alpha=alpha, fit_prior=fit_prior, binarize=binarize)
    )


def multinomial(alpha: float, fit_prior: bool) -> Pipeline:
    """Return multinomial naive Bayes on features that are scaled to [0, 1]."""
    # Counts cannot be negative, and rows to predict may lie below the range seen in `fit`.
    return make_pipeline(MinMaxScaler(clip=True), MultinomialNB(alpha=alpha, fit_prior=fit_prior))


def complement(alpha: float, norm: bool) -> Pipeline:
    """Return complement naive Bayes on features that are scaled to [0, 1]."""
    return make_pipeline(MinMaxScaler(clip=True), ComplementNB(alpha=alpha, norm=norm))


def discriminant(shrinkage: float) -> LinearDiscriminantAnalysis:
    """Return linear discriminant analysis with shrinkage."""
    # The default solver does not support shrinkage.
    return LinearDiscriminantAnalysis(solver="lsqr", shrinkage=shrinkage)


def hist_boosting(
    random_state: int, patience: int | None = PATIENCE, **values: Any
) -> EarlyStoppedClassifier:
    """Return histogram boosting with early stopping."""
    # The wrapper stops early instead, because it then fits the model on all rows.
    model = HistGradientBoostingClassifier(
        early_stopping=False, random_state=random_state, **values
    )
    return EarlyStoppedClassifier(model, patience, random_state=random_state)


def ada_boost(
    n_estimators: int, learning_rate: float, max_depth: int, random_state: int
) -> RoutedAdaBoostClassifier:
    """Return AdaBoost of decision trees."""
    return RoutedAdaBoostClassifier(
        DecisionTreeClassifier(max_depth=max_depth),
        n_estimators=n_estimators,
        learning_rate=learning_rate,
        random_state=random_state,
    )


def gaussian_process(
    length_scale: float, nu: float, random_state: int
) -> GaussianProcessClassifier:
    """Return a Gaussian process with a Matern kernel."""
    return GaussianProcessClassifier(
        Matern(length_scale=length_scale, nu=nu), random_state=random_state
    )


def perceptron(layers: int, width: int, random_state: int, **values: Any) -> MLPClassifier:
    """Return a multilayer perceptron whose hidden layers have the same width."""
    return MLPClassifier(hidden_layer_sizes=(width,) * layers, random_state=random_state, **values)


def neighbours(n_neighbors: int, weights: str, p: int) -> KNeighborsClassifier:
    """Return a classifier by the nearest neighbours."""
    # None gives equal weights too. With "uniform", scikit-learn before 1.9 fails where labels are
    # no integers and p is 1.
    return KNeighborsClassifier(n_neighbors, weights=None if weights == "uniform" else weights, p=p)


def neighbours_space(traits: Traits) -> Space:
    """Return the hyperparameter space of nearest neighbours for a table."""
    return {
        "n_neighbors": IntDistribution(1, max(2, min(100, traits.rows // 4)), log=True),
        "weights": CategoricalDistribution(("uniform", "distance")),
        "p": CategoricalDistribution((1, 2)),
    }


def may_hold_out(traits: Traits) -> CategoricalDistribution:
    """Return the values of `early_stopping` that a perceptron may take on a table.

    Early stopping sets a stratified tenth of the rows aside, which needs rows of every class.
    """
    enough = traits.rows >= 100 and (traits.task in OF_NUMBERS or traits.smallest_class >= 10)
    return CategoricalDistribution((False, True) if enough and traits.may_split else (False,))


def forest_space(traits: Traits) -> Space:
    """Return the hyperparameter space of forests for a table."""
    # Forests of scikit-learn 1.9 fail with class weights where labels are strings such as "1": they
    # convert the strings to numbers and then do not find the labels.
    weights = CategoricalDistribution((None,)) if traits.numeral_classes else WEIGHTS
    return {**FOREST, "class_weight": weights}


def boosting_space(space: Space, rounds: str, traits: Traits) -> Space:
    """Return the hyperparameter space of boosting for a table.

    Parameters
    ----------
    space : mapping
        Hyperparameter space with early stopping.
    rounds : str
        Name of the parameter that holds the number of rounds.
    traits : Traits
    """
    # Early stopping sets rows aside. Where it may not, the number of rounds is a hyperparameter.
    if traits.may_split:
        return space
    return {**space, rounds: FIXED_ROUNDS, "patience": CategoricalDistribution((None,))}


def hist_boosting_space(traits: Traits) -> Space:
    """Return the hyperparameter space of histogram boosting for a table."""
    space: Space = {
        "learning_rate": FloatDistribution(0.01, 0.5, log=True),
        "max_iter": IntDistribution(30, 1_000, log=True),
        "max_leaf_nodes": IntDistribution(4, 128, log=True),
        "min_samples_leaf": IntDistribution(2, 100, log=True),
        "l2_regularization": FloatDistribution(1e-6, 10.0, log=True),
        "max_features": FloatDistribution(0.2, 1.0),
    }
    if traits.task in OF_CLASSES:
        space = {**space, "class_weight": WEIGHTS}
    return boosting_space(space, "max_iter", traits)


def perceptron_space(traits: Traits) -> Space:
    """Return the hyperparameter space of a multilayer perceptron for a table."""
    return {
        "layers": IntDistribution(1, 3),
        "width": IntDistribution(16, 256, log=True),
        "activation": CategoricalDistribution(("relu", "tanh", "logistic")),
        "alpha": FloatDistribution(1e-6, 1.0, log=True),
        "learning_rate_init": FloatDistribution(1e-4, 3e-2, log=True),
        "early_stopping": may_hold_out(traits),
    }


def for_svm(traits: Traits) -> bool:
    """Return True if a table has few enough rows for a calibrated kernel method."""
    return traits.rows <= 10_000 and for_calibration(traits)


def for_calibration(traits: Traits) -> bool:
    """Return True if calibration suits a table."""
    # Calibration splits the rows into three folds, each with rows of every class.
    return traits.may_split and traits.smallest_class >= 6


def classifier(
    name: str,
    build: Any,
    space: Any,
    suits: Any = always,
    reads: type[Kind] = Features,
    cost: float = 1.0,
) -> Primitive:
    """Return the primitive of a classifier."""
    return Primitive(
        name,
        (reads,),
        Prediction,
        build,
        space,
        OF_CLASSES,
        suits=suits,
        cost=cost,
        build_for_several=OneForEachLabel(build),
    )


CLASSIFIERS = (
    classifier(
        "LogisticRegression", logistic_l2, {"C": REGULARISATION, "class_weight": WEIGHTS}, cost=100
    ),
    classifier(
        "LogisticRegressionL1",
        logistic_l1,
        {"C": REGULARISATION, "class_weight": WEIGHTS},
        cost=200,
    ),
    classifier(
        "LogisticRegressionElasticNet",
        logistic_elastic_net,
        {"C": REGULARISATION, "l1_ratio": FloatDistribution(0.05, 0.95), "class_weight": WEIGHTS},
        cost=200,
    ),
    classifier(
        "SGDClassifier",
        SGDClassifier,
        {
            "loss": CategoricalDistribution(("log_loss", "modified_huber")),
            "penalty": CategoricalDistribution(("l2", "l1", "elasticnet")),
            "alpha": FloatDistribution(1e-6, 1e-1, log=True),
            "average": CategoricalDistribution((False, True)),
            "class_weight": WEIGHTS,
        },
        cost=100,
    ),
    classifier(
        "LinearSVC",
        linear_svm,
        {"C": REGULARISATION, "class_weight": WEIGHTS},
        for_calibration,
        cost=100,
    ),
    classifier(
        "SVC",
        rbf_svm,
        {
            "C": REGULARISATION,
            "gamma": FloatDistribution(1e-4, 1.0, log=True),
            "class_weight": WEIGHTS,
        },
        for_svm,
        cost=500,
    ),
    classifier("KNeighborsClassifier", neighbours, neighbours_space),
    classifier(
        "GaussianNB", GaussianNB, {"var_smoothing": FloatDistribution(1e-11, 1e-1, log=True)}
    ),
    classifier("BernoulliNB", bernoulli, {**SMOOTHING, "binarize": FloatDistribution(0.0, 0.9)}),
    classifier("MultinomialNB", multinomial, SMOOTHING),
    classifier(
        "ComplementNB",
        complement,
        {
            "alpha": FloatDistribution(1e-3, 10.0, log=True),
            "norm": CategoricalDistribution((False, True)),
        },
    ),
    classifier(
        "LinearDiscriminantAnalysis",
        discriminant,
        {"shrinkage": FloatDistribution(1e-4, 1.0, log=True)},
    ),
    classifier(
        "QuadraticDiscriminantAnalysis",
        QuadraticDiscriminantAnalysis,
        {"reg_param": FloatDistribution(1e-4, 1.0, log=True)},
        partial(smallest_class_at_least, 4),
    ),
    classifier(
        "DecisionTreeClassifier",
        DecisionTreeClassifier,
        {
            "max_depth": IntDistribution(1, 16, log=True),
            "min_samples_leaf": IntDistribution(1, 50, log=True),
            "criterion": CategoricalDistribution(("gini", "entropy")),
            "class_weight": WEIGHTS,
        },
        reads=NullableFeatures,
    ),
    classifier(
        "RandomForestClassifier",
        RandomForestClassifier,
        forest_space,
        reads=NullableFeatures,
        cost=200,
    ),
    classifier(
        "ExtraTreesClassifier", ExtraTreesClassifier, forest_space, reads=NullableFeatures, cost=100
    ),
    classifier(
        "GradientBoostingClassifier",
        GradientBoostingClassifier,
        GRADIENT_BOOSTING,
        partial(rows_at_most, 20_000),
        cost=200,
    ),
    classifier(
        "HistGradientBoostingClassifier",
        hist_boosting,
        hist_boosting_space,
        reads=NullableFeatures,
        cost=200,
    ),
    classifier(
        "AdaBoostClassifier",
        ada_boost,
        {
            "n_estimators": IntDistribution(20, 200, log=True),
            "learning_rate": FloatDistribution(0.01, 2.0, log=True),
            "max_depth": IntDistribution(1, 6),
        },
        cost=200,
    ),
    classifier(
        "GaussianProcessClassifier",
        gaussian_process,
        {
            "length_scale": FloatDistribution(0.1, 30.0, log=True),
            "nu": CategoricalDistribution((0.5, 1.5, 2.5)),
        },
        partial(rows_at_most, 1_000),
        cost=2_000,
    ),
    classifier("MLPClassifier", perceptron, perceptron_space, cost=200),
)
"""Primitives of classifiers."""
