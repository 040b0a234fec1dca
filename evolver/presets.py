"""Presets: names for choices of parameters that suit a kind of run.

`PRESETS` is all that a preset changes. A parameter that the caller has set wins over the preset. A
preset never changes the budget.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np
from optuna.distributions import IntDistribution

from evolver.checks.models import check_search_space, models_named, with_models
from evolver.errors import InputError, InputTypeError
from evolver.settings import Settings
from primitives import Catalogue, Features, NullableFeatures, Primitive, default_catalogue
from primitives.encoders import encoder
from primitives.treatments import PASSING_GAPS, TREATMENTS

LIGHT_COST = 1.0
"""Largest `Primitive.cost` of a step of the light search space.

With 2,000 rows and 20 columns, each of these steps is fitted within about 0.1 s.
"""

LIGHT_BESIDE = ("LogisticRegression",)
"""Steps of the light search space that cost more; a linear classifier belongs to it."""

LIGHT_TREATMENTS = {
    "numbers": ("median", "mean", "most_frequent", "constant"),
    "high_cardinality": ("none", "target", "one_hot", "frequency", "ordinal"),
}
"""Treatments of columns in the light search space, by role; it has all treatments of the others.

It leaves out gaps filled from the nearest rows, and categories that are read letter by letter.
"""


def light_catalogue() -> Catalogue:
    """Return the search space of cheap primitives.

    It holds the primitives of the default catalogue whose cost is at most `LIGHT_COST`, those of
    `LIGHT_BESIDE`, and encoders with the treatments of `LIGHT_TREATMENTS`. Steps that fit a model
    on inner folds, such as a stack, are left out, because they cost as much as several models.
    """
    catalogue = default_catalogue()
    encoders = [
        _light_encoder(catalogue["Encoder"], Features, TREATMENTS),
        _light_encoder(
            catalogue["GapKeepingEncoder"], NullableFeatures, {**TREATMENTS, **PASSING_GAPS}
        ),
    ]
    names = {one.name for one in encoders}
    return Catalogue(
        [*encoders, *(one for one in catalogue if one.name not in names and _is_light(one))]
    )


INTERPRETABLE_DEPTH = 4
"""Largest depth of a tree that a person can read."""

INTERPRETABLE = (
    *("LogisticRegression", "LogisticRegressionL1", "LogisticRegressionElasticNet"),
    *("LinearDiscriminantAnalysis", "GaussianNB", "BernoulliNB", "MultinomialNB"),
    *("Ridge", "Lasso", "ElasticNet", "BayesianRidge", "HuberRegressor"),
    *("PoissonRegressor", "GammaRegressor", "TweedieRegressor"),
    *("DecisionTreeClassifier", "DecisionTreeRegressor"),
    *("StandardScaler", "MinMaxScaler", "MaxAbsScaler", "RobustScaler", "VarianceThreshold"),
    *("SelectPercentileFClassif", "SelectPercentileFRegression"),
    *("SelectFweFClassif", "SelectFweFRegression"),
    *("SelectFromL1Classif", "SelectFromL1Regression"),
)
"""Primitives whose models a person can read: what they add up, or ask, is one column each."""


def interpretable_catalogue() -> Catalogue:
    """Return the search space of models that a person can read.

    It has linear models, naive Bayes and trees of at most `INTERPRETABLE_DEPTH`, and before them
    encoders with the treatments of `LIGHT_TREATMENTS`, scalers and selectors. No step joins columns
    or models.
    """
    light, full = light_catalogue(), default_catalogue()
    encoders = [one for one in light if one.name in ("Encoder", "GapKeepingEncoder")]
    return Catalogue([*encoders, *(_readable(full[name]) for name in INTERPRETABLE)])


def _readable(primitive: Primitive) -> Primitive:
    """Return a primitive, a tree with a small depth."""
    if not primitive.name.startswith("DecisionTree"):
        return primitive
    assert not callable(primitive.space)
    depth = IntDistribution(1, INTERPRETABLE_DEPTH)
    return replace(primitive, space={**primitive.space, "max_depth": depth})


def _is_light(primitive: Primitive) -> bool:
    is_cheap = primitive.cost <= LIGHT_COST and not primitive.cross_fits
    return is_cheap or primitive.name in LIGHT_BESIDE


def _light_encoder(full: Primitive, output: Any, roles: Mapping[str, Any]) -> Primitive:
    """Return an encoder of the default catalogue with fewer treatments."""
    light = {
        role: known.only(*LIGHT_TREATMENTS.get(role, [one.name for one in known.treatments]))
        if known is TREATMENTS[role]
        else known
        for role, known in roles.items()
    }
    return replace(encoder(full.name, output, light), keeps_inputs=full.keeps_inputs)


@dataclass(frozen=True)
class Preset:
    """Choices of parameters that the caller has not set.

    Parameters
    ----------
    cv : int, default=5
        Number of folds.
    population_size : int, default=50
        Number of pipelines that the evolution keeps as parents.
    search_space : callable, default=default_catalogue
        Function that returns the search space.
    settings : mapping of str to Any
        Fields of `Settings` that differ from their default values.
    """

    cv: int = 5
    population_size: int = 50
    search_space: Callable[[], Catalogue] = default_catalogue
    settings: Mapping[str, Any] = field(default_factory=dict)

    def space_of(
        self, given: Catalogue | None, estimators: Sequence[str] | None, family: str
    ) -> Catalogue:
        """Return the search space: that of the caller, else that of the preset.

        Parameters
        ----------
        given : Catalogue or None
            Search space of the caller.
        estimators : sequence of str or None
            Names or patterns of models. They name models of the search space of the caller, else of
            the default one, whatever the preset.
        family : str
            `Task.family`.

        Raises
        ------
        InputError, InputTypeError
            If `given` is no catalogue, or if a name or pattern is unknown.
        """
        space = self.search_space() if given is None else check_search_space(given)
        if estimators is None:
            return space
        known = default_catalogue() if given is None else space
        return with_models(space, models_named(estimators, known, family))

    def settings_beside(self, given: Settings) -> Settings:
        """Return the settings of a caller, completed by those of the preset.

        A field that has its default value in `given` counts as not set.
        """
        default = Settings()
        open_fields = {
            one.name
            for one in fields(Settings)
            if getattr(given, one.name) == getattr(default, one.name)
        }
        changes = {name: value for name, value in self.settings.items() if name in open_fields}
        return replace(given, **changes)


@dataclass(frozen=True)
class InterpretablePreset(Preset):
    """Choices of parameters for a model that a person can read: one pipeline of simple steps."""

    def space_of(
        self, given: Catalogue | None, estimators: Sequence[str] | None, family: str
    ) -> Catalogue:
        """Return the search space of readable models, or those of them that the caller names.

        Raises
        ------
        InputError
            If the caller has a search space of their own, or names a model that is not readable.
        """
        if given is not None:
            raise InputError(
                "`interpretable` must be False where `search_space` is given, got True: leave out"
                " of the search space what a person cannot read."
            )
        space = interpretable_catalogue()
        if estimators is None:
            return space
        try:
            return with_models(space, models_named(estimators, space, family))
        except InputError as error:
            message = f"{error} With `interpretable=True` it has readable models alone."
            raise InputError(message) from None

    def settings_beside(self, given: Settings) -> Settings:
        """Return the settings of a caller, without an ensemble."""
        return replace(super().settings_beside(given), ensemble_size=1)


PRESETS: dict[str | None, Preset] = {
    None: Preset(),
    # Fewer folds and fewer final fits leave more of a minute for candidates. Breeding and
    # refinement begin earlier, because few candidates are evaluated at all.
    "fast": Preset(
        cv=3, population_size=20, settings={"refinement_start": 0.5, "ensemble_size": 4}
    ),
    "light": Preset(search_space=light_catalogue),
    # More folds and a stricter race make the choice of the winner more certain.
    "best": Preset(
        cv=8,
        population_size=100,
        settings={
            "portfolio_size": 32,
            "ensemble_size": 16,
            "racing_error": 0.1,
            "patience": None,
        },
    ),
}
"""Presets by name; None stands for the default values."""


def check_preset(name: Any, interpretable: Any = False) -> Preset:
    """Return the preset of a name.

    Parameters
    ----------
    name : str or None
    interpretable : bool, default=False
        True if the model must be one that a person can read.

    Raises
    ------
    InputError, InputTypeError
        If there is no such preset, or if `interpretable` is no Boolean.
    """
    if not isinstance(interpretable, bool | np.bool_):
        raise InputTypeError(f"`interpretable` must be True or False, got {interpretable!r}.")
    if name is None or (isinstance(name, str) and name in PRESETS):
        preset = PRESETS[name]
        if not interpretable:
            return preset
        return InterpretablePreset(
            preset.cv, preset.population_size, interpretable_catalogue, preset.settings
        )
    known = [one for one in PRESETS if one is not None]
    raise InputError(f"`preset` must be one of {known} or None, got {name!r}.")
