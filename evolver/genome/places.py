"""Places of a template: a catalogue whose grammar allows one sequence of steps alone.

Each place of a template has kinds of its own, such as `Features_1` behind the first step. A step
at a place takes the kinds of the place before it, and gives those of its own place. So growth and
variation, which obey the kinds, keep to the template and need not know of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache

from primitives import Catalogue, Features, Kind, NullableFeatures, Primitive

BASES: dict[str, type[Kind]] = {kind.__name__: kind for kind in (Features, NullableFeatures)}
"""Kinds that have a kind of their own at each place, by name."""


def kind_at(kind: type[Kind], place: int) -> type[Kind]:
    """Return the kind that stands for another one behind the step at a place.

    The kind of a table is the same before all places, and that of predictions behind them.
    """
    return _kind_at(kind.__name__, place) if BASES.get(kind.__name__) is kind else kind


@cache
def _kind_at(name: str, place: int) -> type[Kind]:
    """Return the kind at a place, by the name of its base; there is one for each place."""
    kind = BASES[name]
    # Features can be read wherever gaps are allowed, at the same place.
    nullable = (kind_at(NullableFeatures, place),) if kind is Features else ()
    text = f"{kind.__doc__} It is behind step {place} of a template."
    return type(f"{name}_{place}", (*nullable, kind), {"__module__": __name__, "__doc__": text})


def __getattr__(name: str) -> type[Kind]:
    """Return the kind of a name such as ``Features_1``: pickles find kinds by their names."""
    kind, _, place = name.rpartition("_")
    if kind in BASES and place.isdigit():
        return _kind_at(kind, int(place))
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


class PlacedCatalogue(Catalogue):
    """Catalogue of the primitives at each place of a template.

    A primitive that may be at several places is in it once for each, with the kinds of the place.

    Parameters
    ----------
    places : sequence of sequence of Primitive
        Primitives with one input, by place: the first read a table, the last predict.
    """

    def __init__(self, places: Sequence[Sequence[Primitive]]) -> None:
        placed = [
            replace(
                primitive,
                inputs=(kind_at(primitive.inputs[0], place),),
                output=kind_at(primitive.output, place + 1),
            )
            for place, primitives in enumerate(places)
            for primitive in primitives
        ]
        super().__init__({primitive.name: primitive for primitive in placed}.values())
        self._placed = sorted(placed, key=lambda primitive: primitive.name)

    def __iter__(self) -> Iterator[Primitive]:
        return iter(self._placed)

    def __len__(self) -> int:
        return len(self._placed)

    def giving(self, name: str, kind: type[Kind]) -> Primitive:
        """Return the primitive of a name at the place that gives `kind`; any if there is none."""
        fitting = (one for one in self.producing(kind) if one.name == name)
        return next(fitting, self[name])
