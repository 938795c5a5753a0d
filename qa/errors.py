"""Everything that can go wrong on purpose; each message says what to do next.

QAError
├── SettingsError          a QA_* variable is unknown or has a wrong value
│   └── AuthenticationError      the cluster does not let us in with them; a GenerationError, too
├── RequestError           what was asked cannot be done as asked
│   ├── QuestionError      no words to look for, or too many
│   ├── FilterError        a filter that makes no sense
│   └── InvalidCitationError         what was saved is no citation
├── DeadlineExceededError  the time for a request is over, and there is nothing to show
├── UnreadableFileError        a file holds no text that can be read; it is skipped
├── DocumentNotFoundError  no document of that name in the live index
├── IndexingError          an index could not be built
│   ├── BuildLockedError   another build is running
│   └── PublishRefusedError       it was built and should not be published
│       └── PublishConflictError another index became live meanwhile
├── PurgeError             what was to be removed is not, or must not be
├── EvaluationError        a set of questions cannot be read or measured
└── GenerationError        an index cannot be read
    ├── NoLiveGenerationError  there is none yet
    ├── GenerationNotFoundError       that one is not kept, or not any more
    ├── AnalysisError      that one was made by another analysis than would ask it
    ├── ClusterUnreachableError   the cluster that keeps it does not answer
    └── CorruptIndexError       its files contradict each other
"""


class QAError(Exception):
    """The root of all errors raised here."""


class SettingsError(QAError):
    """A QA_* variable is unknown or has a wrong value."""


class RequestError(QAError):
    """What was asked cannot be done as asked; *field* names the part at fault."""

    def __init__(self, message: str, field: str) -> None:
        super().__init__(message)
        self.field = field


class QuestionError(RequestError):
    """The question has no words to look for, or too many."""

    def __init__(self, message: str) -> None:
        super().__init__(message, "question")


class FilterError(RequestError):
    """A filter makes no sense."""


class InvalidCitationError(RequestError):
    """What was saved is no citation."""

    def __init__(self, message: str) -> None:
        super().__init__(message, "citations")


class DeadlineExceededError(QAError):
    """The time for a request is over before there is anything to show."""


class UnreadableFileError(QAError):
    """A file, or a part of one, cannot be read; it is skipped for this reason."""


class DocumentNotFoundError(QAError):
    """No document of that name is in the live index."""


class IndexingError(QAError):
    """An index could not be built; the live one is as it was."""


class BuildLockedError(IndexingError):
    """Another build is running."""


class PurgeError(QAError):
    """What was to be removed for good is not removed, or not all of it."""


class EvaluationError(QAError):
    """A set of questions cannot be read or measured."""


class PublishRefusedError(IndexingError):
    """An index was built and should not be published."""


class PublishConflictError(PublishRefusedError):
    """Another index became live while this one was built."""


class GenerationError(QAError):
    """An index cannot be read."""


class NoLiveGenerationError(GenerationError):
    """There is no index yet."""


class GenerationNotFoundError(GenerationError):
    """That index is not kept here, or not any more."""


class AnalysisError(GenerationError):
    """That index was made by another analysis: its words are not those of questions."""


class ClusterUnreachableError(GenerationError):
    """The cluster that keeps the index does not answer, or not in time."""


class AuthenticationError(SettingsError, GenerationError):
    """The cluster that keeps the index does not let us in; it may have, or may again."""


class CorruptIndexError(GenerationError):
    """The files of an index contradict each other."""
