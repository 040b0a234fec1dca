"""Facts of a fit that the specialisation of its estimator depends on."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from evolver.schema.as_written import Reading


@dataclass(frozen=True)
class Fit:
    """Facts of the rows that an estimator was fitted on.

    Parameters
    ----------
    as_written : collection of str
        Names of the columns whose values are used as they are written: the cleaner changes none.
    marks : mapping of str to collection of str
        Marks of missing values in columns of texts that need no other reading, by name.
    readings : mapping of str to Reading
        Functions that read other columns as the cleaner does, by name.
    empty : collection of str
        Names of the columns without any value.
    complete : collection of str
        Names of the columns without a gap.
    rows : int
        Number of the rows.
    is_weighted : bool
        True if the rows have weights.
    encodes_labels : bool
        True if the labels are numbers from 0 on: an average makes them so for its members.
    keeps_imputers : bool
        False to leave out an imputer of columns without a gap.
    """

    as_written: Collection[str] = field(default=frozenset())
    marks: Mapping[str, Collection[str]] = field(default_factory=dict)
    readings: Mapping[str, Reading] = field(default_factory=dict)
    empty: Collection[str] = field(default=frozenset())
    complete: Collection[str] = field(default=frozenset())
    rows: int = 0
    is_weighted: bool = False
    encodes_labels: bool = False
    keeps_imputers: bool = True
