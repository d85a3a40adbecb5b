"""Read what a GGUF file says about itself: its header and its metadata, no more of it than is asked for.

Source: the GGUF specification (docs/gguf.md in the ggml repository), read by llama.cpp in ggml/src/gguf.cpp.
"""
import mmap
from pathlib import Path
from typing import Any

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
    raise NotImplementedError


def read_value(data: Buffer, offset: int, value_type: int, byte_order: str,
               skip: bool = False, depth: int = 0) -> tuple[Any, int]:
    """Return the value that begins at `offset`, and the offset after it.

    A number is an int, float or bool; an array of numbers a numpy array of that dtype, in the machine's byte
    order, and a copy; a string a str, bytes that are not UTF-8 kept by "surrogateescape"; an array of strings or
    of arrays a list. skip: build nothing, and return None for the value. depth: in how many arrays it lies.
    Raises GGUFError if the value does not fit in the file, its type or its items' is unknown, a bool is neither
    0 nor 1 (one that is skipped is not looked at), or it is an array that lies in MAX_ARRAY_DEPTH others already.
    """
    raise NotImplementedError


def read_metadata(path: str | Path, *keys: str) -> dict[str, Any]:
    """Return the metadata of a file, in the file's order: all of it, or only these keys; what is not there is left out.

    With keys, other values are skipped, and nothing behind the last key is looked at. The file is mapped, then closed.
    Raises GGUFError as read_header and read_value do, and for a key that is empty or was there before, skipped or not.
    """
    raise NotImplementedError
