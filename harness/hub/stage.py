"""The stage `push`: the arms as a data set, in a folder or on the Hub. Off unless asked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from harness.hub.publication import write_publication
from harness.progress import Progress
from harness.run_folder import RunFolder


def push(
    run: RunFolder,
    progress: Progress,
    *,
    folder: Path | None = None,
    repository: str | None = None,
) -> dict[str, Any]:
    """Publishes the arms of a run.

    Args:
        run: the run; its arms must be built.
        progress: told what is being done.
        folder: where the data set is laid out; in the run's folder by default.
        repository: a data set of the Hub. None: the recipe's `publication.repository`, unless
            a folder is asked for; where there is none either, the folder is all there is.

    Returns:
        {"folder", "files", "rows", "hub": None or {"repository", "url", "commit", "changed"}}.

    Raises:
        InputError: no arms, a folder with other content, no rights on the Hub.
        EnvironmentFailure: the Hub cannot be reached.
    """
    if repository is None and folder is None:
        repository = run.recipe.publication.repository
    target = folder if folder is not None else run.publication
    manifest = write_publication(run, target)
    progress.note(f"{len(manifest['files'])} files in {target}")
    document: dict[str, Any] = {"folder": str(target), **manifest, "hub": None}
    if repository is not None:
        from harness.hub.upload import upload

        progress.note(f"uploading to {repository}")
        document["hub"] = upload(
            target,
            repository,
            private=run.recipe.publication.private,
            message=f"Training sets of {run.recipe.name}",
        )
    return document
