"""The engines that propose passages, and the one place that knows them all."""

from pathlib import Path

from qa.engines.base import Engine
from qa.engines.whoosh.engine import WhooshEngine
from qa.settings import Settings


def open_engine(settings: Settings) -> Engine:
    """The engine that keeps the index of *settings*."""
    return WhooshEngine(Path(settings.index), settings.keep_generations)
