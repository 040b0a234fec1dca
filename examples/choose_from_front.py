"""Choice from the Pareto front: a little less accuracy for a much simpler pipeline."""

import sys
from pathlib import Path

from sklearn.datasets import load_wine
from sklearn.model_selection import train_test_split

from evolver import EvolvedClassifier
from evolver.report.picture import front_svg

seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 60.0
X, y = load_wine(return_X_y=True, as_frame=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y, random_state=0)

model = EvolvedClassifier(time_budget=seconds, random_state=0)
model.fit(X_train, y_train)

# The best score, the simplest within one standard error of it, and the knee of the front.
for rule in ("best", "one_se", "knee"):
    pipeline = model.select(rule)
    print(f"{rule:>6}: {pipeline.score(X_test, y_test):.3f} accuracy with {pipeline[-1]}")

# Any member, by its digest.
simplest = model.pareto_front_.sort_values("complexity").iloc[0]
model.export("simplest.py", member=simplest["digest"])

picture = front_svg(model.leaderboard_, model.pareto_front_)
Path("pareto_front.svg").write_text(picture, encoding="utf-8")
