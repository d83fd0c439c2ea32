"""A run's folder: the recipe that fixes it, and where each stage keeps its results.

Everything that a run knows lies in this folder, so it can be copied, killed, resumed and
read by hand. Only this module knows the layout.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from harness.recipe import Recipe, Side


@dataclass(frozen=True)
class RunFolder:
    """A run: its folder and its recipe."""

    path: Path
    recipe: Recipe

    @property
    def recipe_file(self) -> Path:
        """The recipe with every default filled in."""
        return self.path / "recipe.yaml"

    @property
    def plan_file(self) -> Path:
        """What the run will draw, train and cost."""
        return self.path / "plan.json"

    def pool(self, side: Side) -> Path:
        """The folder with all samples of one side of the pair."""
        return self.path / "pools" / side

    def pools(self) -> list[Path]:
        """The folders of all pools that the run has by now, those of evaluations included."""
        return sorted([*self.path.glob("pools/*"), *self.path.glob("evaluations/*/pool")])

    @property
    def reservations_file(self) -> Path:
        """Paid requests on their way, while a stage draws under a spending limit."""
        return self.path / "reservations.jsonl"

    @property
    def measure_file(self) -> Path:
        """Coverage, diversity and false positives of both sides, per budget."""
        return self.path / "measure.json"

    def arm(self, name: str, budget: str) -> Path:
        """The folder of one arm at one budget; its rows lie in `train.parquet`."""
        return self.path / "arms" / f"{name}-{budget}"

    @property
    def publication(self) -> Path:
        """The arms as a data set in the layout of the Hub."""
        return self.path / "publication"

    def cell(self, cell_id: str) -> Path:
        """The folder of one finetuning: its Axolotl file, log, state and model."""
        return self.path / "train" / cell_id

    def evaluation(self, model_id: str) -> Path:
        """The folder with one model's completions and verdicts on the test split."""
        return self.path / "evaluations" / model_id

    @property
    def evaluations_file(self) -> Path:
        """pass@1 of every model, and WC against SE data for every paradigm."""
        return self.path / "evaluations.json"

    def report(self, suffix: str) -> Path:
        """The report as `md`, `json` or `html`."""
        return self.path / f"report.{suffix}"

    @property
    def entry_file(self) -> Path:
        """The leaderboard entry."""
        return self.path / "leaderboard_entry.json"

    @property
    def timings_file(self) -> Path:
        """One line per finished stage: its name and how many seconds it took."""
        return self.path / "timings.jsonl"

    def log(self, name: str) -> Path:
        """A log file of an engine process."""
        return self.path / "logs" / f"{name}.log"
