"""Tables and pipelines that the engine is measured on."""

from __future__ import annotations

import json
from pathlib import Path

from evolver.checks import selected_catalogue
from evolver.genome.codec import Encoded, decode
from evolver.problem import Problem
from primitives import Catalogue

TABLES = ("credit-g", "segment", "abalone", "bike-sharing", "adult")
"""Tables of 1,000 to 50,000 rows; two classes, seven, numbers; with categories, gaps, dates."""

FILE = "pipelines.json"
HERE = Path(__file__).parent


def pipelines_of(name: str, problem: Problem) -> tuple[Catalogue, list[Encoded]]:
    """Return the catalogue and the pipelines of a table.

    Raises
    ------
    ValueError
        When a pipeline is not of this version's catalogue.
    """
    catalogue = selected_catalogue(None, problem, grouped=False)
    pipelines = json.loads((HERE / FILE).read_text(encoding="utf-8"))[name]
    for tree in pipelines:
        decode(tree, catalogue)
    return catalogue, pipelines
