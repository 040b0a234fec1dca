"""Roles: kinds of columns of a table, each with the treatments that an encoder chooses from."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from inspect import signature
from typing import Any

from primitives.base import Choice, Space, Traits, always

Selector = Callable[[Any], Any]
"""Function from a table to the names of columns."""


@dataclass(frozen=True)
class Treatment:
    """A way to encode the columns of one role.

    Parameters
    ----------
    name : str
        Name of the treatment, a value of the encoder's parameter for the role.
    build : callable or None
        Function from parameter values, by name, to a transformer; a parameter ``random_state`` is
        given a seed. None: the columns are left out.
    space : mapping or callable, default={}
        Hyperparameter space, or a function from `Traits` to one.
    suits : callable, optional
        Function from `Traits` to True if it is worth trying on such a table.
    """

    name: str
    build: Callable[..., Any] | None
    space: Space | Callable[[Traits], Space] = field(default_factory=dict)
    suits: Callable[[Traits], bool] = always


@dataclass(frozen=True)
class Role:
    """A kind of column and its treatments.

    Parameters
    ----------
    columns : callable
        Selector of the columns.
    treatments : tuple of Treatment
        Treatments in order of preference, the best default first: where a table does not allow the
        wanted one, the first that suits stands in.
    is_in : callable, optional
        Function from `Traits` to True if a table has such columns.
    prefix : str, default=""
        Prefix of the names of the treatments' parameters, where another role has the same names.
    sibling : str, default=""
        Role that shares the types of columns. An encoder that treats only one of the two treats all
        columns of these types alike, also on a further table with other numbers of values.
    shared : callable, optional
        Selector of the columns of both.
    """

    columns: Selector
    treatments: tuple[Treatment, ...]
    is_in: Callable[[Traits], bool] = always
    prefix: str = ""
    sibling: str = ""
    shared: Selector | None = None

    def only(self, *names: str) -> Role:
        """Return the role with the treatments of these names alone."""
        return replace(self, treatments=tuple(one for one in self.treatments if one.name in names))

    def choice(self, traits: Traits) -> Choice:
        """Return the parameter that stands for the role on a table that some treatment suits."""
        return Choice(
            {one.name: self._space(one, traits) for one in self.treatments if one.suits(traits)}
        )

    def _space(self, treatment: Treatment, traits: Traits) -> Space:
        """Return the space of a treatment on a table, with prefixed names."""
        space = treatment.space(traits) if callable(treatment.space) else treatment.space
        return {f"{self.prefix}{name}": distribution for name, distribution in space.items()}

    def columns_beside(self, roles: Collection[str]) -> Selector:
        """Return the selector of the columns in an encoder that treats these roles."""
        return self.shared if self.shared and self.sibling not in roles else self.columns

    def transformer(self, name: str, values: Mapping[str, Any], random_state: int) -> Any:
        """Return the unfitted transformer of a treatment; None if it leaves the columns out.

        Parameters
        ----------
        name : str
            Name of the treatment.
        values : mapping of str to Any
            Parameter values of an encoder, also those of other treatments.
        random_state : int
        """
        build = next(one.build for one in self.treatments if one.name == name)
        if build is None:
            return None
        given = {**values, f"{self.prefix}random_state": random_state}
        own = {one: f"{self.prefix}{one}" for one in signature(build).parameters}
        return build(**{one: given[full] for one, full in own.items() if full in given})
