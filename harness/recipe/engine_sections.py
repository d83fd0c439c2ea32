"""The sections of a recipe about vLLM: what can change a sample, and on which cluster it runs."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, field_validator

from harness.recipe.fields import NonEmpty, OptionName, PositiveInt, Section

# Arguments of vllm.LLM that have their own place in a recipe, or that must be what they are.
SET_BY_THE_HARNESS = {
    "model": "write it into `pair`.",
    "revision": "write it into the model's card.",
    "dtype": "write it as `engine.dtype`.",
    "max_model_len": "write it as `engine.max_model_length`.",
    "tensor_parallel_size": "write it as `engine.tensor_parallel_size`.",
    "data_parallel_size": "write it as `execution.workers`; it changes no sample.",
    "distributed_executor_backend": "`execution.engine` chooses it.",
    "generation_config": "a model's own would change the decoding behind the recipe.",
    "skip_tokenizer_init": "prompts and completions are texts.",
    "disable_log_stats": "the harness counts tokens itself.",
}


class Engine(Section):
    """Engine settings that can change a sample, and so belong to the experiment."""

    dtype: Literal["auto", "float32", "bfloat16", "float16"] = Field(
        "auto", description="Number format of weights and activations."
    )
    max_model_length: PositiveInt | None = Field(
        None, description="Longest prompt and completion together, in tokens."
    )
    tensor_parallel_size: PositiveInt = Field(
        1, description="GPUs (on a CPU: shares of its cores) that hold one copy of the model."
    )
    options: dict[OptionName, Any] = Field(
        default_factory=dict,
        description="More arguments of `vllm.LLM`, such as gpu_memory_utilization, quantization "
        "or max_num_seqs.",
    )

    @field_validator("options")
    @classmethod
    def _leave_the_harness_its_own(cls, options: dict[str, Any]) -> dict[str, Any]:
        for name in options:
            if name in SET_BY_THE_HARNESS:
                raise ValueError(f"`{name}` cannot be an option: {SET_BY_THE_HARNESS[name]}")
        return options


class Ray(Section):
    """The Ray cluster that samples under `execution.engine: ray`."""

    address: NonEmpty | None = Field(
        None,
        description="A running cluster: `auto`, or HOST:PORT of its head. Unset, the harness "
        "starts one on this machine and stops it afterwards.",
    )
    workers: PositiveInt | None = Field(
        None, description="Engines in the whole cluster; one a GPU group, or one a node, if unset."
    )
    cpus_per_worker: PositiveInt | None = Field(
        None, description="Cores of an engine on nodes without a GPU; all but one if unset."
    )
