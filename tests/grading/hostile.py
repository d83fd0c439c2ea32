r"""Completions written to hang, exhaust, trick or take over a grader, with the gold answer `4`.

Each is a final answer; `in_a_box` puts it where a format looks for it. None is worth 4, so
none may be accepted, and none may take longer than the deadline or write anything anywhere.
"""

from __future__ import annotations

GOLD = "4"


def _nested(opening: str, closing: str, depth: int, inner: str = "1") -> str:
    return opening * depth + inner + closing * depth


TOWERS = [
    "9^{9^{9^{9}}}", "2^{10^9}", "2^{10^{10^{10}}}", "10^{10^{100}}", "9**9**9**9", "2^{99999999}",
    "3^{3^{3^{3^{3^3}}}}", "(9^9)^{(9^9)}", "1.0000001^{10^{12}}", "2^{2^{2^{2^{2^2}}}}",
    "\\sqrt{2}^{\\sqrt{2}^{\\sqrt{2}^{10^9}}}", "e^{e^{e^{e^e}}}", "i^{i^{i^{99999}}}",
    "\\exp(\\exp(\\exp(\\exp(9))))", "10^{-10^{10}}", "(-1)^{10^{20}+1/3}",
]  # fmt: skip
FACTORIALS = [
    "99999999!", "((9!)!)!", "(((3!)!)!)!", "10^9!", "\\binom{10^9}{5\\cdot10^8}",
    "\\binom{99999999}{49999999}", "100000!/99998!", "(10^6)!", "5!!!!!!!!", "\\binom{9!}{8!}",
    "\\prod_{k=1}^{10^9} k", "\\Gamma(10^9)", "{99999!}^{99999!}",
]  # fmt: skip
DEEP = [
    _nested("(", ")", 300), _nested("(", ")", 20_000), _nested("\\frac{1}{", "}", 300),
    _nested("\\frac{", "}{2}", 400), _nested("\\sqrt{", "}", 300), _nested("{", "}", 100_000),
    _nested("|", "|", 500), _nested("\\left(", "\\right)", 200), "\\sqrt" * 300 + "2",
    "\\frac" * 300 + "12", "-" * 900 + "1", "+-" * 400 + "1", "\\sin" * 200 + " x", "^" * 900,
    "x" + "^x" * 400, "2" + "^{2" * 200 + "}" * 200, "[" * 400 + "]" * 400, "\\{" * 300,
    _nested("\\boxed{", "}", 100), "\\text{" * 200 + "4" + "}" * 199, "x_{" * 300 + "}" * 300,
    "1" + "+(1" * 250 + ")" * 250,
]  # fmt: skip
LONG = [
    "9" * 1_000_000, "0." + "3" * 500_000, "1/" + "7" * 999, "7" * 990, "1," * 450_000,
    "1 " * 400_000, "x" * 1_000_000, "1,111" * 150, "\\pi" * 300, "+1" * 450, "a" * 990,
    "\\" * 990, "{}" * 490, "$" * 990, "1" * 500 + "." + "1" * 490, "x+" * 450 + "y",
    "(1," * 300 + "2" + ")" * 300, "\\frac{1}{3}," * 60, "1:" * 400 + "1", "=" * 900,
    "1" + "=1" * 400, "\\pm" * 200 + "1", "," * 900, "1;" * 400, "\\cup".join(["(0,1)"] * 90),
    "x=" * 300 + "1", "\\\\" * 400, "&" * 800, "%" * 900, "'" * 900, "1'" * 300,
]  # fmt: skip
HEAVY = [
    "\\sum_{k=1}^{10^{12}} \\frac{1}{k^k}", "\\int_0^\\infty e^{-x^x} \\sin(x^x) dx",
    "\\int \\int \\int x^{y^{z}} dx dy dz",
    "\\sum_{i=1}^{999}\\sum_{j=1}^{999}\\sum_{k=1}^{999} ijk",
    "\\lim_{x\\to\\infty} x^{x^x}", "\\prod_{p} \\frac{1}{1-p^{-s}}", "\\operatorname{eye}(5000)",
    "\\operatorname{zeros}(10^5,10^5)",
    "\\det\\begin{pmatrix}" + "a & b \\\\ " * 60 + "\\end{pmatrix}",
    "\\begin{vmatrix}" + ("x & " * 30 + "x \\\\ ") * 8 + "\\end{vmatrix}", "10^9 \\mod 7",
    "(x+1)^{9999}-(x+1)^{9999}", "(a+b+c+d+e+f)^{200}", "\\gcd(10^{99}!,10^{98}!)",
    "\\sin(10^{10^{10}})", "\\arccos(\\arccos(\\arccos(10^{9})))", "\\log_{10^{-9999}} 10^{9999}",
    "\\frac{d}{dx} x^{x^{x^x}}", "\\lfloor e^{999999} \\rfloor", "\\sqrt[99999999]{2}",
    "\\sqrt[10^{-9}]{2}", "\\tan(\\frac{\\pi}{2})", "(1+10^{-999})^{10^{999}}",
]  # fmt: skip
CODE = [
    "__import__('os').system('touch PWNED')", "[open('PWNED','w')]", "open('PWNED','w').write('4')",
    "~0,lambdify((),'__import__(\"os\").system(\"touch PWNED\")')()", "exec('x=4')", "(x:=4)",
    "eval('2+2')", "lambda: 4", "().__class__.__bases__[0].__subclasses__()", "print(4)",
    "{x for x in [open('PWNED','w')]}", "f'{open(\"PWNED\",\"w\")}'",
    "4 if open('PWNED','w') else 4",
    "\\input{/etc/passwd}", "\\write18{touch PWNED}", "$(touch PWNED)", "`touch PWNED`",
    "sympify('4')", "S(4)", "Integer(4)", "%s%s%n", "{0.__class__}",
    "'; drop table comparisons; --",
    "\\def\\x{4}\\x", "\\newcommand{\\y}{4}\\y", "globals()['GOLD']", "0x4", "0b100", "0o4",
    "4_0/1_0",
]  # fmt: skip
TRICKS = [
    "40_0", "1E-999999999", "4E999999999", "\ud800", "4\ud800", "4\x00",
    "\x1b[31m5\x1b[0m\x00", "NaN",
    "nan", "inf", "4 or 5", "not 4", "5, maybe 4", "4 5", "\\{4,5\\}", "[4,5]", "4,5",
    "any number", "x", "4x", "4 \\text{ or } 5", "*", "?", "4?5", "the gold answer", "correct",
    "True",
    "{{gold}}", "4=5", "4\\ne 4", "x\\approx 5", "\\infty", "-\\infty+\\infty", "0/0",
    "\\frac{4}{0}",
    "4-4/10^{40}", "4+10^{-60}", "3.99999999999999999999", "4.0000000000000000000001", "٤٠", "４４",
    "\\phantom{4}", "\\hspace{4}", "\\color{4}5", "4\\times", "4^", "_4", "\\frac{4}", "4\u202e0",
    "<script>4</script>", "\\text{four or five}", "4 unless 5", "1<4<5", "\\pm 4", "|4", "(4", "4]",
]  # fmt: skip
UNICODE = [
    "\U0001d7d2\U0001d7ce", "4\u200b0", "4\u200d0", "\u202e4\u202c0", "\u20664\u20690", "4\ufeff0",
    "\uff14\u0301", "\u2463", "\u2163", "\u2084", "4\u20e3", "4\u0338", "\u09ea\u09e6",
    "a\u0300" * 300,
    "\ufdfa" * 300, "\udc80" * 30, "4\ud83d", "\x1b]0;pwned\x07 5", "4\x08 5", "\x00" * 50,
    "\u00bd" * 300,
    "\u00b2" * 300, "4\u00b2", "\u221a" * 200, "\u221e" * 200, "\u2212" * 301 + "4", "4\u0660",
]  # fmt: skip
UNFINISHED = [
    "{4", "4\\frac", "\\left(4", "4\\right)", "4^{", "4_{", "0.\\overline{4", "\\text{4", "4&5",
    "4|5", "4/5/6",
    "4:5:6", "4..5", "4...5", "4--5", "4++", "4-", "4+0i+1", "4'", "4\"", "%4", "4!!",
    "\\frac{0}{0}", "0^0",
    "\\log 0", "\\tan 90^\\circ", "\\infty-\\infty", "4\\infty", "4 (wrong)", "no 4", "4 is wrong",
    "the answer is not 4", "between 4 and 5", "4 million", "4 squared", "4 dozen", "less than 4",
    "4 to 5",
    "https://4.com", "<%=4%>", "\\verb|4|5", "\\color{4}{5}", "4\\catcode", "\\csname 4\\endcsname",
]  # fmt: skip
WORDY = [
    "USD " * 200 + "5", "minus " * 150 + "5", "5 " + "million " * 100, "one hundred " * 70,
    "and a half " * 80, "5 out of " * 100 + "6", "5 to " * 190 + "6", "(5) (five) " * 60,
    "5 hours 3 minutes " * 50, "\\pmod{5}" * 100, "(\\mathrm{mod}" + "\\ " * 300 + "5)",
    "\\begin{pmatrix}" + "\\\\[4pt" * 120 + "\\end{pmatrix}", "{1 \\over " * 80 + "2" + "}" * 80,
    "\\Vert" * 190, "abs(" * 200 + "5" + ")" * 200,
]  # fmt: skip
HOSTILE = [
    *TOWERS,
    *FACTORIALS,
    *DEEP,
    *LONG,
    *HEAVY,
    *CODE,
    *TRICKS,
    *UNICODE,
    *UNFINISHED,
    *WORDY,
]


def in_a_box(answer: str) -> str:
    """A completion with this answer."""
    return f"So the answer is \\boxed{{{answer}}}"
