"""Job that the comparison gives to a system, and answer of the system.

Imported by the runners too, in the environments of the peers: it needs numpy and pandas only, and
runs on Python 3.9.
"""

from __future__ import annotations

import json
import pickle
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from pandas.api.types import is_bool_dtype, is_datetime64_any_dtype, is_numeric_dtype

TARGET = "target"

FOLDS = 5

SCORING = {
    "binary": "roc_auc",
    "multiclass": "neg_log_loss",
    "regression": "neg_root_mean_squared_error",
}
"""Names in scikit-learn of the metric that every system searches by, for each task."""


@dataclass(frozen=True)
class Job:
    """Run of a system.

    Parameters
    ----------
    train : str
        Parquet file of the rows to fit on, with the target.
    test : str
        Parquet file of the rows to predict, without the target.
    task : str
        ``"binary"``, ``"multiclass"`` or ``"regression"``.
    budget : float
        Seconds for the fit.
    seed : int
    workers : int
        Processes that may work at once.
    mode : str
        Mode of the system; empty where it has only one.
    output : str
        JSON file for the answer.
    """

    train: str
    test: str
    task: str
    budget: float
    seed: int
    workers: int
    mode: str
    output: str

    def to_json(self) -> str:
        """Return the text that `perform` reads."""
        return json.dumps(asdict(self))

    def tables(self) -> tuple[pd.DataFrame, pd.Series, pd.DataFrame]:
        """Return the columns to fit on, their target, and the columns to predict."""
        train = pd.read_parquet(self.train)
        return train.drop(columns=TARGET), train[TARGET], pd.read_parquet(self.test)


@dataclass(frozen=True)
class Prediction:
    """Predictions for some rows.

    Parameters
    ----------
    values : ndarray
        Numbers of shape (n_samples,), or probabilities of shape (n_samples, n_classes).
    classes : list of str, optional
        Labels of the columns of probabilities.
    """

    values: np.ndarray
    classes: list[str] | None = None


@dataclass(frozen=True)
class Answer:
    """Answer of a system to a job.

    Parameters
    ----------
    prediction : Prediction
    fit_seconds : float
        Wall time of the fit alone.
    predict_seconds : float
        Wall time of predicting the held-out rows.
    model_bytes : int
        Size of the files or objects that must be kept to predict.
    single : Prediction, optional
        Predictions of the best single pipeline, where a system delivers that too.
    """

    prediction: Prediction
    fit_seconds: float
    predict_seconds: float
    model_bytes: int
    single: Prediction | None = None


def pickled_bytes(model: Any) -> int:
    """Return the size of a pickled model."""
    return len(pickle.dumps(model))


def folder_bytes(folder: str) -> int:
    """Return the size of all files in a folder."""
    return sum(path.stat().st_size for path in Path(folder).rglob("*") if path.is_file())


def answer(
    fit: Callable[[], Any],
    predict: Callable[[Any], Prediction],
    size: Callable[[Any], int] = pickled_bytes,
    single: Callable[[Any], Prediction] | None = None,
) -> Answer:
    """Fit and predict, and time both.

    Parameters
    ----------
    fit : callable
        Function without arguments that returns the fitted model.
    predict : callable
        Function of the model that returns its predictions.
    size : callable
        Function of the model that returns its bytes.
    single : callable, optional
        Function of the model that returns the predictions of its best single pipeline.
    """
    start = time.perf_counter()
    model = fit()
    fitted = time.perf_counter()
    prediction = predict(model)
    predicted = time.perf_counter()
    return Answer(
        prediction,
        fitted - start,
        predicted - fitted,
        size(model),
        None if single is None else single(model),
    )


def coded(table: pd.DataFrame, text: str = "category") -> pd.DataFrame:
    """Return a table of float64 and of strings alone, which every peer reads.

    Dates become days since 1970, columns without any value are dropped.

    Parameters
    ----------
    table : DataFrame
    text : str
        Dtype of strings, ``"category"`` or ``"object"``.
    """

    def column(values: pd.Series) -> pd.Series:
        if is_datetime64_any_dtype(values):
            return (values - pd.Timestamp(0, tz=values.dt.tz)) / pd.Timedelta(days=1)
        if is_numeric_dtype(values) or is_bool_dtype(values):
            return pd.Series(values.to_numpy(dtype=np.float64, na_value=np.nan), index=values.index)
        return values.astype("object").where(values.notna(), None).astype(text)

    return pd.DataFrame({name: column(values) for name, values in table.items()})


def coded_pair(
    X: pd.DataFrame, unseen: pd.DataFrame, text: str = "category"
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return `coded` tables to fit on and to predict, with the same columns and categories.

    Columns without any value to fit on are dropped.
    """
    X = coded(X.dropna(axis="columns", how="all"), text)
    unseen = coded(unseen[X.columns], text)
    if text == "category":
        for name in X.columns[X.dtypes == "category"]:
            unseen[name] = pd.Categorical(unseen[name], categories=X[name].cat.categories)
    return X, unseen


def perform(run: Callable[[Job], Answer]) -> None:
    """Run the job that stands on the command line as JSON, and write the answer or the error."""
    job = Job(**json.loads(sys.argv[1]))
    try:
        found = run(job)
    except Exception as error:
        _write(job, {"error": f"{type(error).__name__}: {error}"})
        raise
    _write(
        job,
        {
            "fit_seconds": found.fit_seconds,
            "predict_seconds": found.predict_seconds,
            "model_bytes": found.model_bytes,
            "prediction": _plain(found.prediction),
            "single": None if found.single is None else _plain(found.single),
        },
    )


def read_answer(output: Path) -> Answer:
    """Return the answer in a file that `perform` wrote.

    Raises
    ------
    RuntimeError
        When the system failed, with what it said.
    """
    content = json.loads(output.read_text(encoding="utf-8"))
    if "error" in content:
        raise RuntimeError(content["error"])
    return Answer(
        _prediction(content["prediction"]),
        content["fit_seconds"],
        content["predict_seconds"],
        content["model_bytes"],
        None if content["single"] is None else _prediction(content["single"]),
    )


def _plain(prediction: Prediction) -> dict[str, Any]:
    return {"values": np.asarray(prediction.values).tolist(), "classes": prediction.classes}


def _prediction(content: dict[str, Any]) -> Prediction:
    return Prediction(np.asarray(content["values"], dtype=np.float64), content["classes"])


def _write(job: Job, content: dict[str, Any]) -> None:
    """Write a file that is whole or not there, for the process may be killed at any time."""
    part = Path(f"{job.output}.part")
    part.write_text(json.dumps(content), encoding="utf-8")
    part.replace(job.output)
