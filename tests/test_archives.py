"""Archives, good and hostile: their members are read as if they lay in a folder, and nothing leads out."""

from __future__ import annotations

import gzip
import io
import stat
import struct
import tarfile
import zipfile
import zlib
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa import archives
from qa.records import Article
from tests import files
from tests.files import BODY, PAGE, STORY, all_of, article, file, reason

FRONT = f"---\nid: murree\ntitle: Generals meet\n---\n{BODY}"
MEMBERS: dict[str, str | bytes] = {
    "news/a.md": FRONT,
    "news/b.html": PAGE,
    "c.jsonl": f'{{"text": "{BODY}"}}\nnonsense',
    "README.md": "Read me first.",
    ".hidden/d.md": FRONT,
    "photo.jpg": b"\xff\xd8",
}


def packed(kind: str, members: dict[str, str | bytes]) -> bytes:
    modes = {".tar": "w", ".tar.gz": "w:gz", ".tgz": "w:gz", ".tar.bz2": "w:bz2"}
    return files.zipped(members) if kind == ".zip" else files.tarred(members, modes[kind])


@pytest.mark.parametrize("kind", [".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2"])
def test_members_are_read_as_if_they_lay_in_a_folder(kind: str, tmp_path: Path) -> None:
    path = file(tmp_path, packed(kind, MEMBERS), "news" + kind)
    found = all_of(path)
    assert list(found) == ["/news/a.md", "/news/b.html", "/c.jsonl:1", "/c.jsonl:2"]
    first, page, line, told = found.values()
    assert isinstance(first, Article) and isinstance(page, Article) and isinstance(line, Article)
    assert (first.id, first.title, first.text) == ("murree", "Generals meet", BODY)
    assert page.id.startswith("b-") and page.text.split("\n\n") == list(STORY)
    assert isinstance(told, str) and told.startswith("not a line of JSON")
    assert all_of(path) == found
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("kind", [".zip", ".tar.gz"])
def test_an_archive_in_a_folder_is_read_with_it(kind: str, tmp_path: Path) -> None:
    file(tmp_path, packed(kind, {"a.md": FRONT}), "old" + kind)
    assert list(all_of(tmp_path)) == [f"/old{kind}/a.md"]


@pytest.mark.parametrize("kind", [".zip", ".tar"])
def test_an_archive_without_articles_is_told(kind: str, tmp_path: Path) -> None:
    told = reason(file(tmp_path, packed(kind, {"photo.jpg": b"x"}), "a" + kind))
    assert told.startswith("the archive holds no article files (.md, ")


@pytest.mark.parametrize("kind", [".zip", ".tar"])
def test_an_archive_inside_an_archive_is_told(kind: str, tmp_path: Path) -> None:
    inner = files.zipped({"a.md": FRONT})
    found = all_of(file(tmp_path, packed(kind, {"inner.zip": inner, "b.md": FRONT}), "a" + kind))
    assert found["/inner.zip"] == "an archive inside an archive; unpack the outer one first"
    assert isinstance(found["/b.md"], Article)


@pytest.mark.parametrize("kind", [".zip", ".tar"])
@pytest.mark.parametrize("name", ["../a.md", "news/../../a.md", "/etc/a.md", "news\\..\\a.md"])
def test_names_that_lead_out_are_rejected(kind: str, name: str, tmp_path: Path) -> None:
    found = all_of(file(tmp_path, packed(kind, {name: FRONT, "b.md": FRONT}), "a" + kind))
    assert "its name leads out of the archive" in found.values()
    assert isinstance(found["/b.md"], Article)


def test_names_with_hidden_characters_are_shown_without_them(tmp_path: Path) -> None:
    name = "a\u202egnp\u200b\nb.md"
    assert list(all_of(file(tmp_path, files.zipped({name: FRONT}), "a.zip"))) == ["/agnp b.md"]


def test_what_is_no_file_in_a_tar_is_rejected(tmp_path: Path) -> None:
    kinds = {
        "link.md": tarfile.SYMTYPE,
        "hard.md": tarfile.LNKTYPE,
        "device.md": tarfile.CHRTYPE,
        "pipe.md": tarfile.FIFOTYPE,
    }
    members: dict[str, str | bytes | tarfile.TarInfo] = {"a.md": FRONT}
    for name, kind in kinds.items():
        members[name] = tarfile.TarInfo(name)
        members[name].type = kind  # type: ignore[union-attr]
        members[name].linkname = "/etc/passwd"  # type: ignore[union-attr]
    found = all_of(file(tmp_path, files.tarred(members), "a.tar"))
    assert isinstance(found.pop("/a.md"), Article)
    assert list(found.values()) == [*["a link, which is not followed"] * 2, *["not a regular file"] * 2]


def test_a_link_in_a_zip_is_rejected(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as made:
        link = zipfile.ZipInfo("link.md")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        made.writestr(link, "/etc/passwd")
    assert reason(tmp_path / "a.zip") == "a link, which is not followed"


# -- bombs


@pytest.mark.usefixtures("bounded")
def test_a_member_that_unpacks_to_too_much_is_rejected(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("good.md", FRONT)
        with made.open("bomb.md", "w", force_zip64=True) as member:
            for _ in range(60):
                member.write(bytes(1_000_000))
    found = all_of(tmp_path / "a.zip")
    assert isinstance(found["/good.md"], Article)
    assert str(found["/bomb.md"]).startswith("it unpacks to more than 100 times its size")


@pytest.mark.usefixtures("bounded")
def test_many_members_that_unpack_to_too_much_are_rejected(tmp_path: Path) -> None:
    members = {f"{n}.md": FRONT + "\n\n" + "x" * 5_000_000 for n in range(8)}
    told = [item for item in all_of(file(tmp_path, files.zipped(members), "a.zip")).values() if isinstance(item, str)]
    assert told and all("100 times" in item or "more than 5 MB" in item for item in told)


@pytest.mark.usefixtures("bounded")
@pytest.mark.parametrize("kind", [".tar.gz", ".tar.bz2"])
def test_a_tar_that_unpacks_to_too_much_is_rejected(kind: str, tmp_path: Path) -> None:
    data = packed(kind, {"a.md": FRONT, "b.jpg": bytes(80_000_000), "c.md": FRONT})
    first, told = all_of(file(tmp_path, data, "a" + kind)).values()
    assert isinstance(first, Article)
    assert str(told).startswith("it unpacks to more than 100 times its size")


@pytest.mark.usefixtures("bounded")
def test_a_header_that_claims_much_is_not_believed(tmp_path: Path) -> None:
    header = tarfile.TarInfo("long")
    header.type, header.size = tarfile.XHDTYPE, 8_000_000_000
    told = reason(file(tmp_path, header.tobuf() + bytes(10_000), "a.tar"))
    assert "damaged" in told
    whole = files.zipped({"a.md": FRONT})
    end = whole.rindex(b"PK\5\6")
    lying = whole[: end + 12] + struct.pack("<L", 0xFFFFFFF0) + whole[end + 16 :]
    assert "damaged" in reason(file(tmp_path, lying, "b.zip"))


def test_too_many_members_are_rejected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MAX_MEMBERS", 2)
    for kind in (".zip", ".tar"):
        found = all_of(file(tmp_path, packed(kind, {f"{n}.md": FRONT for n in range(3)}), "a" + kind))
        assert found.popitem() == ("", "the archive has more than 2 members; split it")


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_members_packed_without_bounds_are_rejected(method: int, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w", method) as made:
        made.writestr("a.md", FRONT)
    assert reason(tmp_path / "a.zip").startswith("packed in an unusual way")


def test_locked_and_damaged_members_are_told(tmp_path: Path) -> None:
    whole = files.zipped({"a.md": FRONT, "b.md": FRONT})
    for place, message in ((whole.index(b"PK\1\2") + 8, "it needs a password"), (60, "it is damaged: ")):
        data = whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :]
        if "password" in message:
            data = data[:6] + bytes([data[6] ^ 1]) + data[7:]
        found = all_of(file(tmp_path, data, "a.zip"))
        assert str(found["/a.md"]).startswith(message)
        assert isinstance(found["/b.md"], Article)


# -- web archives

HTML = "Content-Type: text/html"


@pytest.mark.parametrize("name", ["a.warc", "a.warc.gz"])
def test_the_pages_of_a_web_archive_are_read(name: str, tmp_path: Path) -> None:
    chunked = b"%x\r\n" % len(PAGE.encode()) + PAGE.encode() + b"\r\n0\r\n\r\n"
    records = [
        files.warc("https://example.org/murree.html?page=1", PAGE.encode()),
        files.warc("https://example.org/photo.jpg", b"\xff\xd8", "Content-Type: image/jpeg"),
        files.warc("https://example.org/gone", PAGE.encode(), status="404 Not Found"),
        files.warc("https://example.org/empty", b""),
        files.warc("https://example.org/b", zlib.compress(PAGE.encode()), f"{HTML}\r\nContent-Encoding: deflate"),
        files.warc("https://example.org/c", chunked, f"{HTML}\r\nTransfer-Encoding: chunked"),
        files.warc(
            "https://example.org/d",
            PAGE.replace("Murree", "Kōhat").encode("utf-16-le"),
            "Content-Type: text/html; charset=utf-16-le",
        ),
    ]
    data = b"".join(map(gzip.compress, records) if name.endswith(".gz") else records)
    found = all_of(file(tmp_path, data, name))
    assert list(found) == [f"/https://example.org/{name}" for name in ("murree.html?page=1", "empty", "b", "c", "d")]
    first, empty, *others = found.values()
    assert isinstance(first, Article)
    assert first.id.startswith("murree-") and first.url == "https://example.org/murree.html?page=1"
    assert (first.published, first.outlet) == (date(2012, 3, 29), "The Hill Gazette")
    assert empty == "the file is empty"
    assert [isinstance(item, Article) and item.title.split()[-1] for item in others] == ["Murree", "Murree", "Kōhat"]


def test_a_page_has_one_id_in_every_web_archive(tmp_path: Path) -> None:
    data = files.warc("https://example.org/murree.html", PAGE.encode())
    assert article(file(tmp_path, data, "a.warc")).id == article(file(tmp_path, data, "b.warc")).id


@pytest.mark.usefixtures("bounded")
def test_hostile_web_archives_end_in_a_rejection(tmp_path: Path) -> None:
    good = files.warc("https://example.org/murree.html", PAGE.encode())
    bomb = gzip.compress(files.warc("https://example.org/bomb", b"<p>" + b"x" * 80_000_000))
    told = reason(file(tmp_path, bomb, "a.warc.gz"))
    assert told.startswith("it unpacks to more than 100 times its size")
    inner = files.warc("https://example.org/b", gzip.compress(bytes(200_000_000)), f"{HTML}\r\nContent-Encoding: gzip")
    large = files.warc("https://example.org/c", b"x" * 50_000_001)
    found = all_of(file(tmp_path, inner + large + good, "b.warc"))
    assert list(found.values())[:2] == ["larger than 50 MB"] * 2
    assert isinstance(found["/https://example.org/murree.html"], Article)
    for data in (b"nonsense", b"WARC/1.0\r\nX: " + b"x" * 1_000_000):
        assert "damaged" in reason(file(tmp_path, data, "c.warc"))
    assert isinstance(next(iter(all_of(file(tmp_path, good + b"nonsense", "d.warc")).values())), Article)


@given(st.binary(max_size=200), st.integers(0, 2000), st.sampled_from([".zip", ".tar", ".tar.gz", ".tar.bz2", ".warc"]))
def test_any_bytes_in_an_archive_end_well(
    tmp_path_factory: pytest.TempPathFactory, junk: bytes, place: int, kind: str
) -> None:
    whole = files.warc("http://a/", PAGE.encode()) if kind == ".warc" else packed(kind, MEMBERS)
    for data in (junk, whole[:place] + junk + whole[place + len(junk) :], whole[:place]):
        assert all_of(file(tmp_path_factory.getbasetemp(), data, "any" + kind))


def test_a_zip_in_memory_is_not_closed_over(tmp_path: Path) -> None:
    data = io.BytesIO(files.zipped({"a.md": FRONT}))
    for _ in range(2):
        data.seek(0)
        assert [name for name, _ in archives.zip_members(data, wanted=lambda name: True)] == ["a.md"]
