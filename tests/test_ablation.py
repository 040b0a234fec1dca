"""Tables of the ablation do not depend on the order in which records were saved."""

from __future__ import annotations

from typing import Any

from benchmarks.ablation.effects import effects_of, table_of


def run(seed: int, arm: str, test: float) -> dict[str, Any]:
    """Return a record of a regression whose single pipeline and fold models have an error of 3."""
    return {
        "name": "table",
        "budget": 60.0,
        "seed": seed,
        "arm": arm,
        "test": test,
        "single": -3.0,
        "fold_models": -3.0,
        "constant": -9.0,
    }


RUNS = [
    run(1, "all", -2.0),
    run(1, "no racing", -3.0),
    run(0, "no racing", -2.0),
    run(0, "all", -2.5),
]


def test_the_numbers_of_a_table_are_in_the_order_of_the_seeds() -> None:
    row = table_of(RUNS).splitlines()[-1]
    assert row == "| table | 60 | +20.00, +50.00 | -20.00, +50.00 | +20.00, +50.00 |"


def test_effects_are_counted_by_table_not_by_run() -> None:
    other = [one | {"name": "other"} for one in RUNS if one["seed"] == 1]
    assert "\n| no racing | 60 | 2 | 3 | +28.19 |" in effects_of([*RUNS, *other])
