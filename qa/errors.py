"""Every error this project raises on purpose.

TalksError                   one line for the user: what, where, what to do
├── EmbeddingError           (embeddings/errors.py)
│   ├── ModelNotFoundError
│   └── IndexDamagedError
├── ConfigError              a setting is unknown or out of range
├── ArticleError             an article cannot be read; `Library.add` turns it into a rejection
├── FetchError               an address cannot be fetched; `Library.add` turns it into a rejection
├── LibraryError             a library cannot be opened or changed
│   ├── LibraryLockedError   another process is writing
│   ├── LibraryDamagedError  the database itself is damaged
│   └── LibraryEmptyError    there is nothing to search
├── UnknownArticleError      no article has this id
├── QuestionError            a question is empty or too long
├── DateError                a date in a filter cannot be understood
└── EvaluationError          a file of questions cannot be used
"""

from embeddings.errors import EmbeddingError, IndexDamagedError, ModelNotFoundError, TalksError

__all__ = [
    "ArticleError",
    "ConfigError",
    "DateError",
    "EmbeddingError",
    "EvaluationError",
    "FetchError",
    "IndexDamagedError",
    "LibraryDamagedError",
    "LibraryEmptyError",
    "LibraryError",
    "LibraryLockedError",
    "ModelNotFoundError",
    "QuestionError",
    "TalksError",
    "UnknownArticleError",
]


class ConfigError(TalksError):
    """A setting is unknown or out of range."""


class ArticleError(TalksError):
    """An article cannot be read; the message is the reason a report shows."""


class FetchError(TalksError):
    """An address cannot be fetched; the message is the reason, `status` what the server answered, or 0."""

    def __init__(self, reason: str, status: int = 0) -> None:
        super().__init__(reason)
        self.status = status


class LibraryError(TalksError):
    """A library cannot be opened or changed."""


class LibraryLockedError(LibraryError):
    """Another process is writing to the library."""


class LibraryDamagedError(LibraryError):
    """The library's database is damaged."""


class LibraryEmptyError(LibraryError):
    """The library has no articles."""


class UnknownArticleError(TalksError):
    """No article in the library has this id."""


class QuestionError(TalksError):
    """A question is empty or too long."""


class DateError(TalksError):
    """A date cannot be understood."""


class EvaluationError(TalksError):
    """A file of questions cannot be used."""
