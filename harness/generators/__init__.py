"""Generators: where samples come from.

`filling.fill_pools` brings pools to their sizes, through vLLM workers of the harness's own
(`vllm_client`) or through servers of the OpenAI protocol (`endpoint`): looked at by `servers`
and `trial`, kept busy by a `feeder` each, paid for through `spending`.
"""
