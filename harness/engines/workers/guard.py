"""Runs a command that must not outlive the harness: python guard.py COMMAND [ARGUMENT…]

The harness holds the other end of stdin. When it closes, the harness is gone, however it
died, and this process ends its whole group: the command and all that the command has started.
Standard library only; the harness's own interpreter runs it, in a session of its own.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading


def _watch() -> None:
    while os.read(0, 4096):
        pass
    os.killpg(0, signal.SIGKILL)


def main() -> int:
    """Runs the command; its exit status, or 128 and the number of the signal that ended it."""
    if os.getsid(0) != os.getpid():
        raise SystemExit("guard.py must lead a session of its own")
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_watch, daemon=True).start()
    try:
        status = subprocess.run(sys.argv[1:], stdin=subprocess.DEVNULL, check=False).returncode
    except OSError as error:
        sys.stderr.write(f"{sys.argv[1]}: {error.strerror or error}\n")
        return 127
    return status if status >= 0 else 128 - status


if __name__ == "__main__":
    sys.exit(main())
