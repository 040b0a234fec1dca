"""The regressor."""

from __future__ import annotations

from sklearn.base import BaseEstimator, RegressorMixin

from evolver.estimators.evolved import Evolved


class EvolvedRegressor(Evolved, RegressorMixin, BaseEstimator):
    """Regressor that evolves pipelines within a budget, and predicts with the best.

    Parameters
    ----------
    time_budget : float or None, default=300.0
        Seconds for all of `fit`, the final fit included; None: no limit.
    max_evaluations : int, default=None
        Number of candidates to try. With a seed, ``time_budget=None`` and ``Settings(lag=16)``, a
        run gives the same result on any number of workers. Where a limit of time decides all the
        same, a warning is logged, and `statistics_` names the decision.
    scoring : str or callable, default=None
        scikit-learn scorer; None: ``"neg_root_mean_squared_error"``.
    complexity : str, callable or list of two of them, default="operators"
        Objective beside the score; less is better. ``"operators"``: number of steps.
        ``"fit_time"``, ``"predict_time"``: seconds to fit or to predict a fold. ``"size"``: bytes
        of the pickled pipeline. A callable takes the fitted pipeline and returns a number. With a
        list of two there are three objectives. Measured times differ from run to run, and so does
        a search on them.
    cv : int, splitter or iterable of splits, default=5
        Number of shuffled folds, or a scikit-learn splitter, whose folds are used
        as they are. Where every fold validates on later rows than it fits on, the rows are taken
        to be in the order of time, and no pipeline splits them at random inside a fit, as with
        `groups`.
    population_size : int, default=50
        Number of pipelines that survive.
    search_space : primitives.Catalogue, default=None
        Primitives that pipelines are made of; None: `primitives.default_catalogue`.
    n_jobs : int, default=-1
        Number of worker processes; -1: one for each core.
    random_state : int, RandomState, Generator or None, default=None
        Source of randomness. An integer makes a run reproducible, see `max_evaluations`.
    run_dir : str or Path, default=None
        Folder that keeps a run: its journal and out-of-fold predictions, the fitted model, the
        leaderboard, the front and the exported winner. It must be new, empty, or hold a run; a run
        on the same data with the same settings is continued. None: nothing is kept.
    verbose : int, default=1
        0: silent; 1: progress on standard error.
    settings : evolver.Settings, default=None
        Expert settings.
    warm_start : str, Path or list of them, default=None
        Folders of runs, on any table: the pipelines of their fronts are tried first. They are read
        from the journals, so the runs may have been killed or be under way.

    Attributes
    ----------
    best_pipeline_ : Pipeline
        The winner, fitted on all rows.
    best_score_ : float
        Mean score of the winner over the folds that it was chosen on; NaN where no candidate had
        all its folds scored.
    ensemble_ : VotingRegressor or None
        Weighted average of a few candidates, fitted. It predicts, unless it is worse than the best
        candidate, by more than the standard error, on folds that neither was chosen on.
        None: `best_pipeline_` predicts.
    pareto_front_ : DataFrame
        Rank, score, std, complexity, pipeline and digest of the non-dominated candidates, best
        score first. `std` is the sample standard deviation over the folds (n - 1). The ensemble is
        the first, as it predicts; its digest is "ensemble". Its score is of folds that it was not
        chosen on, so it may be below that of a pipeline, which the best of many owes to luck. A
        second complexity has a column of its own name.
    leaderboard_ : DataFrame
        One row for every candidate, in the order asked: number, digest, pipeline, outcome,
        failure, reason, score, std, complexity, seconds, proposer, operator, parents.
    statistics_ : dict
        Number of candidates by outcome. "seconds": seconds of the folds that this call has run,
        all workers together; "seconds_saved", "hit_rate": seconds that the cache saved, and share
        of its lookups that succeeded. "ended_by": "time", "evaluations", "patience", "interrupt",
        or "error" where the system failed. "decided_by_time": parts of the result that more or
        less time might have changed, such as "the members of the ensemble"; with a seed and where
        it is empty, the same call gives the same result. "failed_fits": digest and reason of each
        fit on all rows that failed.
    scorer_ : callable
        Scorer of the run.
    target_name_ : str
        Name of the target; "target" where it has none.
    n_features_in_ : int
        Number of columns.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the columns, where `X` had names.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from evolver import EvolvedRegressor
    >>> X, y = load_diabetes(return_X_y=True, as_frame=True)
    >>> model = EvolvedRegressor(max_evaluations=4, random_state=0, verbose=0).fit(X, y)
    >>> model.predict(X).shape
    (442,)
    """
