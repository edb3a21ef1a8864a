"""What is counted while the bot runs, in the form Prometheus reads."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

_BUCKETS = (0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 1.5, 2.5, 5.0, 10.0, 30.0)


class Metrics:
    """The numbers of one bot; nothing in them tells who asked or what."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self.questions = Counter(
            "talks_questions", "Questions, by what became of them", ["outcome"], registry=self._registry
        )
        self.seconds = Histogram(
            "talks_answer_seconds", "Seconds from question to answer", buckets=_BUCKETS, registry=self._registry
        )
        self.updates = Counter("talks_updates", "Updates handled, by kind", ["kind"], registry=self._registry)
        self.votes = Counter("talks_votes", "Answers judged", ["vote"], registry=self._registry)
        self.troubles = Counter("talks_troubles", "What went wrong, by kind", ["kind"], registry=self._registry)
        self.waiting = Gauge("talks_updates_waiting", "Updates received and not done", registry=self._registry)
        self.articles = Gauge("talks_articles", "Articles in the library", registry=self._registry)
        self.generation = Gauge(
            "talks_library_generation", "Number of the library's last change", registry=self._registry
        )

    def text(self) -> bytes:
        """Return every number in Prometheus's text format."""
        return generate_latest(self._registry)
