r"""Formulae as trees: a small parser for the mathematics that answers are written in.

sum     = [sign] product { ("+" | "-" | "\\pm" | "\\mp") product }
product = power { ["*" | "/"] power }
power   = atom { "!" | "'" | "\\%" | "^" atom | degree }
"""

from __future__ import annotations

from collections.abc import Sequence

from harness.grading.formula_atoms import ADDITIVE, Atoms
from harness.grading.formula_nodes import Node, number
from harness.grading.tokens import Token, Unreadable

__all__ = ["Node", "number", "parse_formula"]


def parse_formula(tokens: Sequence[Token]) -> Node:
    """The tree of a formula.

    Raises:
        Unreadable: it is none, or is nested deeper than `MAX_DEPTH`.
    """
    parser = _Parser(tokens)
    node = parser.over()
    if parser.place != len(parser.tokens):
        raise Unreadable(f"{parser.tokens[parser.place].text!r} is not read here")
    return node


class _Parser(Atoms):
    """The grammar above atoms."""

    def sum(self) -> Node:
        """A sum of products."""
        self.deeper()
        node = None
        while self.next_text() in ADDITIVE or node is None:
            sign = self.take().text if self.next_text() in ADDITIVE else "+"
            term = self.signed_product()
            term = Node("negative", (term,)) if sign == "-" else term
            term = Node("sign", (term,), sign) if sign in ("\\pm", "\\mp") else term
            node = term if node is None else Node("sum", (node, term))
        self.depth -= 1
        return node

    def signed_product(self) -> Node:
        """A product that may have a sign of its own, as in `3 + -2`."""
        sign = self.next_text()
        if sign in ("+", "-"):
            self.take()
            self.deeper()
            node = self.signed_product()
            self.depth -= 1
            return Node("negative", (node,)) if sign == "-" else node
        return self.product()

    def product(self) -> Node:
        """Factors beside each other, or joined by signs."""
        node = self.power()
        while True:
            sign = self.next_text()
            if sign in ("*", "/"):
                self.take()
                signed = self.next_text() == "-"
                right = self.signed_product() if signed else self.power()
                node = Node("quotient" if sign == "/" else "product", (node, right))
            elif self.is_factor():
                before = self.tokens[self.place - 1]
                node = self.beside(node, before)
            else:
                return node

    def beside(self, left: Node, before: Token) -> Node:
        r"""`3\frac12` and `3 1/2` are mixed numbers; two plain numbers are no product."""
        token = self.peek()
        assert token is not None
        whole = left.kind == "number" and left.value.denominator == 1 and before.kind == "number"
        if token.kind == "number" and before.text in (")", "}", "\\pi"):
            return Node("product", (left, self.power()))
        if token.kind == "number":
            slash, below = self.peek(1), self.peek(2)
            fraction = slash is not None and slash.text == "/" and below and below.value
            if not (whole and fraction and token.value is not None and before.text.isdigit()):
                raise Unreadable("two numbers without a sign between them")
            self.place += 3
            assert below is not None and below.value is not None
            if not 0 < token.value < below.value:
                raise Unreadable("no mixed number")
            return number(left.value + token.value / below.value)
        right = self.power()
        if token.text == "\\frac" and whole and right.kind == "quotient":
            above, under = right.parts
            if above.kind == under.kind == "number" and 0 < above.value < under.value:
                return Node("mixed", (left, right))
        if token.text == "x" and right.kind == "letter" and self.is_power_of_ten():
            return Node("product", (left, self.power()))
        return Node("product", (left, right))

    def is_power_of_ten(self) -> bool:
        """`1.5 x 10^3`: the letter is a cross."""
        base, sign = self.peek(), self.peek(1)
        return bool(base and base.text == "10" and sign and sign.text == "^")

    def power(self) -> Node:
        """An atom with what stands behind it."""
        node = self.atom()
        while (sign := self.next_text()) in ("^", "!", "\\%", "%", "'"):
            self.take()
            if sign == "^":
                if self.is_degree():
                    node = Node("degrees", (node,))
                    continue
                node = Node("power", (node, self.exponent()))
            elif sign == "!":
                node = Node("factorial", (node,))
            elif sign == "'":
                node = _primed(node)
            else:
                node = Node("quotient", (node, number(100)))
        return node

    def is_degree(self) -> bool:
        r"""Takes `\circ` or `{\circ}` behind `^`."""
        for length, texts in ((1, ["\\circ"]), (3, ["{", "\\circ", "}"])):
            following = [token.text for token in self.tokens[self.place : self.place + length]]
            if following == texts:
                self.place += length
                return True
        return False

    def exponent(self) -> Node:
        """What stands behind `^`: in LaTeX one character, in plain text a number or a power."""
        self.deeper()
        node = self.signed_exponent()
        self.depth -= 1
        return node

    def signed_exponent(self) -> Node:
        """An exponent, with its sign; towers lean to the right."""
        if self.next_text() in ("-", "+"):
            sign = self.take().text
            node = self.atom()
            return Node("negative", (node,)) if sign == "-" else node
        node = self.atom()
        if self.next_text() == "^":
            self.take()
            return Node("power", (node, self.exponent()))
        return node


def _primed(node: Node) -> Node:
    if node.kind != "letter":
        raise Unreadable("a prime behind what is no name")
    return Node("letter", name=node.name + "'")
