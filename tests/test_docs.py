"""What the documents claim of the tests is so."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_every_test_that_the_security_page_names_is_there() -> None:
    page = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    missing = []
    for row in re.findall(r"^\|.*\| (`.*) \|$", page, re.MULTILINE):
        for file, names in re.findall(r"`([a-z_]+)`((?:(?:: |, )`test_\w+`)*)", row):
            path = ROOT / "tests" / f"test_{file}.py"
            tests = path.read_text(encoding="utf-8") if path.exists() else ""
            missing += [f"{file}: {name}" for name in re.findall(r"test_\w+", names) if f"def {name}(" not in tests]
            missing += [] if tests else [file]
    assert missing == []
