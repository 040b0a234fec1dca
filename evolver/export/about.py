"""Facts of a fitted model that its exported file tells or needs."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from primitives.reading import Column


@dataclass(frozen=True)
class About:
    """Facts of a model that its file tells or needs.

    Parameters
    ----------
    target : str or list of str
        Name of the target, or names of several.
    header : sequence of str
        Paragraphs at the top of the file.
    columns : mapping of str to Column
        Columns of the table that hold anything but plain numbers, and targets of texts.
    left_out : mapping of str to str
        Reasons why columns are not used, by name.
    complete : collection of str
        Names of the columns without a gap.
    members : sequence of str
        Short names of the members of an ensemble, in their order.
    label_kind : str
        Kind of the array of the labels, such as "O" for texts; empty for numbers.
    metric : str
        Name of the scorer that was optimised; empty if it has no name of scikit-learn.
    reads_texts, takes_weights : bool
        True if the target is read by `primitives.targets.read_target`, and if the model is fitted
        with weights of rows.
    options : str or None
        Further arguments of `pandas.read_csv`, such as ``sep=";"``; None if it cannot read the
        table, so that the general program does.
    """

    target: str | list[str] = "target"
    header: Sequence[str] = ("A model.",)
    columns: Mapping[str, Column] = field(default_factory=dict)
    left_out: Mapping[str, str] = field(default_factory=dict)
    complete: Collection[str] = frozenset()
    members: Sequence[str] = ()
    label_kind: str = ""
    metric: str = ""
    reads_texts: bool = False
    takes_weights: bool = False
    options: str | None = ""

    @property
    def is_plain(self) -> bool:
        """True if there is one target, read as it is, no weights, and a table for pandas."""
        is_general = self.reads_texts or self.takes_weights or self.options is None
        return isinstance(self.target, str) and not is_general
