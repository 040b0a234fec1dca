"""Immutable set of primitives: found by name or output, and narrowed to one table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from importlib.util import find_spec

from primitives.base import TASKS, Kind, Prediction, Primitive, Table, Traits


class Catalogue:
    """Immutable set of primitives, by name.

    Iteration is in the order of names. So a search is the same for the same set, whatever order the
    primitives were given in.

    Parameters
    ----------
    primitives : iterable of Primitive

    Raises
    ------
    TypeError
        If an element is not a `Primitive`.
    ValueError
        If two primitives share a name.
    """

    def __init__(self, primitives: Iterable[Primitive] = ()) -> None:
        named: dict[str, Primitive] = {}
        for primitive in primitives:
            if not isinstance(primitive, Primitive):
                raise TypeError(f"A catalogue must hold primitives, got {primitive!r}.")
            if primitive.name in named:
                raise ValueError(
                    "Names in a catalogue must be unique, got two primitives named"
                    f" {primitive.name!r}."
                )
            named[primitive.name] = primitive
        self._named = dict(sorted(named.items()))

    def __iter__(self) -> Iterator[Primitive]:
        return iter(self._named.values())

    def __len__(self) -> int:
        return len(self._named)

    def __contains__(self, name: object) -> bool:
        return name in self._named

    def __getitem__(self, name: str) -> Primitive:
        return self._named[name]

    def __repr__(self) -> str:
        return f"Catalogue({len(self)} primitives: {', '.join(self._named)})"

    def add(self, *primitives: Primitive) -> Catalogue:
        """Return a catalogue with `primitives` added."""
        return Catalogue([*self, *primitives])

    def without(self, *names: str) -> Catalogue:
        """Return a catalogue without the primitives of these names.

        Raises
        ------
        KeyError
            If a name is not in the catalogue.
        """
        self._check_names(names)
        return Catalogue(primitive for primitive in self if primitive.name not in names)

    def only(self, *names: str) -> Catalogue:
        """Return a catalogue of only the primitives of these names.

        Raises
        ------
        KeyError
            If a name is not in the catalogue.
        """
        self._check_names(names)
        return Catalogue(self[name] for name in names)

    def giving(self, name: str, kind: type[Kind]) -> Primitive:
        """Return the primitive of a name for a place where a kind is needed.

        Here a name has one primitive, whatever the kind. A catalogue with several primitives of one
        name, which differ in their kinds, returns the one that gives `kind`.
        """
        return self[name]

    def producing(self, kind: type[Kind]) -> tuple[Primitive, ...]:
        """Return the primitives whose output can be used as `kind`, in the order of names."""
        return tuple(primitive for primitive in self if issubclass(primitive.output, kind))

    def select(self, task: str, traits: Traits) -> Catalogue:
        """Return a catalogue of the primitives that can be used for a task on a table.

        A primitive is left out if it is for other tasks, if its library is not installed, if it
        does not suit the table, or if no remaining primitive gives its input. The spaces of the
        others no longer depend on traits.

        Parameters
        ----------
        task : str
            One of `primitives.base.TASKS`.
        traits : Traits
            Properties of the table.

        Raises
        ------
        ValueError
            If `task` is unknown, or if the remaining primitives form no complete pipeline.
        """
        if task not in TASKS:
            raise ValueError(f"`task` must be one of {sorted(TASKS)}, got {task!r}.")
        usable = [
            primitive.resolve(traits)
            for primitive in self
            if task in primitive.tasks and _installed(primitive.library) and primitive.suits(traits)
        ]
        selected = Catalogue(_reachable(usable))
        if not selected.producing(Prediction):
            raise ValueError(
                f"`search_space` must hold a primitive that predicts for the task {task!r} and"
                f" an encoder that reads a table, got {self!r}."
            )
        return selected

    def _check_names(self, names: Iterable[str]) -> None:
        for name in names:
            if name not in self:
                raise KeyError(f"No primitive named {name!r} in this catalogue.")


def _installed(library: str | None) -> bool:
    return library is None or find_spec(library) is not None


def _reachable(primitives: list[Primitive]) -> list[Primitive]:
    """Return the primitives whose inputs can be computed from a table with the others."""
    kept: list[Primitive] = []
    # Each pass adds the primitives that take what those kept so far give, until nothing is added.
    while True:
        made: set[type[Kind]] = {Table, *(primitive.output for primitive in kept)}
        more = [
            primitive
            for primitive in primitives
            if primitive not in kept
            and all(any(issubclass(kind, wanted) for kind in made) for wanted in primitive.inputs)
        ]
        if not more:
            return kept
        kept.extend(more)
