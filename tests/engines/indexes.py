"""The same small index in a folder or in a real cluster, for several test modules."""

import uuid

from qa.engines.factory import open_engine
from qa.publishing.builder import index_folder
from qa.settings import Settings
from tests.conftest import BRIDGE, HARBOUR, write

ENGINES = ("folder", "cluster")


def prepare_settings(request, folder):
    write(folder / "documents", harbour_md=HARBOUR, bridge_md=BRIDGE)
    if request.param == "folder":
        return Settings(index=str(folder))
    url = request.getfixturevalue("opensearch")
    index = f"{url}/test-{uuid.uuid4().hex[:8]}"
    settings = Settings(index=index, folder=str(folder), index_seconds=20, index_replicas=0)
    request.addfinalizer(lambda: delete_indices(settings))
    return settings


def delete_indices(settings):
    """Take all of an index out of the cluster."""
    cluster = open_engine(settings)._cluster
    rows = cluster.command("GET", f"/_cat/indices/{cluster.name}-*?format=json")
    for row in rows:
        cluster.try_command("DELETE", f"/{row['index']}")


def run_build(settings, **options):
    engine = open_engine(settings)
    return engine, index_folder(settings.documents_folder, engine, settings, **options)
