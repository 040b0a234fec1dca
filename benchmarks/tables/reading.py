"""Cost of reading a large CSV file, compared with `pandas.read_csv`.

    python -m benchmarks tables.reading [--rows 1000000] [--runs 7]

Makes a file of random values: numbers, whole numbers, words, a date, and a target. Each run reads
it in a process of its own: by pandas alone, and as `evolver fit` does, which reads the file, learns
the kind of each column from all values, and reads them by it. Runs of both take turns. Measured are
the seconds of the processor after all imports, and the peak memory of the process. Saves
`reading.json` and `reading.md`.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks import markdown
from benchmarks.datasets import TARGET
from benchmarks.options import parser_of
from benchmarks.provenance import ROOT
from benchmarks.records import Records, publish
from evolver.schema import learn
from evolver.training_table import read_training_table

FRACTIONS, WHOLE_NUMBERS = 15, 8
"""Numbers of columns of these kinds."""

WORDS = (10, 30, 100, 300, 1_000)
"""Numbers of distinct values of the columns of words."""

DAYS = 8_000
"""Number of distinct dates."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure the missing runs, and save records and table."""
    parser = parser_of(__file__, __doc__)
    parser.add_argument("--rows", type=int, default=1_000_000, help="rows of the file")
    parser.add_argument("--runs", type=int, default=7, help="runs of each way to read")
    options = parser.parse_args(arguments)
    records = Records(options.out / "reading.json", "rows", "run", "reader", repeat=options.repeat)
    missing = list(records.missing([options.rows], range(options.runs), READERS))
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "table.csv"
        if missing:
            # The peak memory of a process counts that of the process which starts it.
            in_new_process("write", file, options.rows)
        for rows, run, reader in missing:
            cost = json.loads(in_new_process("cost", file, reader))
            records.add({"rows": rows, "run": run, "reader": reader, **cost})
    publish(options.out / "reading.md", table_of(records))


def in_new_process(function: str, *arguments: object) -> str:
    """Call a function of this module in a new process, and return what it prints."""
    code = f"import sys; from benchmarks.tables import reading; reading.{function}(*sys.argv[1:])"
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout


def write(file: str, rows: str) -> None:
    """Write a table of random values as a CSV file."""
    n_rows, rng = int(rows), np.random.default_rng(0)
    table = pd.DataFrame({f"fraction {i}": rng.normal(size=n_rows) for i in range(FRACTIONS)})
    for number in range(WHOLE_NUMBERS):
        table[f"whole {number}"] = rng.integers(0, 10 ** (number % 4 + 1), n_rows)
    for distinct in WORDS:
        words = np.array([f"word {number}" for number in range(distinct)], dtype=object)
        table[f"{distinct} words"] = rng.choice(words, n_rows)
    days = pd.date_range("2000-01-01", periods=DAYS).strftime("%d.%m.%Y").to_numpy(dtype=object)
    table["date"] = rng.choice(days, n_rows)
    table[TARGET] = rng.choice(np.array(["yes", "no"], dtype=object), n_rows)
    table.to_csv(file, index=False)


def cost(file: str, reader: str) -> None:
    """Print the seconds of the processor and the peak memory that reading a file takes."""
    start = time.process_time()
    READERS[reader](file)
    seconds = time.process_time() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # in units of 1,024 bytes
    print(json.dumps({"seconds": round(seconds, 3), "peak_mb": round(peak * 1_024 / 1e6)}))


def read_by_pandas(file: str) -> None:
    """Read a file as pandas does."""
    pd.read_csv(file)


def read_by_evolver(file: str) -> None:
    """Read a file as `evolver fit` does."""
    table = read_training_table(file, TARGET).drop(columns=TARGET)
    learn(table).read(table)


READERS: dict[str, Callable[[str], None]] = {"pandas": read_by_pandas, "evolver": read_by_evolver}
"""Functions that read a file, by the name of the reader."""


def table_of(records: Records) -> str:
    """Return the medians of each reader, and their ratios, by the number of rows."""
    runs = pd.DataFrame(list(records), columns=["rows", "reader", "seconds", "peak_mb"])
    medians = runs.groupby(["rows", "reader"])[["seconds", "peak_mb"]].median()
    lines = []
    for rows in sorted(set(runs["rows"])):
        own, plain = medians.loc[(rows, "evolver")], medians.loc[(rows, "pandas")]
        for what, digits in (("seconds", 2), ("peak_mb", 0)):
            values = f"{plain[what]:.{digits}f}", f"{own[what]:.{digits}f}"
            lines.append([f"{rows:,}", what, *values, f"{own[what] / plain[what]:.2f}"])
    header = ["rows", "median", "pandas.read_csv", "evolver", "ratio"]
    return "\n".join(markdown.table(header, lines)) + "\n"


if __name__ == "__main__":
    main()
