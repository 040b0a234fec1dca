"""Specialisation of the steps that read columns: the cleaner, and the parts of dates."""

from __future__ import annotations

import re
from typing import Any

from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from evolver.export.fit_facts import Fit
from primitives.cleaning import TableCleaner
from primitives.constructed import with_formulas
from primitives.dates import DateParts, cyclic_part_of, parts_of_dates
from primitives.tidy import (
    tidy,
    to_booleans,
    to_dates,
    to_floats,
    to_numbers,
    to_places,
    with_gaps,
)

FUNCTION_NAMES: dict[Any, str] = {
    tidy: "clean",
    with_gaps: "clean",
    to_numbers: "read_numbers",
    to_floats: "read_floats",
    to_booleans: "read_booleans",
    to_places: "read_order",
    to_dates: "read_dates",
    parts_of_dates: "parts",
    with_formulas: "formulas",
}
"""Names of steps by the function that they apply."""


def cleaner_left(cleaner: TableCleaner, fit: Fit) -> Any:
    """Return what is left to clean: nothing, columns that a few lines read, texts, or all."""
    others = [name for name in cleaner.columns_ if name not in fit.as_written]
    short = [name for name in others if name in fit.readings]
    texts = [name for name in others if cleaner.columns_[name].kind in ("category", "text")]
    if len(short) + len(texts) < len(others):
        return cleaner
    steps = [
        FunctionTransformer(
            reading.function,
            kw_args={
                "names": [name for name in short if fit.readings[name] == reading],
                **dict(reading.arguments),
            },
        )
        for reading in dict.fromkeys(fit.readings[name] for name in short)
    ]
    marks = set().union(*(fit.marks.get(name, ()) for name in texts))
    if texts and all(name in fit.marks for name in texts):
        arguments = {"names": texts, "marks": sorted(marks)}
        steps.append(FunctionTransformer(with_gaps, kw_args=arguments))
    elif texts:
        steps.append(FunctionTransformer(tidy, kw_args={"names": texts}))
    if not steps:
        return "passthrough"
    return steps[0] if len(steps) == 1 else make_pipeline(*steps)


def parts_chosen(step: DateParts, fit: Fit) -> FunctionTransformer:
    """Return a function that gives the parts of dates that a fit has chosen."""
    names = step.feature_names_in_.tolist()
    parts: dict[str, list[str]] = {}
    differences = []
    for feature in step.features_:
        last, first, part = FEATURE.fullmatch(feature).groups()  # type: ignore[union-attr]
        if first is None:
            parts.setdefault(names[int(last)], []).append(part)
        else:
            differences.append((names[int(first)], names[int(last)]))
    arguments: dict[str, Any] = {"parts": parts}
    if differences:
        arguments["differences"] = differences
    if step.cyclic:
        arguments["read"] = cyclic_part_of
    return FunctionTransformer(parts_of_dates, kw_args=arguments)


FEATURE = re.compile(r"\{(\d+)\} (?:- \{(\d+)\} )?\((.+)\)")
"""Pattern of the name of a feature of `DateParts`: places of columns, and a part of a date."""
