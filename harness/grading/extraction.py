r"""Where the final answer stands in a completion: one declared rule, and one fallback.

A completion may be anything, of any length: texts are capped, and every rule is a scan that
is linear in them. The rule that fired is part of the verdict, so that answers found by a
fallback can be counted. What a base model writes behind its answer, the next problem that it
invents and solves, is cut off first.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from harness.errors import InputError, unknown_name
from harness.grading import extraction_rules as rules
from harness.grading.boxes import last_box

MAX_CHARACTERS = 2_000_000
MAX_ANSWER_CHARACTERS = 1000
OVER_THE_CAP = "over the cap"

_NEXT_PROBLEM = re.compile(
    r"\n[#*\s]{0,6}(?:Q|Problem|Question|Exercise)(?:\s\d{1,4})?\s?[:.](?=[\s*])"
    r"|\n(?:Human|User|Instruction|### (?:Instruction|Question|Problem|User))\s?:"
    r"|<\|(?:im_start|im_end|eot_id|endoftext|end_of_text|start_header_id|user|end)\|>|</s>|<eos>"
    r"|<(?:start|end)_of_turn>|\[INST\]"
)
# Characters that nobody sees, by which "40" passes for "4" and something else.
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202c\u2060-\u2064\u2066-\u2069\ufeff]")
_ANSI = re.compile(r"\x1b\[[0-9;?]{0,20}[A-Za-z]")

Rule = Callable[[str], str | None]


@dataclass(frozen=True)
class Extraction:
    """The answer as it stands in the text, and the rule that found it; None: nothing found.

    An answer over `MAX_ANSWER_CHARACTERS` is cut one character behind that, so that it can be
    told from one that is whole.
    """

    answer: str | None
    rule: str


@dataclass(frozen=True)
class Format:
    """How answers stand in completions.

    Attributes:
        rules: the declared rule and its fallback, by name.
        sign: what shows that an answer was given; a next problem is looked for behind the
            first one. Empty: from the start.
    """

    rules: tuple[tuple[str, Rule], ...]
    sign: str = ""


FORMATS: dict[str, Format] = {
    "aime": Format((("boxed", last_box), ("ANSWER:", rules.labelled_integer)), "\\boxed"),
    "boxed": Format((("boxed", last_box), ("hash", rules.after_hashes)), "\\boxed"),
    "choice": Format((("answer is", rules.choice_phrase), ("last letter", rules.choice_letter))),
    "gsm8k_cot": Format(
        (("answer is", rules.number_after_phrase), ("last number", rules.last_number))
    ),
    "hash": Format((("hash", rules.after_hashes), ("boxed", last_box))),
    "json": Format((("json", rules.json_field), ("boxed", last_box)), '"answer"'),
    "markdown": Format((("heading", rules.answer_heading), ("last bold", rules.last_bold))),
    "minerva": Format((("final answer is", rules.minerva_phrase), ("boxed", last_box))),
}


def extract_answer(completion: str, format: str) -> Extraction:
    """Finds the final answer of a completion.

    Args:
        completion: the model's text.
        format: a key of `FORMATS`.

    Raises:
        InputError: unknown format.
    """
    if format not in FORMATS:
        raise InputError(unknown_name("answer format", format, FORMATS))
    if len(completion) > MAX_CHARACTERS:
        return Extraction(None, OVER_THE_CAP)
    own = own_part(completion, FORMATS[format].sign)
    for name, rule in FORMATS[format].rules:
        answer = rule(own)
        if answer is not None and (text := answer.strip()):
            return Extraction(text[: MAX_ANSWER_CHARACTERS + 1], name)
    return Extraction(None, "none")


def own_part(completion: str, sign: str = "") -> str:
    """A completion up to the next problem that the model invents, with plain line ends.

    Args:
        completion: the model's text.
        sign: where given, only what follows its first occurrence is searched.
    """
    if "\x1b" in completion:
        completion = _ANSI.sub("", completion)
    if "\r" in completion:
        completion = completion.replace("\r\n", "\n")
    if not completion.isascii():
        completion = _INVISIBLE.sub("", completion)
    start = max(0, completion.find(sign)) if sign else 0
    found = _NEXT_PROBLEM.search(completion, start)
    # A text that opens with the heading of a problem repeats the one that was asked.
    if found and not completion[: found.start()].strip():
        found = _NEXT_PROBLEM.search(completion, found.end())
    return completion[: found.start()] if found else completion
