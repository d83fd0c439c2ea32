"""vLLM's worker, killed by what a prompt says; for tests of what follows from that.

A prompt with the word POISON ends the process; one with DEAF
stops it, as a hang; one with MUTE closes its line to the harness. DEAF and MUTE do so once,
and leave a file of that name in the folder $POISON_FOLDER.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, os.environ["WORKERS_FOLDER"])
import vllm_worker  # type: ignore[import-not-found]


class Service(vllm_worker.Service):  # type: ignore[misc]
    def _add(self, request: dict[str, Any]) -> None:
        super()._add(request)
        if "POISON" in request["prompt"]:
            sys.stderr.write("the engine chokes\n")
            sys.stderr.flush()
            os._exit(5)
        for word in ("DEAF", "MUTE"):
            if word in request["prompt"]:
                self._once(word)

    def _once(self, word: str) -> None:
        done = Path(os.environ["POISON_FOLDER"]) / word
        if done.exists():
            return
        done.touch()
        if word == "DEAF":
            os.kill(os.getpid(), signal.SIGSTOP)
        else:
            os.close(self._link._events.fileno())


if __name__ == "__main__":
    vllm_worker.Service = Service
    vllm_worker.main()
