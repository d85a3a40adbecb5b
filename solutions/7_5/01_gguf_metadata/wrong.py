"""Wrong answers that people give to the gguf_metadata kata; each docstring says what was misunderstood."""

import struct
from pathlib import Path

import numpy as np
from gguf_metadata import (
    GGUFError,
    Header,
    ValueType,
    read_header,
    read_metadata,
    read_value,
    skip_value,
)

from fixtures.checking import wrong_answer_to

CODES = {
    ValueType.UINT8: "B", ValueType.INT8: "b", ValueType.UINT16: "H", ValueType.INT16: "h", ValueType.UINT32: "I",
    ValueType.INT32: "i", ValueType.UINT64: "Q", ValueType.INT64: "q", ValueType.FLOAT32: "f", ValueType.FLOAT64: "d",
}
LENGTH_OR_HEAD = {ValueType.STRING: 8, ValueType.ARRAY: 12}


def with_other_codes(change, data, offset, value_type, byte_order):
    """Read numbers and arrays of numbers with the codes that `change` gives, all else rightly."""
    if value_type in CODES:
        code = byte_order + change(CODES[value_type])
        return struct.unpack_from(code, data, offset)[0], offset + struct.calcsize(code)
    values, end = read_value(data, offset, value_type, byte_order)
    item_type = struct.unpack_from(byte_order + "I", data, offset)[0] if value_type == ValueType.ARRAY else None
    if item_type in CODES:
        values = np.frombuffer(data[offset + 12:end], byte_order + change(CODES[item_type]))
    return values, end


# --- read_header ---


@wrong_answer_to(read_header)
def forgets_big_endian_files(data):
    """You read every file as little endian: a version whose low 16 bits are zero says that the file is big endian."""
    return Header(struct.unpack_from("<I", data, 4)[0], "<", *struct.unpack_from("<QQ", data, 8))


@wrong_answer_to(read_header)
def keeps_the_byte_order_of_the_version_to_itself(data):
    """You turned the bytes of the version, but not those of the counts: the byte order holds for the whole file."""
    header = read_header(data)
    return Header(header.version, header.byte_order, *struct.unpack_from("<QQ", data, 8))


@wrong_answer_to(read_header)
def reads_counts_of_32_bits(data):
    """You read the counts as 32 bits, as in version 1: since version 2 both are uint64."""
    header = read_header(data)
    return Header(header.version, header.byte_order, *struct.unpack_from(header.byte_order + "II", data, 8))


@wrong_answer_to(read_header)
def swaps_the_counts(data):
    """You have the two counts the wrong way round: the tensor count comes first, then the KV count."""
    version, byte_order, tensor_count, kv_count = read_header(data)
    return Header(version, byte_order, kv_count, tensor_count)


@wrong_answer_to(read_header)
def believes_the_counts(data):
    """You believe the counts: compare them with the room behind the header, 14 bytes a KV and 24 a tensor."""
    try:
        return read_header(data)
    except GGUFError as error:
        if error.offset < 8 or len(data) < 24:
            raise
        byte_order = ">" if struct.unpack_from("<I", data, 4)[0] & 0xFFFF == 0 else "<"
        return Header(*struct.unpack_from(byte_order + "I", data, 4), byte_order,
                      *struct.unpack_from(byte_order + "QQ", data, 8))


@wrong_answer_to(read_header)
def takes_any_version(data):
    """You take any version: only 2 and 3 have the layout that you read."""
    if len(data) < 24 or bytes(data[:4]) != b"GGUF":
        return read_header(data)
    byte_order = ">" if struct.unpack_from("<I", data, 4)[0] & 0xFFFF == 0 else "<"
    header = struct.unpack_from(byte_order + "IQQ", data, 4)
    known = b"GGUF" + struct.pack(byte_order + "IQQ", 3, *header[1:])
    return read_header(known + bytes(data[24:]))._replace(version=header[0])


# --- skip_value ---


@wrong_answer_to(skip_value)
def forgets_the_length_itself(data, offset, value_type, byte_order):
    """You skip the content, but not what stands before it: 8 bytes of length, or 12 of item type and count."""
    return skip_value(data, offset, value_type, byte_order) - LENGTH_OR_HEAD.get(value_type, 0)


@wrong_answer_to(skip_value)
def skips_to_a_multiple_of_eight(data, offset, value_type, byte_order):
    """You round the end up: values lie back to back, only the tensor data is aligned."""
    return (skip_value(data, offset, value_type, byte_order) + 7) // 8 * 8


@wrong_answer_to(skip_value)
def looks_at_no_bound(data, offset, value_type, byte_order):
    """The end that you return lies beyond the file's: compare every length and size with what is left."""
    try:
        return skip_value(data, offset, value_type, byte_order)
    except GGUFError:
        if value_type == ValueType.STRING and len(data) >= offset + 8:
            return offset + 8 + struct.unpack_from(byte_order + "Q", data, offset)[0]
        if value_type in CODES:
            return offset + struct.calcsize(byte_order + CODES[value_type])
        if value_type == ValueType.ARRAY and len(data) >= offset + 12:
            item_type, count = struct.unpack_from(byte_order + "IQ", data, offset)
            if item_type in CODES:
                return offset + 12 + count * struct.calcsize(byte_order + CODES[item_type])
        raise


@wrong_answer_to(skip_value)
def skips_bools_unseen(data, offset, value_type, byte_order):
    """You stepped over bools without a look at them: a byte that is neither 0 nor 1 makes the file malformed."""
    try:
        return skip_value(data, offset, value_type, byte_order)
    except GGUFError as error:
        if "bool" not in error.reason:
            raise
        if value_type == ValueType.BOOL:
            return offset + 1
        return offset + 12 + struct.unpack_from(byte_order + "Q", data, offset + 4)[0]


def at_any_depth(data, offset, value_type, byte_order):
    """Skip a value without a limit to how deep its arrays lie in each other."""
    if value_type != ValueType.ARRAY or struct.unpack_from(byte_order + "I", data, offset)[0] != ValueType.ARRAY:
        return skip_value(data, offset, value_type, byte_order)
    count, end = struct.unpack_from(byte_order + "Q", data, offset + 4)[0], offset + 12
    for _ in range(count):
        end = at_any_depth(data, end, ValueType.ARRAY, byte_order)
    return end


@wrong_answer_to(skip_value)
def follows_arrays_to_any_depth(data, offset, value_type, byte_order):
    """You follow arrays deeper than MAX_ARRAY_DEPTH (an array of numbers is one deep): without that limit a small
    file exhausts the stack.
    """
    try:
        return skip_value(data, offset, value_type, byte_order)
    except GGUFError as error:
        if "deep" not in error.reason:
            raise
        return at_any_depth(data, offset, value_type, byte_order)


# --- read_value ---


@wrong_answer_to(read_value)
def forgets_the_byte_order(data, offset, value_type, byte_order):
    """You read the number as little endian: use byte_order for every number of the file."""
    if value_type in CODES:
        return read_value(data, offset, value_type, "<")
    return read_value(data, offset, value_type, byte_order)


@wrong_answer_to(read_value)
def forgets_the_byte_order_of_the_items(data, offset, value_type, byte_order):
    """You read the items of an array as little endian: byte_order holds for them too, np.dtype(byte_order + "i4")."""
    values, end = read_value(data, offset, value_type, byte_order)
    item_type = struct.unpack_from(byte_order + "I", data, offset)[0] if value_type == ValueType.ARRAY else None
    if item_type in CODES:
        values = np.frombuffer(data[offset + 12:end], "<" + CODES[item_type])
    return values, end


@wrong_answer_to(read_value)
def swaps_signed_and_unsigned(data, offset, value_type, byte_order):
    """Your signed and unsigned types are swapped: the even numbers 0, 2, 4 and 10 are unsigned."""
    def swap(code):
        return code if code in "fd" else code.swapcase()

    return with_other_codes(swap, data, offset, value_type, byte_order)


@wrong_answer_to(read_value)
def reads_floats_as_integers(data, offset, value_type, byte_order):
    """You read the bits of a float as an integer: types 6 and 12 are IEEE 754 numbers of 4 and 8 bytes."""
    return with_other_codes(lambda code: {"f": "I", "d": "Q"}.get(code, code), data, offset, value_type, byte_order)


@wrong_answer_to(read_value)
def gives_a_bool_four_bytes(data, offset, value_type, byte_order):
    """You gave a bool four bytes: in a GGUF it is one byte."""
    if value_type != ValueType.BOOL:
        return read_value(data, offset, value_type, byte_order)
    return any(data[offset:offset + 4]), offset + 4


@wrong_answer_to(read_value)
def takes_any_byte_for_true(data, offset, value_type, byte_order):
    """You take any byte but 0 for true: the specification allows only 0 and 1, anything else is a broken file."""
    if value_type == ValueType.BOOL and offset < len(data):
        return data[offset] != 0, offset + 1
    try:
        return read_value(data, offset, value_type, byte_order)
    except GGUFError as error:
        if "bool" not in error.reason:
            raise
        count = struct.unpack_from(byte_order + "Q", data, offset + 4)[0]
        end = offset + 12 + count
        return np.frombuffer(data[offset + 12:end], np.uint8) != 0, end


@wrong_answer_to(read_value)
def reads_lengths_of_32_bits(data, offset, value_type, byte_order):
    """You read the length of a string as 32 bits, as in version 1: since version 2 it is a uint64."""
    if value_type != ValueType.STRING or len(data) < offset + 8:
        return read_value(data, offset, value_type, byte_order)
    start = offset + 4
    end = start + struct.unpack_from(byte_order + "I", data, offset)[0]
    return str(data[start:end], "utf-8", "surrogateescape"), end


@wrong_answer_to(read_value)
def believes_a_length(data, offset, value_type, byte_order):
    """Your string ends with the file: a slice beyond the end is silently shorter, so check the length first."""
    if value_type != ValueType.STRING or len(data) < offset + 8:
        return read_value(data, offset, value_type, byte_order)
    end = offset + 8 + struct.unpack_from(byte_order + "Q", data, offset)[0]
    return str(data[offset + 8:end], "utf-8", "surrogateescape"), end


@wrong_answer_to(read_value)
def replaces_what_is_not_utf_8(data, offset, value_type, byte_order):
    """You replaced bytes that are not UTF-8, and they are lost: decode with the handler "surrogateescape"."""
    value, end = read_value(data, offset, value_type, byte_order)
    if value_type == ValueType.STRING:
        value = value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return value, end


@wrong_answer_to(read_value)
def drops_what_is_not_utf_8(data, offset, value_type, byte_order):
    """You dropped the bytes that are not UTF-8: decode with the handler "surrogateescape", which keeps them."""
    value, end = read_value(data, offset, value_type, byte_order)
    if value_type == ValueType.STRING:
        value = value.encode("utf-8", "surrogateescape").decode("utf-8", "ignore")
    return value, end


@wrong_answer_to(read_value)
def ends_a_string_at_a_zero(data, offset, value_type, byte_order):
    """You ended the string at a zero byte, as in C: its length says where it ends, and a zero is a character."""
    value, end = read_value(data, offset, value_type, byte_order)
    if value_type == ValueType.STRING:
        value = value.partition("\0")[0]
    return value, end


@wrong_answer_to(read_value)
def decodes_as_latin_1(data, offset, value_type, byte_order):
    """You made a character of every byte: strings are UTF-8."""
    value, end = read_value(data, offset, value_type, byte_order)
    if value_type == ValueType.STRING:
        value = value.encode("utf-8", "surrogateescape").decode("latin-1")
    return value, end


@wrong_answer_to(read_value)
def takes_the_count_for_bytes(data, offset, value_type, byte_order):
    """You took the count of an array for its size in bytes: it counts items."""
    value, end = read_value(data, offset, value_type, byte_order)
    if isinstance(value, np.ndarray) and value.itemsize > 1:
        cut = value[:len(value) // value.itemsize]
        return cut, offset + 12 + len(value)
    return value, end


@wrong_answer_to(read_value)
def ends_an_array_at_its_first_item(data, offset, value_type, byte_order):
    """The offset after an array is where its items begin: it must lie behind the last one."""
    value, end = read_value(data, offset, value_type, byte_order)
    return value, offset + 12 if value_type == ValueType.ARRAY else end


@wrong_answer_to(read_value)
def flattens_arrays_of_arrays(data, offset, value_type, byte_order):
    """You put the items of all inner arrays into one list, as gguf-py does: each inner array is an item of its own."""
    def flat(value):
        if isinstance(value, list) and value and isinstance(value[0], (list, np.ndarray)):
            return [item for inner in value for item in flat(inner)]
        return value

    value, end = read_value(data, offset, value_type, byte_order)
    return flat(value), end


# --- read_metadata ---


def forgiving(path, reason):
    """Read a file; if it is refused for this reason, read it without a look at its keys."""
    try:
        return read_metadata(path)
    except GGUFError as error:
        if reason not in error.reason:
            raise
    data = Path(path).read_bytes()
    header, offset, values = read_header(data), 24, {}
    for _ in range(header.kv_count):
        key, offset = read_value(data, offset, ValueType.STRING, header.byte_order)
        value_type = ValueType(struct.unpack_from(header.byte_order + "I", data, offset)[0])
        values[key], offset = read_value(data, offset + 4, value_type, header.byte_order)
    return values


@wrong_answer_to(read_metadata)
def lets_the_last_of_two_keys_win(path):
    """You let a second value of a key replace the first: a key that is there twice makes the file malformed."""
    return forgiving(path, "twice")


@wrong_answer_to(read_metadata)
def takes_an_empty_key(path):
    """You took a key without a name: llama.cpp refuses it, and nobody could ask for it."""
    return forgiving(path, "empty")


@wrong_answer_to(read_metadata)
def takes_a_key_that_is_not_utf_8(path):
    """You decoded a key as forgivingly as a value: a key that is not UTF-8 makes the file malformed."""
    return forgiving(path, "not UTF-8")


@wrong_answer_to(read_metadata)
def takes_any_alignment(path):
    """You took general.alignment for a key like any other: it must be a uint32 and a power of two."""
    return forgiving(path, "alignment")


@wrong_answer_to(read_metadata)
def leaves_out_the_arrays(path):
    """The arrays are missing in your dict: they are values like the others."""
    return {key: value for key, value in read_metadata(path).items() if not isinstance(value, (list, np.ndarray))}


@wrong_answer_to(read_metadata)
def returns_every_value_in_a_list(path):
    """Your numbers and strings stand in lists of one item: only arrays are sequences."""
    return {key: value if isinstance(value, (list, np.ndarray)) else [value]
            for key, value in read_metadata(path).items()}
