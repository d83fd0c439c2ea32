"""What samples took: exact FLOPs sample by sample, and problems that count the same."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from harness.budget.architecture import Architecture
from harness.comparison.costs import CostSettings
from tests.comparison.pools_for_tests import card, compared, graded_pool, problem

A, B = problem("a"), problem("b")
PROMPT = 30  # Tokens of every prompt of `graded_pool`.
CONFIG = {
    "model_type": "mistral",
    "num_hidden_layers": 2,
    "hidden_size": 16,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "intermediate_size": 8,
    "vocab_size": 50,
    "sliding_window": 200,
}
WC_LENGTHS = {("a", 0): 900, ("a", 1): 3, ("b", 0): 40, ("b", 1): 0, ("b", 2): 77, ("b", 3): 1}
SE_LENGTHS = {("a", 0): 10, ("b", 0): 20}


@pytest.fixture
def pools(tmp_path: Path) -> tuple[Path, Path]:
    small = card(id="small", config=CONFIG)
    large = card(id="large", config={**CONFIG, "hidden_size": 32, "sliding_window": None})
    return (
        graded_pool(tmp_path / "wc", {A: "cw", B: "wwcw"}, model_card=small, tokens=WC_LENGTHS),
        graded_pool(tmp_path / "se", {A: "c", B: "w"}, model_card=large, tokens=SE_LENGTHS),
    )


def flops_by_loops(config: dict[str, object], completion: int) -> tuple[int, int]:
    """FLOPs of a completion and of its prompt, a token at a time."""
    hidden, window = int(str(config["hidden_size"])), config["sliding_window"]
    # Queries and outputs of 4 heads, keys and values of 2; three matrices of the feed-forward.
    matrices = 2 * (2 * hidden * hidden + 2 * hidden * hidden // 2 + 3 * hidden * 8)
    head = hidden * 50

    def token(position: int) -> int:
        seen = position if window is None else min(position, int(str(window)))
        return matrices + 2 * 2 * hidden * seen

    decoded = sum(token(PROMPT + one) + head for one in range(1, completion + 1))
    read = sum(token(one) for one in range(1, PROMPT + 1)) + head
    return 2 * decoded, 2 * read


def mean_flops(
    config: dict[str, object], lengths: dict[tuple[str, int], int]
) -> tuple[float, float]:
    """Mean over problems of the mean over samples, decoded and read."""
    means = []
    for name in "ab":
        counts = [count for (owner, _), count in lengths.items() if owner == name]
        means.append(np.mean([flops_by_loops(config, one) for one in counts], axis=0))
    decoded, read = np.mean(means, axis=0)
    return float(decoded), float(read)


def test_exact_flops_are_those_of_each_sample(pools: tuple[Path, Path]) -> None:
    wc = mean_flops(CONFIG, WC_LENGTHS)
    se = mean_flops({**CONFIG, "hidden_size": 32, "sliding_window": None}, SE_LENGTHS)
    found = {
        prompts: compared(
            *pools, kind="compute_exact", budget="0.5", settings=CostSettings(prompts=prompts)
        )["match"]
        for prompts in ("none", "every")
    }
    assert found["none"]["ratio"] == pytest.approx(se[0] / wc[0], rel=1e-12)
    assert found["every"]["ratio"] == pytest.approx(sum(se) / sum(wc), rel=1e-12)
    assert found["every"]["cost"]["se"] == pytest.approx(2 * 0.5 * sum(se), rel=1e-12)
    once = compared(
        *pools, kind="compute_exact", budget="1", settings=CostSettings(prompts="once")
    )["match"]
    assert once["cost"]["wc"] == pytest.approx(2 * sum(se), rel=1e-12)
    # Less than one sample of WC: that share of the problems pays for the prompt too.
    assert once["samples_per_problem"]["wc"] == pytest.approx(sum(se) / sum(wc), rel=1e-12)


def test_samples_of_their_mean_length_would_have_cost_less(pools: tuple[Path, Path]) -> None:
    architecture = Architecture.from_config({**CONFIG, "sliding_window": None})
    decoded = [architecture.decode_flops(PROMPT, one) for one in (0, 900)]
    assert architecture.decode_flops(PROMPT, 450) < sum(decoded) / 2


def test_a_problem_with_many_samples_counts_no_more_than_another(
    pools: tuple[Path, Path],
) -> None:
    match = compared(*pools, kind="tokens", budget="1")["match"]
    # Problem a: 451.5 tokens a sample, b: 29.5; the mean over all samples would be 170.
    assert match["ratio"] == pytest.approx(15 / ((451.5 + 29.5) / 2))
    assert match["cost"]["wc"] == pytest.approx(10 + 20)
