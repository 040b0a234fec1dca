"""Part of both estimators that deploys a fitted one: a folder for those who run the model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from sklearn.utils.validation import check_is_fitted

if TYPE_CHECKING:
    from evolver.deploy.folder import Deployment


class Deployed:
    """Base of `Evolved` with the method that writes a deployment folder."""

    _members: Any

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
        digest = self._members.digest_of(member)
        model: Any = self
        return deploy(
            model, digest, source_of(model, digest), plain_member(model, digest), Path(folder)
        )
