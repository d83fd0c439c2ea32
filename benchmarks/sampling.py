"""Tokens per second of raw vLLM, the harness, vLLM's server and lm-eval, side by side.

    python benchmarks/sampling.py [--problems 200] [--samples 30] [--repeat 1]
    python benchmarks/sampling.py --device cuda        random weights of 0.5 B parameters

Five ways to draw the same samples with the same flags; loading does not count:

* raw: `LLM.generate` of all requests in one process;
* harness: from an empty folder to a pool on the disk, every sample durable, one worker;
* as it runs: the same with as many workers as the harness starts by itself, one a GPU, or two on
  a CPU;
* server: vLLM's OpenAI server, asked by the harness for n samples a request, pool as above;
* lm-eval: `local-completions` with `repeats: n` on that server, on fewer problems. Its payload
  always carries one seed, so its n samples of a problem are one sample n times.

The order alternates from one repetition to the next, so that a machine that is busy for a
while does not favour one side.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from server_side import generated_tokens, lm_eval_task, served_model, wait_until_healthy
from stopwatch import Stopwatch
from tabulate import tabulate

from harness.engines.environment import engine_python
from harness.engines.process import WORKERS_FOLDER, worker_environment
from harness.generators.filling import DecodingSettings, PoolJob, fill_pools
from harness.generators.hardware import Place, places
from harness.generators.jobs import Request, base_seed
from harness.generators.vllm_client import generate_request, load_request
from harness.micro import model_folder
from harness.micro.problems import micro_problems
from harness.models import model_location
from harness.pool import Pool
from harness.prompts import generation_prompt
from harness.recipe import ModelCard
from harness.recipe.loading import load_recipe
from harness.recipe.schema import Endpoint, Engine

RAW_SCRIPT = Path(__file__).with_name("raw_generate.py")
RANDOM_PARAMETERS = 500_000_000
WAYS = ("raw", "harness", "as it runs", "server", "lm-eval")


@dataclass(frozen=True)
class Rate:
    """Tokens drawn and the seconds that it took."""

    tokens: int
    seconds: float

    @property
    def per_second(self) -> float:
        """Tokens per second."""
        return self.tokens / self.seconds


@dataclass(frozen=True)
class Bench:
    """What is drawn, with what, and where files go."""

    job: PoolJob
    python: Path
    place: Place
    folder: Path

    def raw(self) -> Rate:
        """`LLM.generate` in a process of its own."""
        load, requests = self.folder / "load.json", self.folder / "requests.json"
        load.write_text(json.dumps(load_request(self.job, self.place.cpu_cache_share)))
        requests.write_text(json.dumps(list(map(_plain, self._requests()))))
        command = [str(self.python), str(RAW_SCRIPT), str(WORKERS_FOLDER), str(load), str(requests)]
        done = subprocess.run(
            [*command, str(self.place.cpu_cache_share)],
            env={**worker_environment(self.python), **self.place.environment},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise SystemExit(f"raw generation failed:\n{done.stderr[-3000:]}")
        return Rate(**json.loads(done.stdout.splitlines()[-1]))

    def as_it_runs(self) -> Rate:
        """A pool of the harness's, by as many workers as it chooses."""
        return self.harness(workers=None)

    def harness(self, url: str | None = None, workers: int | None = 1) -> Rate:
        """A pool of the harness's, by its own workers or from a server."""
        with tempfile.TemporaryDirectory(dir=self.folder) as folder:
            pool = Path(folder) / "pool"
            endpoint = None if url is None else Endpoint(url=url)
            job = PoolJob(
                **{
                    **vars(self.job),
                    "folder": pool,
                    "endpoints": () if endpoint is None else (endpoint,),
                }
            )
            watch = Stopwatch()
            fill_pools(
                [job],
                workers=workers,
                progress=watch,
                log=lambda name: self.folder / f"{name}.log",
                vllm_python=self.python,
            )
            ledger = Pool.open(pool).ledger()
            return Rate(sum(line.completion_tokens for line in ledger), watch.seconds)

    def lm_eval(self, url: str, problems: int) -> tuple[Rate, float]:
        """lm-eval on the server: its rate, and distinct completions per problem."""
        from lm_eval import simple_evaluate

        prompts = list(self.job.prompts.values())[:problems]
        task = lm_eval_task(prompts, self.job)
        before, started = generated_tokens(url), time.perf_counter()
        results = simple_evaluate(
            model="local-completions",
            model_args={
                "model": served_model(url),
                "base_url": f"{url}/completions",
                "num_concurrent": 16,
                "max_length": 2048,
                "tokenizer_backend": None,
                "tokenized_requests": False,
            },
            tasks=[task],
            bootstrap_iters=0,
            log_samples=True,
        )
        rate = Rate(generated_tokens(url) - before, time.perf_counter() - started)
        samples = results["samples"][task["task"]]
        distinct = [len(set(sample["resps"][0])) for sample in samples]
        return rate, statistics.mean(distinct)

    @contextmanager
    def server(self) -> Iterator[str]:
        """vLLM's OpenAI server with the flags of the other ways; its address."""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        environment = {**worker_environment(self.python), **self.place.environment}
        del environment["VLLM_ENABLE_V1_MULTIPROCESSING"]
        log = self.folder / "server.log"
        with log.open("wb") as output:
            # The guard ends the server when this process ends, however that happens.
            server = subprocess.Popen(
                [
                    sys.executable,
                    str(WORKERS_FOLDER / "guard.py"),
                    *self._server_command(),
                    "--port",
                    str(port),
                ],
                stdin=subprocess.PIPE,
                env={**environment, "VLLM_CPU_KVCACHE_SPACE": "1"},
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        try:
            url = f"http://127.0.0.1:{port}"
            wait_until_healthy(url, server, log)
            yield f"{url}/v1"
        finally:
            os.killpg(server.pid, signal.SIGKILL)
            server.wait()

    def _server_command(self) -> list[str]:
        load = load_request(self.job, 0.0)
        command = [
            str(self.python), "-m", "vllm.entrypoints.openai.api_server",
            "--model", load["model"], "--host", "127.0.0.1", "--generation-config", "vllm",
            "--max-num-seqs", str(load["max_num_seqs"]),
        ]  # fmt: skip
        if "VLLM_CPU_OMP_THREADS_BIND" in self.place.environment:
            command += ["--dtype", "float32", "--enforce-eager", "--no-enable-chunked-prefill"]
            command += ["--max-num-batched-tokens", "8192"]
        return command

    def _requests(self) -> list[dict[str, Any]]:
        job = self.job
        return [
            generate_request(
                Request(one.id, job.prompts[one.id], 0, job.samples_per_problem,
                        base_seed(job.seed, one.id)),
                job.decoding,
            )
            for one in job.problems
        ]  # fmt: skip


def measure(bench: Bench, repeat: int, lm_eval_problems: int) -> dict[str, list[Rate]]:
    """Runs every way `repeat` times."""
    rates: dict[str, list[Rate]] = {way: [] for way in WAYS}
    local: list[tuple[str, Callable[[], Rate]]] = [
        ("raw", bench.raw),
        ("harness", bench.harness),
        ("as it runs", bench.as_it_runs),
    ]
    for number in range(repeat):
        for way, work in local[:: 1 if number % 2 == 0 else -1]:
            rates[way].append(work())
            print(f"{way}: {rates[way][-1].per_second:,.0f} tokens/s", flush=True)
    with bench.server() as url:
        bench.harness(url)  # What a server does once is not its rate.
        for _ in range(repeat):
            rates["server"].append(bench.harness(url))
        print(f"server: {rates['server'][-1].per_second:,.0f} tokens/s", flush=True)
        rate, distinct = bench.lm_eval(url, lm_eval_problems)
        rates["lm-eval"].append(rate)
    print(
        f"lm-eval: {distinct:.1f} distinct completions in "
        f"{bench.job.samples_per_problem} samples of a problem: it sends one seed always"
    )
    return rates


def table(rates: dict[str, list[Rate]]) -> str:
    """Rates, their spread, and the ratios to the raw engine, the server and lm-eval."""
    middle = {way: statistics.median(r.per_second for r in rates[way]) for way in WAYS}
    rows = [
        [
            way,
            rates[way][0].tokens,
            middle[way],
            min(r.per_second for r in rates[way]),
            max(r.per_second for r in rates[way]),
            *(middle[way] / middle[other] for other in ("raw", "server", "lm-eval")),
        ]
        for way in WAYS
    ]
    headers = ["way", "tokens", "tokens/s", "least", "most", "/ raw", "/ server", "/ lm-eval"]
    formats = ("", ",.0f", ",.0f", ",.0f", ",.0f", ".3f", ".2f", ".1f")
    return tabulate(rows, headers, floatfmt=formats, intfmt=",")


def job_of(model: str, problems: int, samples: int, max_tokens: int) -> PoolJob:
    """The pool that is drawn: the embedded problems, asked as the recipe w2s-micro asks them."""
    recipe = load_recipe("w2s-micro", [])
    chosen = micro_problems("train", problems)
    return PoolJob(
        folder=Path(),
        problems=chosen,
        prompts={one.id: generation_prompt(recipe.prompt, one.question) for one in chosen},
        samples_per_problem=samples,
        model=ModelCard(id=model),
        decoding=DecodingSettings(0.7, None, 1.0, max_tokens, tuple(recipe.prompt.stop)),
        engine=Engine(),
        seed=1,
    )


def _plain(request: dict[str, Any]) -> dict[str, Any]:
    kept = {key: value for key, value in request.items() if key not in ("request", "id")}
    return {**kept, "top_k": kept["top_k"] or 0}


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--model", default="", help="micro:se by default, random weights on cuda")
    parser.add_argument("--problems", type=int, default=200)
    parser.add_argument("--samples", type=int, default=30)
    parser.add_argument("--max-tokens", type=int, default=128)
    parser.add_argument("--lm-eval-problems", type=int, default=4)
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    options = parser.parse_args()
    os.environ["HARNESS_ENGINE_VARIANT"] = options.device
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        python = engine_python("vllm", progress=print)
        model = options.model or ("micro:se" if options.device == "cpu" else str(folder / "model"))
        if model == str(folder / "model"):
            command = [str(python), str(RAW_SCRIPT), "--random-model", model]
            subprocess.run([*command, str(model_folder("se")), str(RANDOM_PARAMETERS)], check=True)
        job = job_of(model, options.problems, options.samples, options.max_tokens)
        offline = Path(model_location(job.model)).is_dir()
        (place,) = places(1, offline=offline)
        bench = Bench(job, python, place, folder)
        print(table(measure(bench, options.repeat, options.lm_eval_problems)))


if __name__ == "__main__":
    main()
