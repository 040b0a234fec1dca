"""Exported files are formatted, standalone and minimal, also with classes of the user."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from collections import Counter, OrderedDict, defaultdict, namedtuple
from enum import Enum, Flag, IntEnum, IntFlag, StrEnum, auto
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from scipy.special import expit
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC

from evolver.export.source_file import to_source
from evolver.genome.pipeline import to_estimator
from primitives import Catalogue
from primitives.cleaning import TableCleaner
from tests.alone import run_exported
from tests.genome.strategies import CATALOGUES, random_tree, seeds, spaces
from tests.tables import small_table


def ruff(*arguments: str, source: str) -> str:
    program = [sys.executable, "-m", "ruff", *arguments, "--isolated", "--line-length", "100", "-"]
    done = subprocess.run(program, input=source, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


@pytest.mark.parametrize("task", sorted(CATALOGUES))
def test_files_are_formatted_and_import_only_what_they_need(task: str) -> None:
    for seed in range(6):
        source = to_source(to_estimator(random_tree(CATALOGUES[task], seed)), "the target")
        assert ruff("format", "--diff", source=source).strip() in ("", "1 file already formatted")
        select = "--select=E,F,I,UP"
        assert "All checks passed!" in ruff("check", select, source=source)


@given(spaces, seeds)
@settings(deadline=None, max_examples=12)
def test_every_tree_is_written_as_valid_source_within_the_line_length(
    space: Catalogue, seed: int
) -> None:
    source = to_source(to_estimator(random_tree(space, seed)))
    compile(source, "winner.py", "exec")
    # A part without brackets cannot be broken, however deep it is.
    longest = [line for line in source.splitlines() if set(line) & set("([{")]
    assert max(map(len, longest)) <= 100


def test_the_pipeline_comes_before_the_copied_definitions() -> None:
    source = to_source(make_pipeline(TableCleaner(), SVC(C=2.5)), title="Found.")
    body = textwrap.dedent(
        '''
        def make_pipeline():
            """Return the unfitted pipeline."""
            return Pipeline([("tablecleaner", TableCleaner()), ("svc", SVC(C=2.5))])
        '''
    )
    assert source.startswith('"""Found."""\n')
    assert body in source
    assert source.index("def make_pipeline") < source.index("class TableCleaner")
    assert "OutOfFoldPredictions" not in source
    assert "lightgbm" not in source


def test_a_program_fits_a_csv_and_writes_predictions_and_probabilities(tmp_path: Path) -> None:
    X, y = small_table("multiclass")
    table = X.assign(kind=y)
    table[:80].to_csv(tmp_path / "train.csv", index=False)
    table[80:].to_csv(tmp_path / "test.csv", index=False)
    X[80:].to_csv(tmp_path / "unlabelled.csv", index=False)
    pipeline = to_estimator(random_tree(CATALOGUES["multiclass"], 5))
    file = tmp_path / "winner.py"
    file.write_text(to_source(pipeline, "kind"))
    train = tmp_path / "train.csv"
    shown = run_exported(file, train)
    assert "prediction" in shown
    for test in ("test.csv", "unlabelled.csv"):
        run_exported(
            file, train, "--predict", tmp_path / test, "--out", tmp_path / f"{test}.out.csv"
        )
    one, other = (pd.read_csv(tmp_path / f"{name}.csv.out.csv") for name in ("test", "unlabelled"))
    pd.testing.assert_frame_equal(one, other)
    assert list(one) == ["prediction", *(f"probability_{label}" for label in np.unique(y))]
    assert len(one) == 40
    np.testing.assert_allclose(one.iloc[:, 1:].sum(axis=1), 1.0)


class HomeMade(ClassifierMixin, BaseEstimator):
    """Model of a user, defined in a module that a reader of the file can import."""

    def __init__(self, label: int = 0) -> None:
        self.label = label


def test_a_model_of_a_users_module_is_imported() -> None:
    source = to_source(make_pipeline(HomeMade(label=3)))
    assert "from tests.export.test_source_file import HomeMade" in source
    assert "HomeMade(label=3)" in source


def test_the_source_of_a_model_of_the_main_script_is_copied(tmp_path: Path) -> None:
    script = tmp_path / "mine.py"
    script.write_text(
        textwrap.dedent(
            """
            import numpy as np
            from sklearn.base import BaseEstimator, ClassifierMixin
            from sklearn.pipeline import make_pipeline

            ANSWER = 1

            def answer(rows):
                return np.full(rows, ANSWER)

            class Constant(ClassifierMixin, BaseEstimator):
                def fit(self, X, y):
                    self.classes_ = np.unique(y)
                    return self

                def predict(self, X):
                    return answer(len(X))

                def predict_proba(self, X):
                    return np.ones((len(X), len(self.classes_))) / len(self.classes_)

            if __name__ == "__main__":
                from evolver.export.source_file import to_source

                print(to_source(make_pipeline(Constant())))
            """
        )
    )
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=True)
    winner = tmp_path / "winner.py"
    winner.write_text(done.stdout)
    pd.DataFrame({"a": [1.0, 2.0, 3.0], "target": [0, 1, 0]}).to_csv(tmp_path / "train.csv")
    out = tmp_path / "out.csv"
    run_exported(winner, tmp_path / "train.csv", "--out", out)
    assert pd.read_csv(out)["prediction"].tolist() == [1, 1, 1]


def test_a_lambda_is_refused() -> None:
    with pytest.raises(ValueError, match="names of their own"):
        to_source(make_pipeline(HomeMade(label=lambda: 3)))  # type: ignore[arg-type]


class Renaming:
    """Object that keeps its argument as an attribute of another name."""

    def __init__(self, n: int) -> None:
        self.kept = n


@pytest.mark.parametrize("label", [Renaming(3), np.random.RandomState(0)])
def test_an_object_whose_arguments_are_not_known_is_refused(label: Any) -> None:
    with pytest.raises(ValueError, match="attributes of the same names"):
        to_source(make_pipeline(HomeMade(label=label)))


@pytest.mark.parametrize(
    "label",
    [
        {3, 1, 2},
        frozenset({"a"}),
        set(),
        b"bytes",
        np.array([[1.0, 2.5]], dtype=np.float32),
        np.array(["a", "bc"]),
    ],
    ids=str,
)
def test_collections_are_restored_with_their_type(label: Any) -> None:
    names: dict[str, Any] = {"__name__": "exported"}
    exec(to_source(make_pipeline(HomeMade(label=label))), names)
    again = names["make_pipeline"]()[0].label
    assert type(again) is type(label)
    np.testing.assert_equal(again, label)
    assert getattr(again, "dtype", None) == getattr(label, "dtype", None)


class Mode(StrEnum):
    FAST = "a 'fast' one"


class Level(IntEnum):
    HIGH = 3


class Share(float, Enum):
    HALF = 0.5


class Side(Flag):
    LEFT = auto()
    RIGHT = auto()


class Where(IntFlag):
    UP = auto()
    DOWN = auto()


Odd = Enum("Odd", {"two words": 1, "None": 2})
Point = namedtuple("Point", ["x", "y"])


class Place(NamedTuple):
    name: str
    at: Point


def round_trip(label: Any) -> Any:
    """Return the parameter of the pipeline that an exported file makes."""
    names: dict[str, Any] = {"__name__": "exported"}
    exec(to_source(make_pipeline(HomeMade(label=label))), names)
    return names["make_pipeline"]()[0].label


@pytest.mark.parametrize(
    "label",
    [
        Mode.FAST,
        Level.HIGH,
        Share.HALF,
        Side.LEFT,
        Side.LEFT | Side.RIGHT,
        Side(0),
        Where.UP | Where.DOWN,
        Where(8),
        Odd["two words"],
        Odd["None"],
        [Mode.FAST, (Level.HIGH, {Mode.FAST: Level.HIGH})],
        Point(1, "two"),
        Place("here", Point(0.5, None)),
        OrderedDict(b=1, a=[2]),
        OrderedDict(),
        np.str_("a 'text'"),
        np.bytes_(b"bytes"),
        np.float32(0.1),
        np.int8(3),
        np.bool_(True),
        True,
        -0.0,
        -3,
        "\udc80 \0 \u2028 \x1b {} \\",
        np.array([], dtype=np.int64),
        np.array(3.5),
        np.array(["2020-01-01"], dtype="datetime64[ns]"),
        np.array([1, "a", None], dtype=object),
        len,
        np.ndarray,
    ],
    ids=repr,
)
def test_a_parameter_of_any_kind_is_equal_after_export(label: Any) -> None:
    again = round_trip(label)
    plain = label.item() if isinstance(label, np.generic) else label
    assert type(again) is type(plain)
    np.testing.assert_equal(again, plain)
    assert repr(again) == repr(plain)


class Word(str):
    """String whose representation is code."""

    def __repr__(self) -> str:
        return "__import__('os').abort()"


class Whole(int):
    __repr__ = Word.__repr__


class Real(float):
    __repr__ = Word.__repr__


class Raw(bytes):
    __repr__ = Word.__repr__


class Row(list):
    __repr__ = Word.__repr__


class Pair(tuple):
    __slots__ = ()


class Map(dict):
    pass


class Bag(set):
    pass


class Call(partial):
    pass


@pytest.mark.parametrize(
    "label",
    [
        Word("a"),
        Whole(3),
        Real(0.5),
        Raw(b"a"),
        Row([1]),
        Pair([1]),
        Map(a=1),
        Bag({1}),
        Call(len),
        [Word("a")],
        {Word("a"): 1},
        defaultdict(list),
        Counter("a"),
        np.longdouble(1) / 3,
        np.datetime64("2020-01-01"),
        1j,
        range(3),
        np.ma.masked_array([1, 2], [True, False]),
        np.matrix([[1]]),
        np.zeros(2, dtype=[("a", "f8"), ("b", "i4")]),
        np.zeros((0, 3)),
        expit,
        np.frompyfunc(len, 1, 1),
        "text".upper,
        [].append,
        str.upper,
        partial(len, **{"two words": 1}),
        partial(len, **{"class": 1}),
        pd.NA,
        pd.Timestamp("2020-01-01"),
    ],
    ids=lambda label: type(label).__name__,
)
def test_a_parameter_that_would_differ_after_export_is_refused(label: Any) -> None:
    with pytest.raises(ValueError, match="pipeline that is exported must"):
        to_source(make_pipeline(HomeMade(label=label)))


HOSTILE = (
    '"""',
    "'" * 3,
    "quote \" and ' and \\",
    "new\nline\r\ttab",
    "{brace} %(default)s %s {0} ${x}",
    '"); raise SystemExit("sprung") #',
    '\n"""\nraise SystemExit("sprung")\n"""',
    "\\",
    "__import__('os').abort()",
    "\u2028\u2029\x0c\x1c",
    "naïve 名前",
)


@pytest.mark.slow
def test_names_and_values_of_a_table_are_never_code_in_an_exported_file(tmp_path: Path) -> None:
    """The file holds the names of columns and of the target, categories, classes and a title."""
    rng = np.random.default_rng(0)
    X = pd.DataFrame({name: rng.normal(size=120) for name in HOSTILE[1:]})
    X[HOSTILE[0]] = rng.choice(HOSTILE, 120)
    y = np.where(X[HOSTILE[1]] + rng.normal(size=120) > 0, HOSTILE[5], HOSTILE[6])
    for seed, target in enumerate((HOSTILE[5], *(f"{one}?" for one in HOSTILE[2:5]))):
        table = X.drop(columns=target, errors="ignore")
        pipeline = to_estimator(random_tree(CATALOGUES["binary"], seed)).fit(table, y)
        file, train, out = (tmp_path / name for name in ("w.py", "train.parquet", "o.parquet"))
        title = "".join(HOSTILE)
        file.write_text(to_source(pipeline, target, title), encoding="utf-8")
        assert "sprung" in file.read_text(encoding="utf-8")
        table.assign(**{target: y}).to_parquet(train)
        run_exported(file, train, "--out", out)
        np.testing.assert_array_equal(pd.read_parquet(out)["prediction"], pipeline.predict(table))


SCRIPT = """
import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.pipeline import make_pipeline

{helpers}

class Constant(RegressorMixin, BaseEstimator):
    def fit(self, X, y):
        self.n_features_in_ = X.shape[1]
        return self

    def predict(self, X):
        return answer(len(X))

if __name__ == "__main__":
    rows = 3
    from evolver.export.source_file import to_source

    print(to_source(make_pipeline({steps})))
"""


@pytest.mark.parametrize(
    "helpers",
    [
        "ANSWER: float = 1.5\n\ndef answer(rows):\n    return np.full(rows, ANSWER)",
        "ANSWER, OTHER = 1.5, 2.5\n\ndef answer(rows):\n    return np.full(rows, ANSWER)",
    ],
)
def test_constants_are_copied_from_every_form_of_assignment(helpers: str, tmp_path: Path) -> None:
    script = tmp_path / "mine.py"
    script.write_text(SCRIPT.format(helpers=helpers, steps="Constant()"))
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=True)
    names: dict[str, Any] = {"__name__": "exported"}
    exec(done.stdout, names)
    X = np.zeros((2, 1))
    assert names["make_pipeline"]().fit(X, [0.0, 1.0]).predict(X).tolist() == [1.5, 1.5]


@pytest.mark.parametrize(
    ("helpers", "steps", "message"),
    [
        ("if True:\n    def answer(rows):\n        return 1", "Constant()", "at the top level"),
        (
            "from primitives.cleaning import TableCleaner\n\n"
            "def as_frame(X):\n    return X\n\ndef answer(rows):\n    return as_frame(rows)",
            "TableCleaner(), Constant()",
            "as_frame must have one definition",
        ),
    ],
)
def test_definitions_that_are_nested_or_ambiguous_are_refused(
    helpers: str, steps: str, message: str, tmp_path: Path
) -> None:
    script = tmp_path / "mine.py"
    script.write_text(SCRIPT.format(helpers=helpers, steps=steps))
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert message in done.stderr
