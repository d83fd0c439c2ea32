"""The strict schema of a recipe: every key that an experiment may fix, and nothing else.

A recipe is the experiment. Two runs with equal recipes draw the same pools, build the same
arms and train the same cells; only `execution` (where and how parallel the work is done) is
left out of that identity. A field's description is its documentation, its help text and its
entry in the published JSON schema.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from harness.recipe.budget_sections import Budget, Match, PerSample, SampleMeans
from harness.recipe.cards import ModelCard
from harness.recipe.engine_sections import Engine, Ray
from harness.recipe.execution_sections import Endpoint, Execution
from harness.recipe.fields import (
    PARADIGMS,
    SIDES,
    ArmName,
    Label,
    Name,
    NonEmpty,
    Paradigm,
    PositiveFloat,
    PositiveInt,
    Section,
    Seed,
    Side,
)
from harness.recipe.problem_sections import Answer, Columns, FewShot, ProblemSet, Prompt, Split

__all__ = [
    "PARADIGMS",
    "SIDES",
    "Allocation",
    "Answer",
    "ArmName",
    "Arms",
    "Budget",
    "Columns",
    "Decoding",
    "Endpoint",
    "Engine",
    "Evaluation",
    "Execution",
    "FewShot",
    "Match",
    "Pair",
    "Paradigm",
    "PerSample",
    "ProblemSet",
    "Prompt",
    "Publication",
    "Ray",
    "Recipe",
    "SampleMeans",
    "Section",
    "Seeds",
    "Side",
    "Split",
    "Students",
    "Training",
    "TrainingOverrides",
    "Until",
]


class Pair(Section):
    """The two generators that are compared."""

    wc: ModelCard = Field(
        description="The weaker, cheaper model: a card's name, its file, or a card."
    )
    se: ModelCard = Field(
        description="The stronger, more expensive model: a card's name, its file, or a card."
    )


class Students(Section):
    """The models that are finetuned; WC-LM and SE-LM are the pair itself unless named."""

    student_lm: ModelCard | None = Field(None, description="Student for knowledge distillation.")
    wc_lm: ModelCard | None = Field(None, description="Trained WC model, if not `pair.wc`.")
    se_lm: ModelCard | None = Field(None, description="Trained SE model, if not `pair.se`.")


class Decoding(Section):
    """How solutions are sampled; the same for both sides."""

    temperature: PositiveFloat = Field(description="Softmax temperature; above 0.")
    top_k: PositiveInt | None = Field(
        None, description="Keep the k likeliest tokens; all if unset."
    )
    top_p: Annotated[float, Field(gt=0, le=1)] = Field(1.0, description="Nucleus mass.")
    max_tokens: PositiveInt = Field(description="Longest completion, in tokens.")
    expected_tokens: PositiveFloat | None = Field(
        None, description="Mean completion length that `plan` assumes; half of max_tokens if unset."
    )

    @property
    def planned_tokens(self) -> float:
        """The mean completion length that plans count with."""
        return self.expected_tokens or self.max_tokens / 2


class Until(Section):
    """When a problem has enough samples."""

    correct: PositiveInt = Field(description="Correct samples that end the draw of a problem.")
    max: PositiveInt = Field(
        description="Samples of a problem at most; no fewer than the largest budget gives a side."
    )

    @model_validator(mode="after")
    def _reachable(self) -> Until:
        if self.correct > self.max:
            raise ValueError(f"{self.correct} correct samples cannot be among {self.max}")
        return self


class Allocation(Section):
    """An adaptive allocation: a problem's samples decide how many of them are drawn."""

    until: Until = Field(description="Each problem is drawn, in index order, until it has enough.")


class Arms(Section):
    """The training sets that are built from the pools."""

    build: list[ArmName] = Field(min_length=1, description="Which arms.")
    deduplicate: Literal["none", "text"] = Field(
        "none", description="`text`: each distinct correct solution of a problem once."
    )


class TrainingOverrides(Section):
    """Settings that one paradigm changes; unset keys keep the common value."""

    steps: PositiveInt | dict[Label, PositiveInt] | None = Field(
        None, description="Optimizer steps, one number or one per budget."
    )
    batch_size: PositiveInt | None = Field(None, description="Rows per optimizer step.")
    micro_batch_size: PositiveInt | None = Field(None, description="Rows per forward pass.")
    learning_rate: PositiveFloat | None = Field(None, description="Peak learning rate.")


class Training(Section):
    """Supervised finetuning with Axolotl, one cell per paradigm, arm, budget and seed."""

    arms: list[ArmName] = Field(min_length=1, description="Which arms to train on.")
    budgets: list[Label] = Field(min_length=1, description="At which budgets.")
    axolotl: NonEmpty = Field(
        description="Base Axolotl file (in the recipes' `axolotl/` folder, or a path); the keys "
        "below are written over it."
    )
    steps: PositiveInt | dict[Label, PositiveInt] = Field(
        description="Optimizer steps, one number or one per budget; equal for all arms."
    )
    batch_size: PositiveInt = Field(description="Rows per optimizer step, over all devices.")
    micro_batch_size: PositiveInt | None = Field(
        None, description="Rows per forward pass; batch_size if unset."
    )
    learning_rate: PositiveFloat = Field(description="Peak learning rate.")
    scheduler: Literal["linear", "cosine", "constant", "constant_with_warmup"] = Field(
        description="Learning-rate schedule."
    )
    warmup_steps: Annotated[int, Field(ge=0)] = Field(description="Steps of linear warm-up.")
    optimizer: Literal["adamw_torch", "adamw_torch_fused", "adafactor"] = Field(
        "adamw_torch", description="Optimizer."
    )
    weight_decay: Annotated[float, Field(ge=0)] = Field(0.0, description="Decoupled weight decay.")
    max_gradient_norm: PositiveFloat = Field(1.0, description="Gradient clipping.")
    sequence_length: PositiveInt = Field(
        description="Longest row in tokens; longer ones stop the run."
    )
    paradigms: dict[Paradigm, TrainingOverrides] = Field(
        default_factory=dict, description="What single paradigms change."
    )


class Evaluation(Section):
    """The final test: greedy pass@1 through an lm-eval task."""

    task: NonEmpty = Field(description="lm-eval task, in `tasks/` or in `task_path`.")
    task_path: str | None = Field(None, description="Another folder with lm-eval tasks.")


class Seeds(Section):
    """Every source of chance."""

    run: Seed = Field(description="Sampling: seeds derive from (run, problem id, sample index).")
    training: list[Seed] = Field(min_length=1, description="One finetuned model per cell and seed.")


class Publication(Section):
    """Where the arms are published; nothing is, unless `harness push` is asked to."""

    repository: (
        Annotated[str, Field(pattern=r"^[\w.-]+/[\w.-]+$", examples=["ORGANISATION/NAME"])] | None
    ) = Field(None, description="Hub data set, as ORGANISATION/NAME.")
    private: bool = Field(True, description="Whether a new repository is private.")
    license: str = Field("apache-2.0", description="Licence of the published data.")


class Recipe(Section):
    """One experiment: what is sampled, matched, built, trained and evaluated."""

    name: Name = Field(description="Name of the recipe, as in `--recipe NAME`.")
    description: str = Field(description="What it shows, where it runs and how long that takes.")
    profile: Label | None = Field(None, description="The profile in force, or none.")
    profiles: dict[Label, dict[str, Any]] = Field(
        default_factory=dict,
        description="Named sets of overrides, chosen by `--set profile=NAME`; empty once one is.",
    )
    problems: ProblemSet
    prompt: Prompt
    answer: Answer
    pair: Pair
    students: Students = Field(default_factory=lambda: Students())
    decoding: Decoding
    engine: Engine = Field(default_factory=lambda: Engine())
    match: Match
    budgets: dict[Label, Budget] = Field(
        min_length=1, description="Named budgets; nested views of one pool."
    )
    allocation: Literal["uniform"] | Allocation = Field(
        "uniform",
        description="How the samples are spread over the problems: `uniform`, the same number for "
        "each, or `until`, which stops a problem early.",
    )
    arms: Arms
    paradigms: list[Paradigm] = Field(description="Which models are finetuned.")
    training: Training
    evaluation: Evaluation
    seeds: Seeds
    publication: Publication = Field(default_factory=lambda: Publication())
    execution: Execution = Field(default_factory=lambda: Execution())

    def student(self, paradigm: Paradigm) -> ModelCard:
        """The card of the model that a paradigm finetunes.

        Raises:
            KeyError: `student_lm` without a card; the loader refuses such a recipe.
        """
        named = getattr(self.students, paradigm)
        if named is not None:
            return named  # type: ignore[no-any-return]
        if paradigm == "student_lm":
            raise KeyError("students.student_lm")
        return self.pair.wc if paradigm == "wc_lm" else self.pair.se
