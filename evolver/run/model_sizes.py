"""Usage of the candidates of a run: which of them fit together in an ensemble.

A candidate that is fitted on all rows is measured. Before that, the folds tell its usage where
there are limits of the user; otherwise it is not known, and counts as nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from math import isnan
from statistics import median

from evolver.limits import Excess, Limits, Usage
from evolver.problem import Problem
from evolver.run.record import Record

TIMES_THE_WINNER = 2
"""Size of an ensemble, in sizes of the winner, that the default limit allows in any case."""


class ModelSizes:
    """Measured usage of fitted pipelines. Only the final fits of a run call it.

    Parameters
    ----------
    problem : Problem
    ensemble_bytes : int or None
        Largest number of bytes of an ensemble beside the limits of the problem; None: no limit.
    """

    def __init__(self, problem: Problem, ensemble_bytes: int | None) -> None:
        self._problem = problem
        self._ensemble_bytes = ensemble_bytes
        self._measured: dict[int, Usage] = {}
        self._limits = problem.limits

    def note(self, record: Record, usage: Usage) -> None:
        """Keep the usage of a candidate that was fitted on all rows."""
        self._measured[record.number] = usage

    def excess(self, usage: Usage) -> Excess | None:
        """Return what a model exceeds of the limits of the problem."""
        return self._problem.limits.excess(usage)

    def allow(self, winner: Record) -> None:
        """Set the limits of an ensemble: those of the problem, and the default one of its bytes.

        The default limit allows an ensemble that is twice as large as the winner, so that a large
        winner can have company.
        """
        limits, most = self._problem.limits, self._ensemble_bytes
        if most is not None:
            known = self._measured.get(winner.number)
            if known is not None and not isnan(known.model_bytes):
                most = max(most, TIMES_THE_WINNER * int(known.model_bytes))
            if limits.model_bytes is not None:
                most = min(most, int(limits.model_bytes))
            limits = replace(limits, model_bytes=most)
        self._limits = limits

    def affords(self, records: Iterable[Record], fits: Mapping[int, int] | None = None) -> bool:
        """Return True if candidates together are within the limits of an ensemble.

        Parameters
        ----------
        records : iterable of Record
        fits : mapping of int to int, optional
            Number of fits of a candidate, by its number; default 1 of each.
        """
        total: Usage | None = None
        for record in records:
            usage = self.expected(record)
            if usage is not None:
                usage = usage * (fits or {}).get(record.number, 1)
                total = usage if total is None else total + usage
        return total is None or self._limits.excess(total) is None

    def expected(self, record: Record) -> Usage | None:
        """Return the usage of a candidate: measured, else by its folds, else None."""
        if record.number in self._measured:
            return self._measured[record.number]
        return usage_by_folds(record, self._problem.limits)


def usage_by_folds(record: Record, limits: Limits) -> Usage | None:
    """Return the usage of a candidate on its folds, the median of each value; None if unknown."""
    known = [
        one.usage for one in record.folds.values() if len(one.usage) == 1 + len(limits.batches)
    ]
    if not known:
        return None
    size, *seconds = (median(values) for values in zip(*known, strict=True))
    return Usage(size, tuple(seconds))
