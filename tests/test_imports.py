"""Imports run one way, and nothing heavy stands on the way to `--help`."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
# Each module may import those before it.
ORDER = (
    "embeddings", "qa.errors", "qa.records", "qa.config", "qa.dates", "qa.cleaning", "qa.articles", "qa.passages",
    "qa.phrases", "qa.confidence", "qa.conversation", "qa.store", "qa.lexical", "qa.library", "qa.reader",
    "qa.retriever", "qa.assistant", "qa.metrics", "qa.evaluation", "qa.rendering", "qa.repl", "qa.cli",
    "qa.training", "bot",
)  # fmt: skip
HEAVY = ("torch", "transformers", "sentence_transformers")


def imports(path: Path) -> list[tuple[str, bool]]:
    """Return (module, whether at module level) for every import of a file."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    top = {id(node) for node in tree.body}
    found: list[tuple[str, bool]] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [(alias.name, id(node) in top) for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [f"{node.module}.{alias.name}" for alias in node.names] if node.module == "qa" else [node.module]
            found += [(name, id(node) in top) for name in names]
    return found


def rank(module: str) -> int | None:
    places = [i for i, name in enumerate(ORDER) if module == name or module.startswith(f"{name}.")]
    return places[0] if places else None


def sources() -> list[tuple[str, Path]]:
    files = [p for folder in ("embeddings", "qa", "bot") for p in (ROOT / folder).rglob("*.py")]
    return [(".".join(p.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"), p) for p in files]


def test_every_arrow_points_one_way() -> None:
    back = [
        f"{module} imports {name}"
        for module, path in sources()
        if module not in ("qa", "qa.__main__")  # the public names, loaded when asked for
        for name, _ in imports(path)
        if (mine := rank(module)) is not None and (other := rank(name)) is not None and other > mine
    ]
    assert back == []


def test_every_module_has_its_place_in_the_order() -> None:
    assert [m for m, _ in sources() if rank(m) is None and m not in ("qa", "qa.__main__")] == []


def test_torch_is_imported_only_where_models_are_made_or_foreign() -> None:
    early = [
        (module, name)
        for module, path in sources()
        for name, top in imports(path)
        if top and name.split(".")[0] in HEAVY and not module.startswith("qa.training")
    ]
    assert early == []


def test_the_command_line_loads_nothing_heavy() -> None:
    code = (
        "import sys, qa.cli; print([m for m in ('numpy','torch','rich','onnxruntime','tantivy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
