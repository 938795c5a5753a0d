"""The same small index in a folder or in a real cluster, for several test modules."""

import uuid

from qa.engines.factory import open_engine
from qa.publishing.builder import index_folder
from qa.settings import Settings
from tests.conftest import BRIDGE, HARBOUR, write

ENGINES = ("folder", "cluster")


def place(request, folder):
    write(folder / "documents", harbour_md=HARBOUR, bridge_md=BRIDGE)
    if request.param == "folder":
        return Settings(index=str(folder))
    url = request.getfixturevalue("opensearch")
    index = f"{url}/test-{uuid.uuid4().hex[:8]}"
    made = Settings(index=index, folder=str(folder), index_seconds=20, index_replicas=0)
    request.addfinalizer(lambda: forget(made))
    return made


def forget(settings):
    """Take all of an index out of the cluster."""
    cluster = open_engine(settings)._cluster
    found = cluster.command("GET", f"/_cat/indices/{cluster.name}-*?format=json")
    for each in found:
        cluster.try_command("DELETE", f"/{each['index']}")


def indexed(settings, **options):
    engine = open_engine(settings)
    return engine, index_folder(settings.documents_folder, engine, settings, **options)
