"""Folders for what an engine leaves behind when it is killed.

vLLM puts small files into the folder for temporary files and removes them only in an orderly
end. Each worker therefore gets a folder of its own; one that a killed harness could not remove
is removed by the next.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import tempfile
from pathlib import Path

_PREFIX = "harness-vllm"


def scratch_folder() -> tempfile.TemporaryDirectory[str]:
    """A new folder, named by this machine and process; older ones of dead processes go."""
    host = re.sub(r"\W+", "_", socket.gethostname())
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}-{host}-*"):
        owner = folder.name.removeprefix(f"{_PREFIX}-{host}-").split("-")[0]
        if owner.isdigit() and not _alive(int(owner)):
            shutil.rmtree(folder, ignore_errors=True)
    return tempfile.TemporaryDirectory(
        prefix=f"{_PREFIX}-{host}-{os.getpid()}-", ignore_cleanup_errors=True
    )


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
