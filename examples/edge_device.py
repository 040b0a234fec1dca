"""Model for a small device: at most 200 KB and 50 ms a row, as one file that needs no evolver."""

import pickle
import sys
import time
from pathlib import Path

from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split

from evolver import EvolvedClassifier

seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 60.0
X, y = load_breast_cancer(return_X_y=True, as_frame=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y, random_state=0)

model = EvolvedClassifier(
    max_model_bytes=200_000,
    max_predict_seconds=0.05,
    time_budget=seconds,
    random_state=0,
)
model.fit(X_train, y_train)

# What each member of the front costs; the first row predicts.
print(model.pareto_front_[["score", "complexity", "predict_seconds", "model_bytes", "pipeline"]])
refused = model.leaderboard_["reason"].str.startswith("over a limit").sum()
print(f"{refused} of {len(model.leaderboard_)} candidates were over a limit")

predictor = model.best_pipeline_ if model.ensemble_ is None else model.ensemble_
start = time.process_time()
predictor.predict_proba(X_test.iloc[[0]])
print(f"One row: {1e3 * (time.process_time() - start):.1f} ms")
print(f"Size: {len(pickle.dumps(predictor))} bytes")
print(f"AUC on rows it has not seen: {model.score(X_test, y_test):.3f}")

# The device needs only this file and the libraries that it imports.
Path("device.py").write_text(str(model.export()), encoding="utf-8")
