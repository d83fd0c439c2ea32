"""The paper's own numbers behind a claim: pairs of a WC and an SE value."""

from __future__ import annotations

from collections.abc import Iterator

from harness.reference import Claim, Reference, ReferenceValue
from harness.report.reference.published import difference, published
from harness.report.reference.schema import Evidence


def evidence_of(reference: Reference, claim: Claim) -> list[Evidence]:
    """Every pair of values that the claim is about, WC against SE."""
    wc, se = (dict(_keyed(reference, claim, side)) for side in ("wc", "se"))
    return [
        Evidence(
            benchmark=reference.benchmark(str(one.benchmark)).label,
            pair=f"{_generator(one)} against {_generator(se[key])}",
            at=_at(reference, one, claim),
            wc=published(one),
            se=published(se[key]),
            difference=difference(one, se[key]).value,
        )
        for key, one in wc.items()
        if key in se
    ]


def _keyed(
    reference: Reference, claim: Claim, side: str
) -> Iterator[tuple[tuple[object, ...], ReferenceValue]]:
    found = reference.find(
        quantity=claim.quantity, side=side, level=None, transform=None,
        **({"model": claim.model} if claim.model else {}),
    )  # fmt: skip
    seen = set()
    for value in found:
        at = value.k if claim.match == "number" else value.budget or value.judge
        if value.value is None or at is None or not _shows(reference, claim, value):
            continue
        if (key := (value.benchmark, value.pair, at, value.judge, value.problems)) not in seen:
            seen.add(key)  # Figures repeat bars; the first is the one to use.
            yield key, value


def _shows(reference: Reference, claim: Claim, value: ReferenceValue) -> bool:
    by_number = value.match == "number"
    if claim.match is not None and by_number != (claim.match == "number"):
        return False
    # The same model is another paradigm where other generators than it and its pair are used.
    own = {"wc_lm": "wc", "se_lm": "se"}.get(claim.paradigm or "")
    pair = next((one for one in reference.pairs if one.name == value.pair), None)
    return own is None or (pair is not None and getattr(pair, own) == claim.model)


def _generator(value: ReferenceValue) -> str:
    return str(value.generator or value.model)


def _at(reference: Reference, value: ReferenceValue, claim: Claim) -> str:
    if claim.match == "number":
        return f"{value.k} sample{'' if value.k == 1 else 's'} each"
    parts = [f"budget {value.budget}" if value.budget else f"judged by {value.judge}"]
    usual = reference.benchmark(str(value.benchmark)).training_problems
    if value.problems not in (None, usual):
        parts.append(f"{value.problems} problems")
    return ", ".join(parts)
