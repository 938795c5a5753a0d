"""All expected errors; each message says what to do next.

QAError
├── SettingsError                    a QA_* variable is unknown or invalid
│   └── AuthenticationError          the cluster rejects the credentials; also a GenerationError
├── RequestError                     a request cannot be answered as sent
│   ├── QuestionError                the question has no words to search for, or too many
│   ├── FilterError                  a filter is invalid
│   └── InvalidCitationError         a saved citation is invalid
├── DeadlineExceededError            time ran out before there was a result
├── UnreadableFileError              a file cannot be read, and is skipped
├── DocumentNotFoundError            the live index has no document of that id
├── IndexingError                    an index could not be built
│   ├── BuildLockedError             another build is running
│   └── PublishRefusedError          the index was built, but should not be published
│       └── PublishConflictError     another index was published during the build
├── PurgeError                       documents could not, or must not, be removed
├── FeedbackError                    a judgement of an answer cannot be stored
├── EvaluationError                  a question set cannot be read or measured
└── GenerationError                  an index cannot be read
    ├── NoLiveGenerationError        no index is live yet
    ├── GenerationNotFoundError      no index of that name is kept
    ├── AnalysisError                another version of the analysis made the index
    ├── ClusterUnreachableError      the cluster does not respond
    └── CorruptIndexError            the files of an index contradict each other
"""

from importlib.util import find_spec
from typing import Self

_POSIX_ONLY = (
    "Verbatim runs on POSIX systems only: on Linux and macOS. On Windows, install and run it in WSL"
    " (Windows Subsystem for Linux)."
)


def require_posix() -> None:
    """Raise ImportError where Python has no POSIX file locks, as on Windows.

    Builds and the service need them.
    """
    if find_spec("fcntl") is None:
        raise ImportError(_POSIX_ONLY, name="fcntl")


class QAError(Exception):
    """The root of all errors of this package."""


class SettingsError(QAError):
    """A QA_* variable is unknown or has an invalid value."""


class RequestError(QAError):
    """A request cannot be answered as sent; *field* names the invalid part."""

    def __init__(self, message: str, field: str) -> None:
        super().__init__(message)
        self.field = field


class QuestionError(RequestError):
    """The question has no words to search for, or too many."""

    def __init__(self, message: str) -> None:
        super().__init__(message, "question")


class FilterError(RequestError):
    """A filter is invalid."""


class InvalidCitationError(RequestError):
    """A saved citation is invalid."""

    def __init__(self, message: str) -> None:
        super().__init__(message, "citations")


class DeadlineExceededError(QAError):
    """The time for a request ran out before there was a result."""


class UnreadableFileError(QAError):
    """A file, or a part of one, cannot be read; it is skipped, with this message as reason."""


class DocumentNotFoundError(QAError):
    """The live index has no document of that id."""


class IndexingError(QAError):
    """An index could not be built; the live one is unchanged."""


class BuildLockedError(IndexingError):
    """Another build is running."""


class PublishRefusedError(IndexingError):
    """An index was built, but should not be published."""


class PublishConflictError(PublishRefusedError):
    """Another index was published during the build."""


class PurgeError(QAError):
    """Documents could not, or must not, be removed, or not all of them were."""


class FeedbackError(QAError):
    """A judgement of an answer cannot be stored."""


class EvaluationError(QAError):
    """A question set cannot be read or measured."""


class GenerationError(QAError):
    """An index cannot be read."""


class NoLiveGenerationError(GenerationError):
    """No index is live yet."""


class GenerationNotFoundError(GenerationError):
    """No index of that name is kept, or it was removed."""


class AnalysisError(GenerationError):
    """Another version of the analysis made the index: its terms differ from those of questions."""


class ClusterUnreachableError(GenerationError):
    """The cluster does not respond, or not in time."""


class AuthenticationError(SettingsError, GenerationError):
    """The cluster rejects the credentials, perhaps only for now."""


class CorruptIndexError(GenerationError):
    """The files of an index contradict each other."""

    @classmethod
    def of_damage(cls, what: object, why: object) -> Self:
        """The error for *what*, which is damaged: *why*."""
        return cls(f"{what} is damaged: {why}. Run `qa index`, or roll back.")
