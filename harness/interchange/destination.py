"""Where an import writes to: the pool that is there, or a new one that appears when it is whole.

A new pool is filled in a folder beside its place. What a killed import leaves there is removed
by the next one.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from harness.errors import EnvironmentFailure, InputError
from harness.locks import held
from harness.pool import Pool
from harness.pool.durable import flush_folder
from harness.pool.identity import IDENTITY_FILE
from harness.problems import Problem


def pool_is_there(folder: Path) -> bool:
    """Whether `folder` is a pool, or may become one.

    Raises:
        InputError: it is something else.
    """
    if (folder / IDENTITY_FILE).is_file():
        return True
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder} is a file; expected the folder of a pool, or none yet.")
    if folder.is_dir() and any(folder.iterdir()):
        raise InputError(
            f"{folder} holds something that is not a pool.", "Choose an empty or a new folder."
        )
    return False


@contextmanager
def new_pool(
    folder: Path, identity: Mapping[str, Any], problems: Sequence[Problem]
) -> Iterator[Pool]:
    """A pool that takes its place when the block ends without an error.

    Args:
        folder: its place.
        identity: what its samples are from.
        problems: its problems, in canonical order.

    Raises:
        InputError: another import into the same folder is at work.
        EnvironmentFailure: the folder beside the pool cannot be written, or the disk is full.
    """
    target = folder.absolute()
    beside = target.with_name(f".{target.name}.importing")
    with held(beside, "the folder"):
        unfinished = beside / "pool"
        shutil.rmtree(unfinished, ignore_errors=True)
        try:
            with Pool.open_or_create(unfinished, identity, problems) as pool:
                yield pool
            _move(unfinished, target)
        except EnvironmentFailure as error:
            raise _given_up(folder, error) from error
        finally:
            # While it is held, so that it is not another import's.
            shutil.rmtree(beside, ignore_errors=True)


def _given_up(folder: Path, error: EnvironmentFailure) -> EnvironmentFailure:
    # A pool says that what it counted is safe; of a new one nothing is kept.
    if not isinstance(error.__cause__, OSError):
        return error
    return EnvironmentFailure(
        f"the import into {folder} was given up, and nothing of it is kept: {error.__cause__}.",
        "Make room and give the same command again.",
    )


def _move(unfinished: Path, target: Path) -> None:
    try:
        unfinished.replace(target)  # An empty folder may be there.
        flush_folder(target.parent)
    except OSError as error:
        raise EnvironmentFailure(
            f"the finished pool cannot take its place {target} ({error}).",
            "Something else was put there meanwhile, or the folder cannot be written.",
        ) from error
