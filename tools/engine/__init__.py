"""Where the work is done: in threads, in processes, or on the workers of a Dask cluster, by one and the same call.

An engine takes a function of this project and jobs, and gives each job back with its result as they are done. It is the
lowest layer: it knows nothing of images and shards, and loads Dask only where a cluster is asked for.
"""

from tools.engine.base import Engine, EngineError
from tools.engine.cluster import cluster
from tools.engine.local import processes, threads

__all__ = ["Engine", "EngineError", "cluster", "processes", "threads"]
