"""Read what a GGUF file says about itself: its header and its metadata, no more of it than is asked for.

Source: the GGUF specification (docs/gguf.md in the ggml repository), read by llama.cpp in ggml/src/gguf.cpp.
"""
import mmap
import struct
from pathlib import Path
from typing import Any

import numpy as np

Buffer = bytes | bytearray | memoryview | mmap.mmap
STRING, ARRAY = 8, 9  # two value types; the others are numbers
MAX_ARRAY_DEPTH = 4  # an array of arrays of arrays of arrays; llama.cpp and its models have a depth of 1


class GGUFError(ValueError):
    """The file is malformed: GGUFError(offset, reason). What cannot be read begins at the byte `offset`."""
    def __init__(self, offset: int, reason: str) -> None:
        super().__init__(offset, reason)
        self.offset = offset

    def __str__(self) -> str:
        return "byte {}: {}".format(*self.args)


def read_header(data: Buffer) -> tuple[int, str, int, int]:
    """Return (version, byte_order, tensor_count, kv_count): the first 24 bytes of a file.

    byte_order: "<" (little endian), or ">" if the version, read as little endian, has zero in its low 16 bits.
    Raises GGUFError if the file is not GGUF, ends inside the header, or has another version than 2 or 3.
    """
    if bytes(data[:4]) != b"GGUF":
        raise GGUFError(0, "this is no GGUF file")
    byte_order = "<" if _unsigned(data, 4, "I", "<") & 0xFFFF else ">"
    version = _unsigned(data, 4, "I", byte_order)
    if version not in (2, 3):
        raise GGUFError(4, f"version {version} is not supported, only 2 and 3 are")
    return version, byte_order, _unsigned(data, 8, "Q", byte_order), _unsigned(data, 16, "Q", byte_order)


def read_value(data: Buffer, offset: int, value_type: int, byte_order: str,
               skip: bool = False, depth: int = 0) -> tuple[Any, int]:
    """Return the value that begins at `offset`, and the offset after it.

    A number is an int, float or bool; an array of numbers a numpy array of that dtype, in the machine's byte
    order, and a copy; a string a str, bytes that are not UTF-8 kept by "surrogateescape"; an array of strings or
    of arrays a list. skip: build nothing, and return None for the value. depth: in how many arrays it lies.
    Raises GGUFError if the value does not fit in the file, its type or its items' is unknown, a bool is neither
    0 nor 1 (one that is skipped is not looked at), or it is an array that lies in MAX_ARRAY_DEPTH others already.
    """
    offset = int(offset)  # numpy's integers overflow
    if value_type == STRING:
        end = offset + 8 + _unsigned(data, offset, "Q", byte_order)
        if end > len(data):
            raise GGUFError(offset, f"a string that reaches to byte {end} of {len(data)}")
        return None if skip else str(data[offset + 8:end], "utf-8", "surrogateescape"), end
    if value_type != ARRAY:
        numbers, end = _numbers(data, offset, value_type, 1, byte_order, skip)
        return None if skip else numbers[0].item(), end
    if depth == MAX_ARRAY_DEPTH:
        raise GGUFError(offset, f"arrays lie deeper in each other than {MAX_ARRAY_DEPTH}")
    item_type, count = _unsigned(data, offset, "I", byte_order), _unsigned(data, offset + 4, "Q", byte_order)
    items, end = list[Any](), offset + 12
    if item_type not in (STRING, ARRAY):
        return _numbers(data, end, item_type, count, byte_order, skip)
    for _ in range(count):  # whatever the count says: each item takes 8 bytes or more, and the file ends
        item, end = read_value(data, end, item_type, byte_order, skip, depth + 1)
        if not skip:
            items.append(item)
    return None if skip else items, end


def read_metadata(path: str | Path, *keys: str) -> dict[str, Any]:
    """Return the metadata of a file, in the file's order: all of it, or only these keys; what is not there is left out.

    With keys, other values are skipped, and nothing behind the last key is looked at. The file is mapped, then closed.
    Raises GGUFError as read_header and read_value do, and for a key that is empty or was there before, skipped or not.
    """
    values, offset, seen = dict[str, Any](), 24, {""}
    with Path(path).open("rb") as file:
        if Path(path).stat().st_size == 0:  # cannot be mapped
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


_DTYPES = {0: "u1", 1: "i1", 2: "u2", 3: "i2", 4: "u4", 5: "i4", 6: "f4", 7: "?", 10: "u8", 11: "i8", 12: "f8"}


def _numbers(data: Buffer, offset: int, value_type: int, count: int, byte_order: str, skip: bool) -> tuple[Any, int]:
    if value_type not in _DTYPES:
        raise GGUFError(offset, f"{value_type} is not a value type")
    dtype = np.dtype(byte_order + _DTYPES[value_type])
    end = offset + count * dtype.itemsize
    if end > len(data):
        raise GGUFError(offset, f"{count} numbers that reach to byte {end} of {len(data)}")
    raw = b"" if skip else bytes(data[offset:end])  # a copy: a view would keep the map open
    if dtype.kind == "b" and raw.strip(b"\0\1"):
        raise GGUFError(offset, "a bool is neither 0 nor 1")
    return None if skip else np.frombuffer(raw, dtype).astype(dtype.newbyteorder("=")), end


def _unsigned(data: Buffer, offset: int, code: str, byte_order: str) -> int:
    try:
        return int(struct.unpack_from(byte_order + code, data, offset)[0])
    except struct.error:
        raise GGUFError(offset, "the file ends inside this field") from None
