"""Read what a GGUF file says about itself: its header and its metadata, lazily from a memory map.

Source: the GGUF specification (docs/gguf.md in the ggml repository), read by llama.cpp in ggml/src/gguf.cpp.
"""

import mmap
import os
import struct
from collections.abc import Container, Iterator, Mapping
from enum import IntEnum
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Buffer = bytes | bytearray | memoryview | mmap.mmap
Value = Any  # int, float, bool, str, a numpy array of numbers, list[str], or a list of such arrays
_Offsets = NDArray[np.int64]

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


_BLOCK_BYTES = 65_536  # of an array of strings at a time: small enough for the processor's cache
_BLOCK_STRINGS = 4096
_FEW_STRINGS = 8  # a loop over so few is faster than numpy

_NUMBERS = {
    ValueType.UINT8: "u1", ValueType.INT8: "i1", ValueType.UINT16: "u2", ValueType.INT16: "i2",
    ValueType.UINT32: "u4", ValueType.INT32: "i4", ValueType.UINT64: "u8", ValueType.INT64: "i8",
    ValueType.FLOAT32: "f4", ValueType.FLOAT64: "f8", ValueType.BOOL: "?",
}  # fmt: skip
_SMALLEST_BYTES = {value_type: np.dtype(code).itemsize for value_type, code in _NUMBERS.items()} | {
    ValueType.STRING: 8,  # the length
    ValueType.ARRAY: 12,  # the item type and the count
}


def read_header(data: Buffer) -> Header:
    """Read the magic "GGUF", the version (uint32), the tensor count and the KV count (uint64 each).

    data: the whole file, as bytes or a memory map
    A version whose low 16 bits are zero is of the other byte order: the file is big endian.
    Raises GGUFError if the file is not GGUF, ends inside the header, has another version than 2 or 3, or if
    a count is more than the file has room for after its header: a KV takes at least SMALLEST_KV_BYTES, a
    tensor at least SMALLEST_TENSOR_BYTES.
    Source: gguf_init_from_reader in ggml/src/gguf.cpp.
    """
    magic = bytes(data[:4])
    if magic != b"GGUF":
        raise GGUFError(0, f"the magic is {magic!r}, not b'GGUF'")
    byte_order = "<"
    version = _unsigned(data, 4, "I", byte_order, "the version")
    if version & 0xFFFF == 0:
        byte_order = ">"
        version = _unsigned(data, 4, "I", byte_order, "the version")
    if version not in (2, 3):
        raise GGUFError(4, f"version {version} is not supported, only 2 and 3 are")
    tensor_count = _unsigned(data, 8, "Q", byte_order, "the tensor count")
    kv_count = _unsigned(data, 16, "Q", byte_order, "the KV count")
    room = len(data) - HEADER_BYTES
    if tensor_count * SMALLEST_TENSOR_BYTES > room:
        raise GGUFError(8, f"a tensor count of {tensor_count}, but only {room} bytes follow the header")
    if kv_count * SMALLEST_KV_BYTES > room:
        raise GGUFError(16, f"a KV count of {kv_count}, but only {room} bytes follow the header")
    return Header(version, byte_order, tensor_count, kv_count)


def skip_value(data: Buffer, offset: int, value_type: ValueType, byte_order: str) -> int:
    """Return the offset after the value that begins at `offset`; check the value, but do not build it.

    Raises GGUFError if the value does not fit in the file, a bool is neither 0 nor 1, an array has an unknown
    item type, its count is more than the rest of the file has room for, or it lies deeper than
    MAX_ARRAY_DEPTH (an array of numbers is one deep).
    """
    return _skip_items(data, offset, value_type, 1, byte_order, MAX_ARRAY_DEPTH)


def read_value(data: Buffer, offset: int, value_type: ValueType, byte_order: str) -> tuple[Value, int]:
    """Return the value that begins at `offset`, and the offset after it.

    A number is an int, float or bool. An array of numbers is a numpy array of that dtype in the machine's
    byte order, and a copy: it outlives the file. A string is a str, an array of strings a list of str, an
    array of arrays a list. Bytes that are not UTF-8 become surrogates, and
    text.encode("utf-8", "surrogateescape") gives them back: llama.cpp reads such tokens too.
    Raises GGUFError as skip_value does, before any allocation that the size of the file does not justify.
    """
    (item,), end = _read_items(data, offset, value_type, 1, byte_order, MAX_ARRAY_DEPTH)
    return (item.item() if value_type in _NUMBERS else item), end


class Metadata(Mapping[str, Value]):
    """The metadata of a GGUF file by key, read only as far as they are asked for.

    A key that is asked for is searched from where the last search ended; the values on the way are skipped.
    A value is built whenever it is asked for. `header` is the file's Header, len() its KV count.
    Raises GGUFError where a search meets a KV that is malformed: a key that is empty, not UTF-8 or was there
    before, an unknown value type, a general.alignment that is not a uint32 or not a power of two, or a value
    that skip_value refuses. Raises KeyError for a key that the whole file does not have.
    """

    def __init__(self, data: Buffer) -> None:
        self.header = read_header(data)
        self._data = data
        self._index: dict[str, tuple[int, ValueType]] = {}  # key -> offset and type of its value
        self._end = HEADER_BYTES  # of what is indexed

    def __getitem__(self, key: str) -> Value:
        self._index_until(key)
        return read_value(self._data, *self._index[key], self.header.byte_order)[0]

    def __contains__(self, key: object) -> bool:
        self._index_until(key)
        return key in self._index

    def __iter__(self) -> Iterator[str]:
        self._index_until(None)
        return iter(self._index)

    def __len__(self) -> int:
        return self.header.kv_count

    def __enter__(self) -> "Metadata":
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the memory map; asking for a value is a ValueError from then on."""
        if isinstance(self._data, mmap.mmap):
            self._data.close()

    def _index_until(self, key: object) -> None:
        byte_order = self.header.byte_order
        while key not in self._index and len(self._index) < self.header.kv_count:
            found, value_type, offset = _read_key(self._data, self._end, byte_order, self._index)
            self._end = skip_value(self._data, offset, value_type, byte_order)
            self._index[found] = offset, value_type


def open_metadata(path: str | os.PathLike[str]) -> Metadata:
    """Map the file into memory and return its metadata, to be used in a `with` block or closed.

    Raises GGUFError if the header is malformed; the file is closed then.
    """
    with Path(path).open("rb") as file:
        if os.fstat(file.fileno()).st_size == 0:  # an empty file cannot be mapped
            return Metadata(b"")
        data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    try:
        return Metadata(data)
    except GGUFError:
        data.close()
        raise


def read_metadata(path: str | os.PathLike[str]) -> dict[str, Value]:
    """Return all metadata of the file, in the file's order; the file is closed again.

    Raises GGUFError if anything in the header or the metadata is malformed, as read_header and Metadata do.
    """
    with open_metadata(path) as metadata:
        return _read_all(metadata)


def _read_all(metadata: Metadata) -> dict[str, Value]:
    """Read in one pass: dict(metadata) would walk every array of strings twice."""
    data, offset, byte_order = metadata._data, HEADER_BYTES, metadata.header.byte_order
    values: dict[str, Value] = {}
    for _ in range(len(metadata)):
        key, value_type, offset = _read_key(data, offset, byte_order, values)
        values[key], offset = read_value(data, offset, value_type, byte_order)
    return values


def _read_key(
    data: Buffer, offset: int, byte_order: str, known: Container[str]
) -> tuple[str, ValueType, int]:
    """Return the key of the KV that begins at `offset`, the type of its value and the value's offset."""
    type_offset = skip_value(data, offset, ValueType.STRING, byte_order)
    try:
        key = str(data[offset + 8 : type_offset], "utf-8")
    except UnicodeDecodeError as error:
        raise GGUFError(offset, f"a key is not UTF-8: {error.reason}") from None
    if not key:
        raise GGUFError(offset, "a key is empty")
    if key in known:
        raise GGUFError(offset, f"the key {key!r} is there twice")
    value_type = _value_type(data, type_offset, byte_order)
    if key == "general.alignment":
        if value_type != ValueType.UINT32:
            raise GGUFError(type_offset, f"general.alignment is of type {value_type.name}, not UINT32")
        alignment = _unsigned(data, type_offset + 4, "I", byte_order, key)
        if alignment.bit_count() != 1:
            raise GGUFError(type_offset + 4, f"general.alignment is {alignment}, not a power of two")
    return key, value_type, type_offset + 4


def _unsigned(data: Buffer, offset: int, code: str, byte_order: str, what: str) -> int:
    """Read a number of the file's bookkeeping: a count, a length, a type."""
    try:
        (number,) = struct.unpack_from(byte_order + code, data, offset)
    except struct.error:
        raise GGUFError(offset, f"the file ends inside {what}") from None
    return int(number)


def _value_type(data: Buffer, offset: int, byte_order: str) -> ValueType:
    number = _unsigned(data, offset, "I", byte_order, "a value type")
    try:
        return ValueType(number)
    except ValueError:
        raise GGUFError(offset, f"{number} is not a value type") from None


def _skip_items(
    data: Buffer, offset: int, item_type: ValueType, count: int, byte_order: str, depth: int
) -> int:
    """Return the offset after `count` items of one type. A value is one item, an array many."""
    if item_type in _NUMBERS:
        return _end_of_numbers(data, offset, item_type, count)
    if item_type == ValueType.STRING:
        for starts in _string_blocks(data, offset, count, byte_order):
            offset = int(starts[-1])
        return offset
    for _ in range(count):
        inner_type, inner_count, offset = _array_head(data, offset, byte_order, depth)
        offset = _skip_items(data, offset, inner_type, inner_count, byte_order, depth - 1)
    return offset


def _read_items(
    data: Buffer, offset: int, item_type: ValueType, count: int, byte_order: str, depth: int
) -> tuple[Any, int]:
    """Return `count` items of one type, and the offset after them."""
    if item_type in _NUMBERS:
        end = _end_of_numbers(data, offset, item_type, count)
        dtype = np.dtype(byte_order + _NUMBERS[item_type])
        # a slice of the map is a copy; a view would keep the map from being closed
        return np.frombuffer(data[offset:end], dtype).astype(dtype.newbyteorder("=")), end
    items: list[Any] = []
    if item_type == ValueType.STRING:
        for starts in _string_blocks(data, offset, count, byte_order):
            items += _strings(data, starts)
            offset = int(starts[-1])
        return items, offset
    for _ in range(count):
        inner_type, inner_count, offset = _array_head(data, offset, byte_order, depth)
        item, offset = _read_items(data, offset, inner_type, inner_count, byte_order, depth - 1)
        items.append(item)
    return items, offset


def _array_head(data: Buffer, offset: int, byte_order: str, depth: int) -> tuple[ValueType, int, int]:
    """Return an array's item type, its count, for which the file has room, and where its items begin."""
    if depth == 0:
        raise GGUFError(offset, f"arrays lie deeper in each other than {MAX_ARRAY_DEPTH}")
    item_type = _value_type(data, offset, byte_order)
    count = _unsigned(data, offset + 4, "Q", byte_order, "the count of an array")
    room = len(data) - (offset + 12)
    if count * _SMALLEST_BYTES[item_type] > room:
        raise GGUFError(offset + 4, f"an array of {count} {item_type.name}, but only {room} bytes are left")
    return item_type, count, offset + 12


def _end_of_numbers(data: Buffer, offset: int, item_type: ValueType, count: int) -> int:
    end = offset + count * _SMALLEST_BYTES[item_type]
    if end > len(data):
        raise GGUFError(offset, f"the file ends inside a {item_type.name}")
    if item_type == ValueType.BOOL:
        flags = bytes(data[offset:end])
        others = flags.translate(None, b"\x00\x01")
        if others:
            raise GGUFError(offset + flags.index(others[0]), "a bool is neither 0 nor 1")
    return end


def _string_blocks(data: Buffer, offset: int, count: int, byte_order: str) -> Iterator[_Offsets]:
    """Walk along `count` strings, many at a time: yield where they begin and, last, where they end."""
    while count > 0:
        offsets = _short_strings(data, offset, count, byte_order) if count > _FEW_STRINGS else None
        if offsets is None:
            offsets = _string_offsets(data, offset, min(count, _BLOCK_STRINGS), byte_order)
        yield offsets
        count -= len(offsets) - 1
        offset = int(offsets[-1])


def _short_strings(data: Buffer, offset: int, count: int, byte_order: str) -> _Offsets | None:
    """Do what _string_offsets does, without a loop, for up to `count` strings of less than 256 bytes.

    Seven of the eight bytes of such a length are zero. All places in the next block of the file that look so
    are found at once. If each lies where the one before it says, they are the lengths; if not, returns None.
    """
    block = data[offset : offset + _BLOCK_BYTES]
    lengths = np.ndarray(max(len(block) - 7, 0), byte_order + "u8", block, strides=(1,))  # one at every byte
    starts = np.flatnonzero(lengths < 256)[:count]
    offsets = np.append(0, starts + 8 + lengths[starts].astype(np.int64))
    if len(starts) == 0 or (offsets[:-1] != starts).any() or offset + offsets[-1] > len(data):
        return None
    return offsets + offset


def _string_offsets(data: Buffer, offset: int, count: int, byte_order: str) -> _Offsets:
    """Return where each of `count` strings begins and, last, where they end: each length tells the next."""
    length_at = struct.Struct(byte_order + "Q").unpack_from
    offsets = [offset]
    for _ in range(count):
        if offset > len(data) - 8:
            raise GGUFError(offset, "the file ends inside the length of a string")
        (length,) = length_at(data, offset)
        if length > len(data) - offset - 8:
            raise GGUFError(offset, f"a string of {length} bytes reaches beyond the file's end")
        offset += 8 + length
        offsets.append(offset)
    return np.array(offsets, np.int64)


def _strings(data: Buffer, offsets: _Offsets) -> list[str]:
    """Decode the strings that begin at these offsets, all at once, with one byte 0xFF in place of each length.

    UTF-8 never has this byte, so it tells where to split.
    """
    block = np.frombuffer(data[offsets[0] : offsets[-1]], np.uint8).copy()
    lengths = offsets[:-1] - offsets[0]
    block[lengths] = 0xFF
    kept = np.ones(len(block), bool)
    for i in range(1, 8):
        kept[lengths + i] = False
    texts = block[kept].tobytes().decode("utf-8", "surrogateescape").split("\udcff")[1:]
    if len(texts) == len(lengths):
        return texts
    # a string that is not UTF-8 has this byte
    return [str(data[start + 8 : end], "utf-8", "surrogateescape") for start, end in pairwise(offsets.tolist())]
