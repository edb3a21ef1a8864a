"""Conversations on disk: kept over a restart, forgotten when asked, moved aside when damaged."""

from __future__ import annotations

import dataclasses
import sqlite3
import time
from datetime import date
from pathlib import Path

import pytest

from bot.chats import Chats, Forgotten
from bot.database import ChatsError, Database
from bot.quotas import Limit, Quotas
from bot.settings import Settings
from qa.records import Answer, Citation, Mention
from tests.bot_scenes import CITATION

MENTION = Mention(0, 4, date(2012, 7, 30), date(2012, 8, 5))
FULL = Answer(
    "When?",
    True,
    "then",
    "q",
    0.9,
    (dataclasses.replace(CITATION, mentions=(MENTION,), also=("AFP",)),),
    "r",
    "n",
    True,
)


def answer(question: str) -> Answer:
    return Answer(question, False, None, "", 0.0)


def keep(chats: Chats, question: str, chat: int = 7, user: int = 7, message: int = 1) -> int:
    return chats.remember(chat, user, message, answer(question), "v", 0.1).id


def test_an_answer_comes_back_as_it_was_after_a_restart(tmp_path: Path) -> None:
    first = Database(tmp_path / "chats.db")
    kept = Chats(first).remember(7, 8, 9, FULL, "0.1/4", 0.5)
    Chats(first).sent(kept.id, [10, 11])
    first.close()
    again = Database(tmp_path / "chats.db")
    chats = Chats(again)
    assert chats.history(7) == (FULL,)
    assert chats.answered(7, 9) == chats.shared(kept.token) == dataclasses.replace(kept, replies=(10, 11))
    assert chats.kept(kept.id, 7) is not None
    assert chats.kept(kept.id, 8) is None  # another chat's buttons name nothing here
    again.close()


def test_a_chat_keeps_its_last_answers_in_the_order_of_its_messages() -> None:
    chats = Chats(turns=2)
    for message, question in ((1, "a"), (2, "b"), (3, "c")):
        keep(chats, question, message=message)
    keep(chats, "b, edited", message=2)
    assert [a.question for a in chats.history(7)] == ["b, edited", "c"]
    assert [a.question for a in chats.history(7, before=3)] == ["a", "b, edited"]


def test_a_reset_ends_the_conversation_and_keeps_the_buttons_working() -> None:
    chats = Chats()
    number = keep(chats, "a")
    chats.reset(7)
    assert chats.history(7) == ()
    assert chats.kept(number, 7) is not None


def test_forgetting_deletes_what_is_stored_about_one_person_from_the_file(tmp_path: Path) -> None:
    db = Database(tmp_path / "chats.db")
    chats = Chats(db)
    mine = keep(chats, "my-secret-question", chat=-1, user=7, message=1)
    theirs = keep(chats, "another", chat=-1, user=8, message=2)
    chats.vote(mine, 7, True)
    chats.vote(mine, 8, True)
    chats.vote(theirs, 7, False)
    chats.speak(7, "ur")
    chats.open_list(7, 7, "latest", "my-secret-topic")
    assert chats.forget(7) == Forgotten(1, 2, True)
    assert chats.forget(7) == Forgotten(0, 0, False)
    assert [a.question for a in chats.history(-1)] == ["another"]
    assert chats.language(7) == ""
    assert not [file for file in tmp_path.iterdir() if b"my-secret" in file.read_bytes()]
    db.close()


def test_what_is_older_than_the_keeper_wants_is_deleted(monkeypatch: pytest.MonkeyPatch) -> None:
    chats = Chats()
    with monkeypatch.context() as patch:
        old = time.time() - 40 * 86_400
        patch.setattr(time, "time", lambda: old)
        chats.vote(keep(chats, "old"), 7, True)
    keep(chats, "new", message=2)
    chats.tidy(30)
    assert [a.question for a in chats.history(7)] == ["new"]
    assert chats.statistics(0).questions == 1
    assert chats.statistics(0).up == 0


def test_questions_refusals_seconds_and_votes_are_counted() -> None:
    chats = Chats()
    numbers = [
        chats.remember(7, user, i, dataclasses.replace(FULL, answered=user == 7), "v", i / 10).id
        for i, user in enumerate((7, 7, 7, 8))
    ]
    chats.vote(numbers[0], 7, True)
    chats.vote(numbers[0], 7, False)
    chats.vote(numbers[1], 8, True)
    found = chats.statistics(0)
    assert (found.questions, found.refusals, found.up, found.down, found.people, found.chats) == (4, 1, 1, 1, 2, 1)
    assert (found.median, found.high) == (0.2, 0.3)
    assert chats.statistics(time.time() + 1).questions == 0


def test_a_damaged_file_is_moved_aside_and_a_new_one_begins(tmp_path: Path) -> None:
    file = tmp_path / "chats.db"
    file.write_bytes(b"SQLite format 3\x00" + b"rubbish" * 1000)
    db = Database(file)
    keep(Chats(db), "a")
    assert db.moved is not None
    assert db.moved.read_bytes().endswith(b"rubbish")
    db.close()


def test_a_page_damaged_in_the_middle_is_noticed_at_the_start(tmp_path: Path) -> None:
    file = tmp_path / "chats.db"
    db = Database(file)
    for i in range(200):
        keep(Chats(db), "a question of some length " * 20, message=i)
    db.close()
    data = bytearray(file.read_bytes())
    data[8192:12288] = b"\xff" * 4096
    file.write_bytes(data)
    again = Database(file)
    assert again.moved is not None
    assert Chats(again).history(7) == ()
    again.close()


def test_a_file_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "chats.db"
    Database(file).close()
    with sqlite3.connect(file) as db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    with pytest.raises(ChatsError, match="newer version"):
        Database(file)
    assert list(tmp_path.glob("*.damaged-*")) == []


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(ChatsError, match="cannot"):
        Database(tmp_path / "file" / "chats.db")


class Clock:
    def __init__(self) -> None:
        self.now = time.time()

    def __call__(self) -> float:
        return self.now


def test_quotas_count_by_minute_by_day_and_for_everyone() -> None:
    clock = Clock()
    settings = Settings(questions_per_minute=2, questions_per_day=3, questions_per_day_all=5, admins=(1,))
    quotas = Quotas(settings, Chats(), clock)
    assert [quotas.spend(7) for _ in range(2)] == [None, None]
    assert quotas.spend(7) == Limit("minute", 2, 60)
    clock.now += 61
    assert quotas.spend(7) is None
    assert quotas.spend(7) == Limit("day", 3, 86_400 - 61)
    assert [quotas.spend(8), quotas.spend(8)] == [None, None]
    assert quotas.spend(9) == Limit("everyone", 5, 86_400 - 61)
    assert quotas.spend(1) is None  # admins have no limit
    clock.now += 86_400
    assert quotas.spend(7) is None


def test_a_limit_outlives_a_restart_and_forgetting_does_not_lift_it() -> None:
    chats = Chats()
    for i in range(2):
        keep(chats, "q", message=i)
    settings = Settings(questions_per_minute=0, questions_per_day=3)
    quotas = Quotas(settings, chats)
    assert quotas.spend(7) is None
    chats.forget(7)
    assert quotas.spend(7) is not None


def test_citations_without_a_date_come_back() -> None:
    chats = Chats()
    undated = Citation(1, "a", "T", "O", None, "", 0, 1, "Q")
    chats.remember(1, 1, 1, dataclasses.replace(FULL, citations=(undated,)), "v", 0.1)
    assert chats.history(1)[0].citations == (undated,)
