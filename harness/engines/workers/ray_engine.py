"""What runs on the cluster's nodes: Ray's vLLM stage, returning all that a pool keeps.

`ray.data.llm` asks for one completion a row and drops its finish reason. The engine, its
batches, its restarts and its actors are Ray's here too; only the step from a row to an answer
is replaced: all samples of a problem come from one request, sample i with the seed plus i.

Ray ships this module to the nodes with the work, so they need vLLM and Ray, not the harness.
"""

from __future__ import annotations

import json
import os
import sys
import time
from typing import Any

import ray.cloudpickle
import vllm_loading  # type: ignore[import-not-found]
from ray.data.llm import build_processor, vLLMEngineProcessorConfig
from ray.llm._internal.batch.stages.vllm_engine_stage import vLLMEngineStageUDF
from ray.llm._internal.common.errors import VLLM_FATAL_ERRORS

ray.cloudpickle.register_pickle_by_value(vllm_loading)
ray.cloudpickle.register_pickle_by_value(sys.modules[__name__])


class AnswerStage(vLLMEngineStageUDF):  # type: ignore[misc]  # Ray has no types
    """Ray's vLLM stage with an answer in the harness's form in the column `answer`."""

    def __init__(self, *arguments: Any, engine_kwargs: dict[str, Any], **options: Any) -> None:
        given = dict(engine_kwargs)  # Ray's own copy must stay as it is.
        share, task = given.pop("cpu_cache_share", None), given.pop("task_type", None)
        if share is not None:
            given = vllm_loading.cpu_arguments({**given, "model": options["model"]}, share)
        engine_kwargs = given if task is None else {**given, "task_type": task}
        super().__init__(*arguments, engine_kwargs=engine_kwargs, **options)

    async def _generate_with_error_handling(
        self, row: dict[str, Any], batch_uuid: Any
    ) -> dict[str, Any]:
        from vllm.exceptions import VLLMClientError
        from vllm.sampling_params import RequestOutputKind

        place = {self.IDX_IN_BATCH_COLUMN: row[self.IDX_IN_BATCH_COLUMN]}
        name, started = row["id"], time.monotonic()
        try:
            request = await self.llm._prepare_llm_request(
                {**row, "sampling_params": json.loads(row["decoding"])}
            )
            request.params.output_kind = RequestOutputKind.FINAL_ONLY
            output = await self.llm._generate_async(request)
        except VLLM_FATAL_ERRORS:
            os._exit(1)  # As in Ray's own stage: Ray starts the actor again and repeats the batch.
        except (ValueError, VLLMClientError) as error:
            reason = vllm_loading.one_line(error)
            return {
                **place,
                "answer": json.dumps({"event": "refused", "id": name, "reason": reason}),
            }
        answer = vllm_loading.finished_event(name, output, time.monotonic() - started)
        return {**place, "answer": json.dumps(answer)}


def describe_engine(load: dict[str, Any], on_gpus: bool) -> dict[str, Any]:
    """What an engine on this node would be; runs on a node, and starts no engine.

    Raises:
        Exception: what vLLM says about the model or the settings.
    """
    import vllm
    from vllm.engine.arg_utils import EngineArgs
    from vllm.platforms import current_platform

    arguments = vllm_loading.llm_arguments(load)
    if not on_gpus:
        arguments = vllm_loading.cpu_arguments(arguments, load["cpu_cache_share"])
    config = EngineArgs(**vllm_loading.engine_arguments(arguments)).create_model_config()
    return {
        "vllm": vllm.__version__,
        "device": current_platform.device_type,
        "dtype": str(config.dtype).removeprefix("torch."),
        "max_model_len": config.max_model_len,
    }


def processor_of(
    load: dict[str, Any], layout: Any, batch: int, batches_at_once: int, cpus_of_a_step: float
) -> Any:
    """Ray's processor for a model.

    Args:
        load: the request to load it.
        layout: `ray_cluster.Layout`.
        batch: requests in a batch.
        batches_at_once: batches that an engine works on.
        cpus_of_a_step: cores that Ray sets aside for each of the steps around the engine.
    """
    arguments = vllm_loading.llm_arguments(load)
    model = arguments.pop("model")
    if not layout.on_gpus:
        arguments["cpu_cache_share"] = layout.cache_share
    config = vLLMEngineProcessorConfig(
        model_source=model,
        engine_kwargs=arguments,
        runtime_env={"env_vars": _variables(layout)},
        batch_size=batch,
        concurrency=(layout.workers, layout.workers),
        max_concurrent_batches=batches_at_once,
        log_engine_metrics=False,
        chat_template_stage=False,
        tokenize_stage=False,
        detokenize_stage=False,
    )
    # Unbounded, Ray starts a process for every batch that waits, dozens on a few busy cores.
    step = {"num_cpus": cpus_of_a_step, "concurrency": layout.workers}
    processor = build_processor(
        config,
        preprocess=lambda row: {"sampling_params": row["decoding"]},
        postprocess=lambda row: {"answer": row["answer"]},
        preprocess_map_kwargs=step,
        postprocess_map_kwargs=step,
    )
    (name,) = processor.list_stage_names()
    stage = processor.get_stage_by_name(name)
    stage.fn = AnswerStage
    if not layout.on_gpus:  # Ray's stage asks for a GPU in any case.
        stage.map_batches_kwargs.update(num_gpus=0, num_cpus=layout.cpus_per_worker)
    return processor


def _variables(layout: Any) -> dict[str, str]:
    """The environment of an engine."""
    variables = {"VLLM_NO_USAGE_STATS": "1", "DO_NOT_TRACK": "1", "TOKENIZERS_PARALLELISM": "false"}
    if "HF_HUB_OFFLINE" in os.environ:
        variables["HF_HUB_OFFLINE"] = os.environ["HF_HUB_OFFLINE"]
    if not layout.on_gpus:
        variables |= {
            "OMP_NUM_THREADS": str(layout.cpus_per_worker),
            # Ray gives an engine a number of cores, not certain ones.
            "VLLM_CPU_OMP_THREADS_BIND": "nobind",
            "TORCHDYNAMO_DISABLE": "1",
        }
    return variables
