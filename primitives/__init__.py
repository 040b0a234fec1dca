"""Building blocks of pipelines, and catalogues of them."""

from dataclasses import replace

from primitives.base import (
    CLASSIFICATION,
    REGRESSION,
    Choice,
    Features,
    Kind,
    NullableFeatures,
    Prediction,
    Primitive,
    Space,
    Table,
    Traits,
)
from primitives.catalogue import Catalogue

__all__ = [
    "CLASSIFICATION",
    "REGRESSION",
    "Catalogue",
    "Choice",
    "Features",
    "Kind",
    "NullableFeatures",
    "Prediction",
    "Primitive",
    "Space",
    "Table",
    "Traits",
    "default_catalogue",
]


def default_catalogue() -> Catalogue:
    """Return the catalogue of all primitives that come with the package.

    Primitives of optional libraries are included whether or not the library is installed.
    `Catalogue.select` leaves out the primitives whose library is missing.
    """
    # These modules import most of scikit-learn, which an import of `primitives` alone need not do.
    from primitives import (
        boosting,
        classifiers,
        construction,
        constructors,
        decomposition,
        encoders,
        regressors,
        scalers,
        selection,
    )

    groups = {
        "scaler": scalers.SCALERS,
        "expansion": scalers.EXPANSIONS,
        "selector": selection.SELECTION,
        "decomposition": decomposition.DECOMPOSITION,
        "constructor": constructors.CONSTRUCTORS,
        "": (
            *encoders.ENCODERS,
            *construction.CONSTRUCTION,
            *classifiers.CLASSIFIERS,
            *regressors.REGRESSORS,
            *boosting.BOOSTING,
        ),
    }
    # No primitive of the package writes to its inputs, so none needs copies of them.
    return Catalogue(
        replace(primitive, keeps_inputs=True, group=group)
        for group, primitives in groups.items()
        for primitive in primitives
    )
