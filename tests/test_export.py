"""Exported files: formatted, only what is needed, standalone, and of the user's own parts too."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC

from evolver.export import to_source
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
@settings(deadline=None, max_examples=60)
def test_every_tree_is_written_as_valid_source_within_the_line_length(
    space: Catalogue, seed: int
) -> None:
    source = to_source(to_estimator(random_tree(space, seed)))
    compile(source, "winner.py", "exec")
    assert max(map(len, source.splitlines())) <= 100


def test_the_pipeline_is_the_first_thing_to_read() -> None:
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
    """A user's own model, in a module that a reader of the file can import or not."""

    def __init__(self, label: int = 0) -> None:
        self.label = label


def test_a_model_of_a_users_module_is_imported_from_it() -> None:
    source = to_source(make_pipeline(HomeMade(label=3)))
    assert "from tests.test_export import HomeMade" in source
    assert "HomeMade(label=3)" in source


def test_a_model_of_the_main_script_is_carried_along(tmp_path: Path) -> None:
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
                from evolver.export import to_source

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


def test_what_cannot_be_written_is_said() -> None:
    with pytest.raises(ValueError, match="names of their own"):
        to_source(make_pipeline(HomeMade(label=lambda: 3)))  # type: ignore[arg-type]


class Told:
    """An object that keeps what it was given under another name."""

    def __init__(self, n: int) -> None:
        self.kept = n


@pytest.mark.parametrize("label", [Told(3), np.random.RandomState(0)])
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
def test_collections_come_back_as_they_were(label: Any) -> None:
    names: dict[str, Any] = {"__name__": "exported"}
    exec(to_source(make_pipeline(HomeMade(label=label))), names)
    again = names["make_pipeline"]()[0].label
    assert type(again) is type(label)
    np.testing.assert_equal(again, label)
    assert getattr(again, "dtype", None) == getattr(label, "dtype", None)


CARRIED = """
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
    from evolver.export import to_source

    print(to_source(make_pipeline({steps})))
"""


@pytest.mark.parametrize(
    "helpers",
    [
        "ANSWER: float = 1.5\n\ndef answer(rows):\n    return np.full(rows, ANSWER)",
        "ANSWER, OTHER = 1.5, 2.5\n\ndef answer(rows):\n    return np.full(rows, ANSWER)",
    ],
)
def test_constants_are_carried_however_they_are_bound(helpers: str, tmp_path: Path) -> None:
    script = tmp_path / "mine.py"
    script.write_text(CARRIED.format(helpers=helpers, steps="Constant()"))
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=True)
    names: dict[str, Any] = {"__name__": "exported"}
    exec(done.stdout, names)
    X = np.zeros((2, 1))
    assert names["make_pipeline"]().fit(X, [0.0, 1.0]).predict(X).tolist() == [1.5, 1.5]


@pytest.mark.parametrize(
    ("helpers", "steps", "message"),
    [
        ("if True:\n    def answer(rows):\n        return 1", "Constant()", "answer, which"),
        (
            "from primitives.cleaning import TableCleaner\n\n"
            "def as_frame(X):\n    return X\n\ndef answer(rows):\n    return as_frame(rows)",
            "TableCleaner(), Constant()",
            "as_frame must be one thing",
        ),
    ],
)
def test_what_an_exported_file_would_lack_or_mistake_is_refused(
    helpers: str, steps: str, message: str, tmp_path: Path
) -> None:
    script = tmp_path / "mine.py"
    script.write_text(CARRIED.format(helpers=helpers, steps=steps))
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert message in done.stderr
