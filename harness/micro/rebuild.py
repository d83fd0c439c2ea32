"""Rebuilds the embedded models from their seeds.

Documents are written by the harness; the training itself runs in an interpreter with torch
and transformers (Axolotl's environment), one process a model, several at once. A rebuild
that was stopped goes on after the last finished cycle.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from harness.errors import EnvironmentFailure
from harness.files import digest_of, write_json
from harness.micro.documents import document_stream, tokenizer_documents, write_documents
from harness.micro.schedules import BATCH_DOCUMENTS, SCHEDULES, Schedule
from harness.progress import Progress

_TRAINER = Path(__file__).resolve().parents[1] / "engines" / "workers" / "micro_trainer.py"
_LOG_LINES = 12


def rebuild(
    output: Path,
    python: Path,
    names: Sequence[str],
    *,
    seed: int,
    jobs: int,
    progress: Progress,
) -> list[Path]:
    """Trains the named schedules and writes one folder a model into `output`.

    Args:
        output: where the model folders go; work in progress lies in `output/work`.
        python: an interpreter with torch, transformers and tokenizers.
        names: keys of `SCHEDULES`; "wc" also makes "wc-early".
        seed: added to every seed of the schedules; 0 rebuilds the shipped models.
        jobs: how many models to train at once, one core each.
        progress: where to say what is going on.

    Returns:
        The folders of the models, sorted.

    Raises:
        EnvironmentFailure: the trainer failed; its last lines and its log are named.
    """
    schedules = [_reseeded(SCHEDULES[name], seed) for name in names]
    longest_first = sorted(schedules, key=_work, reverse=True)
    with ThreadPoolExecutor(max_workers=jobs) as pool:
        futures = [
            pool.submit(_train, schedule, output, python, progress) for schedule in longest_first
        ]
        folders = [folder for future in futures for folder in future.result()]
    return sorted(folders)


def _reseeded(schedule: Schedule, seed: int) -> Schedule:
    cycles = tuple(replace(cycle, seed=cycle.seed + seed) for cycle in schedule.cycles)
    return replace(schedule, seed=schedule.seed + seed, cycles=cycles)


def _work(schedule: Schedule) -> int:
    return sum(cycle.steps for cycle in schedule.cycles) * schedule.shape.hidden**2


def _train(schedule: Schedule, output: Path, python: Path, progress: Progress) -> list[Path]:
    work = output / "work" / f"{schedule.name}-{digest_of(schedule.document())[:12]}"
    work.mkdir(parents=True, exist_ok=True)
    job = _write_job(schedule, work)
    log = work / "trainer.log"
    total = sum(cycle.steps for cycle in schedule.cycles)
    with (
        progress.task(f"pretrain {schedule.name}", total, "steps") as task,
        log.open("a") as errors,
    ):
        process = subprocess.Popen(
            [str(python), str(_TRAINER), str(job)],
            stdout=subprocess.PIPE, stderr=errors, text=True, start_new_session=True,
            env={**os.environ, "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"},
        )  # fmt: skip
        try:
            _follow(process, task.advance)
        finally:
            if process.poll() is None:
                process.kill()
            process.wait()
    if process.returncode != 0:
        tail = "\n".join(log.read_text(errors="replace").splitlines()[-_LOG_LINES:])
        raise EnvironmentFailure(
            f"pretraining {schedule.name} ended with status {process.returncode}:\n{tail}",
            f"The whole log: {log}",
        )
    return _install(schedule, work, output)


def _write_job(schedule: Schedule, work: Path) -> Path:
    documents = []
    for number, cycle in enumerate(schedule.cycles):
        path = work / f"documents-{number}.jsonl"
        write_documents(
            path, document_stream(cycle.seed, cycle.steps * BATCH_DOCUMENTS, cycle.curriculum)
        )
        documents.append(str(path))
    write_documents(work / "tokenizer.jsonl", tokenizer_documents())
    job = work / "job.json"
    write_json(
        job,
        {
            "schedule": schedule.document(),
            "batch": BATCH_DOCUMENTS,
            "documents": documents,
            "tokenizer_documents": str(work / "tokenizer.jsonl"),
            "output": str(work),
        },
    )
    return job


def _follow(process: subprocess.Popen[str], advance: Callable[[int], None]) -> None:
    last = 0
    for line in process.stdout or ():
        event = json.loads(line)
        if event["event"] == "step":
            # Steps start again at every cycle.
            advance(event["step"] - last if event["step"] > last else event["step"])
            last = event["step"]


def _install(schedule: Schedule, work: Path, output: Path) -> list[Path]:
    names = [schedule.name, *(name for _, name in schedule.snapshots)]
    folders = []
    for name in names:
        target = output / name
        if target.exists():
            shutil.rmtree(target)
        shutil.copytree(work / name, target)
        folders.append(target)
    return folders
