"""Part of both estimators that hands a fitted one on: source, and a folder to run the model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from sklearn.utils.validation import check_is_fitted

from evolver.errors import InputError

if TYPE_CHECKING:
    from evolver.deploy.folder import Deployment
    from evolver.estimators.evolved import Evolved


class Deployed:
    """Base of `Evolved` with the methods that write a file of source and a deployment folder."""

    _members: Any

    def export(
        self,
        path: str | Path | None = None,
        member: str | None = None,
        style: str = "readable",
        keep_imputers: bool = True,
    ) -> str | None:
        """Write a model as a Python file that runs without this package, or return its source.

        The file has a function `make_pipeline`, which returns the unfitted pipeline, and is a
        program that fits it on a table and predicts another table. If the model was fitted with
        weights of rows, the program must be told in which column of its table they are.

        Parameters
        ----------
        path : str or Path, default=None
            File to write, a notebook if it ends in ``.ipynb``; None: the source is returned.
        member : str, default=None
            Member of the front, as in `select`; None: the model that `predict` uses.
        style : {"readable", "exact"}, default="readable"
            ``"readable"``: as a person would write it, specialised to what was fitted: columns by
            name, classes of libraries, without steps that change nothing on the training table.
            ``"exact"``: every step of the pipeline as it was searched, with copies of the classes
            of this package. A member that was not fitted before pickling, and a model of a sparse
            matrix, are written so in either style.
        keep_imputers : bool, default=True
            False: leave imputers out where nothing was missing, so that a gap is an error.

        Returns
        -------
        str or None
            Source of the file, if no `path` is given.

        Raises
        ------
        InputError
            If there is no such member, if the file cannot be written, or if a part of the model
            cannot be written as source.
        """
        from evolver.estimators.program import source_of
        from evolver.files import replacing_named

        check_is_fitted(self)
        ending = "" if path is None else Path(path).suffix.lower()
        digest, model = self._members.digest_of(member), cast("Evolved", self)
        source = source_of(model, digest, style, keep_imputers=keep_imputers, ending=ending)
        if path is None:
            return source
        try:
            with replacing_named(Path(path)) as part:
                part.write_text(source, encoding="utf-8")
        except (OSError, ValueError) as error:  # a path with a null character is a ValueError
            raise InputError(
                f"`path` must be a file to write the model to, got {str(path)!r}: {error}"
            ) from error
        return None

    def deploy(
        self, folder: str | Path, member: str | None = None, *, overwrite: bool = False
    ) -> Deployment:
        """Write a folder with all that others need to run, check and serve a model.

        The folder has the source, the fitted model (skops, and ONNX where it converts), pinned
        requirements, a model card, the schema of the input, a service and a test. Nothing in it
        needs this package. Each file of the model is compared with the model before it is kept.

        Parameters
        ----------
        folder : str or Path
            Folder to write: new or empty, or an earlier deployment folder.
        member : str, default=None
            Member of the front, as in `select`; None: the model that `predict` uses.
        overwrite : bool, default=False
            True to replace an earlier deployment folder.

        Returns
        -------
        Deployment
            Files of the folder, the largest difference of each file of the model, and notes, such
            as the step that has no ONNX form.

        Raises
        ------
        InputError
            If the folder holds other files, if there is no such member, or if a part of it cannot
            be written.
        """
        from evolver.deploy.folder import check_folder, deploy
        from evolver.estimators.program import plain_member, source_of

        check_is_fitted(self)
        check_folder(Path(folder), overwrite=overwrite)
        digest, model = self._members.digest_of(member), cast("Evolved", self)
        return deploy(
            model, digest, source_of(model, digest), plain_member(model, digest), Path(folder)
        )
