r"""The atoms of formulae: numbers, names, groups, functions, and commands with arguments.

A token that the grammar does not know makes the whole text unreadable: no parsed prefix can
pass for the answer. Nothing is evaluated here.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from fractions import Fraction

from harness.grading.formula_nodes import Node, number
from harness.grading.tokens import Token, Unreadable

# Atoms and sums both count: 24 levels of brackets.
MAX_DEPTH = 48
_INVERSES = {"sin": "arcsin", "cos": "arccos", "tan": "arctan"}
_CONSTANTS = {"\\pi": "pi", "\\infty": "infinity"}
_GREEK = frozenset(
    {"alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa",
     "lambda", "mu", "nu", "xi", "rho", "sigma", "tau", "upsilon", "phi", "chi", "psi", "omega",
     "Gamma", "Delta", "Theta", "Lambda", "Xi", "Sigma", "Phi", "Psi", "Omega", "ell", "hbar"}
)  # fmt: skip
_CLOSERS = {"(": ")", "[": "]", "{": "}", "|": "|", "\\{": "\\}",
            "\\lfloor": "\\rfloor", "\\lceil": "\\rceil"}  # fmt: skip
_ENDS = frozenset({")", "]", "}", "|", "\\}", "\\rfloor", "\\rceil", "\\over", "\\choose"})
ADDITIVE = frozenset({"+", "-", "\\pm", "\\mp"})


class Atoms(ABC):
    """Recursive descent over tokens, from atoms inwards."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        self.tokens = tokens
        self.place = 0
        self.depth = 0
        self.bars = 0

    def peek(self, ahead: int = 0) -> Token | None:
        """The token `ahead` of the next one; None behind the end."""
        place = self.place + ahead
        return self.tokens[place] if place < len(self.tokens) else None

    def next_text(self) -> str:
        """The text of the next token where it is a sign or a command, else nothing."""
        token = self.peek()
        return token.text if token and token.kind in ("sign", "command") else ""

    def take(self) -> Token:
        """The next token, which must be there."""
        token = self.peek()
        if token is None:
            raise Unreadable("the formula ends too early")
        self.place += 1
        return token

    def deeper(self) -> None:
        """One level down; its caller comes up again.

        Raises:
            Unreadable: deeper than `MAX_DEPTH`.
        """
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise Unreadable(f"nested deeper than {MAX_DEPTH}")

    @abstractmethod
    def sum(self) -> Node:
        """A sum of products; the grammar above atoms."""

    @abstractmethod
    def power(self) -> Node:
        """An atom with what stands behind it; the grammar above atoms."""

    @abstractmethod
    def exponent(self) -> Node:
        """What stands behind `^`; the grammar above atoms."""

    def is_factor(self) -> bool:
        """Whether the next token starts a factor."""
        token = self.peek()
        if token is None or token.kind in ("separator", "relation", "text"):
            return False
        if token.kind in ("number", "letter", "function"):
            return True
        if token.text == "|":
            return self.bars == 0
        if token.kind == "command":
            return token.text not in ADDITIVE and token.text not in _ENDS
        return token.text in _CLOSERS

    def argument(self) -> Node:
        r"""One argument of a command: a group, or one digit or letter (`\frac12`)."""
        token = self.peek()
        if token and token.kind == "number" and len(token.text) > 1 and token.text.isdigit():
            rest = Token("number", token.text[1:], Fraction(int(token.text[1:])))
            self.tokens = [*self.tokens[: self.place + 1], rest, *self.tokens[self.place + 1 :]]
            self.place += 1
            return number(int(token.text[0]))
        return self.atom()

    def atom(self) -> Node:
        """A number, a name, a group, or a command with its arguments."""
        self.deeper()
        node = self.atom_of(self.take())
        self.depth -= 1
        return node

    def atom_of(self, token: Token) -> Node:
        """The atom that starts with this token, which was taken."""
        if token.kind == "number":
            if token.value is None:
                raise Unreadable("digits without an end")
            return Node("number", value=token.value, name=token.text)
        if token.kind == "letter":
            return self.named(token.text)
        if token.kind == "function":
            return self.function(token.text)
        if token.kind == "command" and token.text not in _CLOSERS:
            return self.command(token.text)
        if token.kind == "text" or token.text not in _CLOSERS or token.text == "\\{":
            raise Unreadable(f"{token.text[:40]!r} is not read here")
        return self.group(token.text)

    def group(self, opener: str) -> Node:
        """What stands in brackets."""
        bars, self.bars = self.bars, int(opener == "|")
        node = self.over() if opener == "{" else self.sum()
        if self.take().text != _CLOSERS[opener]:
            raise Unreadable(f"{opener!r} is not closed")
        self.bars = bars
        named = {"|": "absolute", "\\lfloor": "floor", "\\lceil": "ceiling"}
        return Node(named[opener], (node,)) if opener in named else node

    def over(self) -> Node:
        r"""`a \over b` and `n \choose k` inside braces, else a sum."""
        node = self.sum()
        if self.next_text() in ("\\over", "\\choose"):
            kind = "quotient" if self.take().text == "\\over" else "binomial"
            return Node(kind, (node, self.sum()))
        return node

    def named(self, letter: str) -> Node:
        """A variable with its subscript; `e` and `i` are constants."""
        if self.next_text() == "_":
            self.take()
            return Node("letter", name=f"{letter}_{self.subscript()}")
        return (
            Node("constant", name=letter) if letter in ("e", "i") else Node("letter", name=letter)
        )

    def subscript(self) -> str:
        """The text of a subscript; only its identity matters."""
        token = self.take()
        if token.text != "{":
            return token.text
        texts: list[str] = []
        while (token := self.take()).text != "}":
            if len(texts) > 20 or token.text == "{":
                raise Unreadable("a subscript that is no name")
            texts.append(token.text)
        return "".join(texts)

    def function(self, name: str) -> Node:
        r"""`\sin^2 x`, `\log_2 8`, `\sin 30^\circ \cos x`."""
        base = exponent = None
        for _ in range(2):
            if self.next_text() == "_" and base is None:
                self.take()
                base = self.argument()
            elif self.next_text() == "^" and exponent is None:
                self.take()
                exponent = self.exponent()
        inverse = exponent is not None and _is_minus_one(exponent) and name in _INVERSES
        arguments = self.arguments()
        if base is not None:
            if name != "log" or len(arguments) != 1:
                raise Unreadable(f"{name} with a base")
            node = Node("log", (base, *arguments))
        else:
            node = Node("function", arguments, _INVERSES[name] if inverse else name)
        return Node("power", (node, exponent)) if exponent is not None and not inverse else node

    def arguments(self) -> tuple[Node, ...]:
        """In parentheses, or the factors up to the next sign or function."""
        self.deeper()
        if self.next_text() == "(":
            self.take()
            found = [self.sum()]
            while (token := self.peek()) and token.text == ",":
                self.take()
                found.append(self.sum())
            if self.take().text != ")":
                raise Unreadable("arguments are not closed")
        else:
            found = [self.power()]
            while self.is_factor() and (token := self.peek()) and token.kind != "function":
                found[0] = Node("product", (found[0], self.power()))
        self.depth -= 1
        return tuple(found)

    def command(self, name: str) -> Node:
        """A command of LaTeX with its arguments."""
        if name in _CONSTANTS:
            return Node("constant", name=_CONSTANTS[name])
        if name == "\\frac":
            return _fraction(self.argument(), self.argument())
        if name == "\\binom":
            return Node("binomial", (self.argument(), self.argument()))
        if name == "\\sqrt":
            return self.root()
        if name[1:] in _GREEK:
            return self.named(name)
        raise Unreadable(f"{name} is not read here")

    def root(self) -> Node:
        """A square root, or another by `[n]`."""
        degree = number(2)
        if self.next_text() == "[":
            self.take()
            degree = self.sum()
            if self.take().text != "]":
                raise Unreadable("the degree of a root is not closed")
        token = self.peek()
        plain = token is not None and token.kind == "number"
        return Node("root", (degree, self.atom() if plain else self.argument()))


def _is_minus_one(node: Node) -> bool:
    inner = node.parts[0] if node.kind == "negative" else None
    return inner is not None and inner.kind == "number" and inner.value == 1


def _fraction(above: Node, below: Node) -> Node:
    r"""A quotient; `\frac{d}{dx}` is none."""
    first = below
    while first.kind == "product":
        first = first.parts[0]
    if above.name == first.name == "d" and below.kind == "product":
        raise Unreadable("a derivative")
    return Node("quotient", (above, below))
