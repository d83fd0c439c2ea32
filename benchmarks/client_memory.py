"""Whether the client's memory stays flat while it draws more and more samples.

    python benchmarks/client_memory.py                      10 k and 100 k samples, a minute
    python benchmarks/client_memory.py --samples 10000 1000000

A server that answers at once (in a process of its own) is asked through the harness's client;
the pool is written and compacted as always. Prints samples a second and the client's peak
memory, as a whole process.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

TEXT = " Kim has 29 eggs. Then 29 + 7 is 36. Then 36 - 5 is 31. #### 31"
SAMPLES_PER_PROBLEM = 50


def serve() -> None:
    """A server of the protocol that has its answers ready; prints its port."""
    from aiohttp import web

    async def models(_: web.Request) -> web.Response:
        return web.json_response({"data": [{"id": "quick", "max_model_len": 2048}]})

    async def complete(request: web.Request) -> web.Response:
        body = await request.json()
        count = body.get("n", 1)
        choice = {"text": TEXT, "finish_reason": "stop"}
        choices = [{**choice, "index": index} for index in range(count)]
        usage = {"prompt_tokens": 30, "completion_tokens": 20 * count}
        return web.json_response({"model": "quick", "choices": choices, "usage": usage})

    async def run() -> None:
        application = web.Application()
        application.router.add_get("/v1/models", models)
        application.router.add_post("/v1/completions", complete)
        runner = web.AppRunner(application)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        print(runner.addresses[0][1], flush=True)
        await asyncio.to_thread(sys.stdin.read)

    asyncio.run(run())


def draw(samples: int, url: str, folder: Path) -> dict[str, Any]:
    """Draws a pool; seconds and peak memory."""
    from harness.generators.filling import DecodingSettings, PoolJob, fill_pools
    from harness.pool import Pool
    from harness.problems import Problem
    from harness.progress import Progress
    from harness.prompts.rendering import RenderedPrompts
    from harness.recipe import ModelCard
    from harness.recipe.schema import Endpoint, Engine, Prompt

    count = samples // SAMPLES_PER_PROBLEM
    problems = [Problem(f"What is {number} + 1?", str(number + 1)) for number in range(count)]
    job = PoolJob(
        folder=folder,
        problems=problems,
        prompts=RenderedPrompts(Prompt(template="Q: {question}\nA:"), problems),
        samples_per_problem=SAMPLES_PER_PROBLEM,
        model=ModelCard(id="quick"),
        decoding=DecodingSettings(0.7, None, 1.0, 64, ()),
        engine=Engine(),
        seed=1,
        endpoints=(Endpoint(url=url),),
    )
    started = time.perf_counter()
    fill_pools([job], workers=1, progress=Progress(live=False), log=lambda name: folder / name)
    seconds = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    if len(Pool.open(folder)) != count * SAMPLES_PER_PROBLEM:
        raise SystemExit("the pool is not whole")
    return {"seconds": seconds, "peak": peak, "samples": count * SAMPLES_PER_PROBLEM}


def main() -> None:
    """Measures each number of samples in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--serve", action="store_true")
    parser.add_argument("--draw", nargs=2, metavar=("URL", "FOLDER"))
    options = parser.parse_args()
    if options.serve:
        serve()
        return
    if options.draw:
        url, folder = options.draw
        print(json.dumps(draw(options.samples[0], url, Path(folder))))
        return
    server = subprocess.Popen(
        [sys.executable, __file__, "--serve"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert server.stdout is not None
    url = f"http://127.0.0.1:{server.stdout.readline().strip()}/v1"
    threading.Thread(target=server.stdout.read, daemon=True).start()
    try:
        peaks = []
        with tempfile.TemporaryDirectory() as name:
            for samples in options.samples:
                call = ["--draw", url, f"{name}/{samples}", "--samples", str(samples)]
                done = subprocess.run(
                    [sys.executable, __file__, *call], check=True, stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL, text=True,
                )  # fmt: skip
                found = json.loads(done.stdout.splitlines()[-1])
                peaks.append(found["peak"])
                rate = found["samples"] / found["seconds"]
                print(f"{samples:>10,} samples {rate:>9,.0f}/s {found['peak']:>7.0f} MB")
        print(f"largest against smallest: {max(peaks) / min(peaks):.2f} times the memory")
    finally:
        server.kill()


if __name__ == "__main__":
    main()
