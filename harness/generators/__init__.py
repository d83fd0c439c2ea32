"""Generators: where samples come from.

`filling.fill_pools` brings pools to their sizes, through vLLM workers of the harness's own
(`vllm_client`) or through a server of the OpenAI protocol (`endpoint`).
"""
