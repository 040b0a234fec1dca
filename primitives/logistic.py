"""Logistic regression with an L1 penalty, the same in all supported versions of scikit-learn.

Exported files contain copies of this source; see `primitives.transformers`.
"""

from __future__ import annotations

from sklearn.linear_model import LogisticRegression

NAMES_PENALTY = LogisticRegression().l1_ratio is None
"""True before scikit-learn 1.8, which ignores `l1_ratio` unless the penalty is named."""


class ElasticNetLogisticRegression(LogisticRegression):
    """Logistic regression with an L1 and an L2 penalty, fitted by SAGA.

    Parameters
    ----------
    l1_ratio : float, default=0.5
        Share of the L1 penalty; 1 for no L2 penalty.
    C : float, default=1.0
        Inverse of the strength of the penalty.
    class_weight : dict, "balanced" or None, default=None
    tol : float, default=1e-4
        Change of the coefficients at which fitting stops.
    max_iter : int, default=100
        Most passes over the rows.
    random_state : int, default=None
        Seed of the order of the rows.
    """

    def __init__(
        self,
        l1_ratio=0.5,
        C=1.0,
        class_weight=None,
        tol=1e-4,
        max_iter=100,
        random_state=None,
    ):
        super().__init__(
            **({"penalty": "elasticnet"} if NAMES_PENALTY else {}),
            l1_ratio=l1_ratio,
            C=C,
            class_weight=class_weight,
            solver="saga",
            tol=tol,
            max_iter=max_iter,
            random_state=random_state,
        )
