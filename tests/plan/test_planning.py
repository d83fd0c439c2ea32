"""Plans: every number worked out a second time by hand, and the command."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.cells import cells_of
from harness.pipeline.opening import open_or_create_run
from harness.plan import plan_of
from harness.plan.stage import plan as plan_stage
from harness.plan.text import plan_text
from harness.progress import Progress
from harness.recipe.catalogue import recipe_names
from harness.recipe.loading import load_recipe
from harness.resources import recipes_folder


def harness(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "harness", *arguments], capture_output=True, text=True, cwd=cwd,
        timeout=120, check=False,
    )  # fmt: skip


def test_w2s_math_by_hand() -> None:
    planned = plan_of(load_recipe("w2s-math"))
    assert planned.ratio == 3.0
    assert planned.problems == {"train": 7500, "validation": 500, "test": 500}
    wc, se = planned.pools["wc"], planned.pools["se"]
    assert (wc.samples, se.samples) == (225_000, 75_000)
    assert (wc.expected_tokens, se.largest_tokens) == (45_000_000, 76_800_000)
    assert wc.flops == 2 * 9e9 * 45e6 == se.flops
    assert wc.dollars is None
    cells = {cell.id: cell for cell in planned.cells}
    assert len(cells) == 3 * 3 * 2
    low = cells["se_lm-wc-low-seed1"]
    assert (low.steps, low.batch_size, low.rows_seen) == (600, 32, 19_200)
    assert low.flops == 6 * 27e9 * 19_200 * 200
    assert low.largest_flops == 6 * 27e9 * 19_200 * 2048
    assert low.least_epochs == 19_200 / (7500 * 3)
    student = cells["student_lm-ground_truth-high-seed1"]
    assert (student.steps, student.batch_size, student.rows_seen) == (24_000, 8, 192_000)
    assert student.least_epochs == 192_000 / 7500
    assert planned.evaluation.completions == (3 + 18) * 500


def test_an_adaptive_plan_is_an_upper_bound_and_says_so() -> None:
    until = "allocation.until={correct: 4, max: 30}"
    planned, uniform = (plan_of(load_recipe("w2s-micro", more)) for more in ([until], []))
    for side, pool in uniform.pools.items():
        bound = planned.pools[side]
        assert replace(bound, disk_bytes=pool.disk_bytes) == pool
        # Its blocks are requests of their own, which the pool books.
        assert bound.disk_bytes is not None and pool.disk_bytes is not None
        assert bound.disk_bytes > pool.disk_bytes
    (said,) = set(planned.assumptions) - set(uniform.assumptions)
    assert "until it has 4 correct samples (allocation.until)" in said
    assert "it gets 4 to 30 WC samples and 4 to 10 SE samples" in said
    assert "upper bounds" in said
    assert said in plan_text(planned)


@pytest.mark.parametrize("name", recipe_names())
def test_every_cell_is_planned_and_every_model_sees_equally_many_rows(name: str) -> None:
    recipe = load_recipe(name)
    planned = plan_of(recipe)
    assert [cell.id for cell in planned.cells] == [cell.id for cell in cells_of(recipe)]
    for budget in recipe.training.budgets:
        assert len({cell.rows_seen for cell in planned.cells if cell.budget == budget}) == 1


def test_dollars_of_a_price_match_are_equal() -> None:
    recipe = load_recipe(
        "w2s-math",
        ["pair.wc=gemini-1.5-flash", "pair.se=gemini-1.5-pro", "match.kind=price",
         "match.price_date=2024-08-31", "paradigms=[student_lm]"],
    )  # fmt: skip
    pools = plan_of(recipe).pools
    assert pools["se"].dollars == pytest.approx(7500 * 10 * 200 * 10.5 / 1e6)
    assert pools["wc"].dollars == pytest.approx(pools["se"].dollars)
    assert pools["wc"].flops is None
    assert pools["wc"].price_date == "2024-08-12"
    assert "157.50" in plan_text(plan_of(recipe))


def test_dollars_and_lengths_are_those_of_the_match(tmp_path: Path) -> None:
    price = "date: 2024-08-12, source: test, output: 8, batch_discount: 0.5"
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "priced.yaml").write_text(f"id: a/b\nprices: [{{{price}}}]\n")
    text = (recipes_folder() / "w2s-math.yaml").read_text()
    text = text.replace("wc: gemma-2-9b", "wc: priced").replace("se: gemma-2-27b", "se: priced")
    (tmp_path / "r.yaml").write_text(text.replace("kind: compute", "kind: price"))
    overrides = ["paradigms=[student_lm]", "match.batch=true",
                 "match.per_sample.wc.completion_tokens=100"]  # fmt: skip
    planned = plan_of(load_recipe(str(tmp_path / "r.yaml"), overrides))
    for side, length, samples in (("wc", 100, 20), ("se", 200, 10)):
        pool = planned.pools[side]
        assert pool.samples == 7_500 * samples
        assert pool.dollars == pytest.approx(7_500 * samples * length * 4 / 1e6)
    assert "where match.per_sample says nothing else" in planned.assumptions[0]


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        (["match.kind=number"], "as much as 1 WC sample\n"),
        (["budgets.high.se=0.1", "match.rounding=mixed", "training.steps.high=60000"], " 2,560 "),
    ],
)
def test_numbers_read_as_people_write_them(overrides: list[str], said: str) -> None:
    assert said in plan_text(plan_of(load_recipe("w2s-math", overrides)))


def test_without_expected_tokens_half_of_the_longest_is_assumed_and_said() -> None:
    planned = plan_of(load_recipe("w2s-micro", ["decoding.expected_tokens=null"]))
    assert planned.pools["se"].expected_tokens == 500 * 10 * 64
    assert "64 tokens on average: half of decoding.max_tokens" in planned.assumptions[0]


def test_unknown_counts_stay_unknown() -> None:
    planned = plan_of(
        load_recipe("w2s-gsm8k", ["problems.train.count=null", "problems.test.count=null"])
    )
    document: dict[str, Any] = json.loads(json.dumps(planned.document(), allow_nan=False))
    assert document["pools"]["wc"]["samples"] is None
    assert document["totals"]["samples"] is None
    assert document["totals"]["training_steps"] > 0
    assert "how large they are is not known here" in document["assumptions"][-1]
    assert "all train" in plan_text(planned)


def test_the_embedded_set_knows_its_sizes() -> None:
    planned = plan_of(load_recipe("w2s-micro", ["problems.test.count=null"]))
    assert planned.evaluation.problems == 1500


def test_files_without_a_count_are_counted(tmp_path: Path) -> None:
    for split, count in (("train", 3), ("test", 2)):
        rows = (json.dumps({"question": f"{split} {n}", "answer": str(n)}) for n in range(count))
        (tmp_path / f"{split}.jsonl").write_text("\n".join(rows))
    planned = plan_of(load_recipe(
        "w2s-gsm8k", ["problems.source=jsonl", f"problems.path={tmp_path}",
                      "problems.train.count=null", "problems.test.count=null",
                      "problems.columns={question: question, gold: answer}"]))  # fmt: skip
    assert (planned.problems["train"], planned.problems["test"]) == (3, 2)
    assert planned.pools["se"].samples == 30


def test_nothing_to_train() -> None:
    planned = plan_of(load_recipe("w2s-micro", ["paradigms=[]"]))
    assert planned.cells == ()
    assert "Training: none" in plan_text(planned)


def test_the_stage_writes_what_it_returns(tmp_path: Path) -> None:
    run = open_or_create_run(tmp_path / "run", load_recipe("w2s-micro"))
    document = plan_stage(run, Progress())
    assert json.loads(run.plan_file.read_text()) == json.loads(json.dumps(document))
    assert document["totals"]["samples"] == 500 * 40


# --- the command


def test_the_command_says_every_part_and_is_quick() -> None:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    result = harness("plan", "--recipe", "w2s-math")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    assert seconds < 2  # of a core, so that a busy machine does not fail it
    assert result.returncode == 0, result.stderr
    for words in ("an SE sample costs as much as 3 WC samples", "google/gemma-2-27b", "225,000",
                  "24,000", "10,500 greedy completions", "It takes for granted:"):  # fmt: skip
        assert words in result.stdout, words


def test_the_command_on_a_run_and_with_overrides(tmp_path: Path) -> None:
    open_or_create_run(tmp_path / "run", load_recipe("w2s-micro", ["profile=smoke"]))
    here = json.loads(harness("plan", str(tmp_path / "run"), "--json").stdout)
    assert (here["profile"], here["totals"]["samples"]) == ("smoke", 60 * 8)
    more = harness("plan", str(tmp_path / "run"), "--set", "budgets.high.se=4", "--json")
    assert json.loads(more.stdout)["totals"]["samples"] == 60 * 16
    assert not (tmp_path / "run" / "plan.json").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "--recipe NAME"),
        (("nowhere",), "is not there, so it is not the folder of a run"),
        (("nowhere", "--recipe", "w2s-micro"), "a plan is of one of them"),
        (("--recipe", "w2s-micro", "--set", "budgets.low={wc: 2}"), "less than one"),
    ],
)
def test_mistakes_are_answered_in_words(
    arguments: tuple[str, ...], words: str, tmp_path: Path
) -> None:
    result = harness("plan", *arguments, cwd=tmp_path)
    assert result.returncode == 2
    assert words in result.stderr
    assert "Traceback" not in result.stderr


def test_the_command_imports_nothing_heavy() -> None:
    program = (
        "import sys; from harness.cli import main\n"
        "try: main(['plan', '--recipe', 'w2s-math'])\n"
        "except SystemExit as end: assert not end.code, end.code\n"
        "heavy = {'numpy', 'pyarrow', 'datasets', 'lm_eval', 'scipy', 'torch', 'matplotlib'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
