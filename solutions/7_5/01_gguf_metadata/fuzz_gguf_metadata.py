"""Feed the readers mutated files, guided by coverage: they may return or raise GGUFError, nothing else.

    python -m pip install atheris
    python solutions/7_5/01_gguf_metadata/fuzz_gguf_metadata.py -runs=1000000

Starts from the files of fixtures/katas/gguf_metadata/odd_files.py; any argument of libFuzzer may follow. Each
input goes through the plain reader and the fast one, all of it and key by key, and as a value that is read and
skipped. They must agree, and what comes out must stand in proportion to the input. An input that takes 10 s, or
1 GiB of memory, ends the run as a crash would. Linux.
"""

import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import atheris
import numpy as np

FOLDER = Path(__file__).resolve().parent
sys.path[:0] = [str(FOLDER), str(FOLDER.parents[2])]

with atheris.instrument_imports(include=["gguf_metadata", "fast_gguf_metadata"]):
    import fast_gguf_metadata
    import gguf_metadata

from fixtures.katas.gguf_metadata.gguf_bytes import GGUFBytes  # noqa: E402
from fixtures.katas.gguf_metadata.odd_files import MALFORMED, READABLE  # noqa: E402

LARGEST_INPUT = 4096
BYTES_PER_BYTE = 32  # an empty inner array takes 12 bytes in the file and about 120 in memory
IN_MEMORY = os.memfd_create("input")  # read_metadata wants a path
PATH = Path(f"/proc/self/fd/{IN_MEMORY}")


def size_of(value: Any) -> int:
    """Return about how many bytes a value takes in memory."""
    if isinstance(value, list):
        return sys.getsizeof(value) + sum(map(size_of, value))
    return sys.getsizeof(value)  # an array that owns its numbers counts them


def same(one: Any, other: Any) -> bool:
    """Whether two results are equal, NaN included; errors are when they point at the same byte."""
    if isinstance(one, gguf_metadata.GGUFError):
        return isinstance(other, gguf_metadata.GGUFError) and str(one) == str(other)
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict):
        return list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    if isinstance(one, np.ndarray):
        return one.dtype == other.dtype and one.tobytes() == other.tobytes()
    return type(one) is type(other) and (one == other or one != one)


def outcome(function: Any, *arguments: Any, **options: Any) -> Any:
    """Return the result, or the GGUFError."""
    try:
        return function(*arguments, **options)
    except gguf_metadata.GGUFError as error:
        return error


def try_file(data: bytes) -> None:
    """Read one input as a file, with both readers."""
    os.ftruncate(IN_MEMORY, 0)
    os.pwrite(IN_MEMORY, data, 0)
    values = outcome(gguf_metadata.read_metadata, PATH)
    assert same(values, outcome(fast_gguf_metadata.read_metadata, PATH)), "plain and fast disagree"
    if isinstance(values, gguf_metadata.GGUFError):
        assert 0 <= values.offset <= len(data), "the offset lies outside of the file"
        return
    assert size_of(list(values.values())) <= 4096 + BYTES_PER_BYTE * len(data), "far more came out than went in"
    for key in values:
        assert same(fast_gguf_metadata.read_metadata(PATH, key), {key: values[key]}), "one key, another value"


def try_value(data: bytes) -> None:
    """Read the input as one value of the type and byte order that its first byte says."""
    if not data:
        return
    arguments = data, 1, (data[0] >> 1) % 14, "<>"[data[0] & 1]
    read = outcome(gguf_metadata.read_value, *arguments)
    skipped = outcome(gguf_metadata.read_value, *arguments, skip=True)
    assert same(read, outcome(fast_gguf_metadata.read_value, *arguments)), "plain and fast disagree"
    assert same(skipped, outcome(fast_gguf_metadata.read_value, *arguments, skip=True)), "plain and fast disagree"
    if isinstance(skipped, gguf_metadata.GGUFError):
        assert isinstance(read, gguf_metadata.GGUFError), "only skipping found an error"
    elif isinstance(read, gguf_metadata.GGUFError):
        assert "bool" in str(read), "only reading found an error"  # skipping does not look at bools
    else:
        assert read[1] == skipped[1], "reading and skipping end at different places"


def fuzz(data: bytes) -> None:
    """Read the input as a file, and as a value."""
    try_file(data)
    try_value(data)


def seeds(folder: Path) -> None:
    """Write the odd files and a few sound ones of both byte orders and versions as the first inputs."""
    files = [data for data in (*MALFORMED.values(), *(data for data, _ in READABLE.values()))
             if len(data) <= LARGEST_INPUT]
    for byte_order in "<>":
        for version in (2, 3):
            make = GGUFBytes(byte_order, version)
            words = make.array(8, [make.string(word) for word in ("", "ab", "中", "\0")])
            many = make.array(8, [make.string(f"w{i}") for i in range(60)])
            nested = make.array(9, [make.array(4, [make.pack("I", 1)]), words])
            numbers = [make.kv(f"n{code}", number, make.pack(code, 1)) for code, number in zip(
                "BbHhIifQqd", (0, 1, 2, 3, 4, 5, 6, 10, 11, 12))]
            files += [make.file(*numbers, make.kv("w", 9, words), make.kv("a", 9, nested)),
                      make.file(make.kv("m", 9, many), make.kv("w", 9, words), make.kv("b", 7, b"\1"))]
    for i, data in enumerate(files):
        (folder / f"{i:03}").write_bytes(data)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as corpus:
        seeds(Path(corpus))
        limits = [f"-max_len={LARGEST_INPUT}", "-timeout=10", "-rss_limit_mb=1024"]
        atheris.Setup([sys.argv[0], corpus, *limits, *sys.argv[1:]], fuzz)
        atheris.Fuzz()
