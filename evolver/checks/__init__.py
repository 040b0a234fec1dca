"""Checks of everything that a caller passes, made before any work starts.

Every error names the argument, the rule and the value.
"""

from evolver.checks.arguments import (
    check_at_least,
    check_complexity,
    check_folder,
    check_generator,
    check_portfolio,
    check_positive,
    check_settings,
    check_workers,
)
from evolver.checks.columns import columns_of_fit, findings_of_columns, read_to_predict
from evolver.checks.data import MIN_ROWS, check_classes, check_rows, misaligned
from evolver.checks.limits import check_limits
from evolver.checks.models import check_estimators, check_search_space
from evolver.checks.scorers import (
    check_scorer,
    check_scorers,
    leading_name,
    with_positive_class,
)
from evolver.checks.scoring import (
    check_splits_rows,
    scorable_folds,
    scorable_ladder,
)
from evolver.checks.space import selected_catalogue
from evolver.checks.starting_points import StartingPoint, check_warm_start, encoded_points
from evolver.checks.suspicions import findings_of_rows
from evolver.checks.tables import as_table, check_table, has_names
from evolver.checks.target import check_target, family_of_target, needs_reading, target_name
from evolver.checks.template import check_template, templated
from evolver.checks.thresholds import check_coverage, check_threshold
from evolver.checks.time_column import (
    check_forward,
    check_time,
    schema_with_time,
    splits_in_time,
    times_of,
)

__all__ = [
    "MIN_ROWS",
    "StartingPoint",
    "as_table",
    "check_at_least",
    "check_classes",
    "check_complexity",
    "check_coverage",
    "check_estimators",
    "check_folder",
    "check_forward",
    "check_generator",
    "check_limits",
    "check_portfolio",
    "check_positive",
    "check_rows",
    "check_scorer",
    "check_scorers",
    "check_search_space",
    "check_settings",
    "check_splits_rows",
    "check_table",
    "check_target",
    "check_template",
    "check_threshold",
    "check_time",
    "check_warm_start",
    "check_workers",
    "columns_of_fit",
    "encoded_points",
    "family_of_target",
    "findings_of_columns",
    "findings_of_rows",
    "has_names",
    "leading_name",
    "misaligned",
    "needs_reading",
    "read_to_predict",
    "schema_with_time",
    "scorable_folds",
    "scorable_ladder",
    "selected_catalogue",
    "splits_in_time",
    "target_name",
    "templated",
    "times_of",
    "with_positive_class",
]
