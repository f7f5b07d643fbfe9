"""The state of an unfinished fine-tuning: it appears whole, and ``--resume`` goes on from it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from scorer.errors import UsageError
from scorer.storage.whole_file import whole_file
from teacher.network import Teacher

NAME = "checkpoint.pt"
Facts = Mapping[str, str | int | float]


def save_checkpoint(
    run: Path, teacher: Teacher, optimizer: torch.optim.Optimizer, losses: list[float], facts: Facts
) -> None:
    """Write the state after ``len(losses)`` steps."""
    state = {
        "facts": dict(facts),
        "losses": losses,
        "trained": {name: value.detach() for name, value in teacher.trained().items()},
        "optimizer": optimizer.state_dict(),
        "random": torch.get_rng_state(),
    }
    with whole_file(run / NAME) as temporary:
        torch.save(state, temporary)


def restore(
    run: Path, teacher: Teacher, optimizer: torch.optim.Optimizer, facts: Facts
) -> list[float]:
    """Put network, optimizer and random numbers into the state of the checkpoint.

    Returns:
        The loss of each step so far.

    Raises:
        UsageError: the checkpoint is of other data or settings.
    """
    state = torch.load(run / NAME, weights_only=True)
    _check(run, state["facts"], facts)
    with torch.no_grad():
        for name, parameter in teacher.trained().items():
            parameter.copy_(state["trained"][name])
    optimizer.load_state_dict(state["optimizer"])
    torch.set_rng_state(state["random"])
    losses: list[float] = state["losses"]
    return losses


def _check(run: Path, stored: Mapping[str, Any], facts: Facts) -> None:
    for name, value in facts.items():
        if stored.get(name) != value:
            raise UsageError(
                f"resuming {run}: its {name} is {stored.get(name)}, now it is {value}; "
                "give what it began with, or another folder"
            )
