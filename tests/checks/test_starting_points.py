"""Pipelines to begin with: folders of runs, and pipelines as text."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from evolver import EvolvedClassifier, InputError, Settings
from evolver.checks import check_warm_start
from evolver.checks.starting_points import encoded_points
from evolver.genome.codec import decode
from primitives import default_catalogue
from tests.pipelines import catalogue
from tests.tables import by_age, small_table

BINARY = catalogue("binary")
TEXT = "LogisticRegression(StandardScaler(Encoder(X, numbers='median')), C=1.0)"
SPACE = default_catalogue().only("Encoder", "StandardScaler", "LogisticRegression", "GaussianNB")


def classifier(**changes: Any) -> EvolvedClassifier:
    return EvolvedClassifier(
        **{
            "time_budget": None, "max_evaluations": 4, "cv": 3, "search_space": SPACE, "n_jobs": 1,
            "random_state": 0, "verbose": 0, "settings": Settings(in_process=True), **changes,
        }
    )  # fmt: skip


def test_values_that_are_missing_are_filled_in() -> None:
    [encoded] = encoded_points(check_warm_start(TEXT), BINARY)
    model, _, encoder = decode(encoded, BINARY).steps
    assert model.values == {"C": 1.0, "class_weight": None}
    assert isinstance(model.values["C"], float)
    assert encoder.values["numbers"] == "median"
    assert encoder.values.keys() >= {"categories", "dates", "add_indicator"}


def test_a_number_that_is_missing_is_in_the_middle_of_its_range() -> None:
    [encoded] = encoded_points(check_warm_start(["LogisticRegression(Encoder(X))"]), BINARY)
    assert encoded[0] is not None
    assert encoded[0][1]["C"] == pytest.approx((1e-3 * 100.0) ** 0.5, rel=1e-3)


def test_a_run_begins_with_them_in_their_order() -> None:
    X, y = small_table("binary")
    board = classifier(warm_start=["GaussianNB(Encoder(X))", TEXT]).fit(X, y).leaderboard_
    board = by_age(board)
    assert board["operator"].tolist()[:2] == ["warm start", "warm start"]
    assert board["expression"][0].startswith("GaussianNB(Encoder(X, ")
    assert board["expression"][1].startswith("LogisticRegression(StandardScaler(Encoder(X, ")


def test_texts_of_the_leaderboard_and_folders_can_be_mixed(tmp_path: Path) -> None:
    X, y = small_table("binary")
    folder = tmp_path / "a run (1)"
    earlier = by_age(classifier(run_dir=folder).fit(X, y).leaderboard_)
    texts = earlier["expression"].tolist()
    board = by_age(classifier(warm_start=texts, random_state=3).fit(X, y).leaderboard_)
    assert [text.split("(")[0] for text in board["expression"]] == [
        text.split("(")[0] for text in texts
    ]
    assert set(board["operator"]) == {"warm start"}
    front = check_warm_start(folder)
    assert len(front) > 0
    assert check_warm_start([str(folder), TEXT, folder]) == (*front, TEXT, *front)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("LogisticRegresion(Encoder(X))", "got 'LogisticRegresion' in .*Did you .*LogisticRegr"),
        ("LogisticRegression(Encoder(X), C=-1)", "Step LogisticRegression of .*`C` must be a numb"),
        ("LogisticRegression(Encoder(X), C='big')", "`C` must be a number from 0.001 to 100.0"),
        ("LogisticRegression(Encoder(X), c=1)", "no parameter but C, class_weight, got `c`"),
        (
            "GaussianNB(Encoder(X, numbers='medium'))",
            r"Step Encoder of .*`numbers` must be one of \['median'",
        ),
        ("GaussianNB(Encoder(X, max_categories=4))", "Step Encoder of .*got `max_categories`"),
        ("KNeighborsClassifier(Encoder(X), n_neighbors=2.5)", "`n_neighbors` must be an integer"),
        ("GaussianNB(X)", "complete pipelines.*must give Features, got X"),
        ("StandardScaler(Encoder(X))", "complete pipelines.*must give Prediction"),
        ("GaussianNB(Encoder(X), Encoder(X))", "complete pipelines"),
    ],
)
def test_a_wrong_pipeline_is_an_error_that_names_the_step(text: str, message: str) -> None:
    with pytest.raises(InputError, match=f"`warm_start` must .*{message}"):
        encoded_points(check_warm_start(text), BINARY)


@pytest.mark.parametrize(
    "text", ["GaussianNB(", "__import__('os').system('true')", "GaussianNB(Encoder(X), C=open(1))"]
)
def test_nothing_but_steps_and_plain_values_is_read(text: str) -> None:
    with pytest.raises(InputError, match="`warm_start` must hold folders of runs or pipelines"):
        check_warm_start(text)


def test_a_step_that_the_search_space_lacks_is_an_error() -> None:
    X, y = small_table("binary")
    with pytest.raises(InputError, match="steps of the search space that suit the table, got 'PCA"):
        classifier(warm_start="GaussianNB(PCA(Encoder(X)))").fit(X, y)


def test_a_very_long_text_is_an_expression() -> None:
    nested = "GaussianNB(" + "StandardScaler(" * 40 + "Encoder(X)" + ")" * 41
    assert len(check_warm_start(nested)) == 1
