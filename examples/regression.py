"""Regression with another metric and a budget that is reproducible."""

import sys

from sklearn.datasets import load_diabetes
from sklearn.model_selection import train_test_split

from evolver import EvolvedRegressor, Settings

evaluations = int(sys.argv[1]) if len(sys.argv) > 1 else 60
X, y = load_diabetes(return_X_y=True, as_frame=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)

# A number of candidates, a seed and a lag give the same model on any number of workers, unless a
# limit of time decides. The lag is the number of candidates after which an outcome is used.
model = EvolvedRegressor(
    scoring="neg_mean_absolute_error",
    max_evaluations=evaluations,
    time_budget=None,
    random_state=0,
    settings=Settings(lag=16),
)
model.fit(X_train, y_train)

print(model.leaderboard_["outcome"].value_counts().to_string())
print("Decided by time:", model.statistics_["decided_by_time"] or "nothing")
print(f"Mean absolute error on rows it has not seen: {-model.score(X_test, y_test):.2f}")
