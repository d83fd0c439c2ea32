"""Where the harness keeps what outlives a run: engine environments, memos, local entries."""

from __future__ import annotations

import os
from pathlib import Path

APPLICATION = "w2s-harness"


def cache_folder() -> Path:
    """What can be made again: `$HARNESS_CACHE`, else the user's cache folder."""
    import platformdirs

    chosen = os.environ.get("HARNESS_CACHE")
    return Path(chosen).expanduser() if chosen else Path(platformdirs.user_cache_dir(APPLICATION))


def data_folder() -> Path:
    """What should stay: `$HARNESS_HOME`, else the user's data folder."""
    import platformdirs

    chosen = os.environ.get("HARNESS_HOME")
    return Path(chosen).expanduser() if chosen else Path(platformdirs.user_data_dir(APPLICATION))
