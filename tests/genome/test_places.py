"""Places of a template: kinds of their own, and a catalogue that allows one sequence of steps."""

from __future__ import annotations

import pickle

import cloudpickle
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evolver.genome import places
from evolver.genome.codec import decode, encode
from evolver.genome.places import PlacedCatalogue, kind_at
from evolver.genome.tree import check, grow
from evolver.search.variation import OPERATORS
from primitives import Features, NullableFeatures, Prediction, Table
from tests.pipelines import catalogue

BINARY = catalogue("binary")
SCALERS = [BINARY[name] for name in ("StandardScaler", "MinMaxScaler", "PCA")]
PLACED = PlacedCatalogue(
    [
        [BINARY["Encoder"], BINARY["GapKeepingEncoder"]],
        SCALERS,
        [*SCALERS, BINARY["SelectFweFClassif"]],
        [BINARY["GaussianNB"], BINARY["DecisionTreeClassifier"]],
    ]
)
NAMES = [
    {"Encoder", "GapKeepingEncoder"},
    {"StandardScaler", "MinMaxScaler", "PCA"},
    {"StandardScaler", "MinMaxScaler", "PCA", "SelectFweFClassif"},
    {"GaussianNB", "DecisionTreeClassifier"},
]


def test_kinds_of_a_place_stand_for_their_bases_but_not_for_other_places() -> None:
    first, second = kind_at(Features, 1), kind_at(Features, 2)
    assert issubclass(first, Features)
    assert issubclass(first, kind_at(NullableFeatures, 1))
    assert not issubclass(first, second)
    assert not issubclass(second, kind_at(NullableFeatures, 1))
    assert kind_at(Table, 0) is Table
    assert kind_at(Prediction, 4) is Prediction
    assert kind_at(Features, 1) is first


@pytest.mark.parametrize("library", [pickle, cloudpickle])
def test_pickles_find_kinds_by_their_names(library: object) -> None:
    kind = kind_at(NullableFeatures, 3)
    assert pickle.loads(library.dumps(kind)) is kind  # type: ignore[attr-defined]
    with pytest.raises(AttributeError):
        places.Nothing_1  # noqa: B018


@given(st.integers(0, 2**32 - 1))
def test_growth_and_variation_keep_to_the_template(seed: int) -> None:
    rng = np.random.default_rng(seed)
    trees = [grow(Prediction, PLACED, rng, 6) for _ in range(2)]
    for operator, arity in OPERATORS.values():
        trees.append(operator(trees[:arity], PLACED, rng))
    for tree in trees:
        check(tree, PLACED)
        names = [step.name for step in reversed(tree.steps)]
        assert len(names) == len(NAMES)
        assert all(name in allowed for name, allowed in zip(names, NAMES, strict=True))
        assert decode(encode(tree), PLACED) == tree


def test_a_step_may_be_at_several_places() -> None:
    rng = np.random.default_rng(0)
    grown = [[one.name for one in grow(Prediction, PLACED, rng, 4).steps] for _ in range(60)]
    assert ["StandardScaler", "StandardScaler"] in [names[1:3] for names in grown]


@pytest.mark.parametrize(
    "names",
    [
        ["GaussianNB", "Encoder"],
        ["GaussianNB", "StandardScaler", "SelectFweFClassif", "Encoder"],
        ["GaussianNB", "PCA", "PCA", "PCA", "Encoder"],
    ],
)
def test_other_sequences_are_refused(names: list[str]) -> None:
    rng = np.random.default_rng(0)
    fitting = grow(Prediction, PLACED, rng, 4)
    values = {step.name: step.values for step in fitting.steps}
    nodes = [*((name, values.get(name, {})) for name in names), None]
    with pytest.raises(ValueError, match="must"):
        decode(nodes, PLACED)
