"""Rebuilds the embedded models from their seeds.

Documents are written by the harness; the training itself runs in an interpreter with torch
and transformers (Axolotl's environment), one process a model, several at once. A rebuild
that was stopped goes on after the last finished cycle.
"""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from harness.engines.process import EngineProcess
from harness.errors import InputError
from harness.files import digest_of, write_json
from harness.micro.documents import document_stream, tokenizer_documents, write_documents
from harness.micro.schedules import BATCH_DOCUMENTS, SCHEDULES, Schedule
from harness.progress import Progress

_ENVIRONMENT = {"OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}


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
        InputError: another rebuild is at work in `output`.
        EnvironmentFailure: a trainer failed; its last lines and its log are named.
    """
    schedules = [_reseeded(SCHEDULES[name], seed) for name in dict.fromkeys(names)]
    longest_first = sorted(schedules, key=_work, reverse=True)
    running = _Running()
    with _alone_in(output / "work"), ThreadPoolExecutor(max_workers=jobs) as pool:
        try:
            futures = [
                pool.submit(_train, schedule, output, python, progress, running)
                for schedule in longest_first
            ]
            finished, _ = wait(futures, return_when=FIRST_EXCEPTION)
            folders = [folder for future in finished for folder in future.result()]
        except BaseException:  # An interrupt as well: no trainer may go on alone.
            pool.shutdown(wait=False, cancel_futures=True)
            running.stop()
            raise
    return sorted(folders)


@dataclass
class _Running:
    """The trainers at work, so that all of them can be stopped from the main thread."""

    processes: list[EngineProcess] = field(default_factory=list)
    stopped: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, process: EngineProcess) -> None:
        with self.lock:
            self.processes.append(process)
            late = self.stopped
        if late:
            process.stop()

    def stop(self) -> None:
        with self.lock:
            self.stopped = True
            processes = list(self.processes)
        for process in processes:
            process.stop()


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    from filelock import FileLock, Timeout

    folder.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(folder / ".lock", timeout=0):
            yield
    except Timeout:
        raise InputError(
            f"another rebuild is at work in {folder.parent}.",
            "Wait for it, or name another folder with --out.",
        ) from None


def _reseeded(schedule: Schedule, seed: int) -> Schedule:
    cycles = tuple(replace(cycle, seed=cycle.seed + seed) for cycle in schedule.cycles)
    return replace(schedule, seed=schedule.seed + seed, cycles=cycles)


def _work(schedule: Schedule) -> int:
    return sum(cycle.steps for cycle in schedule.cycles) * schedule.shape.hidden**2


def _train(
    schedule: Schedule, output: Path, python: Path, progress: Progress, running: _Running
) -> list[Path]:
    work = output / "work" / f"{schedule.name}-{digest_of(schedule.document())[:12]}"
    job = _write_job(schedule, work)
    steps = [cycle.steps for cycle in schedule.cycles]
    before = sum(
        count for number, count in enumerate(steps) if (work / f"cycle-{number}.pt").exists()
    )
    with (
        progress.task(f"pretrain {schedule.name}", sum(steps), "steps", before) as task,
        EngineProcess(
            python,
            "micro_trainer.py",
            log=work / "trainer.log",
            arguments=[str(job)],
            environment=_ENVIRONMENT,
            name=f"pretraining {schedule.name}",
        ) as process,
    ):
        running.add(process)
        done = before
        for event in process:
            if event["event"] == "step":
                reached = sum(steps[: event["cycle"]]) + event["step"]
                task.advance(reached - done)
                done = reached
    return _install(schedule, work, output)


def _write_job(schedule: Schedule, work: Path) -> Path:
    work.mkdir(parents=True, exist_ok=True)
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


def _install(schedule: Schedule, work: Path, output: Path) -> list[Path]:
    folders = []
    for name in (schedule.name, *(name for _, name in schedule.snapshots)):
        target = output / name
        if target.exists():
            shutil.rmtree(target)
        shutil.copytree(work / name, target)
        folders.append(target)
    return folders
