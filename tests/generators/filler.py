"""Fills a pool in a process of its own, so that a test can kill it.

filler.py FOLDER PROBLEMS SAMPLES WORKERS PYTHON [ray]
"""

from __future__ import annotations

import sys
from pathlib import Path

from harness.generators.filling import fill_pools
from harness.progress import Progress
from harness.recipe.engine_sections import Ray
from tests.generators.jobs_for_tests import job, log_folder

if __name__ == "__main__":
    folder, problems, samples, workers, python, *engine = sys.argv[1:]
    fill_pools(
        [job(Path(folder), problems=int(problems), samples=int(samples), model="micro:wc")],
        workers=int(workers),
        progress=Progress(),
        log=log_folder(Path(folder).parent),
        vllm_python=Path(python),
        ray=Ray() if engine == ["ray"] else None,
    )
