"""Findings in data become warnings of one class that show the line of the caller."""

from __future__ import annotations

import pytest

from evolver import DataWarning
from evolver.warned import Finding, warn_of


def test_a_finding_is_issued_as_a_data_warning_that_shows_the_line_asked_for() -> None:
    def check() -> None:
        warn_of(Finding("constant-column", "Column 'a' is constant.", "a"), stacklevel=2)

    with pytest.warns(DataWarning, match="Column 'a' is constant") as warned:
        check()
    assert warned[0].filename == __file__
    assert warned[0].lineno == check.__code__.co_firstlineno + 4


def test_data_warnings_are_user_warnings() -> None:
    assert issubclass(DataWarning, UserWarning)
