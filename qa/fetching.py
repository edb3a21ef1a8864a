"""Pages from the web: fetched politely, from public addresses only, with every size, time and number of steps bounded.

This module does not know what an article is. Nothing that answers questions imports it.
"""

from __future__ import annotations

import ipaddress
import socket
import ssl
import time
import zlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from email.message import Message
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from types import TracebackType
from typing import Any

import httpcore
import httpx
from protego import Protego

from qa import __version__
from qa.errors import FetchError

AGENT = "talks-qa"  # the name by which a robots.txt may speak to this program
PAGES = ("text/html", "application/xhtml+xml", "text/plain", "text/markdown", "text/x-markdown", "application/pdf")
FEEDS = ("application/rss+xml", "application/atom+xml", "application/rdf+xml", "application/xml", "text/xml", *PAGES)
SITEMAPS = ("application/gzip", "application/x-gzip", "application/octet-stream", *FEEDS)
MAX_URL = 2000  # characters
_ROBOTS_SIZE = 500_000  # bytes; RFC 9309 asks for as many
_STAMP = 500  # characters of what a server says of a page's version
_LONGEST_DELAY = 10.0  # seconds between two pages, whatever a robots.txt asks for
_PORTS, _LAST_PORT = (None, 80, 443), 65535
_REDIRECTS = (301, 302, 303, 307, 308)
_AGAIN = (429, 500, 502, 503, 504)
_STEP = 15.0  # seconds for one step of a connection
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_UNICAST = ipaddress.IPv6Network("2000::/3")

Resolve = Callable[[str, int], Sequence[str]]  # a host and a port → its addresses


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one page may cost."""

    size: int = 20_000_000
    """Bytes of a page, both as it is sent and unpacked."""
    seconds: float = 60.0
    """For everything: redirects, robots.txt, attempts and the waiting between them."""
    redirects: int = 5
    attempts: int = 3
    backoff: float = 1.0
    """Seconds before the second attempt, doubled before each further one."""
    pause: float = 1.0
    """Seconds between two requests to one host."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """What an address answered, after redirects; `unchanged` is a 304 to a conditional request, without data."""

    url: str
    data: bytes
    kind: str = ""
    """Content type, such as `text/html`; empty where the server names none."""
    charset: str = ""
    etag: str = ""
    last_modified: str = ""
    unchanged: bool = False


class Fetcher:
    """Fetches one page after another; used by one thread, and closed after use.

    Only http and https, on ports 80 and 443, without credentials; a host must have public addresses alone, and the
    address that was checked is the one connected to, after each redirect as before it. `allow_private` lets in
    private addresses and other ports, never link-local ones, where clouds keep their credentials. Proxies that
    the environment names are not used: behind one nothing could be checked.
    """

    def __init__(
        self,
        allow_private: bool = False,
        limits: Limits = Limits(),
        resolve: Resolve | None = None,
        network: httpcore.NetworkBackend | None = None,
    ) -> None:
        self._allow_private = allow_private
        self._limits = limits
        self._guard = _Guard(allow_private, resolve or _addresses, network or httpcore.SyncBackend())
        self._pool = httpcore.ConnectionPool(
            # A connection is used once: what a server sends unasked must not answer the next request.
            ssl_context=httpx.create_ssl_context(),
            max_keepalive_connections=0,
            network_backend=self._guard,
        )
        self._rules: dict[httpx.URL, Protego | str] = {}  # by robots.txt; or why there are none
        self._last: dict[str, float] = {}  # when each host was last asked

    def close(self) -> None:
        """Close every connection."""
        self._pool.close()

    def __enter__(self) -> Fetcher:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def fetch(self, url: str, kinds: Sequence[str] = PAGES, etag: str = "", last_modified: str = "") -> Fetched:
        """Return what is at an address, if it is of one of these content types and its robots.txt lets us.

        With `etag` or `last_modified` of an earlier answer, an unchanged page comes back as `unchanged`. Raises
        FetchError with the reason.
        """
        headers = {"If-None-Match": etag, "If-Modified-Since": last_modified}
        given = {name: value for name, value in headers.items() if value}
        self._guard.deadline = time.monotonic() + self._limits.seconds
        return self._persist(_parsed(url), given, kinds, self._limits.size, robots=True)

    def _persist(
        self, url: httpx.URL, headers: dict[str, str], kinds: Sequence[str], size: int, robots: bool
    ) -> Fetched:
        """Try again what may pass, as long as time and attempts last."""
        for attempt in range(self._limits.attempts):
            try:
                return self._follow(url, headers, kinds, size, robots)
            except _PassingError as error:
                wait = self._limits.backoff * 2**attempt if error.wait is None else error.wait
                last = attempt + 1 == self._limits.attempts
                if last or time.monotonic() + wait > self._guard.deadline:
                    raise FetchError(str(error), error.status) from None
                time.sleep(wait)
        raise AssertionError("no attempt is allowed")

    def _follow(
        self, url: httpx.URL, headers: dict[str, str], kinds: Sequence[str], size: int, robots: bool
    ) -> Fetched:
        for _ in range(self._limits.redirects + 1):
            self._check(url)
            delay = self._ask_robots(url) if robots else self._limits.pause
            self._wait(url.host, delay)
            found = self._ask(url, headers, kinds, size)
            if isinstance(found, Fetched):
                return found
            url = found
        raise FetchError(f"redirects more than {self._limits.redirects} times")

    def _check(self, url: httpx.URL) -> None:
        if url.scheme not in ("http", "https"):
            raise FetchError(f"not a web address: only http and https are fetched, not {url.scheme or 'a bare name'}")
        if not url.host:
            raise FetchError("not a web address: it names no host")
        if url.userinfo:
            raise FetchError("its address carries a user name or a password; leave them out")
        if url.port not in _PORTS and not self._allow_private:
            raise FetchError(f"port {url.port} is not one of the web's, 80 and 443; others only with allow-private")

    def _ask_robots(self, url: httpx.URL) -> float:
        """Return how many seconds lie between two requests; raises FetchError where robots.txt forbids the page."""
        where = url.copy_with(raw_path=b"/robots.txt")
        if where not in self._rules:
            self._rules[where] = self._robots(where)
        rules = self._rules[where]
        if isinstance(rules, str):
            raise FetchError(rules)
        if not rules.can_fetch(str(url), AGENT):
            raise FetchError("its robots.txt asks programs not to fetch it")
        return max(self._limits.pause, min(rules.crawl_delay(AGENT) or 0.0, _LONGEST_DELAY))

    def _robots(self, where: httpx.URL) -> Protego | str:
        """Return the rules of a host, or why they cannot be had; a host that has none allows everything."""
        try:
            found = self._persist(where, {}, (), _ROBOTS_SIZE, robots=False)
        except FetchError as error:
            if not error.status:  # nobody answered: the page would not come either
                return str(error)
            if 400 <= error.status < 500 and error.status not in _AGAIN:
                return Protego.parse("")
            return f"its robots.txt cannot be read, so it is left alone: {error}"
        return Protego.parse(found.data.decode("utf-8", "replace"))

    def _wait(self, host: str, delay: float) -> None:
        """Leave a host in peace for a while; the waiting is ours and is not counted against its time."""
        wait = self._last.get(host, -delay) + delay - time.monotonic()
        if wait > 0:
            time.sleep(wait)
            self._guard.deadline += wait
        self._last[host] = time.monotonic()

    def _ask(self, url: httpx.URL, headers: dict[str, str], kinds: Sequence[str], size: int) -> Fetched | httpx.URL:
        """Make one request; return the answer, or where it redirects to."""
        ours = {"User-Agent": f"{AGENT}/{__version__}", "Accept": ", ".join(kinds) or "*/*", "Accept-Encoding": "gzip"}
        sent = [(name.encode(), value.encode()) for name, value in (ours | headers).items()]
        timeouts = dict.fromkeys(("connect", "read", "write", "pool"), _STEP)
        try:
            with self._pool.stream("GET", _core(url), headers=sent, extensions={"timeout": timeouts}) as response:
                fields = {
                    name.decode("ascii").lower(): value.decode("utf-8", "replace") for name, value in response.headers
                }
                if response.status in _REDIRECTS and "location" in fields:
                    return _parsed(fields["location"], url)
                if response.status == HTTPStatus.NOT_MODIFIED and headers:
                    return Fetched(str(url), b"", unchanged=True)
                if response.status != HTTPStatus.OK:
                    raise _refusal(response.status, fields)
                kind, charset = _content_type(fields.get("content-type", ""))
                if kind and kinds and kind not in kinds:
                    raise FetchError(f"is of a kind that is not read here: {kind}")
                stamps = (fields.get(name, "") for name in ("etag", "last-modified"))
                etag, last_modified = (stamp if len(stamp) <= _STAMP else "" for stamp in stamps)
                return Fetched(str(url), _body(response, fields, size), kind, charset, etag, last_modified)
        except httpcore.TimeoutException:
            raise _PassingError("does not answer in time") from None
        except httpcore.NetworkError as error:
            raise _PassingError(f"cannot be reached: {_reason(error)}") from None
        except httpcore.ProtocolError as error:
            raise _PassingError(f"the answer breaks off or is not HTTP: {_reason(error)}") from None


class _PassingError(FetchError):
    """A failure that may pass; `wait` is how many seconds the server asks to be left alone, if it does."""

    def __init__(self, reason: str, status: int = 0, wait: float | None = None) -> None:
        super().__init__(reason, status)
        self.wait = wait


class _Guard(httpcore.NetworkBackend):
    """Connects to the very addresses it has checked, and lets no step go on after the deadline."""

    def __init__(self, allow_private: bool, resolve: Resolve, network: httpcore.NetworkBackend) -> None:
        self._allow_private = allow_private
        self._resolve = resolve
        self._network = network
        self.deadline = 0.0

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        failure: Exception = httpcore.ConnectError("no address")
        for address in self._checked(host, port):
            try:
                stream = self._network.connect_tcp(address, port, self.left(timeout), local_address, socket_options)
                return _Timed(stream, self)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure

    def left(self, timeout: float | None) -> float:
        """Return how many seconds a step may take; raises httpcore.ReadTimeout when there are none."""
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise httpcore.ReadTimeout("the time is up")
        return left if timeout is None else min(timeout, left)

    def _checked(self, host: str, port: int) -> Sequence[str]:
        try:
            addresses = self._resolve(host, port)
        except (OSError, UnicodeError) as error:  # UnicodeError: a part of the name is too long
            raise _PassingError(f"its host {host} is not found: {_reason(error)}") from None
        for address in addresses:
            if not is_allowed(address, self._allow_private):
                raise FetchError(f"its host {host} has the address {address}, which is not a public one")
        return addresses


class _Timed(httpcore.NetworkStream):
    """A connection that ends with the deadline: a page sent byte by byte would pass every limit for one step."""

    def __init__(self, stream: httpcore.NetworkStream, guard: _Guard) -> None:
        self._stream = stream
        self._guard = guard

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._guard.left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._guard.left(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        try:
            stream = self._stream.start_tls(ssl_context, server_hostname, self._guard.left(timeout))
        except httpcore.ConnectError as error:
            raise FetchError(f"no secure connection: {_reason(error)}") from None
        return _Timed(stream, self._guard)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def is_allowed(address: str, allow_private: bool = False) -> bool:
    """Whether an address may be connected to: a public one, or any but link-local, multicast and the like.

    An IPv6 address that stands for an IPv4 one (mapped, 6to4, NAT64) is judged by that one.
    """
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        within = (
            ip.ipv4_mapped or ip.sixtofour or (ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF) if ip in _NAT64 else None)
        )
        if within:
            return is_allowed(str(within), allow_private)
    if ip.is_link_local or ip.is_multicast or ip.is_unspecified:
        return False
    if allow_private:
        return not ip.is_reserved or ip.is_loopback
    return ip.is_global and not ip.is_reserved and (ip.version == 4 or ip in _UNICAST)


def unpacked(data: bytes, size: int) -> bytes:
    """Return gzip data unpacked; raises FetchError when it is damaged or has more than `size` bytes."""
    unpacker = _Unpacker(size)
    plain = unpacker.add(data)
    unpacker.finish()
    return plain


class _Unpacker:
    """Unpacks gzip, piece by piece and never more of it than is allowed."""

    def __init__(self, size: int) -> None:
        self._size = self._left = size
        self._unpack = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)

    def add(self, piece: bytes) -> bytes:
        try:
            plain = self._unpack.decompress(piece, self._left + 1)
        except zlib.error:
            raise FetchError("is packed in a way that cannot be unpacked") from None
        self._left -= len(plain)
        if self._left < 0:
            raise _too_large(self._size)
        return plain

    def finish(self) -> None:
        if not self._unpack.eof:
            raise _PassingError("the answer breaks off")
        if self._unpack.unused_data.strip(b"\0"):
            raise FetchError("is packed in more than one piece")


def _body(response: httpcore.Response, fields: dict[str, str], size: int) -> bytes:
    length, packing = fields.get("content-length", ""), fields.get("content-encoding", "identity").strip().lower()
    if length.isdecimal() and int(length) > size:
        raise _too_large(size)
    if packing not in ("identity", "gzip", "x-gzip"):
        raise FetchError(f"is packed as {packing[:20]}, which was not asked for")
    unpacker = _Unpacker(size) if packing != "identity" else None
    data, sent = bytearray(), 0
    for piece in response.iter_stream():
        sent += len(piece)
        if sent > size:
            raise _too_large(size)
        data += unpacker.add(piece) if unpacker else piece
    if unpacker:
        unpacker.finish()
    return bytes(data)


def _too_large(size: int) -> FetchError:
    return FetchError(f"larger than {size / 1_000_000:g} MB", HTTPStatus.OK)


def _refusal(status: int, fields: dict[str, str]) -> FetchError:
    """Return the error of an answer that is no page."""
    try:
        phrase = f" ({HTTPStatus(status).phrase})"
    except ValueError:
        phrase = ""
    reason = f"the server answers {status}{phrase}"
    return _PassingError(reason, status, _retry_after(fields)) if status in _AGAIN else FetchError(reason, status)


def _retry_after(fields: dict[str, str]) -> float | None:
    """Return the seconds of a Retry-After, written as a number or as a date."""
    value = fields.get("retry-after", "").strip()
    if value.isdecimal():
        return float(value[:9])
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except (ValueError, OverflowError):
        return None


def _content_type(value: str) -> tuple[str, str]:
    message = Message()
    message["content-type"] = value[:200]
    return message.get_content_type() if "/" in value else "", message.get_content_charset("")


def _parsed(url: str, base: httpx.URL | None = None) -> httpx.URL:
    """Return an address taken apart, without its fragment, which servers do not see."""
    if len(url) > MAX_URL:
        raise FetchError(f"its address is longer than {MAX_URL} characters")
    try:
        parsed = (base.join(url) if base else httpx.URL(url.strip())).copy_with(fragment=None)
        if (parsed.port or 0) > _LAST_PORT:
            raise ValueError(f"there is no port {parsed.port}")
        return parsed
    except (httpx.InvalidURL, ValueError) as error:
        raise FetchError(f"not a web address: {_reason(error)}") from None


def _core(url: httpx.URL) -> httpcore.URL:
    return httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)


def _addresses(host: str, port: int) -> Sequence[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(where[0]) for *_, where in found))


def _reason(error: BaseException) -> str:
    """Return what an error says, in a few words."""
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return " ".join(str(text).split())[:150]
