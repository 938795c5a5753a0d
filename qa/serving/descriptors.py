"""How many files a process may have open: enough for its connections, and some for all else."""

import dataclasses
import resource

from qa.errors import SettingsError
from qa.settings import Settings

# For the index, the log, the metrics, a cluster and whatever a request opens.
_RESERVE = 128
_FEWEST = 16


def with_descriptors(settings: Settings) -> Settings:
    """*settings* with as many connections as there can be; the limit is raised as far as needed."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = settings.max_connections + _RESERVE
    limit = max(_number(soft), min(wanted, _number(hard)))
    if limit - _RESERVE < _FEWEST:
        raise SettingsError(
            f"A process may open {limit} files here, which is too few;"
            f" raise that to {wanted} with `ulimit -n`."
        )
    if limit > _number(soft):
        resource.setrlimit(resource.RLIMIT_NOFILE, (int(limit), hard))
    room = min(settings.max_connections, limit - _RESERVE)
    return dataclasses.replace(settings, max_connections=int(room))


def _number(limit: int) -> float:
    return float("inf") if limit == resource.RLIM_INFINITY else limit
