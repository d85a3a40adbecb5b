"""Feed the reader mutated files, guided by coverage: it may return or raise GGUFError, nothing else.

    python -m pip install atheris
    python solutions/7_5/01_gguf_metadata/fuzz_gguf_metadata.py -runs=1000000

Starts from the catalogue of fixtures/katas/gguf_metadata/malformed_gguf.py; any argument of libFuzzer may
follow. Each input runs through the eager path and the lazy one, which must agree, and what comes out must stand in proportion to the
size of the input. An input that takes 10 s, or 1 GiB of memory, ends the run as a crash would. atheris needs
Linux or macOS.
"""

import sys
import tempfile
from pathlib import Path

import atheris
import numpy as np

FOLDER = Path(__file__).resolve().parent
sys.path[:0] = [str(FOLDER), str(FOLDER.parents[2])]

with atheris.instrument_imports(include=["gguf_metadata"]):
    import gguf_metadata

from gguf_metadata import GGUFError, Metadata, Value, ValueType, read_value, skip_value  # noqa: E402

from fixtures.katas.gguf_metadata.malformed_gguf import CATALOGUE, GGUFBytes  # noqa: E402

LARGEST_INPUT = 4096
BYTES_PER_BYTE = 32  # an empty inner array takes 12 bytes in the file and about 120 in memory


def size_of(value: Value) -> int:
    """Return about how many bytes a value takes in memory."""
    if isinstance(value, list):
        return sys.getsizeof(value) + sum(map(size_of, value))
    return sys.getsizeof(value)  # an array that owns its numbers counts them


def same(one: Value, other: Value) -> bool:
    """Whether two values are equal, NaN included."""
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, np.ndarray):
        return one.dtype == other.dtype and one.tobytes() == other.tobytes()
    return type(one) is type(other) and (one == other or one != one)


def read_all(data: bytes) -> dict[str, Value] | GGUFError:
    """Read as read_metadata does, without a file."""
    try:
        return gguf_metadata._read_all(Metadata(data))
    except GGUFError as error:
        return error


def try_one(data: bytes) -> None:
    """Read one input in every way and compare."""
    eager = read_all(data)
    if isinstance(eager, GGUFError):
        assert 0 <= eager.offset <= len(data), "the offset lies outside of the file"
        lazy: dict[str, Value] | GGUFError
        try:
            lazy = dict(Metadata(data))
        except GGUFError as error:
            lazy = error
        assert isinstance(lazy, GGUFError), "only reading everything at once found an error"
        assert lazy.offset == eager.offset and lazy.reason == eager.reason, "two readings, two errors"
        return
    assert size_of(eager) + sum(map(size_of, eager.values())) <= 4096 + BYTES_PER_BYTE * len(data)
    metadata = Metadata(data)
    assert len(metadata) == len(eager) and list(metadata) == list(eager)
    for key in reversed(eager):
        assert same(metadata[key], eager[key]), "two readings, two values"


def try_value(data: bytes) -> None:
    """Read the input as one value of the type and byte order that its first byte says."""
    if not data:
        return
    byte_order, value_type = "<>"[data[0] & 1], ValueType((data[0] >> 1) % len(ValueType))
    ends = []
    for read in (skip_value, read_value):
        try:
            result = read(data, 1, value_type, byte_order)
            ends.append(result[1] if isinstance(result, tuple) else result)
        except GGUFError as error:
            ends.append((error.offset, error.reason))
    assert ends[0] == ends[1], "skip_value and read_value disagree"


def fuzz(data: bytes) -> None:
    """Read the input as a file, and as a value."""
    try_one(data)
    try_value(data)


def seeds(folder: Path) -> None:
    """Write the catalogue and a few files of both byte orders and versions as the first inputs."""
    files = [odd.data for odd in CATALOGUE if len(odd.data) <= LARGEST_INPUT]
    for byte_order in "<>":
        for version in (2, 3):
            make = GGUFBytes(byte_order, version)
            words = make.array(8, [make.string(word) for word in ("", "ab", "中", "\0")])
            many = make.array(8, [make.string(f"w{i}") for i in range(30)])
            nested = make.array(9, [make.array(4, [make.pack("I", 1)]), words])
            numbers = [make.kv(f"n{code}", number, make.pack(code, 1)) for code, number in zip(
                "BbHhIifQqd", (0, 1, 2, 3, 4, 5, 6, 10, 11, 12))]
            files += [make.file(*numbers, make.kv("w", 9, words), make.kv("a", 9, nested)),
                      make.file(make.kv("m", 9, many), make.kv("w", 9, words)),
                      make.file(make.kv("general.alignment", 4, make.pack("I", 64)), make.kv("b", 7, b"\1"))]
    for i, data in enumerate(files):
        (folder / f"{i:03}").write_bytes(data)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as corpus:
        seeds(Path(corpus))
        limits = [f"-max_len={LARGEST_INPUT}", "-timeout=10", "-rss_limit_mb=1024"]
        atheris.Setup([sys.argv[0], corpus, *limits, *sys.argv[1:]], fuzz)
        atheris.Fuzz()
