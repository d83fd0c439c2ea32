"""vLLM and Axolotl at arm's length: environments of their own, reached as processes.

Neither fits into the harness's environment, nor into the other's. `environment` finds or makes
the interpreter of an engine, `process` starts a worker script of ours under it.
"""
