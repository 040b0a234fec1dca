"""Best candidate of each family of models, as a table."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from evolver.genome.names import short_digest, short_name
from evolver.genome.tree import Step, Tree
from evolver.outcome import Scored
from evolver.run.ranking import ranking_key
from evolver.run.record import Record
from primitives import Prediction

COLUMNS = ("family", "score", "std", "parameters", "pipeline", "expression", "digest")
"""Columns of `best_by_family_`."""


def best_by_family(records: Sequence[Record]) -> pd.DataFrame:
    """Return a table of the best scored candidate of each family of models, best score first.

    Parameters
    ----------
    records : sequence of Record
        Candidates of a run with their outcomes.
    """
    scored = [record for record in records if isinstance(record.outcome, Scored)]
    best: dict[str, tuple[object, ...]] = {}
    for record in sorted(scored, key=ranking_key):
        tree, outcome = record.candidate.tree, record.member.outcome
        model = model_of(tree)
        texts = short_name(tree), str(tree), short_digest(record.candidate.digest)
        row = (outcome.score, outcome.std, model.values, *texts)
        best.setdefault(model.name, (model.name, *row))
    return pd.DataFrame(list(best.values()), columns=COLUMNS)


def model_of(tree: Tree) -> Step:
    """Return the step that names the family of a pipeline.

    It is the model that gives the predictions. A step that changes the target of one model is
    passed over; a vote or an average of several models is a family of its own.
    """
    place = 0
    while tree[place].arity == 1 and issubclass(tree[place].args[0], Prediction):
        place += 1
    model: Step = tree[place]
    return model
