"""Read what a GGUF file says about itself: its header and its metadata, lazily from a memory map.

Source: the GGUF specification (docs/gguf.md in the ggml repository), read by llama.cpp in ggml/src/gguf.cpp.
"""

import mmap
import os
from collections.abc import Iterator, Mapping
from enum import IntEnum
from typing import Any, NamedTuple

Buffer = bytes | bytearray | memoryview | mmap.mmap
Value = Any  # int, float, bool, str, a numpy array of numbers, list[str], or a list of such arrays

HEADER_BYTES = 24  # magic, version, tensor count, KV count
SMALLEST_KV_BYTES = 14  # a key of one byte with its length, a type, a value of one byte
SMALLEST_TENSOR_BYTES = 24  # an entry of the tensor table: an empty name's length, no dimension, type, offset
MAX_ARRAY_DEPTH = 4  # an array of arrays of arrays of arrays; llama.cpp and its models have a depth of 1


class ValueType(IntEnum):
    """The type of a metadata value, a uint32 in the file."""

    UINT8 = 0
    INT8 = 1
    UINT16 = 2
    INT16 = 3
    UINT32 = 4
    INT32 = 5
    FLOAT32 = 6
    BOOL = 7
    STRING = 8
    ARRAY = 9
    UINT64 = 10
    INT64 = 11
    FLOAT64 = 12


class GGUFError(ValueError):
    """The file is malformed. `offset` is the first byte of the field that is wrong, `reason` says why."""

    def __init__(self, offset: int, reason: str) -> None:
        super().__init__(f"byte {offset}: {reason}")
        self.offset = offset
        self.reason = reason


class Header(NamedTuple):
    """The first 24 bytes of a file. byte_order is "<" (little endian) or ">", as in struct and numpy."""

    version: int
    byte_order: str
    tensor_count: int
    kv_count: int


def read_header(data: Buffer) -> Header:
    """Read the magic "GGUF", the version (uint32), the tensor count and the KV count (uint64 each).

    data: the whole file, as bytes or a memory map
    A version whose low 16 bits are zero is of the other byte order: the file is big endian.
    Raises GGUFError if the file is not GGUF, ends inside the header, has another version than 2 or 3, or if
    a count is more than the file has room for after its header: a KV takes at least SMALLEST_KV_BYTES, a
    tensor at least SMALLEST_TENSOR_BYTES.
    Source: gguf_init_from_reader in ggml/src/gguf.cpp.
    """
    raise NotImplementedError


def skip_value(data: Buffer, offset: int, value_type: ValueType, byte_order: str) -> int:
    """Return the offset after the value that begins at `offset`; check the value, but do not build it.

    Raises GGUFError if the value does not fit in the file, a bool is neither 0 nor 1, an array has an unknown
    item type, its count is more than the rest of the file has room for, or it lies deeper than
    MAX_ARRAY_DEPTH (an array of numbers is one deep).
    """
    raise NotImplementedError


def read_value(data: Buffer, offset: int, value_type: ValueType, byte_order: str) -> tuple[Value, int]:
    """Return the value that begins at `offset`, and the offset after it.

    A number is an int, float or bool. An array of numbers is a numpy array of that dtype in the machine's
    byte order, and a copy: it outlives the file. A string is a str, an array of strings a list of str, an
    array of arrays a list. Bytes that are not UTF-8 become surrogates, and
    text.encode("utf-8", "surrogateescape") gives them back: llama.cpp reads such tokens too.
    Raises GGUFError as skip_value does, before any allocation that the size of the file does not justify.
    """
    raise NotImplementedError


class Metadata(Mapping[str, Value]):
    """The metadata of a GGUF file by key, read only as far as they are asked for.

    A key that is asked for is searched from where the last search ended; the values on the way are skipped.
    A value is built whenever it is asked for. `header` is the file's Header, len() its KV count.
    Raises GGUFError where a search meets a KV that is malformed: a key that is empty, not UTF-8 or was there
    before, an unknown value type, a general.alignment that is not a uint32 or not a power of two, or a value
    that skip_value refuses. Raises KeyError for a key that the whole file does not have.
    """

    def __init__(self, data: Buffer) -> None:
        raise NotImplementedError

    def __getitem__(self, key: str) -> Value:
        raise NotImplementedError

    def __contains__(self, key: object) -> bool:
        raise NotImplementedError

    def __iter__(self) -> Iterator[str]:
        raise NotImplementedError

    def __len__(self) -> int:
        raise NotImplementedError

    def __enter__(self) -> "Metadata":
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the memory map; asking for a value is a ValueError from then on."""
        raise NotImplementedError


def open_metadata(path: str | os.PathLike[str]) -> Metadata:
    """Map the file into memory and return its metadata, to be used in a `with` block or closed.

    Raises GGUFError if the header is malformed; the file is closed then.
    """
    raise NotImplementedError


def read_metadata(path: str | os.PathLike[str]) -> dict[str, Value]:
    """Return all metadata of the file, in the file's order; the file is closed again.

    Raises GGUFError if anything in the header or the metadata is malformed, as read_header and Metadata do.
    """
    raise NotImplementedError
