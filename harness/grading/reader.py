r"""Reads an answer: what kind of thing it is, and its parts.

The reading never guesses: a text that is no mathematics of the grammar becomes `Words` where
it has none, else `Opaque`, which only ever equals itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import lru_cache

from harness.grading.amounts import read_amount
from harness.grading.conventions import Conventions
from harness.grading.formula_nodes import expanded, has_sign
from harness.grading.names import name_of
from harness.grading.normalisation import plain_latex
from harness.grading.readings import (
    EMPTY_SET,
    Amount,
    Group,
    Listing,
    Matrix,
    Opaque,
    Reading,
    Relation,
    Side,
    Union,
    Words,
)
from harness.grading.tokens import Token, Unreadable, tokens_of
from harness.grading.words import special_reading, words_of

MAX_ITEMS = 60
_OPENERS = {"(": ")", "[": "]", "{": "}", "\\{": "\\}", "\\langle": "\\rangle"}
_CLOSERS = frozenset(_OPENERS.values())
_MATRICES = ("matrix", "pmatrix", "bmatrix", "Bmatrix", "vmatrix", "smallmatrix", "array")
IsBorder = Callable[[Token], bool]
_THOUSANDS = re.compile(r"(?<![\d.,])([1-9]\d{0,2})((?:,\d{3})+)(?!\d|,\d)")
_SPACED_THOUSANDS = re.compile(r"(?<![\d.,])(?<!\d )([1-9]\d{0,2})((?: \d{3})+)(?![\d.]*\d| \d)")
_NO_WORDS = re.compile(r"[#~@*?§_\\\\]|!(?!$)")
_BRACES = re.compile(r"\\\\.|[{}]", re.DOTALL)
_BRACKET = re.compile(r"[(\[]|\\\{")


@lru_cache(maxsize=20_000)
def read_answer(text: str, options: Conventions) -> Reading:
    """What an answer says; texts must be capped.

    Args:
        text: the answer as extracted.
        options: the conventions of reading.
    """
    plain = plain_latex(text, options)
    if not _BRACKET.search(plain):  # In a tuple "1,234" is two numbers.
        plain = _THOUSANDS.sub(_joined_digits, plain)
    if options.space_thousands:
        plain = _SPACED_THOUSANDS.sub(_joined_digits, plain)
    if not _braces_match(plain):
        return Opaque(re.sub(r"\s+", "", plain))
    special = special_reading(plain, number_words=options.number_words)
    if special is not None:
        return special
    try:
        return Reader(options).read(tokens_of(plain))
    except (Unreadable, RecursionError):
        return opaque(plain)


def _braces_match(plain: str) -> bool:
    depth = 0
    for found in _BRACES.finditer(plain):
        depth += {"{": 1, "}": -1}.get(found[0], 0)
        if depth < 0:
            return False
    return depth == 0


def _joined_digits(found: re.Match[str]) -> str:
    return found[1] + found[2].replace(",", "").replace(" ", "")


def opaque(plain: str) -> Reading:
    """Words where a text has no mathematics, else what is not understood."""
    words = words_of(plain)
    mathematics = any(sign in words.exact for sign in "\\^=<>|") or _NO_WORDS.search(plain)
    if mathematics or not any(map(str.isalpha, words.folded)):
        return Opaque(re.sub(r"\s+", "", plain))
    return words


def text_of(tokens: Sequence[Token]) -> str:
    """Tokens as text again, spaces where they were."""
    return "".join((" " if t.spaced or t.kind == "text" else "") + t.text for t in tokens).strip()


class Reader:
    """Reads tokens under conventions; a level of brackets deeper is a reading of its own."""

    def __init__(self, options: Conventions) -> None:
        self.options = options
        self.depth = 0

    def read(self, tokens: Sequence[Token]) -> Reading:
        """The reading of tokens.

        Raises:
            Unreadable: over a cap.
        """
        self.depth += 1
        if self.depth > 12:
            raise Unreadable("nested too deep")
        reading = self.read_here(_without_braces(tokens))
        self.depth -= 1
        return reading

    def read_here(self, tokens: Sequence[Token]) -> Reading:
        """The first of the kinds that fits."""
        if not tokens:
            return Words("", "")
        for split in (self.listing, self.union, self.relation, self.bracketed, self.matrix):
            if (reading := split(tokens)) is not None:
                return reading
        text = text_of(tokens)
        if len(tokens) > 1 and (special := special_reading(text, number_words=False)) is not None:
            return special
        return self.amount_or_words(tokens, text)

    def amount_or_words(self, tokens: Sequence[Token], text: str) -> Reading:
        """A formula with its unit; else words; else nothing that is understood."""
        try:
            amount = read_amount(tokens)
        except Unreadable:
            if text in ("\\emptyset", "\\{\\}"):
                return EMPTY_SET
            return special_reading(text, number_words=self.options.number_words) or opaque(text)
        if not has_sign(amount.node):
            return Amount(amount.node, amount.unit, text)
        both = [Amount(expanded(amount.node, sign), amount.unit) for sign in (1, -1)]
        return Listing(tuple(both))

    def listing(self, tokens: Sequence[Token]) -> Reading | None:
        """Things separated by commas, semicolons, "and", "or"."""
        parts = split_at(tokens, lambda token: token.kind == "separator")
        if len(parts) == 1:
            return None
        if {tokens[0].text, tokens[-1].text} & {"and", "or"}:
            raise Unreadable("a list that goes on")
        parts = [part for part in parts if part]
        if len(parts) > MAX_ITEMS or not parts:
            raise Unreadable("too many items")
        items: list[Reading] = []
        for part in parts:
            item = self.read(part)
            items.extend(item.items if isinstance(item, Listing) else [item])
        return items[0] if len(items) == 1 else Listing(tuple(items))

    def union(self, tokens: Sequence[Token]) -> Reading | None:
        """Sets joined by a cup; a "U" between brackets is one too."""
        parts = split_at(tokens, _is_cup(tokens))
        if len(parts) == 1:
            return None
        first = split_at(parts[0], lambda token: token.kind == "relation")
        if len(first) > 1:  # x \in A \cup B: the name goes with all of it.
            return None
        return Union(tuple(self.read(part) for part in parts))

    def relation(self, tokens: Sequence[Token]) -> Reading | None:
        """An equation, an inequality, a membership, or a chain."""
        parts = split_at(tokens, lambda token: token.kind == "relation")
        if len(parts) == 1:
            return None
        operators = tuple(t.text for t in _outside(tokens) if t.kind == "relation")
        if not parts[0] and operators == ("=",):
            return self.read(parts[1])
        if len(parts) > 12 or not all(parts):
            raise Unreadable("a relation without a side")
        if operators == ("\\in",) and name_of(parts[0]):
            return self.read(parts[1])
        return Relation(tuple(Side(self.read(p), name_of(p)) for p in parts), operators)

    def bracketed(self, tokens: Sequence[Token]) -> Reading | None:
        """A tuple, an interval or a set; brackets around one formula only group it."""
        opener, closer = tokens[0].text, tokens[-1].text
        if opener not in _OPENERS or closer not in _CLOSERS or _closes_early(tokens):
            return None
        inner = tokens[1:-1]
        if opener == "\\{" and closer == "\\}":
            return self.set_of(inner)
        parts = split_at(inner, lambda token: token.kind == "separator")
        if len(parts) > MAX_ITEMS:
            raise Unreadable("too many items")
        if len(parts) == 1:
            if opener == "(" and closer == ")":
                return self.read(inner) if _has_structure(inner) else None
            if opener == "[" and closer == "]" and inner:
                return Group("[]", (self.read(inner),))
            return None
        brackets = (opener + closer).replace("\\", "")
        return Group(brackets, tuple(self.read(part) for part in parts))

    def set_of(self, inner: Sequence[Token]) -> Reading:
        """Elements in braces, or a condition on them."""
        conditioned = split_at(inner, lambda token: token.text in ("|", ":"))
        if len(conditioned) == 2 and all(conditioned):
            return self.read(conditioned[1])
        item = self.read(inner) if inner else Words("", "")
        if not inner:
            return EMPTY_SET
        return Group("{}", item.items if isinstance(item, Listing) else (item,))

    def matrix(self, tokens: Sequence[Token]) -> Reading | None:
        """A matrix or a determinant."""
        found = re.fullmatch(r"\\begin\{(\w+)\*?\}", tokens[0].text)
        if not found or found[1] not in _MATRICES or not tokens[-1].text.startswith("\\end"):
            return None
        inner = list(tokens[1:-1])
        if found[1] == "array" and inner and inner[0].text == "{":
            inner = inner[next(i for i, t in enumerate(inner) if t.text == "}") + 1 :]
        if any(token.text.startswith(("\\begin", "\\end")) for token in inner):
            raise Unreadable("a matrix in a matrix")
        rows = [row for row in split_at(inner, lambda token: token.text == "\\\\") if row]
        cells = [split_at(row, lambda token: token.text == "&") for row in rows]
        if sum(map(len, cells)) > MAX_ITEMS:
            raise Unreadable("too many items")
        read = tuple(tuple(self.read(cell) for cell in row) for row in cells)
        return Matrix(read, determinant=found[1] == "vmatrix")


def _is_cup(tokens: Sequence[Token]) -> IsBorder:
    letter = any(t.text in (")", "]") for t in tokens[:-1]) and tokens[-1].text in (")", "]")
    cups = ("\\cup", "U") if letter else ("\\cup",)
    return lambda token: token.text in cups


def _outside(tokens: Sequence[Token]) -> list[Token]:
    """Tokens outside all brackets, environments and bars."""
    found, depth = [], 0
    for token in tokens:
        if token.text in _OPENERS or token.text.startswith("\\begin"):
            depth += 1
        elif token.text in _CLOSERS or token.text.startswith("\\end{"):
            depth -= 1
        elif depth == 0:
            found.append(token)
    return found


def split_at(tokens: Sequence[Token], is_border: IsBorder) -> list[list[Token]]:
    """Parts between the border tokens outside of all brackets."""
    parts: list[list[Token]] = [[]]
    depth = 0
    for token in tokens:
        if token.text in _OPENERS or token.text.startswith("\\begin"):
            depth += 1
        elif token.text in _CLOSERS or token.text.startswith("\\end{"):
            depth -= 1
        if depth == 0 and is_border(token):
            parts.append([])
        else:
            parts[-1].append(token)
    return parts


def _closes_early(tokens: Sequence[Token]) -> bool:
    """Whether the first bracket is closed before the last token."""
    depth = 0
    for number, token in enumerate(tokens):
        if token.text in _OPENERS:
            depth += 1
        elif token.text in _CLOSERS:
            depth -= 1
            if depth == 0:
                return number < len(tokens) - 1
    return True


def _without_braces(tokens: Sequence[Token]) -> Sequence[Token]:
    """Without braces around everything, which LaTeX does not print."""
    while len(tokens) > 1 and tokens[0].text == "{" and tokens[-1].text == "}":
        if _closes_early(tokens):
            break
        tokens = tokens[1:-1]
    return tokens


def _has_structure(tokens: Sequence[Token]) -> bool:
    """Whether parentheses hold more than a formula."""
    return any(t.kind == "relation" or t.text.startswith("\\begin") for t in tokens) or (
        bool(tokens) and tokens[0].text in ("(", "[", "\\{")
    )
