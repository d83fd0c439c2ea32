"""The sections of a recipe about problems: where they come from, how they are put and answered."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from harness.recipe.answer_options import AnswerOptions
from harness.recipe.fields import NonEmpty, PositiveInt, Section


def _one_question(template: str) -> str:
    if template.count("{question}") != 1:
        raise ValueError("must hold {question} exactly once")
    return template


class Split(Section):
    """Which problems of a source a split takes."""

    split: str = Field(description="Name of the split in the source.")
    count: PositiveInt | None = Field(
        None, description="How many problems to take; all of them by default."
    )
    order: Literal["source", "id"] = Field(
        "source",
        description="Which `count` problems: `source`: the first; `id`: those with the smallest "
        "ids, which are hashes and so a random choice, among those in no other split.",
    )

    @model_validator(mode="after")
    def _choice(self) -> Split:
        if self.order == "id" and self.count is None:
            raise ValueError("`order: id` chooses some of a split; give `count` as well")
        return self


class Columns(Section):
    """Where a data set keeps what a problem needs."""

    question: str = Field("question", description="Column with the question.")
    gold: str = Field("gold", description="Column with the gold answer, or a text that holds it.")
    gold_format: Literal["plain", "hash", "boxed"] = Field(
        "plain", description="How to read the gold answer from its column."
    )
    solution: str | None = Field(None, description="Column with a reference solution, if any.")
    level: str | None = Field(None, description="Column with the difficulty, if any.")
    subject: str | None = Field(None, description="Column with the subject, if any.")
    external_id: str | None = Field(None, description="Column with the data set's own id, if any.")


class ProblemSet(Section):
    """The seed problems, and the problems that the finetuned models are tested on."""

    source: Literal["micro", "jsonl", "hub"] = Field(
        description="`micro`: the embedded set; `jsonl`: files; `hub`: a data set of the Hub."
    )
    path: str | None = Field(
        None,
        description="Folder with `<split>.jsonl[.gz]` files (jsonl; relative to the recipe's "
        "folder, else to the current one), or Hub id (hub).",
    )
    config: str | None = Field(None, description="Configuration of the Hub data set.")
    revision: str | None = Field(None, description="Commit of the Hub data set.")
    columns: Columns = Field(default_factory=lambda: Columns())
    train: Split = Field(description="Problems that solutions are sampled for.")
    validation: Split | None = Field(None, description="Problems for choosing checkpoints.")
    test: Split = Field(description="Problems of the final evaluation; disjoint from train.")

    @model_validator(mode="after")
    def _path_where_needed(self) -> ProblemSet:
        if self.source != "micro" and not self.path:
            raise ValueError(f"source {self.source!r} needs `path`")
        return self


class FewShot(Section):
    """Worked examples in front of the question, for generators that are base models."""

    source: Literal["lm_eval:minerva_math", "lm_eval:gsm8k_cot"] = Field(
        description="The lm-eval task whose examples are used, read from the installed package."
    )
    count: PositiveInt = Field(description="How many of its examples, from the first.")


class Prompt(Section):
    """How a question is put to a generator, and to a finetuned model."""

    template: Annotated[str, AfterValidator(_one_question)] = Field(
        description="Zero-shot prompt with `{question}`; finetuned models see exactly this."
    )
    solution_prefix: str = Field(
        "", description="Text between prompt and completion in few-shot examples and training rows."
    )
    few_shot: FewShot | None = Field(
        None, description="Examples for the generators; none by default."
    )
    stop: list[NonEmpty] = Field(default_factory=list, description="Strings that end a completion.")


class Answer(Section):
    """How the final answer stands in a completion, and how it is graded."""

    format: Literal[
        "hash", "boxed", "gsm8k_cot", "minerva", "json", "aime", "choice", "markdown"
    ] = Field(
        description="`hash`: after ####; `boxed`: last \\boxed{}; `gsm8k_cot`: after 'The answer "
        "is'; `minerva`: after 'The final answer is'; `json`: the last field `answer`; "
        "`aime`: the integer in the last \\boxed{} or after ANSWER:; `choice`: the letter after "
        "'answer is'; `markdown`: under the heading 'Final answer'. Each has one declared fallback."
    )
    options: AnswerOptions = Field(
        default_factory=lambda: AnswerOptions(),
        description="What counts as the same answer, where that is not the default; in the pools "
        "and in the harness's own test tasks.",
    )
    chain_verifier: Literal["micro"] | None = Field(
        None, description="Exact verifier of the reasoning, where the problem set has one."
    )
