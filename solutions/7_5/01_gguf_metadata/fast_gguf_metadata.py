"""The metadata of large vocabularies: arrays of strings are walked and decoded in blocks, without a loop over them.

The rest, the header and all numbers, is the plain solution's.
"""

import mmap
import struct
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from gguf_metadata import ARRAY, MAX_ARRAY_DEPTH, STRING, Buffer, GGUFError, _unsigned, read_header
from gguf_metadata import read_value as _plain_read_value
from numpy.typing import NDArray

__all__ = ["ARRAY", "MAX_ARRAY_DEPTH", "STRING", "Buffer", "GGUFError", "read_header", "read_metadata", "read_value"]

_Offsets = NDArray[np.int64]
_BLOCK_BYTES = 65_536  # of an array of strings at a time: small enough for the processor's cache
_BLOCK_STRINGS = 4096
_FEW_STRINGS = 64  # a loop over so few is faster than numpy


def read_value(data: Buffer, offset: int, value_type: int, byte_order: str,
               skip: bool = False, depth: int = 0) -> tuple[Any, int]:
    """Return the value that begins at `offset`, and the offset after it; as in gguf_metadata.py."""
    offset = int(offset)
    if value_type != ARRAY or depth == MAX_ARRAY_DEPTH:
        return _plain_read_value(data, offset, value_type, byte_order, skip, depth)
    item_type, count = _unsigned(data, offset, "I", byte_order), _unsigned(data, offset + 4, "Q", byte_order)
    if item_type not in (STRING, ARRAY) or (item_type == STRING and count <= _FEW_STRINGS):
        return _plain_read_value(data, offset, value_type, byte_order, skip, depth)
    items, end = list[Any](), offset + 12
    if item_type == STRING:
        for starts in _string_blocks(data, end, count, byte_order):
            if not skip:
                items += _strings(data, starts)
            end = int(starts[-1])
    else:
        for _ in range(count):
            item, end = read_value(data, end, item_type, byte_order, skip, depth + 1)
            if not skip:
                items.append(item)
    return None if skip else items, end


def read_metadata(path: str | Path, *keys: str) -> dict[str, Any]:
    """Return the metadata of a file in its order: all of it, or only these keys; as in gguf_metadata.py."""
    values, offset, seen = dict[str, Any](), 24, {""}
    with Path(path).open("rb") as file:
        if Path(path).stat().st_size == 0:
            raise GGUFError(0, "the file is empty")
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            _, byte_order, _, kv_count = read_header(data)
            for _ in range(kv_count):
                key, type_at = read_value(data, offset, STRING, byte_order)
                if key in seen:
                    raise GGUFError(offset, f"the key {key!r} is empty or was there before")
                seen.add(key)
                value_type, skip = _unsigned(data, type_at, "I", byte_order), bool(keys) and key not in keys
                value, offset = read_value(data, type_at + 4, value_type, byte_order, skip)
                if not skip:
                    values[key] = value
                if keys and values.keys() == set(keys):
                    break
    return values


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
    block = data[offset:offset + min(_BLOCK_BYTES, 64 * count)]
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
            raise GGUFError(offset, "the file ends inside this field")
        (length,) = length_at(data, offset)
        if length > len(data) - offset - 8:
            raise GGUFError(offset, f"a string that reaches to byte {offset + 8 + length} of {len(data)}")
        offset += 8 + length
        offsets.append(offset)
    return np.array(offsets, np.int64)


def _strings(data: Buffer, offsets: _Offsets) -> list[str]:
    """Decode the strings that begin at these offsets, all at once, with one byte 0xFF in place of each length.

    UTF-8 never has this byte, so it tells where to split.
    """
    block = np.frombuffer(data[offsets[0]:offsets[-1]], np.uint8).copy()
    lengths = offsets[:-1] - offsets[0]
    block[lengths] = 0xFF
    kept = np.ones(len(block), bool)
    for i in range(1, 8):
        kept[lengths + i] = False
    texts = block[kept].tobytes().decode("utf-8", "surrogateescape").split("\udcff")[1:]
    if len(texts) == len(lengths):
        return texts
    # a string that is not UTF-8 has this byte
    return [str(data[start + 8:end], "utf-8", "surrogateescape") for start, end in pairwise(offsets.tolist())]
