"""The section of the report that puts a paper beside the run: claims, values, caveats."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.report.blocks import Block, Bullets, Cell, Fold, Paragraph, Table, Tone
from harness.report.numbers import NONE, count, relative_percent
from harness.report.reference.cells import (
    interval_cell,
    minus_cell,
    number,
    paper_cell,
    signed_number,
)
from harness.report.reference.schema import (
    Beside,
    ClaimCase,
    ClaimOutcome,
    Evidence,
    Holds,
    Place,
    ReferenceComparison,
)
from harness.report.wording import PARADIGM_NAMES, TOPICS, effect_text

_TONES: dict[Holds, Tone] = {"yes": "found", "no": "found", "undetermined": "none"}
_INSIDE = {
    "yes": "yes",
    "no": "no",
    "undetermined": "undetermined (read-off error)",
    "no_interval": NONE,
}
_CAPTIONS: dict[Place, str] = {
    "budget": "Data quality beside the paper's, at matched budgets",
    "equal_number": "Data quality beside the paper's, at equal numbers of samples",
    "finetuning": "pass@1 of finetuned models beside the paper's",
    "level": "Coverage by level beside the paper's",
    "curve": "Coverage along the curve beside the paper's",
}
_FOLDED: tuple[Place, ...] = ("level", "curve")
_NOUNS = {"pass_at_1": "pass@1", **{name: topic.noun for name, topic in TOPICS.items()}}
_SHOWN_EVIDENCE = 2  # Of a curve's pairs, the first and the last say enough.


def reference_blocks(comparison: ReferenceComparison | None) -> Iterator[Block]:
    """The whole section; nothing where no reference was asked for."""
    if comparison is None:
        return
    yield Paragraph(f"“{comparison.title}”, {comparison.citation}.")
    yield Paragraph("Do the paper's claims hold here, by our 95 % intervals:")
    yield Bullets([(one.holds, _TONES[one.holds], claim_line(one)) for one in comparison.claims])
    for place, caption in _CAPTIONS.items():
        values = [one for one in comparison.values if one.place == place]
        if values:
            table = _value_table(caption, values)
            folded = place in _FOLDED
            yield Fold(caption, [table], in_markdown=True) if folded else table
    evidence = evidence_table(comparison.claims)
    yield Fold("The paper's values behind its claims", [evidence], in_markdown=True)
    yield Paragraph("To keep in mind beside the paper's numbers:")
    yield Bullets([("", "none", line) for line in [*comparison.caveats, _legend(comparison)]])


def claim_line(claim: ClaimOutcome) -> str:
    """A claim and whether it holds, with the numbers that say so, in one sentence or two."""
    cases = "; ".join(_case_text(claim, case) for case in claim.cases)
    remark = f" {claim.remark}" if claim.remark else ""
    return (
        f"{claim.statement} Holds here: {claim.holds} ({cases or claim.reason}). "
        f"Paper: {claim.source}.{remark}"
    )


def _case_text(claim: ClaimOutcome, case: ClaimCase) -> str:
    topic = TOPICS.get(claim.quantity)
    scale, unit = (topic.scale, topic.unit) if topic else (100.0, "points of pass@1")
    effect = effect_text(case.difference, scale, unit)
    text = f"{case.budget}: {case.holds}, WC − SE {effect}"
    if case.reason and case.by_interval != case.holds:
        return f"{text}; {case.by_interval} by the interval over test problems, but {case.reason}"
    return f"{text}; {case.reason}" if case.reason else text


def _value_table(caption: str, values: Sequence[Beside]) -> Table:
    rows = [
        [
            Cell(_what(one)),
            Cell(_where(one)),
            interval_cell(one),
            paper_cell(one),
            minus_cell(one),
            Cell(_INSIDE[one.paper_in_interval]),
        ]
        for one in values
    ]
    headers = ("quantity", "of", "ours", "paper", "ours − paper", "paper in our interval")
    note = (
        "Ours with 95 % intervals. The paper's with its largest read-off error (±), how it is "
        "known [tag], and where it stands. Coverage, pass@1 and false positives in %, their "
        "differences in points; gains marked relative are (WC − SE) / SE."
    )
    return Table(caption, headers, rows, text_columns=2, note=note)


def _what(one: Beside) -> str:
    noun = _NOUNS.get(one.quantity, one.quantity)
    judge = f", judged by {one.judge}" if one.judge else ""
    kinds = {
        "value": "",
        "difference": ", WC − SE",
        "relative_gain": ", WC over SE, relative",
    }
    return f"{noun}{judge}{kinds[one.kind]}"


def _where(one: Beside) -> str:
    parts = [
        PARADIGM_NAMES.get(one.paradigm, one.paradigm).partition(" (")[0] if one.paradigm else "",
        f"{one.arm.upper() if one.arm in ('wc', 'se') else one.arm} data" if one.arm else "",
        one.side.upper() if one.side else "",
        _samples(one),
        f"level {one.level}" if one.level else "",
        f"budget {one.budget}" if one.budget else "",
        f"seed {one.seed}" if one.seed is not None else "",
    ]
    return ", ".join(filter(None, parts))


def _samples(one: Beside) -> str:
    if one.k is None:
        return ""
    if one.k_of_wc is not None:
        return f"WC k = {count(one.k_of_wc)}, SE k = {count(one.k)}"
    return f"k = {count(one.k)}"


def evidence_table(claims: Sequence[ClaimOutcome]) -> Table:
    """What the paper reports for each of its claims."""
    rows = [
        _evidence_row(claim, one) for claim in claims for one in _representative(claim.evidence)
    ]
    headers = ("claim about", "benchmark", "generators", "at", "WC", "SE", "WC − SE", "relative")
    note = (
        "Differences of percentages are in points; relative is (WC − SE) / SE. Of curves, the "
        "first and the last point are shown; report.json has all."
    )
    return Table("What the paper reports", headers, rows, text_columns=4, note=note)


def _representative(evidence: Sequence[Evidence]) -> Iterator[Evidence]:
    by_curve: dict[tuple[str, str, bool], list[Evidence]] = {}
    for one in evidence:
        by_curve.setdefault((one.benchmark, one.pair, "each" in one.at), []).append(one)
    for (_, _, is_curve), found in by_curve.items():
        yield from [found[0], found[-1]] if is_curve and len(found) > _SHOWN_EVIDENCE else found


def _evidence_row(claim: ClaimOutcome, one: Evidence) -> list[Cell]:
    noun = _NOUNS.get(claim.quantity, claim.quantity)
    gain = one.wc.value / one.se.value - 1 if one.se.value > 0 else None
    return [
        Cell(f"{noun}, {claim.paradigm}" if claim.paradigm else noun),
        Cell(one.benchmark),
        Cell(one.pair),
        Cell(one.at),
        Cell(number(claim.quantity, one.wc.value), _known(one.wc.provenance, one.wc.source)),
        Cell(number(claim.quantity, one.se.value), _known(one.se.provenance, one.se.source)),
        Cell(signed_number(claim.quantity, one.difference)),
        Cell(relative_percent(gain)),
    ]


def _known(provenance: str, source: str) -> str:
    return f"[{provenance}] {source}"


def _legend(comparison: ReferenceComparison) -> str:
    used = {one.paper.provenance for one in comparison.values}
    used |= {side.provenance for claim in comparison.claims for pair in claim.evidence
             for side in (pair.wc, pair.se)}  # fmt: skip
    names = {name for text in used for name in text.replace("D from ", "D, ").split(", ")}
    meant = [f"{tag}: {text}" for tag, text in comparison.tags.items() if tag in names]
    return f"Tags: {'; '.join(meant)}."
