"""A web site on this machine that behaves as badly as it is told, and a network on which it has a public address."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType

import httpcore

from qa.fetching import Fetcher, Limits

PUBLIC = "93.184.216.34"
NAME = "news.example"
QUICK = Limits(size=100_000, seconds=10, backoff=0.01, pause=0)


@dataclass
class Page:
    """One answer."""

    body: bytes | str = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    kind: str = "text/html"


def report(title: str, text: str, head: str = "") -> Page:
    """Return a newspaper's page with an article."""
    return Page(
        f"<html><head><title>{title}</title><meta property='og:title' content='{title}'>{head}</head><body>"
        f"<nav><a href='/'>Home</a></nav><article><h1>{title}</h1><p>{text}</p><p>{_MORE}</p></article></body></html>",
        kind="text/html; charset=utf-8",
    )


_MORE = (
    "Officials of both countries said that the talks would go on next month, and that the routes would be opened "
    "again when an agreement had been signed by the two governments."
)
Misbehaviour = Callable[[BaseHTTPRequestHandler], None]  # writes what it likes
Pages = dict[str, "Page | Misbehaviour | list[Page]"]  # a list: one after the other, the last for good


class Site:
    """A server of pages by path; `asked` are the paths, `seen` the headers of every request.

    Where it is `conditional`, a request that names a page's ETag is answered with 304.
    """

    def __init__(self, pages: Pages, context: ssl.SSLContext | None = None, conditional: bool = False) -> None:
        self.pages = pages
        self.conditional = conditional
        self.asked: list[str] = []
        self.seen: list[dict[str, str]] = []
        self.done = threading.Event()
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                site.serve(self)

            def log_message(self, format: str, *args: object) -> None:
                """Say nothing."""

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request: object, client_address: object) -> None:
                """Clients that hang up are what is tested."""

        self.server = Server(("127.0.0.1", 0), Handler)
        if context:
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.port = self.server.server_address[1]

    def __enter__(self) -> Site:
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.done.set()
        self.server.shutdown()
        self.server.server_close()

    def serve(self, handler: BaseHTTPRequestHandler) -> None:
        self.asked.append(handler.path)
        self.seen.append({name.lower(): value for name, value in handler.headers.items()})
        page = self.pages.get(handler.path, Page("nothing here", 404))
        if isinstance(page, list):
            page = page.pop(0) if len(page) > 1 else page[0]
        if not isinstance(page, Page):
            page(handler)
            return
        if self.conditional and page.headers.get("ETag", "none") == handler.headers.get("If-None-Match"):
            page = Page(status=304)
        body = page.body.encode() if isinstance(page.body, str) else page.body
        handler.send_response(page.status)
        for name, value in {"Content-Type": page.kind, "Content-Length": str(len(body)), **page.headers}.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(body)


class Net(httpcore.SyncBackend):
    """A network on which one public address leads to a site, and no other leads anywhere."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.tried: list[tuple[str, int]] = []

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        self.tried.append((host, port))
        if host != PUBLIC:
            raise httpcore.ConnectError(f"nobody is at {host}")
        return super().connect_tcp("127.0.0.1", self.site.port, timeout, local_address, socket_options)


def names(**known: str) -> Callable[[str, int], Sequence[str]]:
    """Return a resolver: `news.example`, and the hosts given (dots as underscores), with addresses and commas."""
    table = {NAME: [PUBLIC]} | {host.replace("_", "."): where.split(",") for host, where in known.items()}

    def resolve(host: str, port: int) -> Sequence[str]:
        return table.get(host, [host])

    return resolve


def fetcher(site: Site, limits: Limits = QUICK, **known: str) -> Fetcher:
    """Return a fetcher as it is used, but for its haste, on the network of a site."""
    return Fetcher(limits=limits, resolve=names(**known), network=Net(site))
