"""Generations of one file each, made by hand, for several test modules."""

import datetime

from qa.documents.skips import Skip
from qa.errors import (
    IndexingError,
)
from qa.index.manifest import Manifest, seal_generation


def manifest(**made_of):
    return Manifest(
        1, 2, ("en",), datetime.date(2021, 1, 1), None, (Skip("x.bin", "not text"),), made_of
    )


def publish(generations, text, keep=3):
    """The name of a generation, now live, whose one file holds *text*."""
    with generations.open_build_folder() as folder:
        (folder / "file").write_text(text)
        name = seal_generation(folder, manifest()).name
        generations.publish(folder, name, keep, generations.find_live_name())
    return name


def refuse(generations, text):
    with generations.open_build_folder() as folder:
        (folder / "file").write_text(text)
        name = seal_generation(folder, manifest()).name
        generations.refuse(folder, name)
    return name


def folders(index):
    return {path.name for path in (index / "generations").iterdir()}


def fail_half_way(folder):
    (folder / "file").write_text("half")
    raise IndexingError("no")
