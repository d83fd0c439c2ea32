"""Puts a publication on the Hub: one commit, only when something differs.

A reply that was lost may have done its work: after a network error the remote tree is
compared before anything is said to have failed.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.errors import EnvironmentFailure, InputError
from harness.hub_client import is_transport_error

if TYPE_CHECKING:
    from huggingface_hub import HfApi

_ATTEMPTS = 3


def upload(folder: Path, repository: str, *, private: bool, message: str) -> dict[str, Any]:
    """Uploads a publication folder as a data set.

    Args:
        folder: from `write_publication`.
        repository: ORGANISATION/NAME.
        private: whether a repository made now is private.
        message: of the commit.

    Returns:
        {"repository", "url", "commit", "changed"}; commit is the full revision.

    Raises:
        InputError: no rights, or a name that the Hub refuses.
        EnvironmentFailure: the Hub cannot be reached.
    """
    # One plain commit is what this does; the other transfer path makes several.
    os.environ.setdefault("HF_HUB_DISABLE_XET", "1")
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError

    api = HfApi()
    try:
        api.create_repo(repository, repo_type="dataset", private=private, exist_ok=True)
        return _commit(api, folder, repository, message)
    except HFValidationError as error:
        raise InputError(f"{repository!r} is not the name of a repository: {error}") from None
    except HfHubHTTPError as error:
        raise _explained(error, repository) from None
    except (OSError, RuntimeError) as error:
        raise _unreachable(error) from None
    except Exception as error:
        # The client's transport raises classes of its own for a broken connection, which are
        # no OSError; anything else is a bug of ours and keeps its traceback.
        if is_transport_error(error):
            raise _unreachable(error) from None
        raise


def _commit(api: HfApi, folder: Path, repository: str, message: str) -> dict[str, Any]:
    from huggingface_hub import CommitOperationAdd

    changed = False
    for attempt in range(_ATTEMPTS):
        info = api.dataset_info(repository, files_metadata=True)
        outdated = _outdated(folder, info.siblings or [])
        if not outdated:
            return {
                "repository": repository,
                "url": f"{api.endpoint}/datasets/{repository}",
                "commit": info.sha,
                "changed": changed,
            }
        operations = [
            CommitOperationAdd(path_in_repo=name, path_or_fileobj=folder / name)
            for name in outdated
        ]
        try:
            api.create_commit(
                repository, operations, repo_type="dataset", commit_message=message,
                parent_commit=info.sha,
            )  # fmt: skip
        except Exception:
            # Lost reply, or somebody else's commit: what counts is what the next look finds.
            if attempt == _ATTEMPTS - 1:
                raise
        changed = True
    info = api.dataset_info(repository)
    return {
        "repository": repository,
        "url": f"{api.endpoint}/datasets/{repository}",
        "commit": info.sha,
        "changed": changed,
    }


def _outdated(folder: Path, siblings: list[Any]) -> list[str]:
    """Files whose content on the Hub is another, or which are not there."""
    from harness.files import sha256_of

    remote = {s.rfilename: (s.lfs.sha256 if s.lfs else None, s.blob_id) for s in siblings}
    found = []
    for path in sorted(folder.rglob("*")):
        if not path.is_file():
            continue
        name = str(path.relative_to(folder))
        sha256, blob = remote.get(name, (None, None))
        same = sha256_of(path) == sha256 if sha256 else _git_blob(path) == blob
        if not same:
            found.append(name)
    return found


def _git_blob(path: Path) -> str:
    import hashlib

    data = path.read_bytes()
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


def _explained(error: Any, repository: str) -> InputError | EnvironmentFailure:
    status = getattr(error.response, "status_code", None)
    if status in (401, 403):
        return InputError(
            f"the Hub does not let you write to {repository} (status {status}).",
            "Log in with `hf auth login`, with a token that may write there.",
        )
    if status == 404:
        return InputError(f"the Hub has no {repository}, or hides it from you (status 404).")
    said = getattr(error, "server_message", None) or "no message"
    return EnvironmentFailure(
        f"the Hub answered with status {status}: {said}",
        "Try again later; what was uploaded is not sent again.",
    )


def _unreachable(error: Exception) -> EnvironmentFailure:
    return EnvironmentFailure(
        f"the Hub cannot be reached ({type(error).__name__}).",
        "Check the network and HF_ENDPOINT, or write to a folder: harness push RUN --folder DIR",
    )
