"""Presets: choices for parameters that are not given."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sklearn.base import clone

from evolver import EvolvedClassifier, EvolvedRegressor, InputError, Settings
from evolver.presets import LIGHT_BESIDE, LIGHT_COST, PRESETS, check_preset, light_catalogue
from primitives import default_catalogue
from tests.pipelines import traits
from tests.tables import small_table

NAMES = ["fast", "light", "best"]


def request(**parameters: Any) -> Any:
    """Return the checked arguments of `fit`."""
    return EvolvedClassifier(**parameters)._request(10.0, None, None)


def test_none_stands_for_the_documented_defaults() -> None:
    without = request()
    assert (without.cv, without.population_size) == (5, 50)
    assert without.settings == Settings()
    assert list(without.search_space) != []
    assert [one.name for one in without.search_space] == [one.name for one in default_catalogue()]


@pytest.mark.parametrize("name", NAMES)
def test_a_preset_is_stored_and_cloned_as_it_is(name: str) -> None:
    model = clone(EvolvedRegressor(preset=name))
    assert model.get_params()["preset"] == name
    assert model.cv is None
    assert model.settings is None


@pytest.mark.parametrize("name", NAMES)
def test_a_preset_changes_what_its_data_say_and_not_the_budget(name: str) -> None:
    preset, chosen = PRESETS[name], request(preset=name)
    assert (chosen.cv, chosen.population_size) == (preset.cv, preset.population_size)
    assert chosen.settings == replace(Settings(), **preset.settings)
    assert chosen.budget == request().budget


def test_a_parameter_that_is_given_wins_even_if_it_is_the_default() -> None:
    chosen = request(preset="best", cv=5, population_size=50)
    assert (chosen.cv, chosen.population_size) == (5, 50)
    space = default_catalogue().only("Encoder", "LGBMClassifier")
    assert request(preset="light", search_space=space).search_space is space


def test_settings_that_are_given_are_completed() -> None:
    settings = request(preset="best", settings=Settings(ensemble_size=2, lag=3)).settings
    assert (settings.ensemble_size, settings.lag) == (2, 3)
    assert settings.portfolio_size == PRESETS["best"].settings["portfolio_size"]


@pytest.mark.parametrize("name", ["fastest", 1, ["fast"]])
def test_an_unknown_preset_is_an_error(name: Any) -> None:
    with pytest.raises(InputError, match=r"`preset` must be one of \['fast', 'light', 'best'\]"):
        check_preset(name)


def test_the_light_space_is_of_cheap_steps_without_stacks() -> None:
    space = light_catalogue()
    dear = [one.name for one in space if one.cost > LIGHT_COST]
    assert dear == list(LIGHT_BESIDE)
    assert "Stack" not in space
    assert {"GaussianNB", "Ridge", "DecisionTreeClassifier", "StandardScaler"} <= {
        one.name for one in space
    }
    assert len(space) < 0.75 * len(default_catalogue())
    assert all(one.keeps_inputs for one in space)


@pytest.mark.parametrize(
    "task", ["binary", "multiclass", "multilabel", "regression", "multioutput"]
)
@pytest.mark.parametrize("columns", [{}, {"texts": 1, "categories": 0, "numbers": 0, "dates": 0}])
def test_the_light_space_has_pipelines_for_every_task(task: str, columns: dict[str, int]) -> None:
    table = traits(task, **columns)
    space = light_catalogue().select(task, table)
    treatments = space["Encoder"].fixed_space
    assert "nearest" not in getattr(treatments.get("numbers"), "choices", ())
    assert default_catalogue().select(task, table)["Encoder"].fixed_space.keys() == (
        treatments.keys()
    )


def test_a_light_run_has_only_light_steps() -> None:
    X, y = small_table("binary")
    model = EvolvedClassifier(
        None, 8, preset="light", cv=3, n_jobs=1, random_state=0, verbose=0,
        settings=Settings(in_process=True),
    ).fit(X, y)  # fmt: skip
    light = {one.name for one in light_catalogue()}
    assert set(model.best_by_family_["family"]) <= light
    assert model.statistics_["failed"] == 0
