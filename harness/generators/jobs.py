"""What is to be drawn: jobs, and the requests that a job is made of.

A sample's seed follows from the run's seed, the problem and the sample's index alone. Sample i
of a request with seed s is the sample of a single request with seed s + i, so every division
of a pool into requests, today or later, draws the same pool.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.generators.adaptive import Stopping
from harness.pool import Sample
from harness.problems import Problem
from harness.recipe import ModelCard
from harness.recipe.schema import Endpoint, Engine

_SEED_BITS = 62
LARGEST_REQUEST = 256


@dataclass(frozen=True)
class DecodingSettings:
    """How completions are drawn; temperature 0 is greedy, with one sample a problem."""

    temperature: float
    top_k: int | None
    top_p: float
    max_tokens: int
    stop: tuple[str, ...]

    @property
    def greedy(self) -> bool:
        """Whether nothing is left to chance."""
        return self.temperature == 0


@dataclass(frozen=True)
class PoolJob:
    """A pool and the size that it shall have.

    Attributes:
        folder: the pool's folder; made if it is not there.
        problems: what is asked.
        prompts: the text that is completed, by problem id; `RenderedPrompts` in general.
        samples_per_problem: how many samples every problem shall have at least.
        model: who completes.
        decoding: how.
        engine: engine settings that can change a sample.
        seed: the run's seed; without effect on greedy decoding and where seeds are not taken.
        endpoints: servers to ask instead of a managed engine; they share the work.
        label: what progress lines call it.
        stopping: when a problem's draw ends before `samples_per_problem`; never if None.
        expected_tokens: mean completion length that the plan counts with; None if nobody planned.
    """

    folder: Path
    problems: Sequence[Problem]
    prompts: Mapping[str, str]
    samples_per_problem: int
    model: ModelCard
    decoding: DecodingSettings
    engine: Engine
    seed: int
    endpoints: tuple[Endpoint, ...] = ()
    label: str = ""
    stopping: Stopping | None = None
    expected_tokens: float | None = None

    @property
    def seeded(self) -> bool:
        """Whether every sample has a seed that draws it again."""
        return not self.decoding.greedy and all(one.seeds for one in self.endpoints)


@dataclass(frozen=True)
class Request:
    """Consecutive samples of one problem, asked for together."""

    problem_id: str
    prompt: str
    first_index: int
    count: int
    seed: int | None

    @property
    def id(self) -> str:
        """A name of its own within a pool."""
        return f"{self.problem_id}-{self.first_index}"

    def split(self, count: int) -> tuple[Request, Request]:
        """The first `count` samples, and the rest; both draw what the whole would have drawn."""
        seed = None if self.seed is None else self.seed + count
        first, rest = self.first_index + count, self.count - count
        return (
            Request(self.problem_id, self.prompt, self.first_index, count, self.seed),
            Request(self.problem_id, self.prompt, first, rest, seed),
        )


@dataclass(frozen=True)
class Completion:
    """One completion, as an engine returns it; its tokens are None where nobody counted."""

    text: str
    finish_reason: str
    tokens: int | None


@dataclass(frozen=True)
class Answer:
    """What an engine returned for a request: its first completions, or all of them."""

    request: Request
    completions: tuple[Completion, ...]
    prompt_tokens: int | None
    cached_tokens: int | None
    seconds: float
    endpoint: str

    def samples(self) -> list[Sample]:
        """The completions as samples of a pool."""
        request = self.request
        return [
            Sample(
                problem_id=request.problem_id,
                sample_index=request.first_index + number,
                completion=completion.text,
                finish_reason=completion.finish_reason,
                prompt_tokens=self.prompt_tokens,
                completion_tokens=completion.tokens,
                cached_tokens=self.cached_tokens,
                seed=None if request.seed is None else request.seed + number,
                endpoint=self.endpoint,
                seconds=self.seconds,
            )
            for number, completion in enumerate(self.completions)
        ]


def base_seed(run_seed: int, problem_id: str) -> int:
    """The seed of a problem's sample 0; sample i has this seed plus i.

    62 bits of a hash keep the ranges of two problems apart, and below vLLM's limit of 2^63.
    """
    digest = hashlib.sha256(f"{run_seed}\0{problem_id}".encode()).digest()
    return int.from_bytes(digest[:8], "big") % (1 << _SEED_BITS)


def runs_of(indices: Sequence[int], longest: int = LARGEST_REQUEST) -> Iterator[tuple[int, int]]:
    """Ascending indices as runs (first, count) of consecutive ones, none over `longest`."""
    start = 0
    for position in range(1, len(indices) + 1):
        broken = position == len(indices) or indices[position] != indices[position - 1] + 1
        if broken or position - start == longest:
            yield indices[start], position - start
            start = position


def requests_of(job: PoolJob, missing: Iterable[tuple[str, Sequence[int]]]) -> Iterator[Request]:
    """The requests that draw the missing samples, in the order given."""
    for problem_id, indices in missing:
        prompt = job.prompts[problem_id]
        for first, count in runs_of(indices):
            seed = base_seed(job.seed, problem_id) + first if job.seeded else None
            yield Request(problem_id, prompt, first, count, seed)
