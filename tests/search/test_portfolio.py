"""Portfolios: pipelines for every table, complementary ones first."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.preprocessing import OneHotEncoder

from benchmarks.peers.names import NAMES
from benchmarks.portfolio.trials import LARGE
from evolver.genome.codec import encode, parse, render
from evolver.genome.tree import check
from evolver.schema import learn
from evolver.search.metafeatures import MetaFeatures
from evolver.search.portfolio import (
    EARLIER,
    GROWTH,
    Experience,
    Trial,
    adapt_to_catalogue,
    expected_seconds,
    experience_of,
    opening,
    ranked,
)
from evolver.task import TASKS
from primitives import Features, Primitive, Table, Traits, default_catalogue
from primitives import space as spaces
from tests.evaluation.test_fold import problem
from tests.genome.strategies import CATALOGUES, random_tree, seeds
from tests.pipelines import catalogue
from tests.tables import with_text

HERE = MetaFeatures(3.0, 1.0, 0.5, 0.2, 0.0, 0.8)
FAR = MetaFeatures(5.5, 3.0, 0.5, 1.0, 0.5, 0.1)
LOW, HIGH = [0.1] * 3, [0.1, 0.1, 50.0]


def experience(*trials: Trial) -> Experience:
    names = ["A(X)", "B(X)", "C(X)"]
    return Experience(names, {f"table {at}": trial for at, trial in enumerate(trials)})


class TestRanked:
    def test_a_pipeline_that_is_good_where_the_first_is_bad_comes_second(self) -> None:
        one = experience(
            Trial(HERE, [0.0, 0.1, 0.9], LOW),
            Trial(HERE, [0.1, 0.2, 0.9], LOW),
            Trial(HERE, [0.9, 0.9, 0.0], LOW),
        )
        assert ranked(one, HERE, range(3)) == [0, 2, 1]

    def test_the_nearest_tables_count_most(self) -> None:
        one = experience(Trial(HERE, [0.0, 0.5, 1.0], LOW), Trial(FAR, [1.0, 0.5, 0.0], LOW))
        assert ranked(one, HERE, range(3))[0] == 0
        assert ranked(one, FAR, range(3))[0] == 2

    def test_the_quicker_of_two_good_pipelines_comes_first(self) -> None:
        one = experience(Trial(HERE, [0.9, 0.2, 0.1], HIGH))
        assert ranked(one, HERE, range(3)) == [1, 2, 0]

    def test_on_many_rows_seconds_decide_more(self) -> None:
        one = experience(Trial(HERE, [0.0, 0.5, 1.0], [0.3, 0.01, 0.3]))
        many = MetaFeatures(**{**HERE.values, "rows": 5.0})
        assert ranked(one, HERE, range(3))[0] == 0
        assert ranked(one, many, range(3))[0] == 1

    def test_expected_seconds_are_those_of_tables_with_as_many_rows(self) -> None:
        many = MetaFeatures(**{**HERE.values, "rows": 5.0})
        one = experience(Trial(HERE, [0.0] * 3, [1.0] * 3), Trial(many, [0.0] * 3, [2.0] * 3))
        assert expected_seconds(one, HERE) == pytest.approx([1.0] * 3, rel=0.01)
        assert expected_seconds(one, many) == pytest.approx([2.0] * 3, rel=0.01)
        alone = experience(Trial(HERE, [0.0] * 3, [1.0] * 3))
        assert expected_seconds(alone, many) == pytest.approx([100**GROWTH] * 3)

    def test_reading_texts_adds_the_same_seconds_to_each_pipeline(self) -> None:
        one = experience(Trial(HERE, [0.0] * 3, [1.0, 2.0, 3.0]))
        much = MetaFeatures(**{**HERE.values, "texts": 10.0})
        added = expected_seconds(one, much) - expected_seconds(one, HERE)
        assert added == pytest.approx([added[0]] * 3)
        assert added[0] > 1.0
        assert HERE.distance(much) == 0.0

    def test_each_usable_pipeline_is_ranked_once(self) -> None:
        one = experience(Trial(HERE, [0.0, 0.0, 1.0], LOW))
        assert sorted(ranked(one, HERE, [0, 2])) == [0, 2]


def family_of(task: str) -> str:
    return "regression" if task == "regression" else "classification"


TRAITS = [
    Traits(task, rows, 5, categories, gaps, smallest, 1.0, texts=texts, high_cardinality=many)
    for task, rows, categories, gaps, smallest, texts, many in product(
        ("binary", "multiclass", "regression"),
        (30, 2_000, 100_000),
        (0, 3),
        (False, True),
        (1, 50),
        (0, 1),
        (0, 2),
    )
    if many <= categories
]


@pytest.mark.parametrize("family", sorted(TASKS))
def test_the_portfolio_of_the_package_was_not_learned_on_benchmark_tables(family: str) -> None:
    tables = {name.removesuffix(LARGE) for name in experience_of(family).trials}
    assert tables
    assert not tables & set(NAMES)


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_the_portfolio_of_the_package_fits_every_table(task: str) -> None:
    """A pipeline is left out only if a primitive does not suit the table or is not installed."""
    for traits in TRAITS:
        if traits.task != task:
            continue
        catalogue = default_catalogue().select(task, traits)
        for text in experience_of(family_of(task)).pipelines:
            tree = adapt_to_catalogue(parse(text), catalogue)
            missing = [
                node[0]
                for node in parse(text)
                if node is not None and node[0] not in catalogue and node[0][0].isupper()
            ]
            if tree is not None:
                check(tree, catalogue)
            else:
                assert missing, text


@pytest.mark.parametrize("family", sorted(TASKS))
def test_the_portfolio_of_the_package_is_read_as_written(family: str) -> None:
    mine = experience_of(family)
    assert Experience.read(mine.write()) == mine
    assert len(mine.trials) >= 10
    assert len(set(mine.pipelines)) == len(mine.pipelines) >= 24
    for trial in mine.trials.values():
        assert len(trial.losses) == len(trial.seconds) == len(mine.pipelines)
        assert min(trial.losses) >= 0
        assert max(trial.losses) <= 1


@given(seeds, st.sampled_from(sorted(CATALOGUES)))
def test_a_rendered_tree_is_parsed_as_the_same_tree(seed: int, task: str) -> None:
    tree = random_tree(CATALOGUES[task], seed)
    assert parse(render(tree)) == encode(tree)


@pytest.mark.parametrize("text", ["", "X +", "f(1)", "A(B)", "A(X, *y)", "A(X).b(X)", "A(X, p=q)"])
def test_text_that_is_no_pipeline_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="A pipeline must be"):
        parse(text)


@given(seeds, st.sampled_from(sorted(CATALOGUES)))
def test_a_tree_of_the_catalogue_stays_the_same(seed: int, task: str) -> None:
    tree = random_tree(CATALOGUES[task], seed)
    assert adapt_to_catalogue(encode(tree), CATALOGUES[task]) == tree


@pytest.mark.parametrize("may_split", [False, True])
@pytest.mark.parametrize("gaps", [False, True])
@pytest.mark.parametrize("texts", [0, 1])
@pytest.mark.parametrize(("categories", "many"), [(0, 0), (3, 0), (3, 1), (3, 3)])
@pytest.mark.parametrize("numbers", [0, 5])
def test_an_encoder_treats_what_a_table_has_as_was_learned_where_it_may(
    numbers: int, categories: int, many: int, texts: int, gaps: bool, may_split: bool
) -> None:
    """Roles that were not known when it was learned have their first treatment."""
    if numbers + categories + texts == 0 or (gaps and numbers == 0):
        return
    traits = Traits(
        "binary",
        2_000,
        numbers,
        categories,
        gaps,
        50,
        texts=texts,
        may_split=may_split,
        dates=1,
        high_cardinality=many,
    )
    space = default_catalogue().select("binary", traits)
    for text in experience_of("classification").pipelines:
        tree = adapt_to_catalogue(parse(text), space)
        assert tree is not None
        wanted = next(node for node in parse(text) if node is not None and "numbers" in node[1])
        (step,) = (step for step in tree.steps if Table in step.primitive.inputs)
        assert step.name == (wanted[0] if gaps else "Encoder")
        assert step.values["numbers"] == (wanted[1]["numbers"] if gaps else "median")
        of_categories = wanted[1]["categories"]
        if categories == many:
            of_categories = None
        elif of_categories == "target" and not may_split:
            of_categories = "ordinal"
        assert step.values.get("categories") == of_categories
        of_many = ("target" if may_split else "one_hot") if many else "none" if texts else None
        assert step.values.get("high_cardinality") == of_many
        reading = "read" if may_split else "topics"
        assert step.values.get("texts") == (reading if texts else None)
        assert step.values["dates"] == "parts"


FORMER = "RandomForestClassifier({}(X, smooth=3.0, max_categories=9, n_grams='characters'))"


@pytest.mark.parametrize(
    ("name", "encoder"),
    [
        ("MedianOneHot", ("Encoder", "median", "one_hot", 9, "none")),
        ("MostFrequentTargetText", ("Encoder", "most_frequent", "target", 3.0, "read")),
        ("NearestOrdinal", ("Encoder", "nearest", "ordinal", 1, "none")),
        ("NumbersOneHotText", ("GapKeepingEncoder", "passthrough", "one_hot", 9, "read")),
        ("Constant", ("Encoder", "constant", "ordinal", 1, "none")),
    ],
)
def test_encoders_of_former_names_are_known(name: str, encoder: tuple[object, ...]) -> None:
    """Journals have them, which a run may begin with."""
    tree = adapt_to_catalogue(parse(FORMER.format(name)), catalogue("binary", texts=1))
    assert tree is not None
    *_, step = tree.steps
    values = step.values
    own = {"one_hot": "max_categories", "target": "smooth", "ordinal": "min_frequency"}
    parameter = values[own[str(values["categories"])]]
    found = (step.name, values["numbers"], values["categories"], parameter, values["texts"])
    assert found == encoder
    assert values.get("n_grams") == ("characters" if values["texts"] == "read" else None)


def test_a_primitive_of_ones_own_may_have_a_former_name() -> None:
    own = Primitive("MedianOneHot", (Table,), Features, OneHotEncoder)
    tree = adapt_to_catalogue(parse("GaussianNB(MedianOneHot(X))"), CATALOGUES["binary"].add(own))
    assert tree is not None
    assert [step.name for step in tree.steps] == ["GaussianNB", "MedianOneHot"]


values = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=3))


@given(seeds, st.data())
def test_the_nearest_values_are_allowed_and_what_is_allowed_stays(
    seed: int, data: st.DataObject
) -> None:
    rng = np.random.default_rng(seed)
    catalogue = CATALOGUES["binary"]
    primitive = list(catalogue)[int(rng.integers(len(catalogue)))]
    space = primitive.fixed_space
    names = {*space, *spaces.sample(space, rng)}
    wild = {name: data.draw(values) for name in sorted(names)}
    assert spaces.contains(space, spaces.nearest(space, wild))
    assert spaces.contains(space, spaces.nearest(space, {}))
    tame = spaces.sample(space, rng)
    assert spaces.nearest(space, tame) == tame


class TestOpening:
    META = MetaFeatures.of(problem())
    CATALOGUE = CATALOGUES["binary"]

    def test_there_are_as_many_distinct_candidates_as_asked_for(self) -> None:
        found = opening(experience_of("classification"), self.META, self.CATALOGUE, 7)
        assert len({one.digest for one in found}) == len(found) == 7
        assert {one.origin.proposer for one in found} == {"portfolio"}

    @pytest.mark.parametrize("task", sorted(CATALOGUES))
    def test_the_quickest_is_the_first(self, task: str) -> None:
        meta = MetaFeatures.of(problem(task))
        first, *others = opening(experience_of(family_of(task)), meta, CATALOGUES[task], 16)
        assert len(others) == 15
        assert all(first.prior_seconds <= other.prior_seconds for other in others)
        assert first.prior_seconds < 0.1

    @pytest.mark.parametrize(("others", "texts"), [(12, 1), (0, 1), (12, 0)])
    def test_texts_are_read_where_there_are_some(self, others: int, texts: int) -> None:
        space = catalogue("binary", numbers=others, categories=0, texts=texts)
        found = opening(experience_of("classification"), self.META, space, 16)
        assert found
        for one in found:
            encoders = [step for step in one.tree.steps if Table in step.primitive.inputs]
            assert encoders
            assert all((step.values.get("texts") == "read") == (texts > 0) for step in encoders)

    def test_a_pipeline_of_the_user_stays_as_it_is_and_reads_texts_too(self) -> None:
        own = random_tree(self.CATALOGUE, 5)
        space = catalogue("binary", texts=1)
        found = opening(experience_of("classification"), self.META, space, 5, [encode(own)])
        for step, known in zip(found[0].tree.steps, own.steps, strict=True):
            assert step.values.items() >= known.values.items()
            if Table in step.primitive.inputs:
                assert (step.values["texts"], step.values["high_cardinality"]) == ("read", "none")
            else:
                assert step.values == known.values

    def test_a_size_of_zero_gives_no_candidate(self) -> None:
        assert opening(experience_of("classification"), self.META, self.CATALOGUE, 0) == []

    def test_pipelines_of_earlier_runs_come_first_and_are_not_counted(self) -> None:
        tree = random_tree(self.CATALOGUE, 5)
        found = opening(
            experience_of("classification"), self.META, self.CATALOGUE, 3, [encode(tree)]
        )
        assert [one.origin for one in found[:1]] == [EARLIER]
        assert found[0].tree == tree
        assert len(found) == 4


def test_metafeatures_are_those_of_the_table() -> None:
    one = problem()
    meta = MetaFeatures.of(one)
    assert meta.rows == pytest.approx(np.log10(len(one.y)))
    assert meta.classes == 0.5
    assert 0 < meta.balance <= 1
    assert meta.missing == pytest.approx(one.X.isna().mean().mean())
    assert meta.distance(meta) == 0
    more = MetaFeatures(**{**meta.values, "rows": meta.rows + 3, "missing": meta.missing + 4})
    assert meta.distance(more) == pytest.approx(5)
    assert more.distance(meta, size=2.0) == pytest.approx(np.hypot(6, 4))
    assert MetaFeatures.of(problem("regression")).classes == 0


def test_texts_count_if_they_are_long_or_the_only_column() -> None:
    one = problem()
    named = with_text(one.X)
    short = named.assign(text=named["text"].str[-20:])
    for X, texts in ((one.X, None), (short, None), (short[["text"]], "text"), (named, "text")):
        expected = 0 if texts is None else X[texts].str.strip().str.len().sum() / 1e6
        read, _ = learn(X).read(X)
        assert MetaFeatures.of(replace(one, X=read)).texts == pytest.approx(expected)
