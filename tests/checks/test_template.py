"""Templates: words for the steps of every pipeline."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import joblib
import pytest

from evolver import EvolvedClassifier, EvolvedRegressor, InputError, InputTypeError, Settings
from evolver.checks.template import check_template, templated
from evolver.genome.codec import parse
from primitives import CLASSIFICATION, Features, Primitive, default_catalogue
from primitives.scalers import EXPANSIONS, SCALERS
from primitives.selection import SELECTION
from tests.pipelines import catalogue
from tests.tables import by_age, small_table

IN_PROCESS = Settings(in_process=True)


def names_at(template: str, place: int, task: str = "binary", **columns: int) -> set[str]:
    """Return the names of the steps that a template allows at a place from the table on."""
    placed = templated(check_template(template), catalogue(task, **columns), task, 10)
    last = f"_{place}"
    return {
        one.name
        for one in placed
        if (
            one.inputs[0].__name__ == "Table"
            if not place
            else one.inputs[0].__name__.endswith(last)
        )
    }


@pytest.mark.parametrize(
    ("word", "table"), [("scaler", SCALERS), ("selector", SELECTION), ("expansion", EXPANSIONS)]
)
def test_a_word_stands_for_the_steps_of_its_sort(word: str, table: Any) -> None:
    named = {one.name for one in table} & {one.name for one in catalogue("binary")}
    assert names_at(f"encoder-{word}-classifier", 1) == named


def test_transformers_are_all_steps_from_features_to_features() -> None:
    found = names_at("Encoder-Transformer-Classifier", 1)
    assert {"PCA", "StandardScaler", "Splines", "SelectFweFClassif"} <= found
    assert not found & {"Union", "Stack", "Encoder", "GaussianNB"}


def test_names_and_patterns_are_words() -> None:
    template = "encoder-*Scaler-decomposition-Log*"
    assert names_at(template, 1) == {
        "StandardScaler",
        "MinMaxScaler",
        "MaxAbsScaler",
        "RobustScaler",
    }
    assert names_at(template, 3) == {
        "LogisticRegression",
        "LogisticRegressionL1",
        "LogisticRegressionElasticNet",
    }


def test_steps_that_no_later_step_reads_are_left_out() -> None:
    assert names_at("encoder-GaussianNB", 0) == {"Encoder"}
    assert names_at("encoder-LGBMClassifier", 0) == {"Encoder", "GapKeepingEncoder"}


def test_a_group_of_ones_own_is_a_word() -> None:
    mine = Primitive("Mine", (Features,), Features, dict, tasks=CLASSIFICATION, group="spectral")
    space = catalogue("binary").add(mine)
    placed = templated(("encoder", "spectral", "model"), space, "binary", 10)
    assert "Mine" in placed
    assert "PCA" not in placed


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("encoder-skaler-classifier", "got 'skaler' in .*Did you mean .*scaler"),
        ("encoder-LogisticRegresion", "Did you mean LogisticRegression"),
        ("selector-classifier", "must begin with an encoder, because 'selector' reads no table"),
        ("encoder-selector", "must end with a model, because 'selector' predicts nothing"),
        ("encoder-classifier-scaler", "must have 'classifier' at its end"),
        ("encoder-encoder-model", "must have 'encoder' at its beginning"),
        ("GapKeepingEncoder-PCA-model", "step before 'PCA' that gives what it reads, not 'Gap"),
        ("encoder-regressor", "must have models of the task, 'classifier', got 'regressor'"),
        ("encoder-SoftVote", "got 'SoftVote'"),
        ("-".join(["encoder", *["scaler"] * 9, "model"]), "must have at most 10 words"),
        ("encoder--classifier", "a word on each side of a hyphen"),
        ("", "a word on each side of a hyphen"),
    ],
)
def test_a_template_without_pipelines_is_an_error(template: str, message: str) -> None:
    with pytest.raises(InputError, match=f"`template` .*{message}"):
        names_at(template, 0)


@pytest.mark.parametrize("template", [3, ["encoder", "classifier"]])
def test_anything_but_text_is_an_error(template: Any) -> None:
    with pytest.raises(InputTypeError, match="`template` must be words with hyphens"):
        check_template(template)


def steps_of(model: Any) -> list[list[str]]:
    """Return the names of the steps of each candidate, from the table on."""
    return [
        [node[0] for node in reversed(parse(text)) if node is not None]
        for text in model.leaderboard_["expression"]
    ]


def test_a_run_keeps_to_its_template_and_begins_with_pipelines_that_fit() -> None:
    X, y = small_table("regression")
    model = EvolvedRegressor(
        None, 20, cv=3, n_jobs=1, random_state=0, verbose=0, population_size=8,
        template="encoder-regressor", estimators=["Ridge", "RandomForest*", "ExtraTrees*"],
        settings=IN_PROCESS,
    ).fit(X, y)  # fmt: skip
    found = steps_of(model)
    assert {len(names) for names in found} == {2}
    assert {names[1] for names in found} <= {
        "Ridge",
        "RandomForestRegressor",
        "ExtraTreesRegressor",
    }
    assert {"learned", "growth"} < set(model.leaderboard_["operator"])


def test_workers_folders_pickles_and_refinement_know_the_template(tmp_path: Path) -> None:
    X, y = small_table("binary")
    names = ("Encoder", "StandardScaler", "MinMaxScaler", "PCA", "GaussianNB", "Stack", "Union")
    model = EvolvedClassifier(
        None, 14, cv=3, search_space=default_catalogue().only(*names), n_jobs=2, random_state=0,
        verbose=0, population_size=6, template="encoder-scaler-transformer-classifier",
        run_dir=tmp_path,
    ).fit(X, y)  # fmt: skip
    assert model.statistics_["failed"] == 0
    again = joblib.load(tmp_path / "model.joblib")
    assert (again.predict(X) == model.predict(X)).all()
    again = pickle.loads(pickle.dumps(again)).refine(X, y, None, 4)
    assert len(again.leaderboard_) == 18
    before, after = by_age(model.leaderboard_), by_age(again.leaderboard_)
    assert after["digest"][:14].tolist() == before["digest"].tolist()
    for encoder, scaler, transformer, classifier in steps_of(again):
        assert encoder == "Encoder"
        assert scaler in {"StandardScaler", "MinMaxScaler"}
        assert transformer in {"StandardScaler", "MinMaxScaler", "PCA"}
        assert classifier == "GaussianNB"


def test_starting_points_that_do_not_fit_are_left_out() -> None:
    X, y = small_table("binary")
    texts = ["GaussianNB(StandardScaler(Encoder(X)))", "GaussianNB(Encoder(X))"]
    model = EvolvedClassifier(
        None, 3, cv=3, n_jobs=1, random_state=0, verbose=0, template="encoder-GaussianNB",
        warm_start=texts, settings=IN_PROCESS,
    ).fit(X, y)  # fmt: skip
    assert model.leaderboard_["operator"].tolist().count("warm start") == 1
    assert {len(names) for names in steps_of(model)} == {2}
