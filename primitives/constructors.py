"""Constructors: steps that add columns to the table before an encoder reads it.

Some choose columns by importance and add many; `Formula` adds a single one, so that formulas are
composed step by step.
"""

from __future__ import annotations

from functools import partial

from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from primitives.base import ONE_TARGET, Primitive, Space, Table, Traits
from primitives.constructed import OPERATIONS, FormulaColumns
from primitives.importance import CrossedTargets, GroupStatistics, PairFormulas, SubsetTargets
from primitives.treatments import may_split_classes, target_type

LAST = ""
"""Operand of a formula that stands for the last column of numbers: the one added before."""

MOST_NUMBERS = 60
"""Number of columns of numbers up to which single formulas are grown: of more, few are good."""

MOST_ROWS = 100_000
"""Number of rows up to which many columns are added at once; more would need too much memory."""

MOST_COLUMNS = 1_000
"""Number of columns up to which they are ranked by importance."""

MOST_TARGET_CLASSES = 10
"""Number of classes up to which targets are encoded: each has a column of each combination."""


def formula(operation: str, first: str, second: str) -> FormulaColumns:
    """Return a transformer that adds the result of one operation."""
    return FormulaColumns([(first, operation, second)])


def formula_space(traits: Traits) -> Space:
    """Return the space of a single formula: the names of the columns of a table."""
    names = CategoricalDistribution((*traits.number_names, LAST))
    return {
        "operation": CategoricalDistribution(tuple(OPERATIONS)),
        "first": names,
        "second": names,
    }


def formula_suits(traits: Traits) -> bool:
    """Say that a table has numbers to calculate with, and not too many."""
    return 2 <= len(traits.number_names) <= MOST_NUMBERS


def pairs_space(traits: Traits) -> Space:
    """Return the space of formulas of pairs."""
    return {
        "n_columns": IntDistribution(2, max(2, min(10, traits.numbers))),
        "operations": CategoricalDistribution(("+-*/", "-/", "*/", "/")),
        "target_type": target_type(traits),
    }


def groups_space(traits: Traits) -> Space:
    """Return the space of statistics of groups."""
    return {
        "n_numbers": IntDistribution(1, max(1, min(8, traits.numbers))),
        "n_groups": IntDistribution(1, max(1, min(4, traits.categories))),
        "target_type": target_type(traits),
    }


def crosses_space(traits: Traits) -> Space:
    """Return the space of crosses of categories."""
    return {
        "n_columns": IntDistribution(1, max(1, min(8, traits.categories))),
        "order": IntDistribution(2, 3),
        "smooth": FloatDistribution(1.0, 100.0, log=True),
        "target_type": target_type(traits),
    }


def subsets_space(traits: Traits) -> Space:
    """Return the space of subsets of columns in bins."""
    return {
        "n_subsets": IntDistribution(10, 50),
        "size": IntDistribution(2, 3),
        "n_bins": IntDistribution(4, 16, log=True),
        "smooth": FloatDistribution(1.0, 100.0, log=True),
        "target_type": target_type(traits),
    }


def _has(numbers: int, categories: int, traits: Traits) -> bool:
    """Say that a table has enough columns of each kind, and is not too large."""
    is_large = traits.rows > MOST_ROWS or traits.columns > MOST_COLUMNS
    return traits.numbers >= numbers and traits.categories >= categories and not is_large


def _may_combine(numbers: int, categories: int, traits: Traits) -> bool:
    """Say that combinations of columns may be encoded by the target."""
    return (
        _has(0, categories, traits)
        and traits.numbers + traits.categories >= numbers
        and may_split_classes(traits)
        and traits.classes <= MOST_TARGET_CLASSES
    )


CONSTRUCTORS = (
    Primitive("Formula", (Table,), Table, formula, formula_space, suits=formula_suits),
    Primitive(
        "PairFormulas",
        (Table,),
        Table,
        PairFormulas,
        pairs_space,
        ONE_TARGET,
        suits=partial(_has, 2, 0),
        cost=100,
    ),
    Primitive(
        "GroupStatistics",
        (Table,),
        Table,
        GroupStatistics,
        groups_space,
        ONE_TARGET,
        suits=partial(_has, 1, 1),
        cost=100,
    ),
    Primitive(
        "CrossedTargets",
        (Table,),
        Table,
        CrossedTargets,
        crosses_space,
        ONE_TARGET,
        suits=partial(_may_combine, 0, 1),
        cost=100,
    ),
    Primitive(
        "SubsetTargets",
        (Table,),
        Table,
        SubsetTargets,
        subsets_space,
        ONE_TARGET,
        suits=partial(_may_combine, 3, 0),
        cost=200,
    ),
)
"""Primitives that add columns to a table."""
