"""Classification in ten lines: evolve pipelines, look at the report, score, export the model."""

import sys
import tempfile
from pathlib import Path

from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split

from evolver import EvolvedClassifier

seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 60.0
X, y = load_breast_cancer(return_X_y=True, as_frame=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y, random_state=0)

model = EvolvedClassifier(time_budget=seconds)
model.fit(X_train, y_train)

print(model.pareto_front_[["score", "complexity", "pipeline"]].to_string(max_colwidth=80))
print(f"AUC on rows it has not seen: {model.score(X_test, y_test):.4f}")
folder = Path(tempfile.mkdtemp(prefix="evolver-quickstart-"))
model.report(folder / "report.html", seconds=5)
model.export(folder / "model.py")
print(f"{folder} has report.html to look at, and model.py, which runs without evolver.")
