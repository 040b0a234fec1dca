"""Records of all runs as a Markdown table, with the winner of each data set."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterable, Sequence

from benchmarks import markdown
from benchmarks.peers.record import Record
from benchmarks.peers.scoring import METRICS

HEADER = (
    "data set",
    "budget, s",
    "seed",
    "system",
    "version",
    "metric",
    "score",
    "constant predictor",
    "fit, s",
    "overrun",
    "peak memory, MB",
    "status",
)


def render(records: Iterable[Record]) -> str:
    """Return the table of some records, with the winners below."""
    ordered = sorted(records, key=lambda one: (one.dataset, one.budget, one.seed, one.system))
    contests = [
        list(group)
        for _, group in itertools.groupby(
            ordered, key=lambda one: (one.dataset, one.budget, one.seed)
        )
    ]
    rows = [_row(record, winners(contest)) for contest in contests for record in contest]
    return "\n".join([*markdown.table(HEADER, rows), "", *_verdicts(contests)]) + "\n"


def winners(contest: Sequence[Record]) -> list[str]:
    """Return the systems with the best score as it is printed, among those that ended well."""
    scored = [record for record in contest if not record.imputed]
    if not scored:
        return []
    best = max if METRICS[scored[0].task].greater_is_better else min
    score = _printed(best(record.score for record in scored))
    return [record.system for record in scored if _printed(record.score) == score]


def _row(record: Record, best: Sequence[str]) -> list[str]:
    score = _printed(record.score)
    if record.imputed:
        score = f"{score} (imputed)"
    elif record.system in best:
        score = f"**{score}**"
    better = "higher" if METRICS[record.task].greater_is_better else "lower"
    return [
        record.dataset,
        f"{record.budget:g}",
        str(record.seed),
        record.system,
        record.version,
        f"{record.metric} ({better} is better)",
        score,
        _printed(record.constant_score),
        "" if record.fit_seconds is None else f"{record.fit_seconds:.1f}",
        "" if record.overrun is None else f"{record.overrun:+.0%}",
        f"{record.peak_memory / 1e6:.0f}",
        record.status,
    ]


def _verdicts(contests: Iterable[Sequence[Record]]) -> list[str]:
    """Return a line for each budget and seed with the winners and their data sets."""
    lines: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for contest in contests:
        if len(contest) > 1:
            first = contest[0]
            verdict = _verdict(winners(contest))
            lines[f"{first.budget:g} s, seed {first.seed}"][verdict].append(first.dataset)
    return [
        f"**{setting}**: "
        + "; ".join(f"{verdict} on {', '.join(names)}" for verdict, names in sorted(where.items()))
        + "."
        for setting, where in lines.items()
    ]


def _verdict(best: Sequence[str]) -> str:
    if len(best) > 1:
        return f"tie of {' and '.join(best)}"
    return f"{best[0]} wins" if best else "no system ended well"


def _printed(score: float) -> str:
    return f"{score:.4g}"
