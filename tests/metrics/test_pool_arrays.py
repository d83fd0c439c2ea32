"""Pools read into arrays, against plain loops over their rows and the published numbers."""

from __future__ import annotations

import json
import random
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from harness.errors import InputError
from harness.metrics.adaptive_arrays import AdaptiveArrays, adaptive_arrays, arrays_of
from harness.metrics.pool_arrays import PoolArrays, pool_arrays
from harness.metrics.solution_keys import KEYS, solution_key
from harness.pool import Pool
from tests.grading.pools_for_tests import DATA, shared_rows
from tests.metrics.graded_pools import Row, graded_pool

OUTCOMES = ("correct", "correct", "wrong", "wrong", "undecided")
TEXTS = ("3 + 4 = 7", "3+4 = 7 ", "4 + 3 = 7", "It is 7.", "It is 7")


def random_rows(problems: int, seed: int, least: int = 3) -> list[list[Row]]:
    """Problems with different numbers of samples."""
    source = random.Random(seed)
    rows = []
    for _ in range(problems):
        of_problem = []
        for _ in range(source.randint(least, 9)):
            outcome = source.choice(OUTCOMES)
            answer = "1" if outcome == "correct" else source.choice(["2", "2.0", "3", "$3$", None])
            chain = source.choice(["correct", "wrong"])
            of_problem.append(Row(outcome, answer, source.choice(TEXTS), 5, chain))
        rows.append(of_problem)
    return rows


def count(rows: list[list[Row]], outcome: str) -> list[int]:
    return [sum(row.outcome == outcome for row in one) for one in rows]


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_it_counts_what_a_loop_counts(tmp_path: Path, seed: int) -> None:
    rows = random_rows(12, seed)
    arrays = pool_arrays(graded_pool(tmp_path / "pool", rows), chain=True, keys=KEYS)
    assert arrays.samples.tolist() == [len(one) for one in rows]
    assert arrays.correct.tolist() == count(rows, "correct")
    assert arrays.undecided_by_problem.tolist() == count(rows, "undecided")
    assert arrays.undecided == sum(count(rows, "undecided"))
    assert arrays.unparsed.tolist() == [sum(row.answer is None for row in one) for one in rows]
    assert arrays.false_positives is not None
    assert arrays.false_positives.tolist() == [
        sum(row.outcome == "correct" and row.chain == "wrong" for row in one) for one in rows
    ]
    assert arrays.tokens.completion.tolist() == [5 * len(one) for one in rows]
    assert arrays.tokens.prompt.tolist() == [7 * len(one) for one in rows]
    assert arrays.levels[:3] == ("1", "2", "1")
    assert arrays.subjects[:2] == ("", "algebra")
    assert arrays.largest_k == min(len(one) for one in rows)
    for key in KEYS:
        solutions = arrays.solutions[key]
        found = Counter(dict.fromkeys([]))
        for owner, correct, undecided in zip(*vars(solutions).values(), strict=True):
            found[(owner, correct, undecided)] += 1
        expected: Counter[tuple[int, int, int]] = Counter()
        for owner, one in enumerate(rows):
            groups: dict[str, list[str]] = {}
            for row in one:
                groups.setdefault(solution_key(row.completion, key), []).append(row.outcome)
            for outcomes in groups.values():
                pair = outcomes.count("correct"), outcomes.count("undecided")
                if sum(pair):
                    expected[(owner, *pair)] += 1
        assert found == expected


def test_answers_are_classes_by_canonical_form(tmp_path: Path) -> None:
    rows = [
        [Row("correct", "1"), Row("correct", "1.0"), Row("wrong", "1,000"), Row("wrong", "1000.0"),
         Row("wrong", "\\frac{1}{2}"), Row("undecided", "0.5"), Row("wrong", None)],
        [Row("wrong", "x = 2"), Row("wrong", "$x=2$"), Row("wrong", "Paris"), Row("correct", "1")],
    ]  # fmt: skip
    arrays = pool_arrays(graded_pool(tmp_path / "pool", rows))
    classes = arrays.wrong_classes
    pairs = sorted(zip(classes.owners.tolist(), classes.votes.tolist(), strict=True))
    assert pairs == [(0, 2), (0, 2), (1, 1), (1, 2)]
    # All four: one vote for the right answer, two for x = 2.
    assert arrays.majority(4).tolist()[1] < 0.5
    bound = arrays.undecided_as_correct()
    assert sorted(bound.wrong_classes.votes.tolist()) == [1, 1, 2, 2]
    assert bound.correct.tolist() == [3, 1]
    assert (bound.majority(3) >= arrays.majority(3)).all()
    assert (bound.distinct(3) >= arrays.distinct(3)).all()
    assert bound.undecided == 0


def test_a_grader_without_answers_has_no_vote(tmp_path: Path) -> None:
    pool = graded_pool(tmp_path / "pool", [[Row("correct", None), Row("wrong", None)]])
    arrays = pool_arrays(pool)
    assert arrays.coverage(1).tolist() == [0.5]
    with pytest.raises(InputError, match="compares no final answers"):
        arrays.majority(1)


def test_more_than_was_drawn_is_refused_with_what_is_possible(tmp_path: Path) -> None:
    rows = [[Row("correct")] * 5, [Row("wrong", "2")] * 3, [Row("wrong", "2")] * 4]
    arrays = pool_arrays(graded_pool(tmp_path / "pool", rows))
    for metric in (arrays.coverage, arrays.distinct, arrays.majority):
        metric(3)
        with pytest.raises(InputError) as caught:
            metric(4)
        assert "1 of 3 problems have fewer than 4 samples" in str(caught.value)
        assert "Possible is k up to 3" in str(caught.value)


def test_a_refused_problem_counts_as_wrong_and_one_not_drawn_is_no_estimate(tmp_path: Path) -> None:
    rows = [[Row("correct")] * 4, [], [Row("correct"), Row("wrong", "2")]]
    arrays = pool_arrays(graded_pool(tmp_path / "refused", rows, refused=[1, 2]))
    assert arrays.largest_k == 4
    assert arrays.pass_at_1().tolist() == [1.0, 0.0, 0.25]  # 1 of the 4 that others got.
    assert arrays.coverage(4).tolist() == [1.0, 0.0, 1.0]
    assert arrays.majority(4) == pytest.approx([1.0, 0.0, 0.5])
    pool = graded_pool(tmp_path / "missing", rows, refused=[2])
    with pytest.raises(InputError, match="1 of 3 problems have fewer than 1 samples"):
        pool_arrays(pool).coverage(1)
    drawn = pool_arrays(pool).chosen([0, 2])
    assert drawn.coverage(2).tolist() == [1.0, pytest.approx(0.5)]


def test_chosen_problems_are_those_of_a_pool_of_their_own(tmp_path: Path) -> None:
    rows = random_rows(9, 5)
    whole = pool_arrays(graded_pool(tmp_path / "whole", rows), chain=True, keys=KEYS)
    places = [7, 2, 4]
    part = whole.chosen(places)
    ks = np.array([1, 2, 3])
    assert part.problem_ids == tuple(whole.problem_ids[place] for place in places)
    assert part.coverage(ks.astype(float)) == pytest.approx(whole.coverage(ks * 1.0)[places])
    assert part.majority(ks) == pytest.approx(whole.majority(ks)[places])
    for key in KEYS:
        assert part.distinct(2.5, key) == pytest.approx(whole.distinct(2.5, key)[places])
    assert part.undecided == sum(count([rows[place] for place in places], "undecided"))


def test_verdicts_of_other_samples_are_refused(tmp_path: Path) -> None:
    pool = graded_pool(tmp_path / "pool", [[Row("correct"), Row("wrong", "2")], [Row("correct")]])
    table = pool.verdicts("answer")
    pool.write_verdicts("answer", table.slice(0, 2), {})
    for reader in (pool_arrays, arrays_of):
        with pytest.raises(InputError, match="3 samples, and 2 verdicts of the grader 'answer'"):
            reader(Pool.open(pool.folder))
    pool.write_verdicts("answer", table, {})
    pool.write_verdicts("chain", pool.verdicts("chain").slice(1), {})
    with pytest.raises(InputError, match="grader 'chain'"):
        pool_arrays(Pool.open(pool.folder), chain=True)


def test_adaptive_pools_are_known_by_their_identity(tmp_path: Path) -> None:
    until = {"allocation": {"until": {"correct": 1, "max": 4}}}
    rows = [
        [Row("wrong", "2"), Row("correct")],
        [Row("undecided", "2"), Row("wrong", "2"), Row("wrong", "2"), Row("wrong", "2")],
        [Row("correct"), Row("correct")],
    ]
    arrays = arrays_of(graded_pool(tmp_path / "pool", rows, identity=until), chain=True)
    assert isinstance(arrays, AdaptiveArrays)
    assert arrays.samples.tolist() == [2, 4, 1]
    assert arrays.correct.tolist() == [1, 0, 1]
    assert arrays.stopped.tolist() == [True, False, True]
    assert arrays.undecided_by_problem.tolist() == [0, 1, 0]
    assert arrays.tokens.completion.tolist() == [20, 40, 10]
    assert arrays.coverage(4).tolist() == [1.0, 0.0, 1.0]
    assert arrays.chosen([2, 0]).samples.tolist() == [1, 2]
    bound = arrays.undecided_as_correct()
    assert (bound.samples.tolist(), bound.correct.tolist()) == ([2, 1, 1], [1, 1, 1])
    assert bound.undecided == 0
    assert bound.coverage(4).tolist() == [1.0, 1.0, 1.0]
    assert arrays.chosen([1]).undecided_as_correct().coverage(2).tolist() == [1.0]
    with pytest.raises(InputError, match="more than the 4 samples"):
        arrays.coverage(5)
    unfinished = graded_pool(tmp_path / "unfinished", [rows[0][:1], *rows[1:]], identity=until)
    with pytest.raises(InputError, match="1 problems have neither enough correct samples"):
        arrays_of(unfinished)
    assert isinstance(arrays_of(graded_pool(tmp_path / "uniform", rows)), PoolArrays)


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("enough", [1, 2])
def test_stopping_points_are_those_of_a_loop(tmp_path: Path, seed: int, enough: int) -> None:
    rows = [one + [Row("wrong", "2")] * (9 - len(one)) for one in random_rows(10, seed)]
    arrays = adaptive_arrays(graded_pool(tmp_path / "pool", rows), enough=enough, largest=9)
    for place, one in enumerate(rows):
        right = [row.outcome == "correct" for row in one]
        points = [n for n in range(1, 10) if sum(right[:n]) == enough and right[n - 1]]
        end = points[0] if points else 9
        assert arrays.samples[place] == end
        assert arrays.correct[place] == sum(right[:end])
        assert arrays.stopped[place] == bool(points)


@pytest.fixture(scope="module")
def otis(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[list[Row]]]:
    found: dict[str, dict[str, list[Row]]] = {}
    for row in shared_rows("epoch_otis_mock_aime_samples"):
        tail = row["completion"].rpartition("ANSWER:")[2].strip() if row["completion"] else ""
        answer = row["target"] if row["correct"] else tail[:20] or None
        problems = found.setdefault(row["run"], {})
        problems.setdefault(str(row["problem_id"]), []).append(
            Row("correct" if row["correct"] else "wrong", answer, row["completion"])
        )
    return {run: list(problems.values()) for run, problems in found.items()}


@pytest.mark.skipif(not DATA.is_dir(), reason="the shared test data is not here")
def test_the_published_numbers_of_real_samples_come_out(
    tmp_path: Path, otis: dict[str, list[list[Row]]]
) -> None:
    published = json.loads((DATA / "epoch_otis_mock_aime_runs.json").read_text())["runs"]
    shares = []
    for run in published:
        rows = otis[run["run"]]
        arrays = pool_arrays(graded_pool(tmp_path / run["run"], rows), keys=KEYS)
        assert arrays.pass_at_1().mean() == pytest.approx(run["published"]["mean"])
        coverage = arrays.coverage(16).mean()
        assert coverage == pytest.approx(run["published"]["pass_at_16"])
        shares.append(round(100 * coverage, 2))
        # All 16 samples are one draw: its vote and its distinct texts can be counted.
        votes = []
        for one in rows:
            ballot = Counter(
                "right" if row.outcome == "correct" else row.answer for row in one if row.answer
            )
            top = max(ballot.values())
            votes.append((ballot["right"] == top) / sum(n == top for n in ballot.values()))
        assert np.abs(arrays.majority(16) - np.array(votes)).sum() <= 1  # 005 is 5 is 5.
        distinct = [
            len({r.completion.strip() for r in one if r.outcome == "correct"}) for one in rows
        ]
        assert arrays.distinct(16).tolist() == pytest.approx(distinct)
        assert (arrays.distinct(16, "equations") <= arrays.distinct(16) + 1e-9).all()
    assert shares == [6.67, 24.44]
