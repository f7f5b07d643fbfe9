"""Engines that hand out the files of a job, or the rows of a table, to workers of theirs.

    contract   what travels to a worker and back, and what the driver makes of it
    worker     what a worker does with one file: the local job
    carried    the model, on its way to a worker
    rows       what a worker does with the rows of a table: the kernel
    spark ray  one thin room each: the only ones that know these packages

May import ``scorer.job`` and all below it. Nothing is sent but to the engine: Ray's figures of use
are switched off.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scorer.job.engine import Engine

# Room and class by the name of the engine. "local" is the process itself.
ENGINES = {
    "spark": ("scorer.engines.spark", "SparkEngine"),
    "ray": ("scorer.engines.ray", "RayEngine"),
}


def engine_named(name: str) -> Engine:
    """Return an engine.

    Args:
        name: ``spark`` or ``ray``.

    Raises:
        UsageError: what it needs isn't installed.
    """
    room, kind = ENGINES[name]
    engine: Engine = getattr(import_module(room), kind)()
    return engine
