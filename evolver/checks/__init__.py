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
    check_warm_start,
    check_workers,
)
from evolver.checks.columns import columns_of_fit, findings_of_columns, read_to_predict
from evolver.checks.data import MIN_ROWS, check_classes, check_rows, check_target
from evolver.checks.scoring import check_scorer, scorable_folds, scorable_ladder
from evolver.checks.space import selected_catalogue
from evolver.checks.suspicions import findings_of_rows
from evolver.checks.tables import as_table, check_table, has_names
from evolver.checks.time_column import (
    check_forward,
    check_time,
    schema_with_time,
    splits_in_time,
    times_of,
)

__all__ = [
    "MIN_ROWS",
    "as_table",
    "check_at_least",
    "check_classes",
    "check_complexity",
    "check_folder",
    "check_forward",
    "check_generator",
    "check_portfolio",
    "check_positive",
    "check_rows",
    "check_scorer",
    "check_settings",
    "check_table",
    "check_target",
    "check_time",
    "check_warm_start",
    "check_workers",
    "columns_of_fit",
    "findings_of_columns",
    "findings_of_rows",
    "has_names",
    "read_to_predict",
    "schema_with_time",
    "scorable_folds",
    "scorable_ladder",
    "selected_catalogue",
    "splits_in_time",
    "times_of",
]
