"""The card of a published data set: what a stranger needs to load, judge and recompute it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from harness import __version__
from harness.budget import MatchedBudget, stopping_rule
from harness.budget.allocation import stopping_words
from harness.quantities import mean_count
from harness.recipe import SIDES, Recipe

PAPER = "https://arxiv.org/abs/2408.16737"
_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))


def config_name(arm: Mapping[str, Any]) -> str:
    """The name that `load_dataset` takes, such as "wc-high"."""
    return f"{arm['arm']}-{arm['budget']}"


def data_file(arm: Mapping[str, Any]) -> str:
    """Where the rows of an arm lie in the published data set."""
    return f"data/{config_name(arm)}/train-00000-of-00001.parquet"


def dataset_card(
    recipe: Recipe,
    budgets: Mapping[str, MatchedBudget],
    arms: Sequence[Mapping[str, Any]],
    verdicts: Mapping[str, Mapping[str, int]],
) -> str:
    """README.md with the metadata that the Hub and `datasets` read.

    Args:
        recipe: the experiment.
        budgets: its matched budgets.
        arms: the documents of every published arm (`arm.json`), the default one first.
        verdicts: per side, how many samples of its pool were `correct`, `wrong`, `undecided`.
    """
    header = yaml.safe_dump(_metadata(recipe, arms), sort_keys=False, allow_unicode=True)
    return f"""---
{header}---

# {recipe.name}: training sets under one sampling budget

{recipe.description}

Solutions from a weak, cheap model (WC, `{recipe.pair.wc.id}`) and a strong, expensive one (SE,
`{recipe.pair.se.id}`), sampled under matched budgets and kept where the final answer is right. What
this compares, and why, is in [Bansal et al., 2024]({PAPER}).

{_table_of_arms(arms)}

```python
from datasets import load_dataset
rows = load_dataset("PATH_OR_ID", "{config_name(arms[0])}", split="train")
```

## How it was made
{_origin(recipe, budgets, verdicts)}

The licence covers this compilation; the models' licences and the problem set's also apply to text \
that comes from them.
"""


def _table_of_arms(arms: Sequence[Mapping[str, Any]]) -> str:
    rows = [
        f"| `{config_name(arm)}` | {arm['rows']:,} | {arm['problems']:,} | {_samples(arm)} |"
        for arm in arms
    ]
    head = ["| configuration | rows | problems | samples a problem |", "|---|---:|---:|---:|"]
    return "\n".join([*head, *rows])


def _samples(arm: Mapping[str, Any]) -> str:
    """Samples a problem of an arm: the mean, where some problems have one more than others."""
    most = arm["samples_per_problem"]
    mean = arm.get("mean_samples_per_problem", most)
    return mean_count(mean) if mean else "–"


def _origin(
    recipe: Recipe,
    budgets: Mapping[str, MatchedBudget],
    verdicts: Mapping[str, Mapping[str, int]],
) -> str:
    """How the rows came to be, as a list."""
    decoding = recipe.decoding
    duplicates = "each distinct text once" if recipe.arms.deduplicate == "text" else "kept"
    matches = "\n".join(_match_line(budget) for budget in budgets.values())
    return f"""\
- Match: {recipe.match.kind}.
{matches}{_allocation(recipe)}
- Decoding: temperature {decoding.temperature:g}, top-k {decoding.top_k or "off"}, top-p \
{decoding.top_p:g}, at most {decoding.max_tokens} tokens; run seed {recipe.seeds.run}. Every row \
has its own seed.
- Prompt of the rows: `{recipe.prompt.template!r}`; the generators saw it {_shots(recipe)}.
- Kept: samples whose final answer (format `{recipe.answer.format}`) equals the gold answer, by \
the grader that each row names. A right answer may stand behind wrong reasoning.
- Verdicts: {_verdicts(verdicts)}. Undecided samples (a time-out, an answer over a cap) are not \
kept.
- Duplicates within a problem: {duplicates}.
- Rows stand in canonical order: problems in the problem set's order, samples by index.
- `recipe.yaml` holds the whole experiment, `manifest.json` the SHA-256 of every file. Made by \
w2s-harness {__version__}."""


def _shots(recipe: Recipe) -> str:
    few_shot = recipe.prompt.few_shot
    if few_shot is None:
        return "without examples"
    return f"behind {few_shot.count} examples of {few_shot.source.removeprefix('lm_eval:')}"


def _verdicts(verdicts: Mapping[str, Mapping[str, int]]) -> str:
    """What became of all samples, also of those that are in no row."""
    return "; ".join(
        f"of {sum(counts.values()):,} {side.upper()} samples "
        + ", ".join(f"{count:,} {outcome}" for outcome, count in counts.items())
        for side, counts in verdicts.items()
    )


def _allocation(recipe: Recipe) -> str:
    until = stopping_rule(recipe)
    if until is None:
        return ""
    return (
        f"\n- Allocation: adaptive. A problem was drawn until it had {stopping_words(until)}, or "
        "all samples of the largest budget, so counts of samples are upper bounds."
    )


def _match_line(budget: MatchedBudget) -> str:
    wc, se = (mean_count(budget.mean_samples_per_problem[side]) for side in SIDES)
    mixed = budget.rounding == "mixed"
    shared = ", on average: some problems have one fewer than others" if mixed else ""
    return (
        f"- Budget `{budget.budget}`: {wc} WC or {se} SE samples a problem{shared} "
        f"(one SE sample is worth {budget.ratio:.4g} WC samples; cost WC/SE "
        f"{'of these means' if mixed else 'after rounding'} {budget.wc_over_se:.4f})."
    )


def _metadata(recipe: Recipe, arms: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    total = sum(arm["rows"] for arm in arms)
    size = next((name for bound, name in _SIZES if total < bound), "1M<n<10M")
    configs: list[dict[str, Any]] = [
        {
            "config_name": config_name(arm),
            "data_files": [{"split": "train", "path": data_file(arm)}],
        }
        for arm in arms
    ]
    configs[0]["default"] = True
    return {
        "license": recipe.publication.license,
        "language": ["en"],
        "pretty_name": f"{recipe.name}: WC and SE training sets",
        "task_categories": ["text-generation"],
        "size_categories": [size],
        "tags": ["synthetic", "reasoning", "compute-matched", "w2s-harness"],
        "configs": configs,
    }
