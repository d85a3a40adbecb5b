"""The speed jobs of the gguf_metadata kata."""

import random
import tempfile
from functools import cache
from pathlib import Path

from fixtures.jobs import Job, job
from fixtures.katas.gguf_metadata.gguf_bytes import ARRAY, STRING, GGUFBytes

TOKENS = 150_000
FOLDER = tempfile.TemporaryDirectory()  # removed when the process ends


@cache  # a benchmark prepares its job several times
def vocabulary() -> tuple[Path, dict]:
    """Write a vocabulary of a byte-level BPE, tokens and merges; return its path and what it says."""
    rng = random.Random(0)
    tokens = [
        "".join(rng.choices("etaoinshrdluETAOINĠĠéß中", k=rng.choice((1, 2, 3, 4, 5, 6, 6, 7, 8, 9, 11, 14))))
        for _ in range(TOKENS)
    ]
    wanted = {
        "general.architecture": "qwen2",
        "tokenizer.ggml.tokens": tokens,
        "tokenizer.ggml.merges": [f"{token[:-1]} {token[-1]}" for token in tokens],
    }
    make, kvs = GGUFBytes(), []
    for key, value in wanted.items():
        if isinstance(value, str):
            kvs.append(make.kv(key, STRING, make.string(value)))
        else:
            kvs.append(make.kv(key, ARRAY, make.array(STRING, [make.string(text) for text in value])))
    path = Path(FOLDER.name) / "vocabulary.gguf"
    path.write_bytes(make.file(*kvs))
    return path, wanted


@job
def vocabulary_of_150_000_tokens() -> Job:
    """All of a large vocabulary as Python strings: 300,000 of them, in 8 MB."""
    path, wanted = vocabulary()

    def gguf_py():
        from gguf import GGUFReader

        def read():
            fields = GGUFReader(path).fields.items()
            return {key: field.contents() for key, field in fields if not key.startswith("GGUF.")}

        return read

    return Job("read_metadata", (path,), lambda: wanted, {"gguf.GGUFReader": gguf_py},
               goal="at least 100 times as fast as gguf.GGUFReader, in at most a tenth of its memory")
