"""The root of the project's errors, and those of embedding (the whole tree: `qa/errors.py`)."""


class TalksError(Exception):
    """Anything this project reports to its user: one line that says what, where and what to do."""


class EmbeddingError(TalksError):
    """A model or a vector index cannot be used."""


class ModelNotFoundError(EmbeddingError):
    """The named model is not on this machine."""


class IndexDamagedError(EmbeddingError):
    """A vector index file is missing, damaged or of another library; it can be rebuilt."""
