"""Regressor that evolves pipelines."""

from __future__ import annotations

from sklearn.base import BaseEstimator, RegressorMixin

from evolver.estimators.decided import DecidedRegressor
from evolver.estimators.evolved import Evolved


class EvolvedRegressor(DecidedRegressor, Evolved, RegressorMixin, BaseEstimator):
    """Regressor that evolves pipelines within a budget and predicts with the best of them.

    Parameters
    ----------
    time_budget : float or None, default=300.0
        Seconds for all of `fit`, the final fit included; None: no limit.
    max_evaluations : int, default=None
        Number of candidates to evaluate; None: no limit. With a seed, ``time_budget=None`` and
        ``Settings(lag=16)``, a run gives the same result on any number of workers. If some limit of
        time, such as that of a fold, affects the result, a warning is logged and `statistics_`
        names the decision.
    scoring : str, callable, list of str or dict, default=None
        Scorer of scikit-learn, or its name. None: ``"neg_root_mean_squared_error"``; ``"r2"``, the
        mean over the targets, for several.
        Of a list of names, or a dict of scorers by name, the first is optimised and the others are
        reported.
    complexity : str, callable or list of two of them, default="operators"
        Objective beside the score, which is minimised. ``"operators"``: number of steps.
        ``"fit_time"``, ``"predict_time"``: seconds to fit or to predict a fold. ``"size"``: bytes
        of the pickled pipeline. A callable takes the fitted pipeline and returns a number. A list
        of two makes three objectives together with the score. Measured times differ from run to
        run, and so does a search that minimises them.
    cv : int, splitter or iterable of splits, default=None
        Number of shuffled folds, None for 5, or a splitter of scikit-learn, whose folds are used
        unchanged. If every fold validates on later rows than it fits on, the rows are taken to be
        in the order of time, and no pipeline splits them at random inside its fit, as with
        `groups`.
    population_size : int, default=None
        Number of pipelines that the evolution keeps as parents; None: 50.
    search_space : primitives.Catalogue, default=None
        Primitives of which pipelines are made; None: `primitives.default_catalogue`.
    n_jobs : int, default=-1
        Number of worker processes; -1: one for each core; None: 1.
    random_state : int, RandomState, Generator or None, default=None
        Seed or source of randomness. An integer makes a run reproducible, see `max_evaluations`.
    run_dir : str or Path, default=None
        Folder for the files of a run: its journal and out-of-fold predictions, the fitted model,
        the report, the leaderboard, the front and the exported programs. It must be new, empty, or
        hold a run. A run on the same data with the same settings is continued. None: no files are
        kept.
    verbose : int, default=1
        Verbosity. 0: silent; 1: progress on standard error.
    settings : evolver.Settings, default=None
        Expert settings; None: their default values.
    warm_start : str, Path or list of them, default=None
        Pipelines to begin with: folders of earlier runs, on any table, or pipelines as text, as
        `leaderboard_` shows them, such as ``"Ridge(StandardScaler(Encoder(X)))"``. Of a run,
        the pipelines on the front are evaluated first; they are read from the journal, so a run may
        have been killed or may still be running. In a text, ``X`` is the table; a parameter without
        a value has the first of its choices, or the middle of its range.
    columns : dict of str to str or list, default=None
        Kinds of columns by name: ``"number"``, ``"boolean"``, ``"duration"``, ``"date"``,
        ``"category"``, ``"text"``, ``"ignore"``, or a list of the values of an ordered column, the
        least first. The kinds of all others are found in the table.
    time : str or int, default=None
        Column of times: its name, or its position from 0. The rows are put in its order, and `cv`
        folds go forward in time: each is validated on later rows than it is fitted on, and rows of
        one time stay together. The column stays a feature. A splitter as `cv` gets the rows in
        their order, and its folds must go forward. No pipeline splits rows at random inside its
        fit. It cannot be combined with `groups`. None: the rows are in any order.
    preset : {"fast", "light", "best"} or None, default=None
        Choices for parameters that are not given, see `evolver.presets.PRESETS`; the budget is
        never changed. ``"fast"``: 3 folds, a population of 20, refinement from half of the budget
        on, and at most 4 members of the ensemble, for runs of about a minute or less. ``"light"``:
        a search space of quick models, small trees and simple encoders. ``"best"``: 8 folds, a
        population of 100, a stricter race, more pipelines of the portfolio, at most 16 members of
        the ensemble and no early end, for long runs. A parameter that is given wins; so does a
        field of `settings` that differs from its default value.
    estimators : str or list of str, default=None
        Names or patterns of models, such as ``["LGBM*", "RandomForest*"]``: pipelines have no
        other models, and all steps that are no models stay. They are models of `search_space`, or
        of the default one, also with the preset ``"light"``. None: all models.
    template : str, default=None
        Steps of every pipeline between the table and the predictions, in order, with hyphens
        between them, such as ``"encoder-selector-regressor"``. Each word is one step: ``encoder``,
        ``scaler``, ``expansion``, ``selector``, ``decomposition``, ``transformer`` (any step from
        features to features), ``regressor`` or ``model``, the `group` of primitives of your own, or
        the name of a primitive or a pattern of names, such as ``"encoder-StandardScaler-Ridge"``.
        Pipelines of the portfolio or of `warm_start` that do not fit are left out. None: pipelines
        of any form.
    max_predict_seconds : float or dict of int to float, default=None
        Longest time in which the model that predicts may predict one row, or as many rows as each
        key of a dict says, such as ``{1: 0.01, 1000: 0.5}``. Measured are the processor seconds of
        the fitted pipeline with one thread, the least of a few calls with rows of `X`. A candidate
        over a limit on a fold is stopped, the winner and the ensemble are measured again. If
        nothing is within the limits, an error names the nearest candidate. None: no limit.
    max_model_bytes : int, default=None
        Largest number of bytes of the pickled model that predicts, in the same way; None: no limit.
    interpretable : bool, default=False
        True for models that a person can read: one pipeline of simple steps, with a linear model,
        naive Bayes or a tree of a depth of at most 4, and no ensemble.

    Attributes
    ----------
    best_pipeline_ : Pipeline
        Winner: the best candidate that could be fitted on all rows, fitted. If there is none in
        time, a small decision tree.
    best_score_ : float
        Mean score of `best_pipeline_` over the folds that it was chosen on; NaN if not all of
        them were scored.
    honest_score_ : HonestScore
        Score that the model of `predict` can be expected to have on new rows: `score`, `low` and
        `high`, the ends of an interval of 95 %, and `method`. It is corrected for the choice of the
        model among many on the same folds. Where `predict` uses an ensemble, it is that of the
        ensemble. Both ends are NaN if there is no interval, and all three if no fold was scored.
    ensemble_ : VotingRegressor or None
        Weighted average of a few pipelines, fitted, which `predict` uses. None if it is worse than
        the best pipeline by more than the standard error, on folds that neither was chosen on, or
        if time was short; `predict` then uses `best_pipeline_`.
    pareto_front_ : DataFrame
        Rank, score, std, complexity, pipeline, expression and digest of the non-dominated
        candidates, best score first. `std` is the sample standard deviation over the folds (n - 1).
        A second complexity has a column of its own name. Scores by further scorers have columns of
        their names, NaN where one cannot be computed. The ensemble comes first, because it
        predicts; its digest is "ensemble". Its score is computed on folds that it was not chosen
        on. The score of a pipeline is that of the best of many on the same folds, so it may be
        higher by chance. Where there are limits of use it has `predict_seconds` (one row) and
        `model_bytes` (pickled) too: of the best pipeline and the ensemble as they are fitted, of
        others on the folds.
    leaderboard_ : DataFrame
        Candidates, one in each row, best first: score, std, score_so_far, folds, complexity,
        pipeline, outcome, failure, reason, seconds, proposer, operator, parents, expression,
        number, digest. Those that were scored on all folds come first, then those that were
        stopped, then those that failed. `score_so_far` is the mean over the first folds, whose
        number is in `folds`. `pipeline` is a short name, `expression` the pipeline with all
        parameters, which `warm_start` takes. `number` is the place in the order asked.
    best_by_family_ : DataFrame
        Best scored candidate of each family of models, best score first: family, score, std,
        parameters, pipeline, expression, digest. The family is the name of the model that predicts,
        and `parameters` is a dict of its parameter values. A step that changes the target, such as
        LogTarget, belongs to the family of its model.
    feature_importances_ : ndarray of shape (n_features_in_,)
        Importances of the columns of `X` that the last model of `best_pipeline_` has learned, such
        as those of a forest. They add up to 1. A column has the sum of its features, such as its
        one-hot columns. They tell what the model uses on its training rows, and favour columns
        with many different values; permutation importance on other rows does not. They are those
        of one pipeline, also if `predict` uses an ensemble. There is no such attribute if the model
        has no importances of its own, or if one of its features is made of several columns, such as
        a principal component.
    statistics_ : dict
        Statistics of the run. "candidates", "scored", "stopped", "failed": number of candidates, of
        all and by outcome. "not_begun": those of the stopped that were expected to take too long.
        "folds": "forward in time" if each fold validates on later rows than it
        fits on, else "in any order". "seconds": sum over all workers of the seconds of the folds
        that this call has run. "seconds_by_use": seconds before the search, of the workers by
        proposer and idle, and of the final fits. "worker_memory": most bytes that a worker was seen
        to hold, 0 in one process. "seconds_saved", "hit_rate": seconds that the cache saved, and
        share of its lookups that succeeded. "ended_by": reason for the end, one of "time",
        "evaluations", "patience", "interrupt", and "error" if the system failed. "decided_by_time":
        parts of the result that more or less time might have changed, such as "the members of the
        ensemble". If it is empty, the same call with the same seed gives the same result.
        "failed_fits": digest and reason of each fit on all rows that failed.
    scorer_ : callable
        Scorer of the run, the first of `scorers_`.
    scorers_ : dict of str to callable
        Scorers by name, the one that is optimised first. It is called "score" if it is a function.
    columns_ : DataFrame
        Columns of the training table as they were read, one in each row: column, kind, format,
        missing, unread (values that have no reading and count as missing), distinct, example, note.
    warnings_ : list of Finding
        Findings of the checks of the data, each with code, message and column, in the order in
        which warnings of the class `DataWarning` told them.
    target_name_ : str or list of str
        Name of the target, "target" if it has none; names of several targets.
    n_features_in_ : int
        Number of columns.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the columns; only if `X` has names.

    Notes
    -----
    Messages go to the logger ``"evolver"`` of the standard library's `logging`. To keep them in a
    file, set the level before `fit`, ``logging.getLogger("evolver").setLevel(logging.INFO)``, and
    add a handler: ``logging.getLogger("evolver").addHandler(logging.FileHandler("evolver.log"))``.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from evolver import EvolvedRegressor
    >>> X, y = load_diabetes(return_X_y=True, as_frame=True)
    >>> model = EvolvedRegressor(max_evaluations=4, random_state=0, verbose=0).fit(X, y)
    >>> model.predict(X).shape
    (442,)
    """
