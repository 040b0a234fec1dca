"""ONNX form of single models: linear models, Bayes, networks, kernels, neighbours."""

from __future__ import annotations

from typing import Any

import numpy as np

from evolver.deploy.onnx_graph import Graph, Matrix, NotConvertibleError
from evolver.deploy.onnx_steps import rbf
from evolver.deploy.onnx_trees import TREES


def decision(graph: Graph, model: Any, value: Matrix) -> Matrix:
    """Return the products with the coefficients of a linear model, plus its intercepts."""
    coefficients = np.atleast_2d(np.asarray(model.coef_, np.float64))
    offset = np.broadcast_to(np.asarray(model.intercept_, np.float64), len(coefficients))
    return graph.linear(value, coefficients.T, offset)


def logistic(graph: Graph, model: Any, value: Matrix) -> Matrix:
    """Return the probabilities of a logistic regression or a linear discriminant analysis."""
    raw = decision(graph, model, value)
    if raw.width == 1:
        return graph.of_two(graph.each("Sigmoid", raw))
    if getattr(model, "solver", "") == "liblinear":
        return graph.normalised(graph.each("Sigmoid", raw))
    return graph.softmax(raw)


def one_against_rest(graph: Graph, model: Any, value: Matrix) -> Matrix:
    """Return the probabilities of linear models by gradient descent, one for each class."""
    if model.loss != "log_loss":
        raise NotConvertibleError(model, f"its loss is {model.loss}")
    raw = graph.each("Sigmoid", decision(graph, model, value))
    return graph.of_two(raw) if raw.width == 1 else graph.normalised(raw)


def generalised(graph: Graph, model: Any, value: Matrix) -> Matrix:
    """Return the predictions of a generalised linear model."""
    raw = decision(graph, model, value)
    link = type(model._base_loss.link).__name__
    if link not in ("LogLink", "IdentityLink"):
        raise NotConvertibleError(model, f"its link is {link}")
    return graph.each("Exp", raw) if link == "LogLink" else raw


def partial_least_squares(graph: Graph, model: Any, value: Matrix) -> Matrix:
    """Return the predictions of a regression on latent variables."""
    centred = graph.with_row("Sub", value, model._x_mean)
    return decision(graph, model, centred)


def gaussian_bayes(graph: Graph, model: Any, value: Matrix) -> Matrix:
    """Return the probabilities of a naive Bayes classifier of normal distributions."""
    axes = graph.constant([1], np.int64)
    parts = []
    for mean, variance, prior in zip(model.theta_, model.var_, model.class_prior_, strict=True):
        gaps = graph.with_row("Sub", value, mean)
        squares = graph.with_row("Div", Matrix(graph.add("Mul", gaps.name, gaps.name), 0), variance)
        total = Matrix(graph.add("ReduceSum", squares.name, axes, keepdims=1), 1)
        start = np.log(prior) - 0.5 * np.sum(np.log(2.0 * np.pi * variance))
        parts.append(graph.with_row("Add", graph.with_row("Mul", total, -0.5), [[start]]))
    return graph.softmax(graph.side_by_side(parts))


def quadratic(graph: Graph, model: Any, value: Matrix) -> Matrix:
    """Return the probabilities of a quadratic discriminant analysis."""
    axes = graph.constant([1], np.int64)
    parts = []
    for place, prior in enumerate(model.priors_):
        centred = graph.with_row("Sub", value, model.means_[place])
        spread = model.scalings_[place]
        found = graph.linear(centred, model.rotations_[place] * spread**-0.5)
        total = Matrix(graph.add("ReduceSumSquare", found.name, axes, keepdims=1), 1)
        start = np.log(prior) - 0.5 * np.sum(np.log(spread))
        parts.append(graph.with_row("Add", graph.with_row("Mul", total, -0.5), [[start]]))
    return graph.softmax(graph.side_by_side(parts))


ACTIVATIONS = {"relu": "Relu", "tanh": "Tanh", "logistic": "Sigmoid"}
"""Operators by the names of the activations of a network."""


def network(graph: Graph, model: Any, value: Matrix) -> Matrix:
    """Return the answer of a network of layers."""
    last = len(model.coefs_) - 1
    for place, (weights, offset) in enumerate(zip(model.coefs_, model.intercepts_, strict=True)):
        value = graph.linear(value, weights, offset)
        if place < last and model.activation != "identity":
            value = graph.each(ACTIVATIONS[model.activation], value)
    if model.out_activation_ == "softmax":
        return graph.softmax(value)
    if model.out_activation_ == "logistic":
        return graph.of_two(graph.each("Sigmoid", value))
    return value


def _gamma(model: Any) -> float:
    """Return the width of a radial kernel; other kernels are refused."""
    if model.kernel != "rbf":
        raise NotConvertibleError(model, f"its kernel is {model.kernel}")
    return float(model._gamma)


def support_vectors(graph: Graph, model: Any, value: Matrix) -> Matrix:
    """Return the decision of a support vector machine; of a classifier, of two classes alone."""
    if len(getattr(model, "classes_", ())) > 2:
        raise NotConvertibleError(model, "it has more than two classes")
    near = rbf(graph, value, model.support_vectors_, _gamma(model))
    weights = model.dual_coef_
    weights = weights.toarray() if hasattr(weights, "toarray") else weights
    return graph.linear(near, weights.T, model.intercept_)


def kernel_ridge(graph: Graph, model: Any, value: Matrix) -> Matrix:
    """Return the predictions of a ridge regression in the space of a radial kernel."""
    if model.kernel != "rbf":
        raise NotConvertibleError(model, f"its kernel is {model.kernel}")
    gamma = 1.0 / value.width if model.gamma is None else model.gamma
    near = rbf(graph, value, model.X_fit_, gamma)
    return graph.linear(near, model.dual_coef_.reshape(len(model.X_fit_), -1))


def calibrated(graph: Graph, model: Any, value: Matrix) -> Matrix:
    """Return the probabilities of a classifier whose decisions are calibrated by sigmoids."""
    if len(model.calibrated_classifiers_) != 1 or model.method != "sigmoid":
        raise NotConvertibleError(model, "it averages several calibrated models")
    one = model.calibrated_classifiers_[0]
    kind = type(one.estimator).__name__
    answer = {"LinearSVC": decision, "SVC": support_vectors}.get(kind)
    if answer is None:
        raise NotConvertibleError(model, f"it calibrates {kind}")
    raw = answer(graph, one.estimator, value)
    slopes = np.array([-sigmoid.a_ for sigmoid in one.calibrators])
    offsets = np.array([-sigmoid.b_ for sigmoid in one.calibrators])
    shares = graph.with_row("Add", graph.with_row("Mul", raw, slopes[None]), offsets[None])
    shares = graph.each("Sigmoid", shares)
    return graph.of_two(shares) if shares.width == 1 else graph.normalised(shares)


LINEAR = (
    *("LinearRegression", "Ridge", "Lasso", "ElasticNet", "Lars", "LassoLars", "BayesianRidge"),
    *("ARDRegression", "HuberRegressor", "SGDRegressor", "LinearSVR", "TheilSenRegressor"),
    *("QuantileRegressor", "OrthogonalMatchingPursuit", "PassiveAggressiveRegressor"),
)
"""Names of the classes of linear models of a number."""

MODELS = {
    **TREES,
    **dict.fromkeys(LINEAR, decision),
    "LogisticRegression": logistic,
    "LinearDiscriminantAnalysis": logistic,
    "SGDClassifier": one_against_rest,
    **dict.fromkeys(("PoissonRegressor", "GammaRegressor", "TweedieRegressor"), generalised),
    "PLSRegression": partial_least_squares,
    "GaussianNB": gaussian_bayes,
    "QuadraticDiscriminantAnalysis": quadratic,
    **dict.fromkeys(("MLPClassifier", "MLPRegressor"), network),
    **dict.fromkeys(("SVR", "NuSVR"), support_vectors),
    "KernelRidge": kernel_ridge,
    "CalibratedClassifierCV": calibrated,
}
"""Function that adds a model to a graph, by the name of its class."""
