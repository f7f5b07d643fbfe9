"""The engines that are tested: Spark with quiet settings, and Ray with nodes that may be killed."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dumps import QUIET_SPARK

NODE = {"num_cpus": 1, "object_store_memory": 100 << 20}


@contextmanager
def spark_session(master: str, settings: Mapping[str, str] = {}) -> Iterator[Any]:
    """Yield classic Spark; of ``local-cluster[2,1,1024]`` the executors are processes."""
    import pyspark
    from pyspark.sql import SparkSession

    # Executors are started by Spark's own scripts.
    os.environ["SPARK_HOME"] = str(Path(pyspark.__file__).parent)
    builder = SparkSession.builder.master(master).config("spark.executor.memory", "1g")
    for key, value in (QUIET_SPARK | settings).items():
        builder = builder.config(key, value)
    session = builder.getOrCreate()
    yield session
    session.stop()


class RayNodes:
    """Ray with a node without slots, where the driver is, and some with one each."""

    def __init__(self, nodes: int) -> None:
        from ray.cluster_utils import Cluster

        # Ray's workers would give way to whatever else the machine does.
        os.environ["RAY_worker_niceness"] = "0"  # noqa: SIM112  # Ray spells it so
        self._cluster = Cluster(initialize_head=True, head_node_args=NODE | {"num_cpus": 0})
        for _ in range(nodes):
            self.add()

    def __enter__(self) -> RayNodes:
        import ray

        ray.init(address=self._cluster.address, log_to_driver=False, logging_level="ERROR")
        return self

    def __exit__(self, *exception: object) -> None:
        import ray

        ray.shutdown()
        self._cluster.shutdown()

    def add(self) -> None:
        """Start a node."""
        self._cluster.add_node(**NODE)
