"""Functions of an exported file: a fitted estimator as a person would write it.

A step of a pipeline is a statement, a member of an average is a function, and fits that differ in
their seeds are a loop.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sklearn.base import BaseEstimator, clone
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import VotingClassifier, VotingRegressor
from sklearn.model_selection import FixedThresholdClassifier
from sklearn.pipeline import Pipeline

from evolver.export.layout import INDENT, Comprehension, Group, Source, flat, layout
from evolver.export.plain import changed
from evolver.export.render import Written, quoted, render
from primitives.calibration import PlattScaledClassifier
from primitives.wrappers import OpinionPoolClassifier, TemperatureScaledClassifier

LONG = 60
"""Number of characters from which a part of a pipeline is a statement of its own."""

AVERAGES = (VotingClassifier, VotingRegressor)
"""Averages whose members are functions."""

AROUND = (
    FixedThresholdClassifier,
    OpinionPoolClassifier,
    PlattScaledClassifier,
    TemperatureScaledClassifier,
)
"""Estimators around a whole model."""

ROUNDS = ("n_estimators", "iterations", "max_iter")
"""Parameters for which a loop has a variable called ``rounds``; others keep their names."""

MOST_VARIABLES = 3
"""Number of variables of a loop above which its members are functions of their own."""


@dataclass
class Functions:
    """Functions of a file, and the names that they use.

    Parameters
    ----------
    used : dict of str to Any
        Functions, classes and modules by the names that the source uses; see `render`.
    titles : mapping of str to str
        Docstring of each member of an ensemble, by its name in the ensemble.
    sources : dict of str to str
        Source of each function by its name.
    """

    used: dict[str, Any]
    titles: Mapping[str, str] = field(default_factory=dict)
    sources: dict[str, str] = field(default_factory=dict)

    def write(
        self,
        name: str,
        title: str,
        estimator: Any,
        comments: Sequence[str] = (),
        arguments: Sequence[str] = (),
    ) -> None:
        """Write the function that returns an unfitted estimator, and those that it calls.

        Parameters
        ----------
        name : str
            Name of the function.
        title : str
            Docstring.
        estimator : estimator
        comments : sequence of str, default=()
            Comments before the first statement.
        arguments : sequence of str, default=()
            Names of the arguments of the function.
        """
        self.sources[name] = ""  # its place and its name are taken
        lines = [f"def {name}({', '.join(arguments)}):", f'{INDENT}"""{title}"""']
        lines += [f"{INDENT}# {comment}" for comment in comments]
        self.sources[name] = "\n".join([*lines, *self._body(estimator)])

    def _body(self, estimator: Any) -> Iterator[str]:
        """Yield the statements of a function that returns an unfitted estimator."""
        if isinstance(estimator, Pipeline):
            yield from self._pipeline(estimator)
        elif isinstance(estimator, AVERAGES):
            yield _statement("return ", self._average(estimator))
        elif isinstance(estimator, AROUND):
            inner = estimator.estimator
            call = self._called(inner, _name_of(inner), "Return the unfitted model.")
            yield _statement("return ", self._rendered(changed(estimator, estimator=Written(call))))
        else:
            yield _statement("return ", self._rendered(estimator))

    def _pipeline(self, pipeline: Pipeline) -> Iterator[str]:
        """Yield a statement for each long step, and the return of the pipeline."""
        steps: list[Source] = []
        for name, step in pipeline.steps:
            if isinstance(step, ColumnTransformer):
                step, statements = self._without_long_parts(step)
                yield from statements
            source = self._rendered(step)
            if len(flat(source)) > LONG:
                variable = self._variable(name)
                yield _statement(f"{variable} = ", source)
                source = variable
            steps.append(Group("(", (quoted(name), source), ")"))
        kind = flat(self._rendered(Pipeline))
        yield _statement("return ", Group(f"{kind}(", (Group("[", tuple(steps), "]"),), ")"))

    def _variable(self, name: str) -> str:
        """Return the name of a variable for a step, which is not that of anything else."""
        variable = re.sub(r"\W", "_", name)
        return f"{variable}_step" if variable in {*self.used, *self.sources} else variable

    def _without_long_parts(self, encoder: ColumnTransformer) -> tuple[Any, list[str]]:
        """Return a transformer with variables for its long parts, and their statements."""
        parts, statements = [], []
        for name, step, columns in encoder.transformers:
            source = self._rendered(step)
            if len(flat(source)) > LONG:
                variable = self._variable(name)
                statements.append(_statement(f"{variable} = ", source))
                source = variable
            parts.append((name, Written(source), columns))
        return changed(encoder, transformers=parts), statements

    def _average(self, voting: Any) -> Source:
        """Return the source of an average; its members are calls of functions, or a loop."""
        members = self._loop(voting)
        if members is None:
            members = Group("[", tuple(self._named(voting)), "]")
        return self._rendered(changed(voting, estimators=Written(members)))

    def _named(self, voting: Any) -> Iterator[Source]:
        """Yield the members of an average, each a name and a call."""
        for name, member in voting.estimators:
            title = self.titles.get(name, "Return the unfitted pipeline.")
            call = self._called(member, _name_of(member), title)
            yield Group("(", (quoted(call.removesuffix("()")), call), ")")

    def _loop(self, voting: Any) -> Source | None:
        """Return the loop of members that differ in a few values; None if there is none."""
        members = [member for _, member in voting.estimators]
        loop = Loop(len(members), self.used)
        try:
            member = loop.merged(members)
        except DifferError:
            return None
        names = loop.arguments
        call = self._called(
            member, f"{_name_of(voting)}_fit", "Return one of the unfitted pipelines.", names
        )
        element = Group("(", ('f"fit_{number}"', call), ")")
        return Comprehension(element, loop.clause)

    def _called(self, estimator: Any, base: str, title: str, arguments: Sequence[str] = ()) -> str:
        """Return the call of a new function that returns an unfitted estimator."""
        name, number = base, 2
        while name in self.sources or name in self.used:
            name, number = f"{base}_{number}", number + 1
        self.write(name, title, estimator, arguments=arguments)
        return f"{name}({', '.join(arguments)})"

    def _rendered(self, value: Any) -> Source:
        return render(value, self.used)


class DifferError(Exception):
    """Estimators that are no repetitions of one another."""


class Loop:
    """Repetitions of an estimator that differ in a few numbers.

    Parameters
    ----------
    length : int
        Number of repetitions.
    used : dict of str to Any
        Names that the source uses.
    """

    def __init__(self, length: int, used: Mapping[str, Any]) -> None:
        self.length = length
        self.counts = False
        self._used = used
        self._variables: dict[tuple[int, ...], str] = {}

    def merged(self, values: Sequence[Any], parameter: str = "") -> Any:
        """Return one value for all, with variables for the numbers that differ.

        Raises
        ------
        DifferError
            If more differs than a few numbers.
        """
        first = values[0]
        if len({type(value) for value in values}) > 1:
            raise DifferError
        if isinstance(first, BaseEstimator):
            return self._merged_estimators(values)
        if isinstance(first, list | tuple):
            if len({len(value) for value in values}) > 1:
                raise DifferError
            columns = zip(*values, strict=True)
            return type(first)(self.merged(column, parameter) for column in columns)
        sources = {flat(render(value, dict(self._used))) for value in values}
        if len(sources) == 1:
            return first
        if type(first) is not int:
            raise DifferError
        return Written(self._expression(values, parameter))

    def _merged_estimators(self, values: Sequence[Any]) -> Any:
        """Return an unfitted estimator that stands for several of one class."""
        parameters = [value.get_params(deep=False) for value in values]
        if len({tuple(sorted(one)) for one in parameters}) > 1:
            raise DifferError
        merged = {
            name: self.merged([one[name] for one in parameters], name) for name in parameters[0]
        }
        return clone(values[0]).set_params(**merged)

    def _expression(self, values: Sequence[int], parameter: str) -> str:
        """Return an expression for a number that differs."""
        if list(values) == [values[0] + step for step in range(self.length)]:
            self.counts = True
            return f"{values[0]} + number"
        key = tuple(values)
        if key not in self._variables:
            name = "rounds" if parameter in ROUNDS else parameter
            taken = sum(other.startswith(name) for other in self._variables.values())
            self._variables[key] = f"{name}_{taken + 1}" if taken else name
            if len(self._variables) > MOST_VARIABLES:
                raise DifferError
        return self._variables[key]

    @property
    def arguments(self) -> list[str]:
        """Variables of the loop that a member depends on."""
        return ["number"] * self.counts + list(self._variables.values())

    @property
    def clause(self) -> str:
        """Clause that repeats the source."""
        names = list(self._variables.values())
        rows = [row[0] if len(names) == 1 else row for row in zip(*self._variables, strict=True)]
        if not names:
            return f"for number in range({self.length})"
        target = names[0] if len(names) == 1 else f"({', '.join(names)})"
        return f"for number, {target} in enumerate({rows})"


def _statement(before: str, source: Source) -> str:
    """Return a statement in the body of a function."""
    return layout(source, 1, before, fills=True)


def _name_of(estimator: Any) -> str:
    """Return the name of a function that returns an estimator, from that of its model."""
    if isinstance(estimator, AVERAGES):
        names = {_name_of(member) for _, member in estimator.estimators}
        return names.pop() if len(names) == 1 else "average"
    model = estimator.steps[-1][1] if isinstance(estimator, Pipeline) else estimator
    if isinstance(model, AVERAGES):
        return _name_of(model)
    stem = re.sub("(Classifier|Regressor)$", "", type(model).__name__)
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", stem).lower()
