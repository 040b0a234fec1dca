"""Choice of models by names or patterns."""

from __future__ import annotations

from typing import Any

import pytest

from evolver import EvolvedClassifier, EvolvedRegressor, InputError, InputTypeError, Settings
from evolver.checks import models
from evolver.checks.models import is_model
from evolver.presets import light_catalogue
from evolver.task import TASKS
from primitives import Features, Prediction, Primitive, default_catalogue
from tests.tables import small_table

DEFAULT = default_catalogue()


def space(estimators: Any, **parameters: Any) -> dict[str, bool]:
    """Return for each primitive of the search space of a classifier whether it is a model."""
    chosen = EvolvedClassifier(estimators=estimators, **parameters)._request(10.0, None, None)
    return {one.name: is_model(one) for one in chosen.search_space}


def test_models_are_chosen_and_all_other_steps_stay() -> None:
    found = space(["LGBM*", "RandomForest*"])
    named = {name for name, is_one in found.items() if is_one}
    assert named == {"LGBMClassifier", "RandomForestClassifier"}
    assert found.keys() - named == {one.name for one in DEFAULT if not is_model(one)}


def test_a_text_stands_for_a_list_of_it_and_a_name_is_exact() -> None:
    assert [name for name, is_one in space("LogisticRegression").items() if is_one] == [
        "LogisticRegression"
    ]


def test_a_search_space_is_filtered() -> None:
    given = DEFAULT.only("Encoder", "PCA", "GaussianNB", "SVC", "LinearSVC")
    assert space("*SVC", search_space=given).keys() == {"Encoder", "PCA", "SVC", "LinearSVC"}


def test_models_that_are_named_join_the_light_steps() -> None:
    found = space("RandomForest*", preset="light")
    assert found["RandomForestClassifier"]
    assert {name for name, is_one in found.items() if not is_one} == {
        one.name for one in light_catalogue() if not is_model(one)
    }


@pytest.mark.parametrize(
    ("estimators", "message"),
    [
        ("LGMB*", "models for classification.*, got 'LGMB.'. Did you mean LGBMClassifier?"),
        (["GaussianNB", "forest"], "got 'forest'. Did you mean RandomForestClassifier?"),
        (["LGBMRegressor"], "models for classification.*'LGBMRegressor'. Did you .*LGBMClassifier"),
        (["Encoder"], "got 'Encoder'"),
        (["SoftVote"], "got 'SoftVote'"),
        ([], "`estimators` must have at least one name"),
    ],
)
def test_an_unknown_pattern_is_an_error_with_near_names(estimators: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        space(estimators)


@pytest.mark.parametrize("estimators", [3, {"SVC"}, ["SVC", 1]])
def test_anything_but_texts_is_an_error(estimators: Any) -> None:
    with pytest.raises(InputTypeError, match="`estimators` must be a list of names or patterns"):
        space(estimators)


def test_a_model_whose_library_is_missing_is_an_error() -> None:
    missing = Primitive("Far", (Features,), Prediction, dict, library="not_there")
    with pytest.raises(InputError, match="library is installed, got 'Far', which needs not_there"):
        space("Far", search_space=DEFAULT.add(missing))
    near = {
        name for name, is_one in space("*", search_space=DEFAULT.add(missing)).items() if is_one
    }
    assert "Far" not in near
    assert "GaussianNB" in near


def test_models_that_do_not_suit_the_table_are_an_error() -> None:
    X, y = small_table("regression")
    model = EvolvedRegressor(
        max_evaluations=2, n_jobs=1, verbose=0, estimators="GammaRegressor",
        settings=Settings(in_process=True),
    )  # fmt: skip
    with pytest.raises(InputError, match=r"`estimators` must name a model that suits.*Gamma"):
        model.fit(X, -y)


def test_the_families_of_models_are_those_of_the_tasks() -> None:
    assert models.TASKS_OF.keys() == TASKS.keys()
