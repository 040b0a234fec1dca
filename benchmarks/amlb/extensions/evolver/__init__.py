"""Side of evolver's integration that runs in the environment of the AutoML Benchmark."""

from __future__ import annotations

import os
from typing import Any

from frameworks.shared.caller import run_in_venv


def run(dataset: Any, config: Any) -> Any:
    """Run evolver in the environment `venv` beside this file."""
    data = {
        "train": {"X": dataset.train.X, "y": dataset.train.y},
        "test": {"X": dataset.test.X, "y": dataset.test.y},
        "problem_type": dataset.type.name,
    }
    if config.measure_inference_time:
        data["inference_subsample_files"] = dataset.inference_subsample_files(fmt="parquet")
    return run_in_venv(
        __file__,
        "exec.py",
        input_data=data,
        dataset=dataset,
        config=config,
        options={
            "serialization": {"sparse_dataframe_deserialized_format": "dense"},
            "env": {"HOME": os.environ.get("HOME", ""), "OMP_NUM_THREADS": "1"},
        },
    )
