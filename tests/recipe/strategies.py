"""Valid recipes, drawn at random over the whole schema, as hypothesis strategies."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from harness.recipe import Recipe

# Text that YAML has trouble with on purpose: numbers, truth values, indicators, odd line breaks.
TEXTS = st.one_of(
    st.sampled_from(
        ["5e-4", "1", "yes", "null", "~", "- a", "a: b", "# c", " x ", "*y", "&z", "!t", "{", "[",
         "'", '"', "%", "@", "`", "|", ">", "0x1F", "0o7", ".inf", "2024-08-12", "=", "\u2028",
         "\x85", "\ufeff", "a\r\nb\n", "\ttab", "\U0001f600", "---", "...", "? k", "<<"]
    ),
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40),
)  # fmt: skip
OPTIONAL_TEXTS = st.none() | TEXTS
COUNTS = st.integers(1, 10**12)
AMOUNTS = st.floats(1e-9, 1e12, allow_nan=False)
LABELS = st.from_regex(r"[a-z0-9][a-z0-9_-]{0,10}", fullmatch=True)
DAYS = st.dates().map(lambda day: day.isoformat())
SEEDS = st.integers(0, 2**31 - 1)
ARMS = st.sampled_from(["wc", "se", "ground_truth"])
PARADIGMS = st.sampled_from(["student_lm", "wc_lm", "se_lm"])


def optional(**keys: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Mappings in which any of the keys may be left out."""
    return st.fixed_dictionaries({}, optional=keys)


CARDS = st.fixed_dictionaries(
    {"id": TEXTS},
    optional={
        "revision": OPTIONAL_TEXTS,
        "parameters": optional(
            total=st.none() | COUNTS, non_embedding=st.none() | COUNTS, nominal=st.none() | COUNTS
        ),
        "context_length": st.none() | COUNTS,
        "config": st.none() | st.dictionaries(TEXTS, COUNTS | TEXTS | st.booleans(), max_size=3),
        "tokens_per_gpu_second": st.none() | AMOUNTS,
        "license": OPTIONAL_TEXTS,
        "source": OPTIONAL_TEXTS,
        "prices": st.lists(
            st.fixed_dictionaries(
                {"date": DAYS, "source": TEXTS, "output": AMOUNTS},
                optional={
                    "input": st.none() | AMOUNTS,
                    "cached_input": st.none() | AMOUNTS,
                    "batch_discount": st.none() | st.floats(0, 1, exclude_max=True),
                },
            ),
            max_size=2,
            unique_by=lambda price: str(price["date"]),
        ),
    },
)
ENDPOINTS = st.fixed_dictionaries(
    {"url": st.just("http://host:80/v1")},
    optional={
        "model": OPTIONAL_TEXTS,
        "answers_as": OPTIONAL_TEXTS,
        "protocol": st.sampled_from(["completions", "chat"]),
        "seeds": st.booleans(),
        "billed": st.booleans(),
        "timeout_seconds": AMOUNTS,
    },
)
SPLITS = st.fixed_dictionaries({"split": TEXTS}, optional={"count": st.none() | COUNTS}) | (
    st.fixed_dictionaries({"split": TEXTS, "count": COUNTS, "order": st.sampled_from(["id"])})
)
UNTIL = st.builds(
    lambda correct, more: {"until": {"correct": correct, "max": correct + more}},
    COUNTS,
    st.integers(0, 9),
)
OPTION_NAMES = st.sampled_from(["gpu_memory_utilization", "quantization", "hf_overrides"])
OPTION_VALUES = st.one_of(
    COUNTS, AMOUNTS, TEXTS, st.booleans(), st.none(), st.dictionaries(LABELS, TEXTS, max_size=2)
)
BUDGETS = st.builds(
    lambda given, multiplier: {**given, **multiplier},
    st.builds(lambda side, amount: {side: amount}, st.sampled_from(["wc", "se"]), AMOUNTS)
    | (st.sampled_from(["20usd", "1e18flop", "2Mtok"]) | AMOUNTS).map(
        lambda total: {"total": total}
    ),
    optional(multiplier=st.none() | AMOUNTS | st.just("1/7")),
)
MEANS = optional(
    prompt_tokens=st.none() | AMOUNTS,
    cached_tokens=AMOUNTS,
    completion_tokens=st.none() | AMOUNTS,
    gpu_seconds=st.none() | AMOUNTS,
)
MATCHES = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(
            ["number", "compute", "compute_exact", "price", "tokens", "gpu_seconds"]
        ),
        "parameters": st.sampled_from(["total", "non_embedding", "nominal"]),
        "price_date": st.none() | DAYS,
    },
    optional={
        "batch": st.booleans(),
        "prompts": st.none() | st.sampled_from(["none", "every", "once"]),
        "per_sample": optional(wc=MEANS, se=MEANS),
        "rounding": st.sampled_from(["nearest", "mixed"]),
    },
)
STEPS = COUNTS | st.dictionaries(LABELS, COUNTS, max_size=3)


@st.composite
def recipe_values(draw: st.DrawFn) -> dict[str, Any]:
    """The values of a recipe that the schema accepts, as a file may hold them."""
    budgets = draw(
        st.dictionaries(
            LABELS,
            BUDGETS,
            min_size=1,
            max_size=3,
        )
    )
    template = draw(TEXTS.filter(lambda text: "{question}" not in text)) + "{question}"
    return {
        "name": draw(st.from_regex(r"[a-z0-9][a-z0-9_.-]{0,20}", fullmatch=True)),
        "description": draw(TEXTS),
        "problems": {
            "source": draw(st.sampled_from(["micro", "jsonl", "hub"])),
            "path": draw(TEXTS),
            "config": draw(OPTIONAL_TEXTS),
            "columns": draw(
                optional(question=TEXTS, gold=TEXTS, level=OPTIONAL_TEXTS, solution=OPTIONAL_TEXTS)
            ),
            "train": draw(SPLITS),
            "validation": draw(st.none() | SPLITS),
            "test": draw(SPLITS),
        },
        "prompt": {
            "template": template,
            "stop": draw(st.lists(TEXTS, max_size=2)),
            "solution_prefix": draw(st.just("") | TEXTS),
            "few_shot": draw(
                st.none()
                | st.fixed_dictionaries(
                    {"source": st.just("lm_eval:minerva_math"), "count": st.integers(1, 4)}
                )
            ),
        },
        "answer": {"format": draw(st.sampled_from(["hash", "boxed", "gsm8k_cot", "minerva"]))},
        "pair": {"wc": draw(CARDS), "se": draw(CARDS)},
        "students": draw(optional(student_lm=st.none() | CARDS, se_lm=st.none() | CARDS)),
        "decoding": {
            "temperature": draw(AMOUNTS),
            "top_k": draw(st.none() | COUNTS),
            "top_p": draw(st.floats(0, 1, exclude_min=True)),
            "max_tokens": draw(COUNTS),
            "expected_tokens": draw(st.none() | AMOUNTS),
        },
        "engine": draw(
            optional(
                dtype=st.sampled_from(["auto", "float32"]),
                tensor_parallel_size=COUNTS,
                options=st.dictionaries(OPTION_NAMES, OPTION_VALUES, max_size=2),
            )
        ),
        "match": draw(MATCHES),
        "budgets": budgets,
        "allocation": draw(st.just("uniform") | UNTIL),
        "arms": {"build": draw(st.lists(ARMS, min_size=1, max_size=3))},
        "paradigms": draw(st.lists(PARADIGMS, max_size=3)),
        "training": {
            "arms": draw(st.lists(ARMS, min_size=1, max_size=3)),
            "budgets": draw(st.lists(LABELS, min_size=1, max_size=3)),
            "axolotl": draw(TEXTS),
            "steps": draw(STEPS),
            "batch_size": draw(COUNTS),
            "learning_rate": draw(AMOUNTS),
            "scheduler": draw(st.sampled_from(["linear", "cosine", "constant"])),
            "warmup_steps": draw(st.integers(0, 10**6)),
            "sequence_length": draw(COUNTS),
            "paradigms": draw(
                st.dictionaries(PARADIGMS, optional(steps=STEPS, learning_rate=AMOUNTS), max_size=2)
            ),
        },
        "evaluation": {"task": draw(TEXTS)},
        "seeds": {"run": draw(SEEDS), "training": draw(st.lists(SEEDS, min_size=1, max_size=3))},
        "publication": draw(optional(private=st.booleans(), license=TEXTS)),
        "execution": draw(
            optional(
                workers=st.none() | COUNTS,
                engine=st.sampled_from(["vllm", "ray"]),
                ray=optional(address=OPTIONAL_TEXTS, workers=st.none() | COUNTS),
                endpoints=st.dictionaries(
                    st.sampled_from(["wc", "se"]),
                    ENDPOINTS | st.lists(ENDPOINTS, min_size=1, max_size=3),
                ),
                spending_limit=st.none() | AMOUNTS,
            )
        ),
    }


RECIPES = recipe_values().map(Recipe.model_validate)
