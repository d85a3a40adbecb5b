"""Wrong answers that people give to the gguf_metadata kata; each docstring says what was misunderstood."""

import struct

import numpy as np
from gguf_metadata import ARRAY, STRING, read_header, read_metadata, read_value

from fixtures.checking import wrong_answer_to

CODES = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}


@wrong_answer_to(read_header)
def reads_every_file_as_little_endian(data):
    """You read every file as little endian: a version whose low 16 bits are zero says that the file is big endian."""
    version, tensor_count, kv_count = struct.unpack_from("<IQQ", data, 4)
    return version, "<", tensor_count, kv_count


@wrong_answer_to(read_header)
def swaps_the_counts(data):
    """You have the two counts the wrong way round: the tensor count comes first, then the KV count."""
    version, byte_order, tensor_count, kv_count = read_header(data)
    return version, byte_order, kv_count, tensor_count


@wrong_answer_to(read_value)
def forgets_the_byte_order(data, offset, value_type, byte_order, skip=False, depth=0):
    """You read this value as little endian: byte_order holds for every number of the file."""
    return read_value(data, offset, value_type, "<", skip, depth)


@wrong_answer_to(read_value)
def forgets_the_byte_order_of_the_items(data, offset, value_type, byte_order, skip=False, depth=0):
    """You read the items of an array as little endian: byte_order holds for them too, np.dtype(byte_order + "i4")."""
    value, end = read_value(data, offset, value_type, byte_order, skip, depth)
    if isinstance(value, np.ndarray):
        item_type, _ = struct.unpack_from(byte_order + "IQ", data, offset)
        value = np.frombuffer(data[offset + 12:end], "<" + CODES[item_type])
    return value, end


@wrong_answer_to(read_value)
def forgets_the_sign(data, offset, value_type, byte_order, skip=False, depth=0):
    """You read a signed number as unsigned: the types 1, 3, 5 and 11 have a sign."""
    value, end = read_value(data, offset, value_type, byte_order, skip, depth)
    if isinstance(value, np.ndarray) and value.dtype.kind == "i":
        value = value.view(value.dtype.str.replace("i", "u"))
    elif value_type in (1, 3, 5, 11) and not skip:
        value %= 1 << 8 * (end - offset)
    return value, end


@wrong_answer_to(read_value)
def gives_a_bool_four_bytes(data, offset, value_type, byte_order, skip=False, depth=0):
    """You gave a bool four bytes: in a GGUF it is one byte."""
    value, end = read_value(data, offset, value_type, byte_order, skip, depth)
    return (any(data[offset:offset + 4]), offset + 4) if value_type == 7 else (value, end)


@wrong_answer_to(read_value)
def counts_characters(data, offset, value_type, byte_order, skip=False, depth=0):
    """Your string is right, the offset after it is not: the length counts bytes, and "é" has two."""
    value, end = read_value(data, offset, value_type, byte_order, skip, depth)
    return value, offset + 8 + len(value) if isinstance(value, str) else end


@wrong_answer_to(read_value)
def forgets_the_length_itself(data, offset, value_type, byte_order, skip=False, depth=0):
    """Your offset after a string or an array leaves out what stands before the content: a length of 8 bytes, or
    an item type and a count of 12.
    """
    value, end = read_value(data, offset, value_type, byte_order, skip, depth)
    return value, end - {STRING: 8, ARRAY: 12}.get(value_type, 0)


@wrong_answer_to(read_value)
def replaces_what_is_not_utf_8(data, offset, value_type, byte_order, skip=False, depth=0):
    """You replaced bytes that are not UTF-8, and they are lost: decode with the handler "surrogateescape"."""
    value, end = read_value(data, offset, value_type, byte_order, skip, depth)
    if isinstance(value, str):
        value = value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return value, end


@wrong_answer_to(read_value)
def reads_the_count_before_the_item_type(data, offset, value_type, byte_order, skip=False, depth=0):
    """You read an array's count before its item type: the item type, a uint32, comes first."""
    if value_type != ARRAY:
        return read_value(data, offset, value_type, byte_order, skip, depth)
    count, item_type = struct.unpack_from(byte_order + "QI", data, offset)
    head = struct.pack(byte_order + "IQ", item_type, count)
    return read_value(data[:offset] + head + data[offset + 12:], offset, value_type, byte_order, skip, depth)


@wrong_answer_to(read_value)
def takes_the_count_for_bytes(data, offset, value_type, byte_order, skip=False, depth=0):
    """You took the count of an array for its size in bytes: it counts items."""
    value, end = read_value(data, offset, value_type, byte_order, skip, depth)
    if isinstance(value, np.ndarray) and value.itemsize > 1:
        value, end = value[:len(value) // value.itemsize], offset + 12 + len(value)
    return value, end


@wrong_answer_to(read_metadata)
def gives_every_key(path, *keys):
    """You return all of the metadata: only the keys that are asked for belong into the result."""
    return read_metadata(path)
