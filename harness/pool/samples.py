"""What a pool keeps of a sample, and the columns that it has on disk.

Some columns are determined by the seeds (`DRAWN_COLUMNS`): the same pool drawn twice has the
same values there, whatever the order, the split or the servers. The others say what happened
on the day: who answered and how it counted tokens, how long it took.
The ledger books what requests took, those that brought nothing included.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import orjson
import pyarrow as pa

SAMPLE_SCHEMA = pa.schema(
    [
        pa.field("problem_id", pa.string(), nullable=False),
        pa.field("sample_index", pa.int32(), nullable=False),
        pa.field("completion", pa.large_string(), nullable=False),
        pa.field("finish_reason", pa.string(), nullable=False),
        pa.field("prompt_tokens", pa.int32()),
        pa.field("completion_tokens", pa.int32()),
        pa.field("cached_tokens", pa.int32()),
        pa.field("seed", pa.int64()),
        pa.field("endpoint", pa.string(), nullable=False),
        pa.field("seconds", pa.float64()),
    ]
)
ORIGIN_KEY = b"pool"
KEY_COLUMNS = ("problem_id", "sample_index")
DRAWN_COLUMNS = (*KEY_COLUMNS, "completion", "finish_reason", "seed")
# Counts of tokens are among them: some servers say only the sum over a request.
SERVICE_COLUMNS = ("prompt_tokens", "completion_tokens", "cached_tokens", "endpoint", "seconds")
SAMPLE_COLUMNS = tuple(SAMPLE_SCHEMA.names)


@dataclass(frozen=True)
class Sample:
    """One completion of one problem.

    Attributes:
        problem_id: the problem.
        sample_index: its number among the problem's samples, from 0; with the problem's id
            it is the key.
        completion: the text, without the stop string that ended it.
        finish_reason: "stop" or "length", or what else the server says.
        prompt_tokens: length of the prompt; None where nobody counted.
        completion_tokens: length of the completion, its end token included; None where nobody
            counted.
        cached_tokens: prompt tokens of the request that a cache served; None where not known.
        seed: the seed that draws this sample alone; None where nothing was drawn at random.
        endpoint: who answered.
        seconds: from the start of the request that brought it to its end; None where not known.
    """

    problem_id: str
    sample_index: int
    completion: str
    finish_reason: str
    prompt_tokens: int | None
    completion_tokens: int | None
    cached_tokens: int | None
    seed: int | None
    endpoint: str
    seconds: float | None

    @property
    def key(self) -> tuple[str, int]:
        """What names the sample in its pool."""
        return self.problem_id, self.sample_index


@dataclass(frozen=True)
class LedgerLine:
    """What one finished request took; tokens are sums over its samples, the prompt counts once.

    Attributes:
        problem_id, first_index, count: what was asked for.
        prompt_tokens, cached_tokens, completion_tokens: as the engine counted them.
        seconds: from the start of the request to its end.
        endpoint: who answered.
        finished_at: when it ended, in seconds since 1970.
        wasted: why nothing of it is in the pool ("failed: …", "discarded: …"); "" where its
            samples are.
        estimated: whether the tokens are an upper bound, because no answer said them.
    """

    problem_id: str
    first_index: int
    count: int
    prompt_tokens: int
    cached_tokens: int
    completion_tokens: int
    seconds: float
    endpoint: str
    finished_at: float = 0.0
    wasted: str = ""
    estimated: bool = False


@dataclass(frozen=True)
class Failure:
    """A request that the engine refuses for good, such as a prompt that is too long."""

    problem_id: str
    first_index: int
    count: int
    reason: str


def storable(sample: Sample) -> Sample:
    """The sample with text that UTF-8 can hold: lone surrogates become U+FFFD."""
    text = storable_text(sample.completion)
    return sample if text is sample.completion else replace(sample, completion=text)


def schema_of(origin: str) -> pa.Schema:
    """The schema of a pool's own files, which name the pool by the digest of its identity."""
    return SAMPLE_SCHEMA.with_metadata({ORIGIN_KEY: origin.encode()})


def storable_text(text: str) -> str:
    """The text with U+FFFD in the place of lone surrogates, which UTF-8 cannot hold."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def table_of(samples: Iterable[Sample]) -> pa.Table:
    """The samples as a table in the order given."""
    rows = list(map(vars, samples))
    columns = {name: [row[name] for row in rows] for name in SAMPLE_COLUMNS}
    return pa.table(columns, schema=SAMPLE_SCHEMA)


def drawn_lines(table: pa.Table) -> list[bytes]:
    """What was drawn, a line each: what digests of samples are made of.

    Args:
        table: `DRAWN_COLUMNS` of the samples.
    """
    columns = [table.column(name).to_pylist() for name in DRAWN_COLUMNS]
    return [orjson.dumps(row) + b"\n" for row in zip(*columns, strict=True)]


def ledger_of(samples: Sequence[Sample], finished_at: float) -> Iterator[LedgerLine]:
    """The requests that brought `samples`, booked at the time `finished_at`.

    A request asks for consecutive samples of one problem, and they arrive together; so a run
    of consecutive samples with the same duration was one request.
    """
    start = 0
    for position in range(1, len(samples) + 1):
        if position < len(samples) and _same_request(samples[position - 1], samples[position]):
            continue
        first = samples[start]
        yield LedgerLine(
            problem_id=first.problem_id,
            first_index=first.sample_index,
            count=position - start,
            prompt_tokens=first.prompt_tokens or 0,
            cached_tokens=first.cached_tokens or 0,
            completion_tokens=sum(one.completion_tokens or 0 for one in samples[start:position]),
            seconds=first.seconds or 0.0,
            endpoint=first.endpoint,
            finished_at=finished_at,
        )
        start = position


def _same_request(one: Sample, following: Sample) -> bool:
    return (
        following.key == (one.problem_id, one.sample_index + 1)
        and following.seconds == one.seconds
        and following.endpoint == one.endpoint
    )
