"""Error of a run that has no model, with the reason that is told."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from evolver.errors import NoPipelineError
from evolver.limits import Excess, excess_in
from evolver.outcome import (
    Failed,
    Failure,
    Outcome,
    Stopped,
    commonest_reasons,
    is_over_limit,
)
from evolver.run.ranking import by_merit
from evolver.run.record import Record


def raise_unless_late(
    records: Sequence[Record],
    failures: Sequence[Failed],
    over: Sequence[tuple[Record, Excess]],
) -> None:
    """Raise NoPipelineError unless most candidates failed for time.

    If candidates were over a limit, the error names the nearest. If there were candidates to fit on
    all rows, their failed fits count, otherwise the outcomes of all candidates.

    Parameters
    ----------
    records : sequence of Record
        All candidates.
    failures : sequence of Failed
        Failed fits on all rows.
    over : sequence of (Record, Excess)
        Candidates that were over a limit when they were fitted on all rows.
    """
    over = [*over, *_stopped_over_limit(records)]
    if over:
        record, excess = min(over, key=lambda one: one[1].ratio)
        raise NoPipelineError(
            "No pipeline is within the limits of use (`max_predict_seconds`, `max_model_bytes`):"
            f" {len(over)} of {len(records)} candidates were over one. The nearest,"
            f" {record.candidate.tree}, has {excess}. Raise this limit, search longer, or leave out"
            " large models by `estimators`."
        )
    outcomes: Sequence[Outcome | None] = failures
    if not any(by_merit(records)):
        outcomes = [record.outcome for record in records]
    failed = [outcome for outcome in outcomes if isinstance(outcome, Failed)]
    late = sum(outcome.kind is Failure.TIMEOUT for outcome in failed)
    if failed and 2 * late < len(failed):
        raise NoPipelineError(
            f"No pipeline could be fitted ({len(records)} candidates). The commonest"
            f" reasons:\n{commonest_reasons(failed)}"
        )


def _stopped_over_limit(records: Sequence[Record]) -> Iterator[tuple[Record, Excess]]:
    """Yield the candidates that the search has stopped over a limit, with their excess."""
    for record in records:
        if isinstance(record.outcome, Stopped) and is_over_limit(record.outcome):
            excess = excess_in(record.outcome.reason)
            if excess is not None:
                yield record, excess
