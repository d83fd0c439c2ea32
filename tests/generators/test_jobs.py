"""Seeds and requests: any division of a pool into requests asks for the same samples."""

from __future__ import annotations

import hashlib
from itertools import pairwise
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from harness.generators.jobs import (
    LARGEST_REQUEST,
    Answer,
    Completion,
    base_seed,
    requests_of,
    runs_of,
)
from tests.generators.jobs_for_tests import job


@given(st.sets(st.integers(0, 700)), st.integers(1, 40))
def test_runs_cover_the_indices_exactly(indices: set[int], longest: int) -> None:
    runs = list(runs_of(sorted(indices), longest))
    covered = [first + step for first, count in runs for step in range(count)]
    assert covered == sorted(indices)
    assert all(1 <= count <= longest for _, count in runs)
    for (first, count), (following, _) in pairwise(runs):
        assert first + count < following or count == longest


@given(st.integers(0, 2**31 - 1), st.text("0123456789abcdef", min_size=16, max_size=16))
def test_base_seeds_are_what_the_documents_say(run_seed: int, problem_id: str) -> None:
    digest = hashlib.sha256(str(run_seed).encode() + b"\x00" + problem_id.encode()).hexdigest()
    seed = base_seed(run_seed, problem_id)
    assert seed == int(digest[:16], 16) % 2**62
    assert 0 <= seed < 2**63 - 1_000_000


@given(st.lists(st.sets(st.integers(0, 50)), min_size=3, max_size=3))
def test_a_sample_has_the_same_seed_in_every_division(missing: list[set[int]]) -> None:
    one = job(Path("unused"), problems=3)
    asked = [
        (problem.id, sorted(left)) for problem, left in zip(one.problems, missing, strict=True)
    ]
    for request in requests_of(one, asked):
        answer = Answer(request, (Completion(" x", "stop", 2),) * request.count, 5, 0, 1.0, "t")
        for sample in answer.samples():
            assert sample.seed == base_seed(7, sample.problem_id) + sample.sample_index


def test_requests_are_bounded_and_greedy_ones_have_no_seed(tmp_path: Path) -> None:
    one = job(tmp_path, problems=1, temperature=0.0)
    (problem,) = one.problems
    requests = list(requests_of(one, [(problem.id, range(LARGEST_REQUEST + 3))]))
    assert [request.count for request in requests] == [LARGEST_REQUEST, 3]
    assert {request.seed for request in requests} == {None}
    assert len({request.id for request in requests}) == 2
