"""How a grader's verdicts on a pool add up: by outcome, by extraction rule, by stage."""

from __future__ import annotations

from collections import Counter
from typing import Any

from harness.pool import Pool
from harness.pool.verdicts import OUTCOMES

_KEPT_REASONS = 10


def shares_of(pool: Pool, grader: str) -> dict[str, Any]:
    """Counts of a grader's verdicts.

    Args:
        pool: the pool.
        grader: the grader's name.

    Returns:
        samples, correct, wrong, undecided and unparsed; under `rules` and `stages` how many
        samples each took and what share of all that is; under `undecided_for` the commonest
        reasons.

    Raises:
        InputError: the pool was not graded by it yet.
    """
    outcomes: Counter[str] = Counter()
    rules: Counter[str] = Counter()
    stages: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    unparsed = 0
    for table in pool.verdict_batches(grader):
        outcomes.update(table["outcome"].to_pylist())
        rules.update(str(rule) for rule in table["rule"].to_pylist())
        stages.update(str(stage) for stage in table["stage"].to_pylist())
        unparsed += table["answer"].null_count
        reasons.update(
            str(reason)
            for outcome, reason in zip(
                table["outcome"].to_pylist(), table["reason"].to_pylist(), strict=True
            )
            if outcome == "undecided"
        )
    return {
        "samples": outcomes.total(),
        **{name: outcomes[name] for name in OUTCOMES},
        "unparsed": unparsed,
        "rules": _shares(rules),
        "stages": _shares(stages),
        "undecided_for": dict(reasons.most_common(_KEPT_REASONS)),
    }


def _shares(counts: Counter[str]) -> dict[str, dict[str, float]]:
    return {
        name: {"samples": count, "share": count / counts.total()}
        for name, count in counts.most_common()
    }
