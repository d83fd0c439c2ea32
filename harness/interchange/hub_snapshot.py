"""A data set of the Hub on this machine, at the commit that was asked for.

`datasets.load_dataset` falls back to whatever it has in its cache when the Hub cannot be
reached, whichever revision was asked for; a snapshot of a commit is that commit or an error.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from harness.errors import EnvironmentFailure, InputError
from harness.hub_client import first_line, is_transport_error


@cache  # Samples and problems are often of the same data set.
def snapshot(repository: str, revision: str | None) -> Path:
    """Downloads a data set, or finds it in the cache.

    Args:
        repository: ORGANISATION/NAME.
        revision: a commit, branch or tag; the newest commit if None.

    Returns:
        The folder with its files; its name is the commit.

    Raises:
        InputError: there is no such data set or revision, or it is hidden.
        EnvironmentFailure: the Hub cannot be reached.
    """
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import (
        HFValidationError,
        LocalEntryNotFoundError,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    what = f"{repository} at {revision}" if revision else repository
    try:
        return Path(snapshot_download(repository, repo_type="dataset", revision=revision))
    except HFValidationError as error:
        raise InputError(
            f"{repository!r} is neither there nor the name of a data set on the Hub: {error}"
        ) from None
    except (RepositoryNotFoundError, RevisionNotFoundError):
        raise InputError(
            f"the Hub has no data set {what}, or hides it from you.",
            "Check the name and the revision; a private or gated one needs HF_TOKEN.",
        ) from None
    except (OSError, LocalEntryNotFoundError) as error:
        raise _unreachable(what, error) from None
    except Exception as error:
        # The Hub's client raises its transport's errors as they are, and those are no OSError;
        # anything else is a bug of ours and keeps its traceback.
        if not is_transport_error(error):
            raise
        raise _unreachable(what, error) from None


def _unreachable(what: str, error: Exception) -> EnvironmentFailure:
    return EnvironmentFailure(
        f"the data set {what} cannot be fetched from the Hub: {first_line(error)}",
        "Check the network, or give a folder or a file.",
    )
