"""Cells: one finetuned model each, named by what it is trained from and on."""

from __future__ import annotations

from dataclasses import dataclass

from harness.recipe import ArmName, Paradigm, Recipe


@dataclass(frozen=True, order=True)
class Cell:
    """One finetuning: a paradigm's model, an arm at a budget, and a training seed."""

    paradigm: Paradigm
    arm: ArmName
    budget: str
    seed: int

    @property
    def id(self) -> str:
        """The cell's name, and its folder's."""
        return f"{self.paradigm}-{self.arm}-{self.budget}-seed{self.seed}"


def cells_of(recipe: Recipe) -> list[Cell]:
    """Every cell that a recipe trains, in the recipe's own order."""
    return [
        Cell(paradigm, arm, budget, seed)
        for seed in recipe.seeds.training
        for budget in recipe.training.budgets
        for paradigm in recipe.paradigms
        for arm in recipe.training.arms
    ]
