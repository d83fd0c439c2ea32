"""What was and was not found: the report's sentences, worded from its numbers alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal, get_args

from harness.report.numbers import percent, relative_percent
from harness.report.results import BudgetQuality, Difference, Evaluations, Match, Measure
from harness.report.schema import Finding
from harness.report.seeds import difference_of_data, differences_by_seed
from harness.report.wording import (
    TOPICS,
    correction_text,
    finetuning_sentence,
    is_borderline,
    quality_sentence,
    verdict_of,
)

Higher = Literal["wc_higher", "se_higher"]
Kind = Literal["wc_higher", "se_higher", "borderline", "none"]
QualityTopic = Literal["coverage", "diversity_all", "diversity_solved", "false_positive_rate"]
_TOPIC_ORDER: tuple[QualityTopic, ...] = (
    "coverage",
    "diversity_all",
    "diversity_solved",
    "false_positive_rate",
)
_HEADLINE_TOPICS: tuple[QualityTopic, ...] = ("coverage", "diversity_all", "false_positive_rate")
_MATCHES = {
    "compute": "matched compute",
    "price": "matched price",
    "number": "an equal number of samples",
    "compute_exact": "matched exact FLOPs",
    "gpu_seconds": "matched GPU-seconds",
}
# Which side the paper (Bansal et al., 2024) found higher, per match: compute Fig. 3-5 and 15,
# price Fig. 10, number Fig. 8 and 14. What it does not state is not listed.
_PAPER: dict[str, dict[str, Higher]] = {
    "compute": {
        "coverage": "wc_higher",
        "diversity_solved": "wc_higher",
        "false_positive_rate": "wc_higher",
        "finetuning": "wc_higher",
    },
    "price": {"coverage": "wc_higher", "finetuning": "wc_higher"},
    "number": {"coverage": "se_higher", "finetuning": "se_higher"},
}
_SIDES_OF_VERDICTS: dict[Higher, str] = {"wc_higher": "WC", "se_higher": "SE"}
_COVERED = (
    " The intervals of WC minus SE data cover training by other seeds, as far as so few seeds of "
    "all comparisons together tell it."
)
_OUTSIDE_ROUNDING = 0.02
_MANY_UNDECIDED = 0.01


def match_name(match: Match) -> str:
    """`matched compute`, `matched price`, …"""
    return _MATCHES.get(match.kind, f"matched {match.kind}")


def findings_of(measure: Measure | None, evaluations: Evaluations | None) -> list[Finding]:
    """Every comparison of WC with SE, data quality by budget first, then finetuning."""
    return [
        *(_quality_findings(measure) if measure else ()),
        *(_finetuning_findings(evaluations) if evaluations else ()),
    ]


def _quality_findings(measure: Measure) -> Iterator[Finding]:
    for budget, quality in measure.budgets.items():
        sides = quality.sides
        if "wc" not in sides or "se" not in sides:
            continue
        for name in _TOPIC_ORDER:
            difference: Difference | None = getattr(quality.difference, name)
            wc, se = getattr(sides["wc"], name), getattr(sides["se"], name)
            if difference is None or wc is None or se is None:
                continue
            yield Finding(
                topic=name,
                budget=budget,
                verdict=verdict_of(difference),
                borderline=is_borderline(difference),
                difference=difference,
                text=quality_sentence(TOPICS[name], wc, se, difference),
            )


def _finetuning_findings(evaluations: Evaluations) -> Iterator[Finding]:
    for comparison in evaluations.comparisons:
        difference, other_seeds = difference_of_data(comparison), comparison.other_seeds
        yield Finding(
            topic="finetuning",
            budget=comparison.budget,
            paradigm=comparison.paradigm,
            verdict=verdict_of(difference),
            borderline=is_borderline(difference),
            difference=difference,
            text=finetuning_sentence(comparison, differences_by_seed(evaluations, comparison)),
            covers_seeds=other_seeds is not None,
            holm_p_value=other_seeds.holm_p_value if other_seeds else None,
        )


def headline(match: Match | None, findings: Sequence[Finding], training_seeds: int) -> str:
    """The report's first words: data quality, then finetuning."""
    quality = [finding for finding in findings if finding.topic != "finetuning"]
    finetuning = [finding for finding in findings if finding.topic == "finetuning"]
    return f"{_quality_headline(match, quality)} {_finetuning_headline(finetuning, training_seeds)}"


def _quality_headline(match: Match | None, findings: Sequence[Finding]) -> str:
    if match is None or not findings:
        return "Data quality was not measured."
    # Measures that say the same at the same budgets share one clause.
    alike: dict[tuple[tuple[str, str], ...], list[str]] = {}
    for name in _HEADLINE_TOPICS:
        pattern = tuple((one.budget, _kind(one)) for one in findings if one.topic == name)
        if pattern:
            noun = "diversity" if name == "diversity_all" else TOPICS[name].noun
            alike.setdefault(pattern, []).append(noun)
    clauses = [_clause(nouns, dict(pattern)) for pattern, nouns in alike.items()]
    return f"At {match_name(match)}, {_joined(clauses, '; ')}."


def _kind(finding: Finding) -> Kind:
    """What the headline counts a finding as."""
    if finding.borderline:
        return "borderline"
    if finding.verdict == "wc_higher" or finding.verdict == "se_higher":
        return finding.verdict
    return "none"


def _clause(nouns: Sequence[str], kinds: Mapping[str, str]) -> str:
    parts = []
    for kind in dict.fromkeys(kinds.values()):
        where = _where(
            [budget for budget in kinds if kinds[budget] == kind], len(kinds), kind == "none"
        )
        if kind == "none":
            parts.append(f"no difference in {_joined(nouns, ', ', 'or')} was found{where}")
        elif kind == "borderline":
            parts.append(f"the difference in {_joined(nouns, ', ')} is borderline{where}")
        else:
            side = "WC" if kind == "wc_higher" else "SE"
            parts.append(f"{side} has the higher {_joined(nouns, ', ')}{where}")
    return _joined(parts, ", ")


def _where(budgets: Sequence[str], total: int, none: bool) -> str:
    if total == 1:
        return ""
    if len(budgets) == total:
        several = ("either budget", "any budget") if none else ("both budgets", "every budget")
        return f" at {several[0] if total == 2 else several[1]}"
    return f" at budget {_joined(budgets, ', ')}"


def _finetuning_headline(findings: Sequence[Finding], training_seeds: int) -> str:
    if not findings:
        return "Finetuning was not compared."
    tally = _tally(findings)
    total = len(findings)
    if tally["none"] == total:
        what = (
            "no difference between finetuning on WC and on SE data was found"
            f" ({_comparisons(total)})"
        )
    else:
        clauses = [
            f"pass@1 is higher after {side} data in {tally[verdict]}"
            for verdict, side in _SIDES_OF_VERDICTS.items()
            if tally[verdict]
        ]
        if tally["borderline"]:
            clauses.append(f"interval and test disagree (borderline) in {tally['borderline']}")
        if tally["none"]:
            clauses.append(f"no difference was found in {tally['none']}")
        what = f"of {_comparisons(total)}, {_joined(clauses, ', ')}"
    what = what[0].upper() + what[1:]
    if training_seeds == 1:
        return f"{what}. With one training seed, no claim about finetuning can be made."
    return f"{what}; means over {training_seeds} training seeds.{correction_text(findings)}"


def _comparisons(number: int) -> str:
    return f"{number} comparison{'s' if number != 1 else ''}"


def _tally(findings: Sequence[Finding]) -> dict[Kind, int]:
    tally: dict[Kind, int] = dict.fromkeys(get_args(Kind), 0)
    for finding in findings:
        tally[_kind(finding)] += 1
    return tally


def _joined(words: Sequence[str], separator: str, last: str = "and") -> str:
    if len(words) < 2:
        return "".join(words)
    if len(words) == 2 and separator == ", ":
        return f" {last} ".join(words)
    return f"{separator.join(words[:-1])}{separator.rstrip()} {last} {words[-1]}"


def paper_lines(match: Match | None, findings: Sequence[Finding], training_seeds: int) -> list[str]:
    """Each claim of the paper under this match, and whether this run agrees with it."""
    claims = _PAPER.get(match.kind, {}) if match else {}
    lines = []
    for topic, expected in claims.items():
        own = [finding for finding in findings if finding.topic == topic]
        if own and match:
            side = "WC" if expected == "wc_higher" else "SE"
            what = (
                f"higher pass@1 after {side} data"
                if topic == "finetuning"
                else f"a higher {TOPICS[topic].noun} for {side}"
            )
            lines.append(
                f"The paper found {what} at {match_name(match)}. "
                + _agreement(own, expected, topic == "finetuning" and training_seeds == 1)
            )
    return lines


def _agreement(findings: Sequence[Finding], expected: Higher, one_seed: bool) -> str:
    opposite: Higher = "se_higher" if expected == "wc_higher" else "wc_higher"
    total = len(findings)
    if one_seed:
        verdicts = [finding.verdict for finding in findings]
        return (
            f"One training seed neither confirms nor contradicts it: of {_comparisons(total)}, "
            f"{verdicts.count(expected)} differ in that direction by their intervals and "
            f"{verdicts.count(opposite)} in the other."
        )
    tally = _tally(findings)
    agree, against = tally[expected], tally[opposite]
    if not agree and not against:
        return f"This run neither confirms nor contradicts it ({_comparisons(total)})."
    if agree == total:
        return "This run agrees" + (f" ({_comparisons(total)})." if total > 1 else ".")
    if against == total:
        return "This run contradicts it" + (f" ({_comparisons(total)})." if total > 1 else ".")
    borderline = f", borderline in {tally['borderline']}" if tally["borderline"] else ""
    return (
        f"Of {_comparisons(total)}, it is confirmed in {agree}, contradicted in {against}"
        f"{borderline}, and no difference was found in {tally['none']}."
    )


def cautions_of(
    budgets: Mapping[str, BudgetQuality], findings: Sequence[Finding], training_seeds: int
) -> list[str]:
    """What a reader must keep in mind, worded from the numbers."""
    cautions = []
    if any(finding.topic == "finetuning" for finding in findings):
        cautions.append(
            "The intervals of pass@1 cover the choice of test problems for the models trained "
            "here, not the chance of training: another seed, or another order of the same rows, "
            "can move a model by points. "
            + (
                "No claim is carried by one seed; set seeds.training to several."
                if training_seeds == 1
                else "The differences from seed to seed show how much that matters."
            )
            + _COVERED * any(finding.covers_seeds for finding in findings)
        )
    # Measures that do not depend on the budget are stated at each, but compared once.
    distinct = len({(one.topic, one.paradigm, one.difference) for one in findings})
    if distinct > 1:
        cautions.append(
            f"{distinct} comparisons are made and their intervals are not corrected for "
            "that: where there is no difference at all, about 1 in 20 still excludes 0."
        )
    for name, quality in budgets.items():
        intended = quality.cost.intended_wc_over_se
        if intended != 1:
            cautions.append(
                f"At budget {name} WC is meant to spend {intended:.3g} of what SE spends, so it "
                "is not a comparison at equal cost."
            )
        ratio = quality.cost.wc_over_se / intended
        if abs(ratio - 1) > _OUTSIDE_ROUNDING:
            cautions.append(
                f"At budget {name} whole samples make WC spend {relative_percent(ratio - 1)} "
                "relative to SE."
            )
        for side, numbers in quality.sides.items():
            share = numbers.undecided / numbers.samples if numbers.samples else 0.0
            if share > _MANY_UNDECIDED:
                cautions.append(
                    f"{percent(share)} of the {side.upper()} samples at budget {name} are "
                    "undecided; they count as not correct."
                )
    return cautions
