"""Comparison of evolver with its peers: the same rows, metric, workers and seconds for all.

    python -m benchmarks peers.compare --datasets FOLDER [--names ...] [--systems ...]
        [--budget 60] [--seeds 0] [--environments FOLDER]

Every system runs in a process group of its own, one at a time, and is scored here on rows it has
not seen. The folder of the tables holds `catalog.json` too. Saves a record for each run, and tables
and plots of all records.
"""

from __future__ import annotations

import itertools
import json
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import pandas as pd
from sklearn.model_selection import train_test_split

from benchmarks.options import add_datasets, parser_of
from benchmarks.peers import plots, table
from benchmarks.peers.environments import interpreter, variables, version
from benchmarks.peers.job import TARGET, Answer, Job, read_answer
from benchmarks.peers.names import NAMES
from benchmarks.peers.ranking import Comparison, times_to_reach
from benchmarks.peers.record import Record, Run, load
from benchmarks.peers.scoring import METRICS, constant_prediction
from benchmarks.peers.supervision import Ending, supervise
from benchmarks.peers.systems import ENVIRONMENTS, SYSTEMS
from benchmarks.provenance import provenance

HERE = Path(__file__).absolute().parent
WORKERS = 2
TEST_SHARE = 0.3
KILL_AFTER = 3.0
"""Number of budgets from the start of a run to its killing."""


@dataclass(frozen=True)
class Data:
    """A data set, split."""

    task: str
    train: pd.DataFrame
    test: pd.DataFrame


@dataclass(frozen=True)
class Outcome:
    """Outcome of a job: an answer, or a status other than ``"ok"`` and the error."""

    status: str
    answer: Answer | None = None
    error: str | None = None


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the missing runs, and write tables and plots of all records."""
    parser = parser_of(__file__, __doc__, names=NAMES, seeds=[0], budget=60.0)
    add_datasets(parser)
    parser.add_argument("--systems", nargs="+", default=list(SYSTEMS), choices=SYSTEMS)
    parser.add_argument(
        "--environments",
        type=Path,
        default=Path("~/.cache/evolver-benchmarks").expanduser(),
        metavar="FOLDER",
        help="virtual environments of the peers",
    )
    options = parser.parse_args(arguments)
    options.out.mkdir(parents=True, exist_ok=True)
    if options.datasets is not None:
        known = {file.stem for file in options.datasets.glob("*.parquet")}
        unknown = [name for name in options.names if name not in known]
        if unknown:
            parser.error(f"`--names` must be data sets in `--datasets`, got {', '.join(unknown)}.")
        for seed, name, system in itertools.product(options.seeds, options.names, options.systems):
            run = Run(name, system, options.budget, seed)
            path = options.out / run.name
            if options.repeat or not path.exists():
                measure(run, options.datasets, options.environments).save(path)
            print(f"{run.name} is recorded.", flush=True)
    draw(load(options.out), options.out)


def draw(records: Sequence[Record], out: Path) -> None:
    """Write the tables and plots of some records."""
    comparisons = []
    for budget in sorted({one.budget for one in records}):
        mine = [one for one in records if one.budget == budget]
        (out / f"table-{budget:g}.md").write_text(table.render(mine), encoding="utf-8")
        comparison = Comparison(mine)
        if len(comparison.tables) > 1:
            comparisons.append(comparison)
            (out / f"ranks-{budget:g}.md").write_text(comparison.render(), encoding="utf-8")
            (out / f"ranks-{budget:g}.svg").write_text(plots.ranks(comparison), encoding="utf-8")
    reached = times_to_reach(records, "tpot", "evolver")
    if reached:
        (out / "reached.md").write_text(reached, encoding="utf-8")
    if comparisons:
        (out / "time.svg").write_text(plots.time(comparisons), encoding="utf-8")


def measure(run: Run, datasets: Path, environments: Path) -> Record:
    """Run a system on a data set, and score its predictions.

    Parameters
    ----------
    run : Run
    datasets : Path
        Folder of the Parquet files and their catalogue.
    environments : Path
        Folder of the virtual environments of the peers.
    """
    data = load_data(datasets, run.dataset, run.seed)
    environment = SYSTEMS[run.system].environment
    python = interpreter(environment, environments)
    current = version(ENVIRONMENTS[environment].module, python)
    print(f"{run.system} {current} runs on {run.dataset} for {run.budget:g} s.", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        ending, outcome = execute(run, data, python, Path(folder))
    return _record(run, data, current, ending, outcome)


def load_data(datasets: Path, name: str, seed: int) -> Data:
    """Return a data set, split at random; classes keep their shares in both parts."""
    catalogue = json.loads((datasets / "catalog.json").read_text(encoding="utf-8"))
    task = next(entry["task"] for entry in catalogue if entry["name"] == name)
    rows = pd.read_parquet(datasets / f"{name}.parquet")
    train, test = train_test_split(
        rows,
        test_size=TEST_SHARE,
        random_state=seed,
        stratify=None if task == "regression" else rows[TARGET],
    )
    return Data(task, train.reset_index(drop=True), test.reset_index(drop=True))


def execute(run: Run, data: Data, python: str, folder: Path) -> tuple[Ending, Outcome]:
    """Give a system its job in a folder of its own, and kill it when it is late."""
    system = SYSTEMS[run.system]
    job = Job(
        train=str(folder / "train.parquet"),
        test=str(folder / "test.parquet"),
        task=data.task,
        budget=run.budget,
        seed=run.seed,
        workers=WORKERS,
        mode=system.mode,
        output=str(folder / "answer.json"),
    )
    data.train.to_parquet(job.train)
    data.test.drop(columns=TARGET).to_parquet(job.test)
    log = folder / "log.txt"
    command = [python, str(HERE / system.runner), job.to_json()]
    ending = supervise(command, variables(python), log, KILL_AFTER * run.budget)
    return ending, _outcome(ending, Path(job.output), log)


def _outcome(ending: Ending, output: Path, log: Path) -> Outcome:
    """Return the outcome of a job; predictions count even when the process then would not end."""
    if output.exists():
        try:
            return Outcome("ok", read_answer(output))
        except RuntimeError as error:
            return Outcome("failed", error=str(error))
    if ending.exit_code is None:
        return Outcome("killed", error=f"No prediction after {KILL_AFTER:g} budgets.")
    last_words = log.read_text(encoding="utf-8", errors="replace").strip().rpartition("\n")[-1]
    return Outcome("failed", error=f"Exit code {ending.exit_code}: {last_words}")


def _record(run: Run, data: Data, current: str, ending: Ending, outcome: Outcome) -> Record:
    metric = METRICS[data.task]
    truth = data.test[TARGET]
    constant = metric.score(truth, constant_prediction(data.train[TARGET], len(truth)))
    status, error = outcome.status, outcome.error
    score, single = constant, constant if SYSTEMS[run.system].has_single else None
    answer = outcome.answer
    if answer is not None:
        try:
            score, single = (
                metric.score(truth, answer.prediction),
                None if answer.single is None else metric.score(truth, answer.single),
            )
        except ValueError as invalid:
            status, error = "failed", str(invalid)
    seconds = None if answer is None else answer.fit_seconds
    return Record(
        **asdict(run),
        version=current,
        task=data.task,
        metric=metric.name,
        rows=len(data.train) + len(data.test),
        columns=data.train.shape[1] - 1,
        workers=WORKERS,
        score=score,
        constant_score=constant,
        imputed=status != "ok",
        single_score=single,
        fit_seconds=seconds,
        overrun=None if seconds is None else seconds / run.budget - 1,
        predict_seconds=None if answer is None else answer.predict_seconds,
        model_bytes=None if answer is None else answer.model_bytes,
        peak_memory=ending.peak_memory,
        status=status,
        error=error,
        **provenance(),
    )


if __name__ == "__main__":
    main()
