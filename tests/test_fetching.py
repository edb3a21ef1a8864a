"""Fetching, from a site that misbehaves in each way there is."""

from __future__ import annotations

import dataclasses
import gzip
import ipaddress
import re
import ssl
import time
import zlib
from collections.abc import Iterator, Sequence
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest
import trustme
from hypothesis import given
from hypothesis import strategies as st

from qa.errors import FetchError
from qa.fetching import FEEDS, Fetched, Fetcher, is_allowed, unpacked
from tests.web_site import NAME, PUBLIC, QUICK, Misbehaviour, Net, Page, Pages, Site, fetcher, names

URL = f"http://{NAME}/a"


@pytest.fixture(scope="module", autouse=True)
def authority(tmp_path_factory: pytest.TempPathFactory) -> Iterator[trustme.CA]:
    """The one authority that is trusted here."""
    authority = trustme.CA()
    trusted = tmp_path_factory.mktemp("tls") / "authority.pem"
    authority.cert_pem.write_to_path(str(trusted))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSL_CERT_FILE", str(trusted))
        yield authority


def got(pages: Pages) -> Fetched:
    with Site(pages) as site, fetcher(site) as client:
        return client.fetch(URL)


def refusal(client: Fetcher, *what: Any) -> str:
    """Why something is not fetched."""
    with pytest.raises(FetchError) as caught:
        client.fetch(*what)
    return str(caught.value)


def refused(pages: Pages) -> str:
    with Site(pages) as site, fetcher(site) as client:
        return refusal(client, URL)


def redirect(to: str, status: int = 302) -> Page:
    return Page(status=status, headers={"Location": to})


def raw(*pieces: bytes, pause: float = 0.0) -> Misbehaviour:
    """Send these bytes and no others, then hang up."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        for piece in pieces:
            handler.wfile.write(piece)
            handler.wfile.flush()
            time.sleep(pause)
        handler.close_connection = True

    return answer


# -- what is fetched


def test_a_page_comes_with_its_address_kind_and_version() -> None:
    page = Page("<p>Füße</p>", kind="text/html; charset=UTF-8", headers={"ETag": '"1"', "Last-Modified": "yesterday"})
    found = got({"/a": page})
    assert found == Fetched(URL, "<p>Füße</p>".encode(), "text/html", "utf-8", '"1"', "yesterday")


def test_the_program_says_who_it_is_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    with Site({"/a": Page("x", headers={"Set-Cookie": "id=1"})}) as site, fetcher(site) as client:
        client.fetch(f"{URL}#part")
        client.fetch(URL)
        assert site.asked == ["/robots.txt", "/a", "/a"]
        for headers in site.seen:
            assert headers["host"] == NAME
            assert headers["user-agent"].startswith("talks-qa/")
            assert set(headers) <= {"host", "user-agent", "accept", "accept-encoding"}


def test_a_page_that_has_not_changed_is_not_sent_again() -> None:
    with Site({"/a": Page(status=304)}) as site, fetcher(site) as client:
        found = client.fetch(URL, etag='"1"', last_modified="Wed, 21 Oct 2015 07:28:00 GMT")
        assert found == Fetched(URL, b"", unchanged=True)
        assert site.seen[-1]["if-none-match"] == '"1"'
        assert site.seen[-1]["if-modified-since"] == "Wed, 21 Oct 2015 07:28:00 GMT"
        assert "if-none-match" not in site.seen[0]  # robots.txt is another page
        assert "304" in refusal(client, URL)


def test_a_version_that_is_too_long_to_keep_is_not_kept() -> None:
    assert got({"/a": Page("x", headers={"ETag": "x" * 501, "Last-Modified": "y" * 501})}) == Fetched(
        URL, b"x", "text/html"
    )


def test_redirects_lead_to_the_page_and_its_address() -> None:
    found = got({"/a": redirect("/b?x=1", 301), "/b?x=1": redirect(f"//{NAME}/c#d", 308), "/c": Page("here")})
    assert (found.url, found.data) == (f"http://{NAME}/c", b"here")


def test_packed_pages_are_unpacked() -> None:
    body = b"news " * 1000
    assert got({"/a": Page(gzip.compress(body), headers={"Content-Encoding": "gzip"})}).data == body
    assert unpacked(gzip.compress(body), len(body)) == body


# -- addresses


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("file:///etc/passwd", "only http and https"),
        ("ftp://news.example/a", "only http and https"),
        ("gopher://news.example:80/a", "only http and https"),
        ("news.example/a", "only http and https"),
        ("http:///a", "names no host"),
        ("http://me:secret@news.example/a", "a user name or a password"),
        ("http://news.example:22/a", "port 22 is not one of the web's"),
        ("http://news.example/" + "a" * 2000, "longer than 2000 characters"),
        ("http://news.example/a\nb", "not a web address"),
        ("http://[news]/a", "not a web address"),
        ("http://news.example:99999999/a", "not a web address"),
        (f"http://{'a' * 64}.example/", "is not found"),
    ],
)
def test_an_address_that_is_none_of_the_web_is_refused(url: str, reason: str) -> None:
    with Site({}) as site:
        net = Net(site)
        with pytest.raises(FetchError, match=reason) as caught, Fetcher(limits=QUICK, network=net) as client:
            client.fetch(url)
        assert "secret" not in str(caught.value)
        assert net.tried == []


PRIVATE = (
    "127.0.0.1", "127.8.8.8", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0",  # noqa: S104
    "192.0.0.1", "198.18.0.1", "192.0.2.1", "224.0.0.1", "240.0.0.1", "255.255.255.255",
    "::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fec0::1", "ff02::1", "2001:db8::1", "2001::1", "100::1",
    "::ffff:127.0.0.1", "::ffff:a9fe:a9fe", "::127.0.0.1", "2002:7f00:1::", "2002:a9fe:a9fe::1",
    "64:ff9b::127.0.0.1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::10.0.0.1",
    "4000::1", "no address", "",
)  # fmt: skip


@pytest.mark.parametrize("address", PRIVATE)
def test_a_host_with_an_address_that_is_not_public_is_not_connected_to(address: str) -> None:
    with Site({"/a": Page("secret")}) as site:
        net = Net(site)
        resolve = names(inside_example=f"{PUBLIC},{address}")
        with Fetcher(limits=QUICK, resolve=resolve, network=net) as client:
            assert "not a public one" in refusal(client, "http://inside.example/a")
        assert net.tried == []


@pytest.mark.parametrize("address", [PUBLIC, "1.1.1.1", "2606:4700::1111", "64:ff9b::101:101", "::ffff:1.1.1.1"])
def test_public_addresses_are_connected_to(address: str) -> None:
    assert is_allowed(address)


@pytest.mark.parametrize(
    ("address", "allowed"),
    [("10.0.0.1", True), ("127.0.0.1", True), ("::1", True), ("fc00::1", True), ("2002:a00:1::", True)]
    + [(address, False) for address in ("169.254.169.254", "::ffff:169.254.169.254", "fe80::1", "224.0.0.1", "::")],
)
def test_private_addresses_can_be_allowed_but_never_those_of_the_machinery(address: str, allowed: bool) -> None:
    assert is_allowed(address, allow_private=True) is allowed


@given(st.ip_addresses(v=4))
def test_an_ipv4_address_is_judged_alike_in_every_disguise(address: ipaddress.IPv4Address) -> None:
    number = int(address)
    disguises = (f"::ffff:{address}", f"64:ff9b::{address}", str(ipaddress.IPv6Address((0x2002 << 112) | number << 80)))
    assert {is_allowed(disguise) for disguise in disguises} == {is_allowed(str(address))}


@pytest.mark.parametrize(
    "host", ["2130706433", "0x7f.1", "0177.0.0.1", "127.1", "localhost", "[::1]", "[::ffff:7f00:1]"]
)
def test_no_way_of_writing_this_machine_reaches_it(host: str) -> None:
    with Site({"/a": Page("secret")}) as site:
        net = Net(site)
        with Fetcher(limits=QUICK, network=net) as client, pytest.raises(FetchError, match=r"address|not found"):
            client.fetch(f"http://{host}/a")
        assert net.tried == []


@pytest.mark.parametrize("target", ["http://169.254.169.254/latest", "http://127.0.0.1/a", "//inside.example/a"])
def test_a_redirect_inside_is_not_followed(target: str) -> None:
    with Site({"/a": redirect(target)}) as site, fetcher(site, inside_example="10.0.0.1") as client:
        assert "not a public one" in refusal(client, URL)


@pytest.mark.parametrize("target", ["file:///etc/passwd", "http://u:p@news.example/a", "http://news.example:8080/"])
def test_a_redirect_to_an_address_that_is_none_of_the_web_is_not_followed(target: str) -> None:
    assert "address" in refused({"/a": redirect(target)}) or "port 8080" in refused({"/a": redirect(target)})


def test_a_name_that_changes_its_address_is_connected_to_where_it_was_checked() -> None:
    answers = [[PUBLIC], ["127.0.0.1"]]

    def rebind(host: str, port: int) -> Sequence[str]:
        return answers.pop(0)

    with Site({"/a": raw(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")}) as site:
        net = Net(site)
        with Fetcher(limits=QUICK, resolve=rebind, network=net) as client:
            assert "not a public one" in refusal(client, URL)
        assert net.tried == [(PUBLIC, 80)]


def test_private_addresses_and_other_ports_are_fetched_where_they_are_allowed() -> None:
    pages: Pages = {"/a": Page("inside"), "/b": redirect("http://169.254.169.254/")}
    with Site(pages) as site, Fetcher(allow_private=True, limits=QUICK) as client:
        assert client.fetch(f"http://127.0.0.1:{site.port}/a").data == b"inside"
        assert "not a public one" in refusal(client, f"http://127.0.0.1:{site.port}/b")


def test_a_secure_connection_is_one_to_the_host_that_was_named(authority: trustme.CA) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(NAME).configure_cert(context)
    with Site({"/a": Page("sealed")}, context) as site, fetcher(site, other_example=PUBLIC) as client:
        assert client.fetch(f"https://{NAME}/a").data == b"sealed"
        assert re.search(r"no secure connection: .*certificate", refusal(client, "https://other.example/a"))


# -- sizes and times


def test_redirects_in_a_circle_end() -> None:
    with Site({"/a": redirect("/a")}) as site, fetcher(site) as client:
        assert "more than 5 times" in refusal(client, URL)
        assert site.asked.count("/a") == 6


def endless(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n")
    while True:
        handler.wfile.write(b"more " * 1000)


def drip(start: bytes, piece: bytes = b"a") -> Misbehaviour:
    """Send a beginning, then a byte now and then."""
    return raw(start, *[piece] * 1000, pause=0.05)


BOMB = gzip.compress(b"\0" * 20_000_000)


@pytest.mark.parametrize(
    "page",
    [
        endless,
        Page(b"x" * 100_001),
        Page(headers={"Content-Length": "99999999999"}),
        Page(BOMB, headers={"Content-Encoding": "gzip"}),
    ],
    ids=["endless", "large", "said to be large", "bomb"],
)
def test_what_is_too_large_is_not_read_on(page: Page | Misbehaviour, bounded: None) -> None:
    assert refused({"/a": page}) == "larger than 0.1 MB"


@pytest.mark.parametrize(
    "start",
    [b"", b"HTTP/1.1 200 OK\r\nX-Long: ", b"HTTP/1.1 200 OK\r\n\r\n"],
    ids=["nothing yet", "in the headers", "in the page"],
)
def test_what_comes_drop_by_drop_ends_with_the_time(start: bytes, bounded: None) -> None:
    limits = dataclasses.replace(QUICK, seconds=0.4)
    with Site({"/a": drip(start)}) as site, fetcher(site, limits) as client:
        assert "does not answer in time" in refusal(client, URL)


@pytest.mark.parametrize(
    ("page", "reason"),
    [
        (Page("cut", headers={"Content-Length": "10"}), "breaks off"),
        (raw(b""), "breaks off"),
        (raw(b"SSH-2.0-OpenSSH_9.6\r\n"), "not HTTP"),
        (raw(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 50_000), "not HTTP"),
        (Page(gzip.compress(b"x" * 1000)[:-9], headers={"Content-Encoding": "gzip"}), "breaks off"),
        (Page(b"no gzip", headers={"Content-Encoding": "gzip"}), "cannot be unpacked"),
        (Page(gzip.compress(b"x") * 2, headers={"Content-Encoding": "gzip"}), "more than one piece"),
        (Page(zlib.compress(b"x"), headers={"Content-Encoding": "br"}), "packed as br"),
        (Page("%PDF", kind="application/x-shockwave-flash"), "a kind that is not read here: application/x-shock"),
        (Page("gone", 404), "the server answers 404 (Not Found)"),
        (Page("odd", 799), "the server answers 799"),
        (Page(status=302), "the server answers 302 (Found)"),
        (redirect("http://[broken]/"), "not a web address"),
    ],
)
def test_an_answer_that_is_no_page_is_refused_with_its_reason(page: Page | Misbehaviour, reason: str) -> None:
    assert reason in refused({"/a": page})


def test_one_answer_ends_where_its_length_says() -> None:
    smuggled = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"
    with Site({"/a": raw(smuggled), "/b": Page("good")}) as site, fetcher(site) as client:
        assert client.fetch(URL).data == b"ok"
        assert client.fetch(f"http://{NAME}/b").data == b"good"


# -- manners


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_failure_that_may_pass_is_tried_again(status: int) -> None:
    assert got({"/a": [Page("wait", status), Page("wait", status), Page("now")]}).data == b"now"
    assert f"answers {status}" in refused({"/a": [Page("wait", status)] * 3 + [Page("too late")]})


@pytest.mark.parametrize("soon", ["1", formatdate(time.time() + 2, usegmt=True)])
def test_a_server_that_names_a_time_is_given_it(soon: str) -> None:
    now = time.time()
    if "," in soon:
        soon = formatdate(now + 2, usegmt=True)
    got({"/a": [Page("wait", 429, {"Retry-After": soon}), Page("now")]})
    assert time.time() - now >= 0.9


@pytest.mark.parametrize("late", ["3600", "9" * 400, "Fri, 31 Dec 2199 23:59:59 GMT"])
def test_a_server_that_asks_for_too_long_a_time_is_left_alone(late: str, bounded: None) -> None:
    with Site({"/a": Page("wait", 503, {"Retry-After": late})}) as site, fetcher(site) as client:
        assert "503" in refusal(client, URL)
        assert site.asked.count("/a") == 1


@pytest.mark.parametrize("late", ["soon", "-5", "", "Thu, 01 Jan 1970 00:00:00 GMT"])
def test_a_time_that_means_nothing_is_no_time(late: str) -> None:
    assert got({"/a": [Page("wait", 503, {"Retry-After": late}), Page("now")]}).data == b"now"


ROBOTS = "User-agent: *\nDisallow: /\n\nUser-agent: talks-qa\nDisallow: /private\n"


def test_robots_txt_is_asked_once_and_obeyed() -> None:
    pages: Pages = {
        "/robots.txt": Page(ROBOTS),
        "/a": Page("x"),
        "/to": redirect("/private/b"),
        "/private/b": Page("y"),
    }
    with Site(pages) as site, fetcher(site) as client:
        client.fetch(URL)
        for path in ("private/b", "to"):
            assert re.search(r"robots\.txt asks programs not to", refusal(client, f"http://{NAME}/{path}"))
        assert site.asked == ["/robots.txt", "/a", "/to"]


@pytest.mark.parametrize(
    ("page", "fetched"),
    [
        (Page("nothing", 404), True),
        (Page("go away", 403), True),
        (Page(b"\xff\0Disallow" * 100), True),
        (Page("down", 500), False),
        (Page("x" * 500_001), False),
        (redirect("/rules"), True),
    ],
)
def test_where_robots_txt_cannot_be_read_pages_are_left_alone(page: Page, fetched: bool) -> None:
    pages: Pages = {"/robots.txt": page, "/a": Page("x"), "/rules": Page("")}
    with Site(pages) as site, fetcher(site, dataclasses.replace(QUICK, size=1_000_000)) as client:
        if fetched:
            assert client.fetch(URL).data == b"x"
        else:
            assert re.search(r"its robots\.txt cannot be read", refusal(client, URL))
            assert "/a" not in site.asked


def test_a_host_that_cannot_be_reached_is_told_as_that() -> None:
    with Site({}) as site, fetcher(site) as client:
        assert re.search(r"^cannot be reached: nobody is at 1\.1\.1\.1$", refusal(client, "http://1.1.1.1/a"))
        assert re.search(r"^no secure connection", refusal(client, f"https://{NAME}/a"))


def test_a_host_is_left_in_peace_between_two_pages() -> None:
    pages: Pages = {"/robots.txt": Page("User-agent: *\nCrawl-delay: 0.3"), "/a": Page("x")}
    with Site(pages) as site, fetcher(site, dataclasses.replace(QUICK, seconds=0.5)) as client:
        before = time.monotonic()
        for _ in range(3):  # the waiting is not held against the page
            client.fetch(URL)
        assert time.monotonic() - before >= 0.9


@given(st.text(max_size=60) | st.text(max_size=60).map("http://{}".format))
def test_no_text_is_anything_but_fetched_or_refused(url: str) -> None:
    client = Fetcher(limits=QUICK, resolve=lambda host, port: ["127.0.0.1"])
    with client, pytest.raises(FetchError):
        client.fetch(url)


def test_feeds_have_kinds_of_their_own() -> None:
    with Site({"/a": Page("<rss/>", kind="application/rss+xml")}) as site, fetcher(site) as client:
        assert client.fetch(URL, FEEDS).data == b"<rss/>"
        assert re.search(r"not read here: application/rss\+xml", refusal(client, URL))
