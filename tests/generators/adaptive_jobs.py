"""Adaptive jobs on the fault server, whose answers are right as often as the problem is easy.

As a program it draws one, so that a test can kill it: adaptive_jobs.py FOLDER URL
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

from aiohttp import web

from harness.generators.adaptive import Stopping
from harness.generators.jobs import PoolJob, base_seed
from harness.recipe.schema import Answer, Until
from tests.generators.fault_server import honest, text_for
from tests.generators.jobs_for_tests import fill, job

PROBLEMS = 24
MOST = 30


def is_right(number: int, prompt: str, seed: int) -> bool:
    """Problem 0 is hopeless, the last one nearly certain."""
    return int(text_for(prompt, seed)[1:5], 16) / 16**4 < number / PROBLEMS


def completion(prompt: str, seed: int) -> str:
    found = re.search(r"What is (\d+) \+", prompt)
    assert found
    number = int(found[1])
    return f" Well. #### {8 * number if is_right(number, prompt, seed) else -1}"


def answers(body: dict[str, Any], choices: int | None = None) -> web.Response:
    """What the server says to an honest request; the texts follow from prompt and seed."""
    document = honest(body, choices)
    for choice in document["choices"]:
        choice["text"] = completion(body["prompt"], body["seed"] + choice["index"])
    return web.json_response(document)


def adaptive_job(
    folder: Path, url: str | None, *, samples: int = MOST, correct: int = 2, **others: Any
) -> PoolJob:
    until = Until(correct=correct, max=MOST)
    stopping = Stopping(until, Answer(format="hash"))
    return job(folder, problems=PROBLEMS, samples=samples, url=url, stopping=stopping, **others)


def truth(one: PoolJob) -> list[list[bool]]:
    """Of each problem, whether each of all its samples is right."""
    found = []
    for number, problem in enumerate(one.problems):
        prompt, first = one.prompts[problem.id], base_seed(one.seed, problem.id)
        found.append(
            [is_right(number, prompt, first + index) for index in range(one.samples_per_problem)]
        )
    return found


if __name__ == "__main__":
    folder, url = sys.argv[1:]
    fill(adaptive_job(Path(folder), url))
