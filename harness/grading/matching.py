"""Whether two readings say the same: kind by kind, and never by guessing.

True and False are certain under the conventions. None means that it cannot be said here.
"""

from __future__ import annotations

from collections.abc import Sequence

from harness.grading.amount_matching import amounts_equal
from harness.grading.conventions import Conventions
from harness.grading.reading_checks import (
    every,
    is_reals,
    is_simple,
    quotient_of,
    vector_of,
    words_in,
)
from harness.grading.readings import (
    Amount,
    Group,
    Listing,
    Matrix,
    Numeral,
    Opaque,
    Ratio,
    Reading,
    Relation,
    Union,
    Words,
)
from harness.grading.relation_matching import (
    common_value,
    interval_of,
    named_in,
    same_relation,
    statement_of,
)

Match = bool | None
_ORDER = (Relation, Listing, Union, Matrix, Group, Numeral, Ratio, Words, Amount)


class Matcher:
    """Compares readings under conventions."""

    def __init__(self, options: Conventions) -> None:
        self.options = options

    def match(self, gold: Reading, answer: Reading) -> Match:
        """Whether the answer says what the gold answer says."""
        if isinstance(gold, Opaque) or isinstance(answer, Opaque):
            return True if gold == answer else None
        if is_reals(gold) or is_reals(answer):
            return is_reals(gold) and is_reals(answer)
        for kind in _ORDER:
            if isinstance(gold, kind) or isinstance(answer, kind):
                return getattr(self, f"match_{kind.__name__.lower()}")(gold, answer)  # type: ignore[no-any-return]
        return None

    def match_amount(self, gold: Amount, answer: Amount) -> Match:
        """Both are amounts."""
        return amounts_equal(gold, answer, self.options)

    def match_words(self, gold: Reading, answer: Reading) -> Match:
        """At least one is words."""
        mine, other = words_in(gold), words_in(answer)
        if mine is None or other is None:
            return False
        if mine.exact == other.exact:
            return True
        if mine.folded == other.folded:
            return self.options.ignore_case
        if not isinstance(gold, Words) or not isinstance(answer, Words):
            return False
        a, b = set(mine.folded.split()), set(other.folded.split())
        return None if a and b and (a < b or b < a) else False

    def match_ratio(self, gold: Reading, answer: Reading) -> Match:
        """At least one is a ratio or a time of day."""
        if isinstance(gold, Ratio) and isinstance(answer, Ratio):
            if gold.clock and answer.clock:
                halves = {gold.half, answer.half} - {""}
                return gold.parts == answer.parts and len(halves) < 2
            if len(gold.parts) != len(answer.parts) or gold.half or answer.half:
                return False
            return self.same_ratio(gold.parts, answer.parts)
        ratio, other = (gold, answer) if isinstance(gold, Ratio) else (answer, gold)
        assert isinstance(ratio, Ratio)
        if not self.options.ratio_as_fraction or len(ratio.parts) != 2 or ratio.half:
            return False
        if not isinstance(other, Amount) or other.unit is not None:
            return False
        return self.match(quotient_of(ratio), other) if ratio.parts[1] else False

    def same_ratio(self, a: Sequence[int], b: Sequence[int]) -> Match:
        """Whether the parts are proportional."""
        if not self.options.ratio_as_fraction:
            return tuple(a) == tuple(b)
        if 0 in a or 0 in b:
            return tuple(a) == tuple(b)
        crossed = [x * b[0] == y * a[0] for x, y in zip(a, b, strict=True)]
        return all(crossed)

    def match_numeral(self, gold: Reading, answer: Reading) -> Match:
        """At least one is a numeral with its base."""
        if isinstance(gold, Numeral) and isinstance(answer, Numeral):
            return gold == answer
        numeral, other = (gold, answer) if isinstance(gold, Numeral) else (answer, gold)
        assert isinstance(numeral, Numeral)
        if not self.options.base_optional or not isinstance(other, Amount):
            return False
        return (other.text.replace(" ", "").upper().lstrip("0") or "0") == numeral.digits

    def match_matrix(self, gold: Reading, answer: Reading) -> Match:
        """At least one is a matrix."""
        if not isinstance(gold, Matrix) or not isinstance(answer, Matrix):
            matrix, other = (gold, answer) if isinstance(gold, Matrix) else (answer, gold)
            entries = vector_of(matrix)
            if entries and isinstance(other, Group) and self.options.vector_brackets:
                return self.same_group(Group("()", entries), other)
            determinant = isinstance(matrix, Matrix) and matrix.determinant
            return False if is_simple(other) and not determinant else None
        if gold.determinant != answer.determinant or len(gold.rows) != len(answer.rows):
            return False if gold.determinant == answer.determinant else None
        rows = zip(gold.rows, answer.rows, strict=True)
        return every([self.in_order(mine, other) for mine, other in rows])

    def match_group(self, gold: Reading, answer: Reading) -> Match:
        """At least one is in brackets; neither is a list, a union or a relation."""
        if isinstance(gold, Group) and isinstance(answer, Group):
            return self.same_group(gold, answer)
        group, other = (gold, answer) if isinstance(gold, Group) else (answer, gold)
        assert isinstance(group, Group)
        if len(group.items) == 1 and group.brackets == "{}":
            return self.match(group.items[0], other)
        if len(group.items) == 1:
            return None
        return False

    def same_group(self, gold: Group, answer: Group) -> Match:
        """Both are in brackets."""
        mine, other = (g.brackets.replace("langle", "(") for g in (gold, answer))
        mine, other = (b.replace("rangle", ")") for b in (mine, other))
        if not self.options.vector_brackets:
            mine, other = gold.brackets, answer.brackets
        as_set = self.options.tuple_as_set and {mine, other} == {"()", "{}"}
        if mine != other and not as_set:
            return False
        if "{}" in (mine, other):
            return self.any_order(self.distinct(gold.items), self.distinct(answer.items))
        return self.in_order(gold.items, answer.items)

    def match_union(self, gold: Reading, answer: Reading) -> Match:
        """At least one is a union."""
        if isinstance(gold, Union) and isinstance(answer, Union):
            return self.any_order(gold.items, answer.items)
        return False if is_simple(gold) or is_simple(answer) else None

    def match_listing(self, gold: Reading, answer: Reading) -> Match:
        """At least one is a list."""
        if isinstance(gold, Listing) and isinstance(answer, Listing):
            return self.same_listing(gold, answer)
        listing, other = (gold, answer) if isinstance(gold, Listing) else (answer, gold)
        assert isinstance(listing, Listing)
        if isinstance(other, Union):
            items = tuple(self.as_set(item) for item in listing.items)
            sets = all(isinstance(item, Group) for item in items)
            return (
                self.any_order(items, other.items)
                if sets and self.options.list_as_union
                else (None)
            )
        if not isinstance(other, Group):
            return False
        items = self.stated(listing).items
        if other.brackets == "{}":
            return self.any_order(items, other.items)
        if other.brackets in ("()", "langlerangle") and self.options.bare_tuples:
            return self.in_order(items, other.items)
        return False

    def same_listing(self, gold: Listing, answer: Listing) -> Match:
        """Both are lists: item by item as they stand, then without the names on the left."""
        mine, other = self.stated(gold), self.stated(answer)
        if mine.ordered != other.ordered:  # Names tell the places of one side's values.
            return self.in_order(mine.items, other.items)
        found = self.any_order(gold.items, answer.items)
        if found is True or mine.ordered:
            return found
        return self.any_order(mine.items, other.items)

    def stated(self, listing: Listing) -> Listing:
        """Values without the names on the left; different names tell their places."""
        if not self.options.left_side_optional:
            return listing
        values: list[Reading] = []
        names = []
        for item in listing.items:
            statement = statement_of(item) if isinstance(item, Relation) else None
            values.append(statement.value if statement else item)
            names.append(statement.name if statement else "")
        named = [name for name in names if name]
        return Listing(tuple(values), len(named) > 1 and len(set(named)) > 1)

    def match_relation(self, gold: Reading, answer: Reading) -> Match:
        """At least one is a relation."""
        if isinstance(gold, Relation) and isinstance(answer, Relation):
            return self.same_relations(gold, answer)
        relation, other = (gold, answer) if isinstance(gold, Relation) else (answer, gold)
        assert isinstance(relation, Relation)
        statement = statement_of(relation)
        if statement is not None and self.options.left_side_optional:
            value = statement.value
            pair = (value, other) if relation is gold else (other, value)
            return self.match(*pair)
        value_all = common_value(relation)
        if isinstance(value_all, bool):
            return False
        if value_all is not None:
            pair = (value_all, other) if relation is gold else (other, value_all)
            return self.match(*pair)
        if isinstance(other, Listing):
            return self.match_listing(gold, answer)
        interval = self.as_set(relation)
        if interval is relation:
            opaque = any(isinstance(side.reading, Opaque) for side in relation.sides)
            return False if is_simple(other) and not opaque else None
        return self.match(*((interval, other) if relation is gold else (other, interval)))

    def as_set(self, reading: Reading) -> Reading:
        """An inequality as an interval where the conventions say so; anything else as it is."""
        if not isinstance(reading, Relation) or not self.options.inequality_as_interval:
            return reading
        return interval_of(reading) or reading

    def same_relations(self, gold: Relation, answer: Relation) -> Match:
        """Both are relations."""
        values = common_value(gold), common_value(answer)
        if values[1] is False:
            return False
        if not isinstance(values[0], bool | None) and not isinstance(values[1], bool | None):
            return self.match(values[0], values[1])
        mine, other = statement_of(gold), statement_of(answer)
        found: Match = None
        if mine and other and (mine.name == other.name or self.options.any_variable):
            found = self.match(mine.value, other.value)
            if found is True:
                return True
        forms = same_relation(gold, answer, self.options)
        if forms is True:
            return True
        intervals = self.as_set(gold), self.as_set(answer)
        if not any(isinstance(interval, Relation) for interval in intervals):
            same_name = self.options.any_variable or named_in(gold) == named_in(answer)
            return self.match(*intervals) if same_name else False
        if forms is not None or found is not None:
            return False
        return False if mine and other and mine.name != other.name else None

    def in_order(self, gold: Sequence[Reading], answer: Sequence[Reading]) -> Match:
        """Item by item."""
        if len(gold) != len(answer):
            return False
        return every([self.match(a, b) for a, b in zip(gold, answer, strict=True)])

    def any_order(self, gold: Sequence[Reading], answer: Sequence[Reading]) -> Match:
        """Each item has one on the other side."""
        if not self.options.count_repeats:
            gold, answer = self.distinct(gold), self.distinct(answer)
        if len(gold) != len(answer):
            return False
        if not self.options.any_order:
            return self.in_order(gold, answer)
        left = list(answer)
        for item in gold:
            matches = [self.match(item, candidate) for candidate in left]
            if True in matches:
                left.pop(matches.index(True))
            else:
                return None if None in matches else False
        return True

    def distinct(self, items: Sequence[Reading]) -> Sequence[Reading]:
        """Items without repeats."""
        kept: list[Reading] = []
        for item in items:
            if not any(self.match(item, other) is True for other in kept):
                kept.append(item)
        return kept
