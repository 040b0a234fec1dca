"""A primitive of your own, added to the search in a few lines."""

import sys

from optuna.distributions import IntDistribution
from sklearn.datasets import load_wine
from sklearn.ensemble import BaggingClassifier
from sklearn.tree import DecisionTreeClassifier

from evolver import EvolvedClassifier, Settings
from primitives import CLASSIFICATION, Features, Prediction, Primitive, default_catalogue


def stump_forest(n_stumps, random_state):
    """Return a bag of trees with one split each; `random_state` is a seed that evolver gives."""
    stump = DecisionTreeClassifier(max_depth=1)
    return BaggingClassifier(stump, n_estimators=n_stumps, random_state=random_state)


mine = Primitive(
    "StumpForest",
    inputs=(Features,),
    output=Prediction,
    build=stump_forest,
    space={"n_stumps": IntDistribution(1, 64, log=True)},
    tasks=CLASSIFICATION,
)

evaluations = int(sys.argv[1]) if len(sys.argv) > 1 else 40
X, y = load_wine(return_X_y=True, as_frame=True)
model = EvolvedClassifier(
    search_space=default_catalogue().add(mine),
    max_evaluations=evaluations,
    random_state=0,
    settings=Settings(portfolio_size=0),  # pipelines of other tables do not have it
)
model.fit(X, y)

tried = model.leaderboard_["expression"].str.contains("StumpForest")
print(f"{tried.sum()} of {len(tried)} candidates use the new primitive")
