"""Imports run one way, and nothing heavy is loaded before it is needed."""

from __future__ import annotations

import ast
import graphlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("embeddings", "qa", "bot")
# A module may import from its own row and the rows above it.
ORDER = (
    ("records", "errors", "metrics"),
    ("config", "cleaning", "passages", "dates", "stories", "fetching"),
    ("drafts",),
    ("texts", "pages", "pdf", "archives"),
    ("documents", "tables"),
    ("articles",),
    ("sources",),
    ("feeds",),
    ("expressions", "tense", "offices"),
    ("said",),
    ("when",),
    ("schema", "versions", "cues", "citing", "asked"),
    ("database",),
    ("store", "lexical"),
    ("derived",),
    ("library",),
    ("retriever", "salvage", "exchange", "sync", "reader", "confidence", "phrases", "conversation"),
    ("agreement",),
    ("composing",),
    ("assistant", "timeline"),
    ("evaluation", "repl", "rendering"),
    ("arguments",),
    ("cli",),
    ("__main__",),
)
RANK = {f"qa.{name}": rank for rank, names in enumerate(ORDER) for name in names}
TRAINING = "qa.training"
MODEL_LIBRARIES = ("torch", "transformers", "sentence_transformers")
HEAVY = (
    "numpy",
    "onnxruntime",
    "torch",
    "transformers",
    "faiss",
    "tantivy",
    "dateparser",
    "trafilatura",
    "rich",
    "datasketch",
    "httpx",
    "httpcore",
    "feedparser",
    "lxml",
    "protego",
)


def module_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_of(path): path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))}


def imported(tree: ast.AST) -> Iterator[str]:
    """The full names a tree imports, wherever in it; `from a import b` is `a.b` where that is a module."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports hide where an arrow points"
            assert node.module
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                yield whole if whole in MODULES else node.module


def at_module_level(tree: ast.Module) -> Iterator[str]:
    """What importing the module imports: functions and `if TYPE_CHECKING` left out."""
    waiting: list[ast.AST] = list(tree.body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            yield from imported(node)
        elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            waiting += node.orelse
        elif not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            waiting += ast.iter_child_nodes(node)


def tree_of(module: str) -> ast.Module:
    return ast.parse(MODULES[module].read_text(encoding="utf-8"))


def own_imports(module: str) -> set[str]:
    return {name for name in imported(tree_of(module)) if name.split(".")[0] in PACKAGES}


def test_every_module_of_qa_has_a_place_in_the_order() -> None:
    assert {m for m in MODULES if m.startswith("qa.") and not m.startswith(TRAINING)} == set(RANK)


@pytest.mark.parametrize("module", MODULES)
def test_packages_import_only_packages_below(module: str) -> None:
    package = module.split(".", maxsplit=1)[0]
    below = PACKAGES[: PACKAGES.index(package) + 1]
    assert {name for name in own_imports(module) if name.split(".")[0] not in below} == set()


@pytest.mark.parametrize("module", sorted(RANK))
def test_no_arrow_inside_qa_points_back(module: str) -> None:
    assert {name for name in own_imports(module) if RANK.get(name, 0) > RANK[module]} == set()


def test_there_are_no_circles() -> None:
    # The packages' own __init__ only forward names; everything else must be a tree of layers.
    graph = {module: own_imports(module) for module in MODULES if module not in PACKAGES}
    tuple(graphlib.TopologicalSorter(graph).static_order())


def test_only_training_knows_training() -> None:
    guilty = {m for m in MODULES if not m.startswith(TRAINING) for n in own_imports(m) if n.startswith(TRAINING)}
    assert guilty == set()


@pytest.mark.parametrize(
    "module", [m for m in MODULES if m != "embeddings.export" and not m.startswith(TRAINING)], ids=str
)
def test_model_libraries_are_imported_late(module: str) -> None:
    roots = {name.split(".")[0] for name in at_module_level(tree_of(module))}
    assert roots.isdisjoint(MODEL_LIBRARIES)


@pytest.mark.parametrize("module", ["qa", "qa.cli"])
def test_importing_costs_nothing(module: str) -> None:
    program = f"import sys, {module}; print(*sorted({{m.split('.')[0] for m in sys.modules}}))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, check=True)
    assert set(done.stdout.split()).isdisjoint(HEAVY)


@pytest.mark.parametrize("module", ["qa.library", "qa.retriever", "qa.assistant"])
def test_answering_loads_neither_torch_nor_what_fetches_pages(module: str) -> None:
    program = f"import sys, {module}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, check=True)
    assert set(done.stdout.split()).isdisjoint((*MODEL_LIBRARIES, "httpx", "httpcore", "protego", "feedparser"))


def test_everything_public_can_be_had() -> None:
    import qa

    for name in qa.__all__:
        assert getattr(qa, name).__name__ == name
    with pytest.raises(AttributeError, match="no attribute 'Oracle'"):
        _ = qa.Oracle
