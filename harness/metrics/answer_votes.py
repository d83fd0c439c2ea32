"""Votes on answers: how many samples gave which wrong answer, for majority votes over samples.

All correct samples are one class, however their answers are spelled: the grader found each of
them equal to the gold answer. Wrong answers are one class if they have the same canonical form.
A sample in which no answer was found does not vote.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from harness.metrics.canonical_answers import canonical_answer

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class WrongClasses:
    """Classes of answers that are not correct.

    Attributes:
        owners: (classes,) the problem of each, as its position; ascending.
        votes: (classes,) samples that gave this answer.
    """

    owners: Ints
    votes: Ints


@dataclass(frozen=True)
class AnswerVotes:
    """Spellings of answers that are not known to be correct, with their votes.

    Attributes:
        owners: (spellings,) the problem of each, as its position.
        answers: (spellings,) as extracted.
        wrong: (spellings,) samples with this answer that are wrong.
        undecided: (spellings,) samples with this answer that are undecided.
    """

    owners: Ints
    answers: pa.StringArray
    wrong: Ints
    undecided: Ints

    def chosen(self, position: Ints) -> AnswerVotes:
        """Those of some problems; `position` as for `Solutions.chosen`."""
        owners = position[self.owners]
        kept = owners >= 0
        return AnswerVotes(
            owners[kept],
            self.answers.filter(pa.array(kept)),
            self.wrong[kept],
            self.undecided[kept],
        )

    def undecided_as_correct(self) -> AnswerVotes:
        """Without the undecided samples, which vote for the correct answer then."""
        return AnswerVotes(self.owners, self.answers, self.wrong, np.zeros_like(self.undecided))

    def classes(self) -> WrongClasses:
        """The classes by canonical form; undecided samples vote for what they say."""
        votes = self.wrong + self.undecided
        kept = votes > 0
        encoded = self.answers.filter(pa.array(kept)).dictionary_encode()
        forms: dict[str, int] = {}
        labels = np.array(
            [
                forms.setdefault(canonical_answer(text), len(forms))
                for text in encoded.dictionary.to_pylist()
            ],
            dtype=np.int64,
        )
        if not len(labels):
            none = np.zeros(0, dtype=np.int64)
            return WrongClasses(none, none)
        size = len(forms)
        pairs = self.owners[kept] * size + labels[encoded.indices.to_numpy()]
        distinct, place = np.unique(pairs, return_inverse=True)
        counts = np.bincount(place, votes[kept], len(distinct)).astype(np.int64)
        return WrongClasses(distinct // size, counts)


def answer_votes(owners: Ints, answers: pa.Array, outcomes: NDArray[np.object_]) -> AnswerVotes:
    """Counts the answers of the samples that are not correct.

    Args:
        owners: (samples,) the problem of each, as its position.
        answers: (samples,) as extracted, null where none was found.
        outcomes: (samples,) of the grader.
    """
    voting = (outcomes != "correct") & answers.is_valid().to_numpy(zero_copy_only=False)
    encoded = answers.filter(pa.array(voting)).cast(pa.large_string()).dictionary_encode()
    if not len(encoded):
        none = np.zeros(0, dtype=np.int64)
        return AnswerVotes(none, encoded.dictionary, none, none)
    size = len(encoded.dictionary)
    pairs = owners[voting] * size + encoded.indices.to_numpy()
    distinct, place = np.unique(pairs, return_inverse=True)
    undecided = np.bincount(place[outcomes[voting] == "undecided"], minlength=len(distinct))
    wrong = np.bincount(place, minlength=len(distinct)) - undecided
    spellings = encoded.dictionary.take(pa.array(distinct % size))
    return AnswerVotes(distinct // size, spellings, wrong, undecided)
