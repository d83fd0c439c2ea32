"""Few-shot examples of lm-eval's tasks, read from the installed package without importing it.

The texts belong to lm-eval, so they are not copied here. Its `minerva_math` module refuses to
be imported without sympy and antlr, and importing lm-eval takes seconds; so the module's source
and the task's YAML are parsed instead.
"""

from __future__ import annotations

import ast
import functools
import importlib.util
from pathlib import Path
from typing import Any, NamedTuple

from harness.errors import EnvironmentFailure, InputError

_INSTALL = "Install the version that the harness is tested with: pip install 'lm-eval>=0.4.13'"


class Example(NamedTuple):
    """One worked example."""

    question: str
    solution: str


def examples_of(source: str, count: int) -> tuple[Example, ...]:
    """The first examples of a task.

    Args:
        source: "lm_eval:minerva_math" or "lm_eval:gsm8k_cot".
        count: how many.

    Raises:
        InputError: the task has fewer examples.
        EnvironmentFailure: lm-eval is not installed, or keeps them elsewhere by now.
    """
    known = _all_examples(source)
    if count > len(known):
        raise InputError(
            f"prompt.few_shot asks for {count} examples of {source}, which has {len(known)}.",
            f"Set prompt.few_shot.count to {len(known)} or less.",
        )
    return known[:count]


@functools.cache
def _all_examples(source: str) -> tuple[Example, ...]:
    read, file = {
        "lm_eval:minerva_math": (_minerva, "tasks/minerva_math/utils.py"),
        "lm_eval:gsm8k_cot": (_gsm8k, "tasks/gsm8k/gsm8k-cot.yaml"),
    }[source]
    path = _package_folder() / file
    try:
        return read(path.read_text(encoding="utf-8"))
    except (OSError, KeyError, TypeError, ValueError, SyntaxError, StopIteration) as error:
        raise EnvironmentFailure(
            f"the examples of {source} are not in {path} as expected ({error!r}).", _INSTALL
        ) from None


def _package_folder() -> Path:
    found = importlib.util.find_spec("lm_eval")
    if found is None or not found.submodule_search_locations:
        raise EnvironmentFailure(
            "lm-eval is not installed; few-shot examples come from it.", _INSTALL
        )
    return Path(found.submodule_search_locations[0])


def _minerva(source: str) -> tuple[Example, ...]:
    function = next(
        node
        for node in ast.parse(source).body
        if isinstance(node, ast.FunctionDef) and node.name == "list_fewshot_samples"
    )
    returned = next(node for node in function.body if isinstance(node, ast.Return))
    if returned.value is None:
        raise ValueError("list_fewshot_samples returns nothing")
    rows: list[dict[str, str]] = ast.literal_eval(returned.value)
    return tuple(Example(row["problem"], row["solution"]) for row in rows)


def _gsm8k(source: str) -> tuple[Example, ...]:
    import yaml

    class Tolerant(yaml.SafeLoader):
        """Reads past lm-eval's own tags, such as `!function`."""

    def ignored(_loader: Any, _suffix: str, _node: yaml.Node) -> None:
        return None

    Tolerant.add_multi_constructor("!", ignored)
    rows = yaml.load(source, Loader=Tolerant)["fewshot_config"]["samples"]
    return tuple(Example(row["question"], row["target"]) for row in rows)
