"""Digests of keys: the same over processes as in this one, also where a process dies."""

from __future__ import annotations

from hashlib import blake2b

import numpy as np
import pyarrow as pa

from harness.metrics.key_digests import KeyDigests
from harness.metrics.solution_keys import DIGEST_BYTES, KEYS, digests_of, solution_key
from harness.metrics.solutions import Texts, distinct_solutions
from tests.grading.pools_for_tests import shared_rows

TEXTS = [f"{n % 7} + {n} = {n + n % 7}.\nSo it is *{n % 5}*." for n in range(1_203)]


def test_a_digest_is_that_of_the_form() -> None:
    form = solution_key(TEXTS[3], "equations")
    assert form == "3+3=6"
    expected = blake2b(form.encode(), digest_size=DIGEST_BYTES).digest()
    assert digests_of([TEXTS[0], TEXTS[3]], "equations")[DIGEST_BYTES:] == expected


def test_processes_find_what_one_does_in_the_order_of_the_texts() -> None:
    with KeyDigests(workers=2, parallel_characters=0) as several, KeyDigests(workers=1) as one:
        found = several.of(TEXTS, KEYS)
        assert found == one.of(TEXTS, KEYS) == [digests_of(TEXTS, key) for key in KEYS]
        assert several.of(TEXTS[:1], ["equations"]) == [digests_of(TEXTS[:1], "equations")]
        assert several.of([], KEYS) == [b""] * len(KEYS)


def test_what_a_dead_process_leaves_is_done_here() -> None:
    with KeyDigests(workers=2, parallel_characters=0) as digests:
        digests.of(TEXTS[:2], ["normalised"])
        for worker in digests._started:
            worker.kill()
        assert digests.of(TEXTS, ["equations"]) == [digests_of(TEXTS, "equations")]


def test_solutions_are_numbered_as_they_come() -> None:
    texts = ["1+2=3", "so 1 + 2 = 3", "2+2=4", "nothing", "1 + 2 = 3.", "also nothing"]
    part = Texts(np.zeros(6, dtype=np.int64), np.ones(6, dtype=np.bool_), pa.chunked_array([texts]))
    found = distinct_solutions([part], KEYS)
    assert found["equations"].multiplicity.tolist() == [3, 1, 2]
    assert found["text"].multiplicity.tolist() == [1] * 6


def test_real_chains_over_processes() -> None:
    texts = [row["completion"] for row in shared_rows("epoch_otis_mock_aime_samples")]
    with KeyDigests(workers=2, parallel_characters=0) as digests:
        for key, found in zip(KEYS, digests.of(texts[:300], KEYS), strict=True):
            assert found == digests_of(texts[:300], key)
