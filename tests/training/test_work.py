"""The loop over workers, with a worker that does what it is told instead of training.

The protocol, the processes and the signals are real; only Axolotl is not started, which takes
ten seconds each time. tests/training/test_train_stage.py trains for real.
"""

from __future__ import annotations

import io
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.cells import cells_of
from harness.engines import process
from harness.engines.process import EngineDied
from harness.progress import Progress
from harness.run_folder import RunFolder
from harness.training.jobs import CellJob, Outcome
from harness.training.places import Places
from harness.training.rows import rows_of
from harness.training.work import train_cells

# Each cell's folder may hold `orders`: one word an attempt.
WORKER = '''
import os, signal, sys
from pathlib import Path
sys.path.insert(0, {workers!r})
from worker_link import open_link
link = open_link()
if Path({stop!r}).exists():
    sys.exit("no such package")
link.send({{"event": "ready", "versions": {{}}}})
while True:
    request = link.receive()
    cell, folder = request["cell"], Path(request["folder"])
    orders = (folder / "orders").read_text().split() if (folder / "orders").exists() else []
    order, rest = (orders or ["train"])[0], orders[1:]
    (folder / "orders").write_text(" ".join(rest))
    with (folder.parent / "began").open("a") as stream:
        stream.write(cell + " " + str(os.getpid()) + "\\n")
    for step in (1, 2):
        link.send({{"event": "step", "cell": cell, "step": step, "of": 4}})
    if order == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    if order == "fail":
        link.send({{"event": "failed", "cell": cell, "error": "ValueError: as told"}})
        continue
    for step in (3, 4):
        link.send({{"event": "step", "cell": cell, "step": step, "of": 4}})
    link.send({{"event": "trained", "cell": cell, "seconds": 1.0, "steps": 4,
               "final_loss": 0.5, "tokens": 10}})
    if order == "leave":
        sys.exit(0)
'''  # fmt: skip


class Setting:
    """Jobs, a worker for them, and what came of them."""

    def __init__(self, run: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
        self.run = run
        self.stop = run.path / "stop"
        worker = run.path / "axolotl_worker.py"
        worker.write_text(WORKER.format(workers=str(process.WORKERS_FOLDER), stop=str(self.stop)))
        monkeypatch.setattr(process, "WORKERS_FOLDER", run.path)
        rows = rows_of(run.arm("wc", "high"), run.recipe.prompt)
        self.jobs = [
            CellJob(cell, run.cell(cell.id), rows, {}, "abc", 4, 1.0)
            for cell in cells_of(run.recipe)
        ]
        self.outcomes: dict[str, Outcome] = {}
        self.said = io.StringIO()

    def order(self, job: CellJob, *words: str) -> None:
        job.folder.mkdir(parents=True, exist_ok=True)
        (job.folder / "orders").write_text(" ".join(words))

    def train(self, workers: int = 1) -> dict[str, str]:
        import sys

        with Progress(self.said, live=False).task("train", 4 * len(self.jobs), "steps") as task:
            train_cells(
                self.jobs,
                Places([{} for _ in range(workers)]),
                python=Path(sys.executable),
                environment={},
                log=self.run.log,
                task=task,
                record=self._record,
            )
        return {cell: outcome.error for cell, outcome in self.outcomes.items()}

    def began(self) -> list[tuple[str, str]]:
        lines = (self.run.path / "train" / "began").read_text().splitlines()
        return [(line.split()[0], line.split()[1]) for line in lines]

    def _record(self, job: CellJob, outcome: Outcome) -> None:
        assert job.cell.id == outcome.cell
        assert outcome.cell not in self.outcomes
        self.outcomes[outcome.cell] = outcome


@pytest.fixture
def setting(
    tmp_path: Path, make_run: Callable[..., RunFolder], monkeypatch: pytest.MonkeyPatch
) -> Setting:
    return Setting(make_run(tmp_path / "run", "seeds.training=[1, 2, 3]"), monkeypatch)


def test_one_process_trains_one_cell_after_the_other(setting: Setting) -> None:
    assert set(setting.train().values()) == {""}
    began = setting.began()
    assert [cell for cell, _ in began] == [job.cell.id for job in setting.jobs]
    assert len({pid for _, pid in began}) == 1
    assert "24/24 steps" in setting.said.getvalue()


def test_two_processes_share_the_cells(setting: Setting) -> None:
    assert set(setting.train(workers=2).values()) == {""}
    assert sorted(setting.outcomes) == sorted(job.cell.id for job in setting.jobs)
    assert len({pid for _, pid in setting.began()}) == 2


def test_a_failing_cell_leaves_the_others_alone(setting: Setting) -> None:
    setting.order(setting.jobs[1], "fail")
    found = setting.train()
    assert found.pop(setting.jobs[1].cell.id) == "ValueError: as told"
    assert set(found.values()) == {""}
    assert len({pid for _, pid in setting.began()}) == 1


def test_a_killed_worker_is_replaced_and_no_step_counts_twice(setting: Setting) -> None:
    setting.order(setting.jobs[2], "die")
    assert set(setting.train().values()) == {""}
    began = [cell for cell, _ in setting.began()]
    assert began.count(setting.jobs[2].cell.id) == 2
    assert len(began) == len(setting.jobs) + 1
    assert "24/24 steps" in setting.said.getvalue()


def test_a_cell_that_kills_its_worker_twice_has_failed(setting: Setting) -> None:
    setting.order(setting.jobs[0], "die", "die", "die")
    found = setting.train()
    error = found.pop(setting.jobs[0].cell.id)
    assert error == "its trainer was killed by SIGKILL, 2 times with this cell"
    assert set(found.values()) == {""}


def test_a_worker_that_leaves_between_cells_is_replaced(setting: Setting) -> None:
    setting.order(setting.jobs[0], "leave")
    assert set(setting.train().values()) == {""}


def test_a_worker_that_cannot_start(setting: Setting) -> None:
    setting.stop.touch()
    with pytest.raises(EngineDied, match="no such package"):
        setting.train()
    assert not setting.outcomes


def test_an_interrupt_leaves_no_process(setting: Setting, monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    monkeypatch.setattr(setting, "_record", lambda job, outcome: signal.raise_signal(signal.SIGINT))
    with pytest.raises(KeyboardInterrupt):
        setting.train(workers=2)
    for _, pid in setting.began():
        with pytest.raises(ProcessLookupError):
            os.kill(int(pid), 0)
