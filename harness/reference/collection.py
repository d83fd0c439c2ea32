"""All values and claims of one paper, and how to find one of them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harness.reference.values import STRICT, Benchmark, Claim, ReferencePair, ReferenceValue

_SEPARATORS = re.compile(r"[^a-z0-9]+")
_ENDINGS = re.compile(r"(\.(jsonl?|parquet|csv|gz|zst))+$")
_SPLITS = re.compile(r"_(train|test|main)$")


@dataclass(frozen=True, kw_only=True)
class Reference:
    """A paper's results.

    Attributes:
        name: as in `harness report --reference NAME`.
        title: of the paper.
        citation: authors, year, where.
        tags: what each provenance tag means.
        benchmarks: its problem sets.
        models: its models, with the names under which they go elsewhere.
        pairs: its pairs of generators.
        values: every number; of equal ones the one to use comes first.
        claims: what it says about WC against SE.
    """

    __pydantic_config__ = STRICT

    name: str
    title: str
    citation: str
    tags: Mapping[str, str]
    benchmarks: tuple[Benchmark, ...]
    models: Mapping[str, tuple[str, ...]]
    pairs: tuple[ReferencePair, ...]
    values: tuple[ReferenceValue, ...]
    claims: tuple[Claim, ...]

    def find(self, **conditions: Any) -> tuple[ReferenceValue, ...]:
        """The values with these attributes, in order of trust.

        Args:
            **conditions: attributes of `ReferenceValue`; None asks for the absence of one, an
                attribute that is not named may be anything.

        Raises:
            AttributeError: there is no such attribute.
        """
        return tuple(value for value in self.values if value.holds(conditions))

    def first(self, **conditions: Any) -> ReferenceValue | None:
        """The most trusted value with these attributes that is more than a range."""
        found = self.find(**conditions)
        return next((value for value in found if value.value is not None), None)

    def value(self, quantity: str, **conditions: Any) -> ReferenceValue:
        """The most trusted value of a quantity.

        Example:
            reference.value("coverage", benchmark="math", side="wc", budget="low").value  # 43.1

        Raises:
            LookupError: there is none.
        """
        found = self.first(quantity=quantity, **conditions)
        if found is None:
            asked = ", ".join(f"{name} {wanted}" for name, wanted in conditions.items())
            raise LookupError(f"reference {self.name} has no {quantity} for {asked}")
        return found

    def benchmark(self, name: str) -> Benchmark:
        """A benchmark by its own name.

        Raises:
            LookupError: there is none.
        """
        for one in self.benchmarks:
            if one.name == name:
                return one
        raise LookupError(f"reference {self.name} has no benchmark {name!r}")

    def benchmark_of_problems(self, name: str) -> Benchmark | None:
        """The benchmark whose problems go under this name, path or Hub id."""
        plain = plain_name(name)
        return next((one for one in self.benchmarks if plain in one.problem_sets), None)

    def benchmark_of_task(self, name: str) -> Benchmark | None:
        """The benchmark whose test is this lm-eval task."""
        plain = plain_name(name)
        return next((one for one in self.benchmarks if plain in one.tasks), None)

    def model_named(self, model_id: str) -> str | None:
        """The paper's name of a model, by its Hub id or folder."""
        plain = plain_name(model_id)
        return next((model for model, names in self.models.items() if plain in names), None)

    def pair_of(self, wc: str | None, se: str | None) -> ReferencePair | None:
        """The pair of two models of the paper."""
        return next((pair for pair in self.pairs if (pair.wc, pair.se) == (wc, se)), None)


def plain_name(name: str) -> str:
    """The last part of a path or id, in the form that names are compared in.

    Example:
        plain_name("data/gsm8k_train.jsonl.gz")  # "gsm8k"
    """
    last = _ENDINGS.sub("", name.lower().rstrip("/").rsplit("/", 1)[-1])
    return _SPLITS.sub("", _SEPARATORS.sub("_", last).strip("_"))
