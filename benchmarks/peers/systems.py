"""Systems that are compared."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Environment:
    """Environment that a system runs in.

    Parameters
    ----------
    module : str
        Module of the system; it is asked for `__version__`.
    requirements : tuple of str
        Requirements that pip installs. Empty: the interpreter that runs the comparison.
    python : str
        Version where it must be an older one, as ``"3.9"``; empty: that of the comparison.
    build : tuple of str
        Requirements that pip installs first; the others are then built without isolation.
    """

    module: str
    requirements: tuple[str, ...] = ()
    python: str = ""
    build: tuple[str, ...] = ()


@dataclass(frozen=True)
class System:
    """System as it is run.

    Parameters
    ----------
    runner : str
        File of the script that runs it.
    environment : str
        Name of one of `ENVIRONMENTS`.
    mode : str
        Mode that the runner knows; empty where it has only one.
    has_single : bool
        True if the runner gives the predictions of the best single pipeline too.
    """

    runner: str
    environment: str
    mode: str = ""
    has_single: bool = False


ENVIRONMENTS = {
    "evolver": Environment("evolver"),
    "scikit-learn": Environment("sklearn"),
    "lightgbm": Environment("lightgbm"),
    "tpot": Environment("tpot", ("tpot==1.1.*", "pyarrow")),
    "gama": Environment(
        "gama", ("gama==23.0.0", "scikit-learn<1.3", "numpy<2", "pandas<2.2", "pyarrow<15")
    ),
    "flaml": Environment("flaml", ("flaml[automl]==2.7.*", "pandas<3", "pyarrow")),
    "h2o": Environment("h2o", ("h2o==3.46.*", "pandas", "pyarrow")),
    "autogluon": Environment(
        "autogluon.tabular", ("autogluon.tabular[catboost,lightgbm,ray,xgboost]==1.6.*", "pyarrow")
    ),
    "auto-sklearn": Environment(
        "autosklearn",
        ("auto-sklearn==0.15.0", "pyarrow"),
        python="3.9",
        build=("setuptools<60", "wheel", "cython<3", "numpy<1.24", "swig<4.1", "scipy<1.10"),
    ),
}

SYSTEMS = {
    "evolver": System("run_evolver.py", "evolver", has_single=True),
    "tpot": System("run_tpot.py", "tpot"),
    "gama": System("run_gama.py", "gama"),
    "flaml": System("run_flaml.py", "flaml"),
    "h2o": System("run_h2o.py", "h2o"),
    "autogluon": System("run_autogluon.py", "autogluon", "parallel"),
    "autogluon-sequential": System("run_autogluon.py", "autogluon", "sequential"),
    "auto-sklearn": System("run_autosklearn.py", "auto-sklearn"),
    "forest": System("run_forest.py", "scikit-learn"),
    "lightgbm": System("run_lightgbm.py", "lightgbm"),
}
"""Systems by the name that the records have."""
