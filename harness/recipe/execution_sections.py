"""The section of a recipe that says where the work is done: processes, clusters, servers.

None of it belongs to the experiment, so all of it may change when a run goes on.
"""

from __future__ import annotations

import re
from typing import Annotated, Literal
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from pydantic import Field

from harness.recipe.engine_sections import Ray
from harness.recipe.fields import PositiveFloat, PositiveInt, Section, Side

_SECRET = re.compile(r"key|token|secret|sig|pass|auth|cred", re.IGNORECASE)


class Endpoint(Section):
    """A server of the OpenAI protocol that samples instead of a managed engine."""

    url: str = Field(
        pattern=r"^https?://",
        examples=["http://host:8000/v1"],
        description="Base URL, up to and with /v1.",
    )
    model: str | None = Field(None, description="Model name there; the server's only one if unset.")
    answers_as: str | None = Field(
        None, description="Model name in its answers, where that is quite another one."
    )
    protocol: Literal["completions", "chat"] = Field(
        "completions",
        description="`completions` continues the prompt; `chat` sends it as one user message.",
    )
    seeds: bool = Field(
        True, description="Whether it takes seeds; without them no draw can be repeated."
    )
    api_key_variable: str | None = Field(
        None, description="Environment variable that holds the key; the key itself never goes here."
    )
    billed: bool = Field(
        True, description="Whether its tokens cost the prices of the model's card."
    )
    timeout_seconds: PositiveFloat = Field(
        600.0, description="Longest time for one request with all of its samples."
    )

    @property
    def address(self) -> str:
        """The URL without user name, password and query, which may hold secrets."""
        parts = urlsplit(self.url)
        return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2], query=""))


def without_secrets(url: str) -> str:
    """A URL as it may lie in a run's files: without user name, password and keys in its query."""
    parts = urlsplit(url)
    kept = [(name, value) for name, value in parse_qsl(parts.query) if not _SECRET.search(name)]
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=host, query=urlencode(kept)))


class Execution(Section):
    """Where and how the work is done. Not part of the experiment: it may change on a resume."""

    workers: PositiveInt | None = Field(
        None,
        description="Engine processes at once (the data parallel size); one a GPU group, or one "
        "a core up to 2, if unset.",
    )
    engine: Literal["vllm", "ray"] = Field(
        "vllm", description="`vllm`: processes on this machine; `ray`: vLLM on a Ray cluster."
    )
    ray: Ray = Field(default_factory=lambda: Ray())
    endpoints: dict[Side, Endpoint | Annotated[list[Endpoint], Field(min_length=1)]] = Field(
        default_factory=dict,
        description="Sides that are sampled from a server, or from several that share the work.",
    )
    spending_limit: PositiveFloat | None = Field(
        None, description="Dollars that all endpoints of the run together may cost."
    )

    def servers_of(self, side: Side) -> tuple[Endpoint, ...]:
        """The servers that sample a side; none where a managed engine does."""
        found = self.endpoints.get(side)
        if found is None:
            return ()
        return tuple(found) if isinstance(found, list) else (found,)

    @property
    def ray_cluster(self) -> Ray | None:
        """The Ray cluster, if it is to run vLLM."""
        return self.ray if self.engine == "ray" else None
