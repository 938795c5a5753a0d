"""`qa index --watch`: a build in a process of its own whenever the documents have changed."""

import signal
import subprocess
import sys
from threading import Event

from qa.commands.options import REFUSED
from qa.commands.printing import echo
from qa.gate import QUESTIONS
from qa.settings import Settings
from qa.synonyms import NAME as SYNONYMS
from qa.watching import state_of, watch


class _Builds:
    """Builds one after the other, until it is told to stop."""

    def __init__(self, settings: Settings) -> None:
        folder = str(settings.documents_folder)
        self._command = [sys.executable, "-m", "qa", "index", "--index", settings.index, folder]
        self.stopped = Event()
        self._running: subprocess.Popen[bytes] | None = None

    def build(self) -> bool:
        """Whether a build came to an end, be it that the gate refused it.

        A process of its own gives its memory back, and may die without ending the watch.
        """
        # A session of its own: Ctrl+C reaches it through us, once.
        with subprocess.Popen(self._command, start_new_session=True) as process:  # noqa: S603
            self._running = process
            if self.stopped.is_set():
                self.stop()
            code = process.wait()
            self._running = None
        if code < 0 and not self.stopped.is_set():
            echo(f"The build was killed by signal {-code}.", err=True)
        return code in {0, REFUSED}

    def stop(self, *_: object) -> None:
        """Build no more; a build that runs cleans up and ends."""
        self.stopped.set()
        if self._running:
            self._running.send_signal(signal.SIGINT)


def watch_folder(settings: Settings) -> None:
    """Build whenever documents, golden questions or synonyms have changed, until a signal."""
    builds = _Builds(settings)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, builds.stop)
    home, documents = settings.home, settings.documents_folder
    echo(f"Watching {documents} (Ctrl+C stops)", err=True)
    watched = (documents, home / QUESTIONS, home / SYNONYMS)

    def look() -> object:
        return state_of(watched, follow_links=settings.follow_links)

    watch(look, builds.build, builds.stopped)
