"""Many completions: order, memo, workers, other graders, golds that cannot be read."""

from __future__ import annotations

import gzip
import json
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.errors import InputError
from harness.grading import Grader, Verdict, compare_answers, conventions_of, grade_completion
from harness.grading.comparison import Comparison
from harness.grading.memo import Memo

DATA = Path(__file__).parents[3] / "shared" / "data"
PAIRS = [
    ("7", "\\boxed{7}"),
    ("\\frac12", "\\boxed{0.5}"),
    ("8", "\\boxed{7}"),
    ("5", "no box"),
    ("\\sum_{k=1}^3 k", "\\boxed{6}"),
    ("(1,2)", "\\boxed{(1;2)}"),
]
OUTCOMES = ["correct", "correct", "wrong", "wrong", "correct", "correct"]


@pytest.mark.parametrize("workers", [1, 2])
def test_verdicts_keep_the_order(workers: int) -> None:
    with Grader("boxed", workers=workers, memo=False) as grader:
        verdicts = list(grader.grade(PAIRS * 60))
        assert [verdict.outcome for verdict in verdicts] == OUTCOMES * 60
        assert verdicts[0] == Verdict("correct", "7", "boxed", "raw", "")
        assert list(grader.grade([])) == []


@pytest.mark.skipif(not DATA.is_dir(), reason="the shared test data is not here")
def test_it_agrees_with_grading_one_by_one() -> None:
    with gzip.open(DATA / "gsm8k_test.jsonl.gz", "rt") as lines:
        golds = {row["id"]: row["answer"] for row in map(json.loads, lines)}
    with gzip.open(DATA / "gsm8k_openai_6b_175b.jsonl.gz", "rt") as lines:
        rows = [json.loads(line) for line in lines]
    pairs = [(golds[row["id"]], row["solution"]) for row in rows]
    with Grader("gsm8k_cot", workers=2, memo=False) as grader:
        verdicts = list(grader.grade(pairs))
    assert verdicts[:500] == [grade_completion(*pair, "gsm8k_cot") for pair in pairs[:500]]
    assert [v.outcome == "correct" for v in verdicts] == [row["is_correct"] for row in rows]


def test_pairs_are_read_as_they_are_needed() -> None:
    read = 0

    def endless() -> Iterator[tuple[str, str]]:
        nonlocal read
        while True:
            read += 1
            yield "7", "\\boxed{7}"

    with Grader("boxed", memo=False) as grader:
        assert next(grader.grade(endless())).outcome == "correct"
    assert read <= 1000


def test_odd_texts_pass_through_workers() -> None:
    odd = "\\boxed{\ud800}\x00\r\n\u2028"
    with Grader("boxed", workers=2, memo=False) as grader:
        (verdict,) = grader.grade([("\ud800", odd)])
    assert (verdict.outcome, verdict.answer) == ("correct", "\ud800")


class TestMemo:
    def test_another_run_compares_nothing_again(self, tmp_path: Path) -> None:
        path = tmp_path / "deep" / "memo.sqlite"
        with Grader("boxed", memo=path) as grader:
            first = list(grader.grade(PAIRS))
        connection = sqlite3.connect(path)
        connection.execute("update comparisons set reason = 'as remembered'")
        connection.commit()
        with Grader("boxed", memo=path) as grader:
            again = list(grader.grade(PAIRS))
        assert [v.outcome for v in again] == [v.outcome for v in first] == OUTCOMES
        # The first pair is the same text, and the fourth has no answer: nothing to remember.
        assert [v.reason == "as remembered" for v in again] == [
            False,
            *[True] * 2,
            False,
            *[True] * 2,
        ]

    def test_other_options_do_not_share_verdicts(self, tmp_path: Path) -> None:
        pair = [("50\\%", "\\boxed{0.5}")]
        found = []
        for percent in ("either", "ignored", "either"):
            options = conventions_of("default", {"percent": percent})
            with Grader("boxed", options, memo=tmp_path / "memo") as grader:
                found.append(next(grader.grade(pair)).outcome)
        assert found == ["correct", "wrong", "correct"]

    def test_a_damaged_file_is_made_again(self, tmp_path: Path) -> None:
        path = tmp_path / "memo.sqlite"
        path.write_bytes(b"this is no database" * 500)
        for _ in range(2):
            with Grader("boxed", memo=path) as grader:
                assert [v.outcome for v in grader.grade(PAIRS)] == OUTCOMES
        assert sqlite3.connect(path).execute("select count(*) from comparisons").fetchone() == (4,)

    def test_without_a_place_grading_goes_on(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        (tmp_path / "file").write_text("")
        with Grader("boxed", workers=2, memo=tmp_path / "file" / "memo") as grader:
            assert [v.outcome for v in grader.grade(PAIRS * 60)] == OUTCOMES * 60
        assert caplog.text.count("verdicts are not remembered") == 1

    def test_a_row_of_another_version_is_not_trusted(self, tmp_path: Path) -> None:
        memo = Memo(tmp_path / "memo", {"version": "1"})
        memo.remember(("a", "b"), Comparison("correct", "x"))
        memo.close()
        assert Memo(tmp_path / "memo", {"version": "2"}).known([("a", "b")]) == {}
        assert Memo(tmp_path / "memo", {"version": "1"}).known([("a", "b")]) != {}

    def test_where_one_text_ends_and_the_other_starts_matters(self, tmp_path: Path) -> None:
        memo = Memo(tmp_path / "memo", {})
        assert memo.key(("ab", "c")) != memo.key(("a", "bc"))
        assert memo.key(("\ud800", "")) != memo.key(("", "\ud800"))

    def test_several_processes_write_at_once_and_one_is_killed(self, tmp_path: Path) -> None:
        script = (
            "import sys\nfrom pathlib import Path\nfrom harness.grading.memo import Memo\n"
            "from harness.grading.comparison import Comparison\n"
            "memo = Memo(Path(sys.argv[1]), {})\n"
            "wrong = Comparison('wrong', 's')\n"
            "for n in range(20_000): memo.remember((sys.argv[2], str(n)), wrong)\n"
            "memo.close()\n"
        )
        path = tmp_path / "memo"
        commands = [[sys.executable, "-c", script, str(path), str(who)] for who in range(4)]
        running = [subprocess.Popen(command) for command in commands]
        time.sleep(0.6)
        running[0].kill()
        assert [process.wait(60) for process in running][1:] == [0, 0, 0]
        memo = Memo(path, {})
        for who in ("1", "2", "3"):
            assert len(memo.known([(who, str(n)) for n in range(20_000)])) == 20_000
        check = sqlite3.connect(path).execute("pragma integrity_check").fetchone()
        assert check == ("ok",)


class TestOtherGraders:
    @pytest.mark.parametrize(
        ("comparison", "outcomes"),
        [
            ("cascade", ["wrong", "correct", "wrong"]),
            ("math_verify", ["correct", "correct", "correct"]),
            ("string_match", ["wrong", "wrong", "wrong"]),
        ],
    )
    def test_they_say_what_they_say(self, comparison: str, outcomes: list[str]) -> None:
        pairs = [("2^{-99}", "2^{-98}"), ("2\\sqrt3", "\\sqrt{12}"), ("pots", "stop")]
        boxed = [(gold, f"\\boxed{{{answer}}}") for gold, answer in pairs]
        with Grader("boxed", comparison=comparison, memo=False) as grader:
            assert [verdict.outcome for verdict in grader.grade(boxed)] == outcomes

    def test_each_has_an_identity_of_its_own(self) -> None:
        found = []
        for comparison in ("cascade", "math_verify", "string_match"):
            with Grader("boxed", comparison=comparison, memo=False) as grader:
                found.append(json.dumps(grader.identity(), sort_keys=True))
        assert len(set(found)) == 3
        assert all('"options"' in identity and '"version"' in identity for identity in found)


def test_golds_that_cannot_be_read_are_listed() -> None:
    golds = [
        "5",
        "",
        "  $$ ",
        "\\frac{1}{2",
        "\\foo{3}",
        "x" * 2000,
        "Monday",
        "(1,2)",
        "\\sum_k k",
    ]
    with Grader("boxed", memo=False) as grader:
        issues = list(grader.check_golds(golds))
    assert [issue.where for issue in issues] == [f"gold answer {n}" for n in (2, 3, 4, 5, 6)]
    assert "empty" in issues[0].message and "2,000 characters" in issues[-1].message
    with pytest.raises(InputError, match="gold answer 2"):
        Grader("boxed", memo=False).check_golds(golds).raise_if_any("These cannot be graded:")


def test_wrong_arguments_are_refused_with_the_nearest_name() -> None:
    with pytest.raises(InputError, match="did you mean 'boxed'"):
        Grader("boxd")
    with pytest.raises(InputError, match="did you mean 'math_verify'"):
        Grader("boxed", comparison="mathverify", memo=False)
    with pytest.raises(InputError, match="expected 1 or more"):
        Grader("boxed", workers=0)


class TestConventions:
    @pytest.mark.parametrize(
        ("change", "gold", "answer"),
        [
            ({"percent": "fraction"}, "50\\%", "50"),
            ({"percent": "ignored"}, "50\\%", "0.5"),
            ({"units_optional": False}, "18", "18 dollars"),
            ({"convert_units": False}, "\\$0.05", "5 cents"),
            ({"any_order": False}, "1,2", "2,1"),
            ({"bare_tuples": False}, "(1,2)", "1,2"),
            ({"vector_brackets": False}, "(1,2)", "\\langle 1,2\\rangle"),
            ({"inequality_as_interval": False}, "(2,\\infty)", "x>2"),
            ({"list_as_union": False}, "(1,2)\\cup(3,4)", "(1,2),(3,4)"),
            ({"left_side_optional": False}, "5", "x=5"),
            ({"equation_forms": False}, "x+2y=1", "2x+4y=2"),
            ({"any_form": False}, "2\\sqrt{3}", "\\sqrt{12}"),
            ({"unreduced": False}, "\\frac12", "\\frac24"),
            ({"float_noise": False}, "0.3", "0.30000000000000004"),
            ({"base_optional": False}, "2516_8", "2516"),
            ({"ignore_case": False}, "Evelyn", "evelyn"),
            ({"ratio_as_fraction": False}, "3:4", "\\frac34"),
            ({"leading_zeros": False}, "5", "05"),
            ({"space_thousands": False}, "1000", "1 000"),
            ({"decimal_comma": False}, "1.22", "1,22"),
            ({"unicode_digits": False}, "11", "１１"),
            ({"number_words": False}, "5", "five"),
            ({"choice_text": False}, "C", "(C) 25"),
            ({"sentences": False}, "5", "The answer is $5$"),
        ],
    )
    def test_what_the_default_accepts_an_option_refuses(
        self, change: dict[str, object], gold: str, answer: str
    ) -> None:
        assert compare_answers(gold, answer).outcome == "correct"
        strict = conventions_of("default", change)
        assert compare_answers(gold, answer, strict).outcome != "correct"

    @pytest.mark.parametrize(
        ("change", "gold", "answer"),
        [
            ({"count_repeats": False}, "1,1,2", "1,2"),
            ({"tuple_as_set": True}, "(1,2)", "\\{2,1\\}"),
            ({"any_variable": True}, "x=5", "y=5"),
            ({"decimals": 2}, "\\frac13", "0.33"),
            ({"decimals": 2}, "(\\frac{3}{5},\\frac{8}{3}]", "(0.6,2.6667]"),
            ({"decimals": 4}, "4.1231", "\\sqrt{17}"),
        ],
    )
    def test_what_the_default_refuses_an_option_accepts(
        self, change: dict[str, object], gold: str, answer: str
    ) -> None:
        assert compare_answers(gold, answer).outcome == "wrong"
        generous = conventions_of("default", change)
        assert compare_answers(gold, answer, generous).outcome == "correct"

    def test_unknown_names_and_values_are_all_reported(self) -> None:
        with pytest.raises(InputError) as refused:
            conventions_of("math", {"percents": 1, "percent": "no", "decimals": -1, "any_order": 3})
        message = str(refused.value)
        assert "did you mean 'percent'" in message
        assert all(name in message for name in ("decimals", "any_order", "either, fraction"))
        with pytest.raises(InputError, match="did you mean 'gsm8k'"):
            conventions_of("gsm8")
