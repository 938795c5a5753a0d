"""Settings -> the engine; the one module that knows all engines."""

from pathlib import Path
from typing import Literal

from qa.engines.base import Engine
from qa.engines.kernel.loader import switch_kernel
from qa.engines.whoosh.engine import WhooshEngine
from qa.errors import SettingsError
from qa.settings import Settings


def engine_name(settings: Settings) -> Literal["whoosh", "opensearch"]:
    """What the index of *settings* is in: whoosh, a folder, or opensearch, a cluster."""
    return "opensearch" if "://" in settings.index else "whoosh"


def open_engine(settings: Settings) -> Engine:
    """The engine for the index of *settings*, which is a folder or an address."""
    switch_kernel(on=settings.kernel)
    if engine_name(settings) == "whoosh":
        return WhooshEngine(
            Path(settings.index),
            settings.keep_generations,
            processes=settings.workers,
            build_memory_mb=settings.build_memory_mb,
        )
    try:
        # Its client is an extra, and takes a while to import.
        from qa.engines.opensearch.engine import ClusterEngine  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise SettingsError(
            f"QA_INDEX is an address, and {error.name} is missing;"
            " run `pip install 'verbatim-qa[opensearch]'`."
        ) from None
    return ClusterEngine(settings)
