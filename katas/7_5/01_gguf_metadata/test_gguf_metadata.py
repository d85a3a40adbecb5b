import re
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from gguf_metadata import GGUFError, ValueType, open_metadata, read_header, read_metadata, read_value, skip_value
from hypothesis import given
from hypothesis import strategies as st

from fixtures.checking import call
from fixtures.katas.gguf_metadata.malformed_gguf import (
    CATALOGUE,
    IN_ALIGNMENT,
    IN_HEADER,
    IN_KEYS,
    IN_VALUES,
    READABLE,
    GGUFBytes,
)

LITTLE, BIG = GGUFBytes("<"), GGUFBytes(">")
BOTH_BYTE_ORDERS = pytest.mark.parametrize("make", [LITTLE, BIG], ids=["little", "big"])
READERS = pytest.mark.parametrize("read", [skip_value, read_value], ids=lambda read: read.__name__)

# type, its code in struct, three numbers that no other type and no other byte order would give
NUMBERS = [
    ("UINT8", "B", [200, 1, 255]),
    ("INT8", "b", [-56, 127, -1]),
    ("UINT16", "H", [65000, 1, 258]),
    ("INT16", "h", [-300, 2, -32768]),
    ("UINT32", "I", [4_000_000_000, 1, 66051]),
    ("INT32", "i", [-2_000_000_000, 1, 66051]),
    ("UINT64", "Q", [2**63 + 5, 1, 2**40 + 3]),
    ("INT64", "q", [-(2**62) - 5, 1, 2**40 + 3]),
    ("FLOAT32", "f", [0.15625, -3.5, float("inf")]),
    ("FLOAT64", "d", [0.1, -1e300, 2.0**-1074]),
]
EVERY_NUMBER = pytest.mark.parametrize(("type_name", "code", "numbers"), NUMBERS,
                                       ids=[name.lower() for name, _, _ in NUMBERS])
DTYPES = {"B": np.uint8, "b": np.int8, "H": np.uint16, "h": np.int16, "I": np.uint32, "i": np.int32, "Q": np.uint64,
          "q": np.int64, "f": np.float32, "d": np.float64}
BEFORE, AFTER = b"before!", b"\xab\xcd after"  # a value lies somewhere in a file, seldom at a multiple of 4


def write(folder, data, name="model"):
    """Write a file and return its path."""
    path = folder / (re.sub(r"\W+", "_", name) + ".gguf")
    path.write_bytes(data)
    return path


def same(value, wanted):
    """Whether two values are equal, an array and a list of the same numbers included."""
    return np.array_equal(value, wanted) if isinstance(value, np.ndarray) else value == wanted


# --- read_header -------------------------------------------------------------------------------------


@BOTH_BYTE_ORDERS
@pytest.mark.parametrize("version", [2, 3])
def test_the_header_says_version_byte_order_and_two_counts(make, version):
    data = b"GGUF" + make.pack("I", version) + make.pack("Q", 2, 5) + bytes(70)
    call(read_header, data).gives((version, make.byte_order, 2, 5))


def test_the_header_can_be_read_from_any_buffer():
    data = LITTLE.file(LITTLE.kv("key", ValueType.UINT8, b"\1"))
    call(read_header, memoryview(data)).gives((3, "<", 0, 1))
    call(read_header, bytearray(data)).gives((3, "<", 0, 1))


def test_a_header_without_anything_behind_it_is_whole():
    call(read_header, LITTLE.file()).gives((3, "<", 0, 0))


@BOTH_BYTE_ORDERS
@pytest.mark.parametrize("version", [0, 1, 4, 258, 0x10001])
def test_versions_other_than_2_and_3_are_refused(make, version):
    """Version 1 had counts and lengths of 32 bits; llama.cpp does not read it any more either."""
    data = b"GGUF" + make.pack("I", version) + make.pack("Q", 0, 0)
    call(read_header, data).raises(GGUFError, naming=("byte 4:", "version"))


@BOTH_BYTE_ORDERS
def test_a_count_must_fit_into_the_rest_of_the_file(make):
    """A KV takes at least 14 bytes, an entry of the tensor table at least 24."""
    def header(tensor_count, kv_count, rest):
        return b"GGUF" + make.pack("I", 3) + make.pack("Q", tensor_count, kv_count) + bytes(rest)

    call(read_header, header(0, 3, 42)).gives((3, make.byte_order, 0, 3))
    call(read_header, header(0, 3, 41)).raises(GGUFError, naming=("byte 16:", "count"))
    call(read_header, header(3, 0, 72)).gives((3, make.byte_order, 3, 0))
    call(read_header, header(3, 0, 71)).raises(GGUFError, naming=("byte 8:", "count"))
    call(read_header, header(0, 2**64 - 1, 500)).raises(GGUFError, naming=("byte 16:", "count"))


def test_every_malformed_header_is_refused_at_its_byte():
    for odd in IN_HEADER:
        if odd.word != "ends" or len(odd.data) < 24:  # the others' headers are sound
            error = call(read_header, odd.data).raises(GGUFError, naming=(f"byte {odd.offset}:", odd.word))
            assert error.offset == odd.offset, f"{odd.name}: offset is {error.offset}, wanted {odd.offset}"


# --- skip_value, and what it shares with read_value --------------------------------------------------


@BOTH_BYTE_ORDERS
def test_the_end_of_a_number_or_bool(make):
    for type_name, code, numbers in NUMBERS:
        field = make.pack(code, numbers[0])
        for data in (BEFORE + field + AFTER, BEFORE + field):
            call(skip_value, data, 7, ValueType[type_name], make.byte_order).gives(7 + len(field))
    call(skip_value, b"\0\1\1", 1, ValueType.BOOL, make.byte_order).gives(2)
    call(skip_value, b"\0\1", 1, ValueType.BOOL, make.byte_order).gives(2)


@BOTH_BYTE_ORDERS
def test_the_end_of_a_string(make):
    for text in ("", "llama", "中", "x" * 300):
        field = make.string(text)
        for data in (BEFORE + field + AFTER, BEFORE + field):
            call(skip_value, data, 7, ValueType.STRING, make.byte_order).gives(7 + len(field))


@BOTH_BYTE_ORDERS
def test_the_end_of_an_array(make):
    words = make.array(ValueType.STRING, [make.string(word) for word in ("the", "", "x" * 700, "中")])
    fields = [make.array(ValueType[name], [make.pack(code, x) for x in numbers]) for name, code, numbers in NUMBERS]
    fields += [words, make.array(ValueType.BOOL, [b"\1", b"\0", b"\1"]), make.array(ValueType.ARRAY, [words, *fields]),
               make.array(ValueType.INT16, []), make.array(ValueType.STRING, []), make.array(ValueType.ARRAY, [])]
    for field in fields:
        for data in (BEFORE + field + AFTER, BEFORE + field):
            call(skip_value, data, 7, ValueType.ARRAY, make.byte_order).gives(7 + len(field))


def nested(depth):
    """Return arrays in each other; the innermost holds one uint8."""
    field = LITTLE.array(ValueType.UINT8, [b"\5"])
    for _ in range(depth - 1):
        field = LITTLE.array(ValueType.ARRAY, [field])
    return field


def test_arrays_may_lie_in_each_other_up_to_four_deep():
    call(skip_value, nested(4), 0, ValueType.ARRAY, "<").gives(49)


@READERS
def test_a_bool_is_0_or_1(read):
    """The specification calls any other byte invalid; llama.cpp takes it for true."""
    call(read, b"\0\2", 1, ValueType.BOOL, "<").raises(GGUFError, naming=("byte 1:", "bool"))
    flags = LITTLE.array(ValueType.BOOL, [b"\1", b"\0", b"\xff", b"\2", b"\1"])
    call(read, BEFORE + flags, 7, ValueType.ARRAY, "<").raises(GGUFError, naming=("byte 21:", "bool"))


@READERS
def test_an_array_that_lies_deeper_is_refused_where_it_begins(read):
    """Without a limit, a file of a few kB ends in a RecursionError or an exhausted stack."""
    call(read, BEFORE + nested(5), 7, ValueType.ARRAY, "<").raises(GGUFError, naming=("byte 55:", "deep"))
    call(read, nested(2000), 0, ValueType.ARRAY, "<").raises(GGUFError, naming=("byte 48:", "deep"))


@READERS
def test_a_string_that_reaches_beyond_the_end_is_refused_at_its_length(read):
    for length in (4, 2**31, 2**32, 2**63 - 1, 2**63, 2**64 - 15, 2**64 - 8, 2**64 - 1):
        data = BEFORE + LITTLE.string("abc", length)
        call(read, data, 7, ValueType.STRING, "<").raises(GGUFError, naming=("byte 7:", "beyond"))
        for before in (1, 20):
            words = [LITTLE.string("ab")] * before + [LITTLE.string("abc", length)]
            field = LITTLE.array(ValueType.STRING, words)
            place = f"byte {19 + 10 * before}:"
            call(read, BEFORE + field, 7, ValueType.ARRAY, "<").raises(GGUFError, naming=(place, "beyond"))


@READERS
def test_an_array_must_have_room_for_its_count(read):
    """The count is checked before anything is allocated or walked."""
    for value_type, size in [(ValueType.UINT8, 1), (ValueType.BOOL, 1), (ValueType.INT16, 2), (ValueType.FLOAT32, 4),
                             (ValueType.UINT64, 8), (ValueType.STRING, 8), (ValueType.ARRAY, 12)]:
        for count in (5, 2**32, 2**61 + 1, 2**64 - 1):
            field = LITTLE.array(value_type, [bytes(4 * size + size - 1)], count)
            call(read, BEFORE + field, 7, ValueType.ARRAY, "<").raises(GGUFError, naming=("byte 11:", "array"))


@READERS
def test_an_unknown_item_type_is_refused(read):
    for number in (13, 2**31, 2**32 - 1):
        field = LITTLE.array(number, [bytes(8)])
        call(read, BEFORE + field, 7, ValueType.ARRAY, "<").raises(GGUFError, naming=("byte 7:", "type"))


@BOTH_BYTE_ORDERS
@READERS
def test_a_value_that_is_cut_anywhere_is_refused(read, make):
    """Every beginning of a value, from nothing to all but its last byte."""
    words = make.array(ValueType.STRING, [make.string("ab"), make.string("中")])
    doubles = make.array(ValueType.FLOAT64, [make.pack("d", 1.5)])
    values = [
        (ValueType.UINT64, make.pack("Q", 1)),
        (ValueType.BOOL, b"\1"),
        (ValueType.STRING, make.string("abc")),
        (ValueType.ARRAY, words),
        (ValueType.ARRAY, make.array(ValueType.ARRAY, [words, doubles])),
    ]
    for value_type, field in values:
        for length in range(len(field)):
            error = call(read, BEFORE + field[:length], 7, value_type, make.byte_order).raises(GGUFError)
            assert 7 <= error.offset <= 7 + length, f"cut to {length} bytes: the offset is {error.offset}"


@READERS
def test_a_field_that_is_cut_is_named_by_its_first_byte(read):
    call(read, bytes(10), 7, ValueType.UINT32, "<").raises(GGUFError, naming=("byte 7:", "ends"))
    call(read, bytes(10), 10, ValueType.UINT8, "<").raises(GGUFError, naming=("byte 10:", "ends"))
    call(read, bytes(10), 3, ValueType.STRING, "<").raises(GGUFError, naming=("byte 3:", "ends"))
    call(read, bytes(10), 10, ValueType.STRING, "<").raises(GGUFError, naming=("byte 10:", "ends"))
    call(read, bytes(10), 12, ValueType.STRING, "<").raises(GGUFError, naming=("byte 12:", "ends"))
    call(read, bytes(10), 7, ValueType.ARRAY, "<").raises(GGUFError, naming=("byte 7:", "ends"))
    call(read, bytes(10), 3, ValueType.ARRAY, "<").raises(GGUFError, naming=("byte 7:", "ends"))
    for rest in range(8):
        two = LITTLE.array(ValueType.STRING, [LITTLE.string("a" * 8), bytes(rest)], 2)
        call(read, two, 0, ValueType.ARRAY, "<").raises(GGUFError, naming=("byte 28:", "ends"))
        many = LITTLE.array(ValueType.STRING, [LITTLE.string("a" * 160), bytes(rest)], 20)
        call(read, many, 0, ValueType.ARRAY, "<").raises(GGUFError, naming=("byte 180:", "ends"))


@READERS
@pytest.mark.parametrize("type_name", ["UINT8", "STRING", "ARRAY"])
def test_a_small_file_takes_little_memory_whatever_it_claims(read, type_name):
    """An array that says it has 2^40 items, in a file of 112 bytes."""
    data = LITTLE.array(ValueType[type_name], [bytes(100)], 2**40)
    tracemalloc.start()
    call(read, data, 0, ValueType.ARRAY, "<").raises(GGUFError)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1_000_000, f"{peak / 1e6:.0f} MB were allocated for a file of 112 bytes"


@READERS
@pytest.mark.parametrize("buffer", [bytes, bytearray, memoryview])
def test_a_value_may_lie_in_any_buffer(read, buffer):
    words = LITTLE.array(ValueType.STRING, [LITTLE.string(word) for word in ("the", "", "中")])
    field = LITTLE.array(ValueType.ARRAY, [words, LITTLE.array(ValueType.INT16, [LITTLE.pack("h", -300)])])
    end = 7 + len(field)
    wanted = end if read is skip_value else ([["the", "", "中"], np.array([-300])], end)
    call(read, buffer(BEFORE + field + AFTER), 7, ValueType.ARRAY, "<").gives(wanted)
    text = LITTLE.string("caf\xe9")
    call(read, buffer(text), 0, ValueType.STRING, "<").gives(13 if read is skip_value else ("café", 13))
    call(read, buffer(text[:-1]), 0, ValueType.STRING, "<").raises(GGUFError, naming=("byte 0:", "beyond"))


# --- read_value --------------------------------------------------------------------------------------


@BOTH_BYTE_ORDERS
@EVERY_NUMBER
def test_a_number(make, type_name, code, numbers):
    value_type = ValueType[type_name]
    for number in numbers:
        field = make.pack(code, number)
        end = len(BEFORE + field)
        inside = call(read_value, BEFORE + field + AFTER, len(BEFORE), value_type, make.byte_order)
        value, _ = inside.gives((number, end))
        assert type(value) in (int, float), f"a number is a plain int or float, not {type(value).__name__}"
        call(read_value, BEFORE + field, len(BEFORE), value_type, make.byte_order).gives((number, end))


@BOTH_BYTE_ORDERS
@EVERY_NUMBER
def test_an_array_of_numbers_becomes_a_numpy_array(make, type_name, code, numbers):
    field = make.array(ValueType[type_name], [make.pack(code, number) for number in numbers])
    end = len(BEFORE + field)
    wanted = np.array(numbers, DTYPES[code])
    inside = call(read_value, BEFORE + field + AFTER, len(BEFORE), ValueType.ARRAY, make.byte_order)
    value, _ = inside.gives((wanted, end))
    inside.satisfies(lambda _: value.dtype == wanted.dtype,
                     f"the dtype {wanted.dtype.str}, in the machine's byte order, not {value.dtype.str}")


def test_a_bool_is_one_byte():
    call(read_value, b"\1\0\0\0\0", 0, ValueType.BOOL, "<").gives((True, 1))
    call(read_value, b"\1\0\0\0\0", 1, ValueType.BOOL, "<").gives((False, 2))
    call(read_value, b"\1\0\0\0\0", 0, ValueType.BOOL, ">").gives((True, 1))


def test_an_array_of_bools():
    field = BIG.array(ValueType.BOOL, [b"\1", b"\0", b"\0", b"\1", b"\1"])
    value, _ = call(read_value, field + AFTER, 0, ValueType.ARRAY, ">").gives(
        (np.array([True, False, False, True, True]), 17))
    assert value.dtype.name == "bool", f"the dtype is {value.dtype}, wanted bool"


@BOTH_BYTE_ORDERS
@pytest.mark.parametrize("text", ["", "a", "llama", "Ġvoilà", "中文 🦙", "a\0b", "x" * 300], ids=ascii)
def test_a_string(make, text):
    field = make.string(text)
    end = len(BEFORE + field)
    call(read_value, BEFORE + field + AFTER, len(BEFORE), ValueType.STRING, make.byte_order).gives((text, end))
    call(read_value, BEFORE + field, len(BEFORE), ValueType.STRING, make.byte_order).gives((text, end))


def test_bytes_that_are_not_utf_8_are_kept_as_surrogates():
    """Half a character is a token in some vocabularies: it must come back as the same bytes."""
    for content in (b"\xff", b"caf\xe9", b"\xe4\xb8", b"\xf0\x9f\xa6", b"ok \xc3\x28"):
        value, _ = call(read_value, LITTLE.string(content), 0, ValueType.STRING, "<").gives(
            (content.decode("utf-8", "surrogateescape"), 8 + len(content)))
        assert value.encode("utf-8", "surrogateescape") == content


@BOTH_BYTE_ORDERS
def test_an_array_of_strings(make):
    words = ["the", "", "Ġcat", "中", "x" * 700, "", "🦙", "end\0", "\x07"]
    field = make.array(ValueType.STRING, [make.string(word) for word in words])
    end = len(BEFORE + field)
    inside = call(read_value, BEFORE + field + AFTER, len(BEFORE), ValueType.ARRAY, make.byte_order)
    value, _ = inside.gives((words, end))
    assert isinstance(value, list) and all(type(word) is str for word in value), "wanted a list of str"


@BOTH_BYTE_ORDERS
@pytest.mark.parametrize("length", [1, 255, 256, 300, 70_000])
def test_an_array_of_strings_of_one_length(make, length):
    words = [letter * length for letter in "abcdefghijkl"]
    field = make.array(ValueType.STRING, [make.string(word) for word in words])
    call(read_value, field, 0, ValueType.ARRAY, make.byte_order).gives((words, len(field)))


@BOTH_BYTE_ORDERS
@pytest.mark.parametrize("long", [{1: 256}, {4: 300}, {11: 300}, {1: 70_000}, {0: 300, 2: 70_000}], ids=str)
def test_long_strings_among_short_ones(make, long):
    words = ["x" * long[i] if i in long else letter * (2 + i) for i, letter in enumerate("abcdefghijkl")]
    field = make.array(ValueType.STRING, [make.string(word) for word in words])
    call(read_value, field, 0, ValueType.ARRAY, make.byte_order).gives((words, len(field)))


@BOTH_BYTE_ORDERS
def test_a_long_array_of_strings(make):
    """6,000 words: some are empty, some longer than 255 bytes, some hold zeros, and more strings follow."""
    odd = {17: "", 40: "x" * 256, 41: "", 2900: "\0" * 20, 3000: "y" * 70_000, 5999: "last"}
    words = [odd.get(i, f"w{i}" + "é" * (i % 90)) for i in range(6000)]
    field = make.array(ValueType.STRING, [make.string(word) for word in words])
    data = BEFORE + field + make.string("next") * 20
    call(read_value, data, 7, ValueType.ARRAY, make.byte_order).gives((words, 7 + len(field)))
    call(skip_value, data, 7, ValueType.ARRAY, make.byte_order).gives(7 + len(field))


@BOTH_BYTE_ORDERS
@given(contents=st.lists(st.binary(max_size=5) | st.sampled_from([b"\xff", b"\xff\xff", b"\xe4", b"a\xffb", b"\0"]),
                         max_size=25))
def test_an_array_of_any_bytes(make, contents):
    field = make.array(ValueType.STRING, [make.string(content) for content in contents])
    wanted = [content.decode("utf-8", "surrogateescape") for content in contents]
    call(read_value, field, 0, ValueType.ARRAY, make.byte_order).gives((wanted, len(field)))


@BOTH_BYTE_ORDERS
def test_empty_arrays(make):
    for type_name, code, _ in NUMBERS:
        empty = call(read_value, make.array(ValueType[type_name], []), 0, ValueType.ARRAY, make.byte_order)
        value, _ = empty.gives((np.empty(0), 12))
        wanted = np.dtype(DTYPES[code])
        empty.satisfies(lambda _, value=value, wanted=wanted: value.dtype == wanted,
                        f"the dtype {wanted.str}, not {value.dtype.str}")
    for value_type in (ValueType.STRING, ValueType.ARRAY):
        call(read_value, make.array(value_type, []), 0, ValueType.ARRAY, make.byte_order).gives(([], 12))


@BOTH_BYTE_ORDERS
def test_arrays_in_an_array_stay_apart(make):
    """llama.cpp refuses them, gguf-py flattens them; the specification allows them."""
    numbers = make.array(ValueType.UINT16, [make.pack("H", 7), make.pack("H", 258)])
    words = make.array(ValueType.STRING, [make.string("a"), make.string("")])
    empty = make.array(ValueType.INT64, [])
    field = make.array(ValueType.ARRAY, [numbers, make.array(ValueType.ARRAY, [words, empty]), words])
    wanted = [np.array([7, 258]), [["a", ""], np.empty(0)], ["a", ""]]
    call(read_value, BEFORE + field + AFTER, 7, ValueType.ARRAY, make.byte_order).gives((wanted, 7 + len(field)))


def test_arrays_lie_in_each_other_up_to_four_deep():
    call(read_value, nested(4), 0, ValueType.ARRAY, "<").gives(([[[np.array([5])]]], 49))


# --- read_metadata -----------------------------------------------------------------------------------


def everything(make):
    """Return KVs of every type, and what they say."""
    kvs, wanted = [], {}
    for type_name, code, numbers in NUMBERS:
        key, value_type = f"number.{type_name.lower()}", ValueType[type_name]
        kvs.append(make.kv(key, value_type, make.pack(code, numbers[0])))
        wanted[key] = numbers[0]
        kvs.append(make.kv(key + "s", ValueType.ARRAY, make.array(value_type, [make.pack(code, x) for x in numbers])))
        wanted[key + "s"] = np.array(numbers, DTYPES[code])
    words = make.array(ValueType.STRING, [make.string(word) for word in ("[CLS]", "", "▁the")])
    kvs += [make.kv("general.name", ValueType.STRING, make.string("Größe")), make.kv("flag", ValueType.BOOL, b"\1"),
            make.kv("words", ValueType.ARRAY, words), make.kv("nested", ValueType.ARRAY, make.array(9, [words]))]
    wanted |= {"general.name": "Größe", "flag": True, "words": ["[CLS]", "", "▁the"], "nested": [["[CLS]", "", "▁the"]]}
    return kvs, wanted


@pytest.mark.parametrize("version", [2, 3])
@pytest.mark.parametrize("byte_order", ["<", ">"], ids=["little", "big"])
def test_all_metadata_of_a_file(version, byte_order, tmp_path):
    kvs, wanted = everything(GGUFBytes(byte_order))
    path = write(tmp_path, GGUFBytes(byte_order, version).file(*kvs, rest=b"tensor data"))
    value = call(read_metadata, path).gives(wanted)
    assert list(value) == list(wanted), "the keys are in the order of the file"


def test_the_path_may_be_a_string(tmp_path):
    path = write(tmp_path, LITTLE.file(LITTLE.kv("n", ValueType.UINT8, b"\7")))
    call(read_metadata, str(path)).gives({"n": 7})


def test_a_key_twice_is_refused_at_the_second(tmp_path):
    one, other = LITTLE.kv("n", ValueType.UINT8, b"\1"), LITTLE.kv("m", ValueType.UINT8, b"\2")
    path = write(tmp_path, LITTLE.file(one, other, LITTLE.kv("n", ValueType.UINT32, bytes(4))))
    call(read_metadata, path).raises(GGUFError, naming=("byte 52:", "twice"))


def test_a_key_is_not_empty(tmp_path):
    path = write(tmp_path, LITTLE.file(LITTLE.kv("", ValueType.UINT32, bytes(4))))
    call(read_metadata, path).raises(GGUFError, naming=("byte 24:", "empty"))


def test_a_key_is_utf_8(tmp_path):
    """gguf-py dies of a UnicodeDecodeError here, llama.cpp does not mind."""
    path = write(tmp_path, LITTLE.file(LITTLE.kv(b"caf\xe9", ValueType.UINT32, bytes(4))))
    call(read_metadata, path).raises(GGUFError, naming=("byte 24:", "UTF-8"))


@pytest.mark.parametrize("odd_files", [IN_HEADER, IN_KEYS, IN_VALUES, IN_ALIGNMENT],
                         ids=["in_the_header", "in_keys", "in_values", "in_the_alignment"])
def test_every_malformed_file_is_refused_at_its_byte(odd_files, tmp_path):
    """The name of the file says what is wrong with it."""
    for odd in odd_files:
        path = write(tmp_path, odd.data, odd.name)
        error = call(read_metadata, path).raises(GGUFError, naming=(f"byte {odd.offset}:", odd.word))
        assert error.offset == odd.offset, f"the offset is {error.offset}, wanted {odd.offset}"


def test_odd_files_are_read_as_long_as_their_metadata_is_sound(tmp_path):
    """Some have a broken tensor table: that is the next kata's matter."""
    for odd in READABLE:
        call(read_metadata, write(tmp_path, odd.data, odd.name)).gives(odd.values)


def test_every_alignment_that_is_a_power_of_two_is_fine(tmp_path):
    for make in (LITTLE, BIG):
        for alignment in (1, 32, 2**31):
            kv = make.kv("general.alignment", ValueType.UINT32, make.pack("I", alignment))
            call(read_metadata, write(tmp_path, make.file(kv))).gives({"general.alignment": alignment})


@BOTH_BYTE_ORDERS
def test_a_file_that_is_cut_anywhere_is_refused(make, tmp_path):
    kvs, _ = everything(make)
    data = make.file(*kvs[-4:])
    call(read_metadata, write(tmp_path, data)).satisfies(lambda values: len(values) == 4, "the whole file has 4 keys")
    for length in range(0, len(data), 7):
        error = call(read_metadata, write(tmp_path, data[:length])).raises(GGUFError)
        assert error.offset <= length, f"cut to {length} bytes: the offset is {error.offset}"


@pytest.mark.parametrize("endianess", ["LITTLE", "BIG"])
def test_a_file_of_gguf_py_is_read_as_gguf_py_reads_it(endianess, tmp_path):
    from gguf import GGUFEndian, GGUFReader, GGUFWriter

    path = tmp_path / "model.gguf"
    writer = GGUFWriter(path, "bert", endianess=GGUFEndian[endianess])
    writer.add_uint8("a.u8", 200)
    writer.add_int8("a.i8", -3)
    writer.add_int16("a.i16", -300)
    writer.add_float32("a.f32", 1e-12)
    writer.add_float64("a.f64", 0.1)
    writer.add_uint64("a.u64", 2**63)
    writer.add_bool("a.flag", True)
    writer.add_array("a.floats", [1.5, -2.5, 3.25])
    writer.add_array("a.flags", [True, False])
    writer.add_token_list(["[PAD]", "▁the", "##é"])
    writer.add_token_scores([0.5, -1.25, 2.0])
    writer.add_token_types([3, 1, 1])
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.close()
    reader = GGUFReader(path)
    wanted = {key: field.contents() for key, field in reader.fields.items() if not key.startswith("GGUF.")}
    call(read_metadata, path).satisfies(
        lambda values: list(values) == list(wanted), "its keys are those of gguf-py, in the same order")
    call(read_metadata, path).satisfies(
        lambda values: all(same(values[key], wanted[key]) for key in wanted),
        "every value is the one of gguf-py")


# --- open_metadata -----------------------------------------------------------------------------------


def assert_released(path):
    """Check that no memory map of the file is left; Windows would not let the file be deleted either."""
    maps = Path("/proc/self/maps")
    if maps.exists():
        still_open = str(path) in maps.read_text(encoding="utf-8")
        assert not still_open, "the memory map is still open: close it when there is an error as well"
    path.unlink()


def value_of(metadata, key):
    """Ask for a value."""
    return metadata[key]


def is_there(metadata, key):
    """Ask for a key."""
    return key in metadata


def test_metadata_is_a_mapping(tmp_path):
    kvs, wanted = everything(BIG)
    path = write(tmp_path, BIG.file(*kvs))
    with call(open_metadata, path).value as metadata:
        assert tuple(metadata.header) == (3, ">", 0, len(wanted)), f"header is {metadata.header}"
        call(len, metadata).gives(len(wanted))
        call(list, metadata).gives(list(wanted))
        call(value_of, metadata, "words").gives(wanted["words"])
        call(value_of, metadata, "number.int16").gives(-300)
        call(is_there, metadata, "flag").gives(True)
        call(is_there, metadata, "general.architecture").gives(False)
        call(metadata.get, "general.architecture", "none").gives("none")
        call(dict, metadata).gives(wanted)


def test_a_key_can_be_asked_for_in_any_order(tmp_path):
    path = write(tmp_path, LITTLE.file(*(LITTLE.kv(key, ValueType.UINT8, bytes([i])) for i, key in enumerate("abcd"))))
    with call(open_metadata, path).value as metadata:
        for key, wanted in zip("cadbb", (2, 0, 3, 1, 1)):
            call(value_of, metadata, key).gives(wanted)


def test_a_key_that_is_not_there_is_a_key_error(tmp_path):
    """What lies behind the last KV is no KV, even where it looks like one."""
    path = write(tmp_path, LITTLE.file(LITTLE.kv("a", ValueType.UINT8, b"\1"),
                                       rest=LITTLE.kv("llama", ValueType.UINT8, b"\2")))
    with call(open_metadata, path).value as metadata:
        call(value_of, metadata, "llama").raises(KeyError, naming="llama")
        call(is_there, metadata, "llama").gives(False)


def test_nothing_behind_the_key_that_is_asked_for_is_looked_at(tmp_path):
    """The architecture of a model of 100 GB is there at once: the rest of the metadata may even be broken."""
    first = LITTLE.kv("general.architecture", ValueType.STRING, LITTLE.string("bert"))
    second = LITTLE.kv("n", ValueType.UINT32, LITTLE.pack("I", 7))
    broken = LITTLE.kv("broken", 13, bytes(20))
    with call(open_metadata, write(tmp_path, LITTLE.file(first, second, broken))).value as metadata:
        call(value_of, metadata, "general.architecture").gives("bert")
        call(is_there, metadata, "n").gives(True)
        call(value_of, metadata, "n").gives(7)
        place = f"byte {len(LITTLE.file(first, second)) + 14}:"
        for ask in (value_of, value_of, is_there):  # the second time the answer is the same
            call(ask, metadata, "general.name").raises(GGUFError, naming=(place, "type"))
        call(value_of, metadata, "n").gives(7)  # what lies before the broken place stays readable
        call(list, metadata).raises(GGUFError, naming=(place, "type"))


def test_a_key_twice_is_found_when_the_second_is_reached(tmp_path):
    one = LITTLE.kv("n", ValueType.UINT8, b"\1")
    with call(open_metadata, write(tmp_path, LITTLE.file(one, one))).value as metadata:
        call(value_of, metadata, "n").gives(1)
        call(value_of, metadata, "m").raises(GGUFError, naming=("byte 38:", "twice"))


def test_a_search_skips_values_without_building_them(tmp_path):
    """Half a million numbers and a text of 1 MB lie before the key."""
    numbers = LITTLE.array(ValueType.UINT32, [bytes(2_000_000)], 500_000)
    data = LITTLE.file(LITTLE.kv("numbers", ValueType.ARRAY, numbers),
                       LITTLE.kv("text", ValueType.STRING, LITTLE.string(bytes(1_000_000))),
                       LITTLE.kv("key", ValueType.UINT8, b"\7"))
    path = write(tmp_path, data)
    tracemalloc.start()
    with call(open_metadata, path).value as metadata:
        assert metadata["key"] == 7
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < 300_000, (f"{peak / 1e6:.1f} MB were allocated on the way to a uint8: know where a value ends "
                            f"without building it, and slice nothing that you do not return")


def test_the_map_is_closed_and_the_values_stay(tmp_path):
    kvs, wanted = everything(LITTLE)
    path = write(tmp_path, LITTLE.file(*kvs))
    with call(open_metadata, path).value as metadata:
        values = dict(metadata)
        with pytest.raises(ZeroDivisionError), metadata:  # leaving a block by an error closes as well
            raise ZeroDivisionError
    call(dict, values).gives(wanted)
    for key in ("words", "number.uint8"):
        call(value_of, metadata, key).raises(ValueError)
    assert_released(path)


def test_close_may_be_called_instead_and_twice(tmp_path):
    path = write(tmp_path, LITTLE.file(LITTLE.kv("numbers", ValueType.ARRAY, nested(1))))
    metadata = call(open_metadata, path).value
    numbers = metadata["numbers"]
    metadata.close()
    metadata.close()
    assert numbers.tolist() == [5]
    assert_released(path)


def test_read_metadata_closes_the_file(tmp_path):
    path = write(tmp_path, LITTLE.file(LITTLE.kv("numbers", ValueType.ARRAY, nested(1))))
    call(read_metadata, path).gives({"numbers": np.array([5])})
    assert_released(path)


def test_a_malformed_file_is_closed_too(tmp_path):
    for data in (b"GGML" + bytes(100), LITTLE.file(LITTLE.kv("flag", ValueType.BOOL, b"\2"))):
        path = write(tmp_path, data)
        call(read_metadata, path).raises(GGUFError)
        assert_released(path)


def test_an_empty_file_is_malformed_as_well(tmp_path):
    """The operating system maps no file of 0 bytes."""
    call(open_metadata, write(tmp_path, b"")).raises(GGUFError, naming="byte 0:")


def test_a_file_that_is_not_there_is_a_file_not_found_error(tmp_path):
    call(open_metadata, tmp_path / "nowhere.gguf").raises(FileNotFoundError, naming="nowhere.gguf")


# --- against llama.cpp -------------------------------------------------------------------------------


@pytest.mark.llama
def test_llama_cpp_reads_the_same(tmp_path):
    from fixtures.oracles.gguf_c import metadata as llama_cpp_metadata

    kvs, _ = everything(LITTLE)
    path = write(tmp_path, LITTLE.file(*kvs[:-1]))  # without the nested array, which llama.cpp refuses
    call(read_metadata, path).gives(llama_cpp_metadata(path))


@pytest.mark.llama
def test_where_llama_cpp_and_the_specification_differ(tmp_path):
    """llama.cpp itself is asked about every odd file; the catalogue says where it may disagree with you."""
    from fixtures.oracles.gguf_c import verdicts

    paths = [write(tmp_path, odd.data, odd.name) for odd in CATALOGUE]
    for odd, path, reads in zip(CATALOGUE, paths, verdicts(paths)):
        assert reads == odd.llama_cpp, f"the catalogue is out of date: {odd.name}, llama.cpp reads it: {reads}"
        if odd.offset is None:
            call(read_metadata, path).gives(odd.values)
        else:
            call(read_metadata, path).raises(GGUFError, naming=f"byte {odd.offset}:")


@pytest.mark.llama
@pytest.mark.peer("gguf")
@pytest.mark.timeout(600)  # the first of these tests downloads llama.cpp's source
@pytest.mark.parametrize("name", [
    "aquila", "baichuan", "bert-bge", "command-r", "deepseek-coder", "deepseek-llm", "falcon", "gemma-4", "gpt-2",
    "gpt-neox", "llama-bpe", "llama-spm", "mpt", "nomic-bert-moe", "phi-3", "qwen2", "qwen35", "refact", "starcoder"])
def test_a_real_vocabulary_is_read_as_llama_cpp_reads_it(name):
    from fixtures.models.llama_cpp_source import vocabulary
    from fixtures.oracles.gguf_c import metadata as llama_cpp_metadata

    path = vocabulary(name)
    values, wanted = call(read_metadata, path).value, llama_cpp_metadata(path)
    assert list(values) == list(wanted)
    for key, value in wanted.items():
        assert same(values[key], value), key
        assert not isinstance(value, np.ndarray) or values[key].dtype == value.dtype, key
    with call(open_metadata, path).value as metadata:
        assert metadata["general.architecture"] == wanted["general.architecture"]


@pytest.mark.peer("gguf")
@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", ["llama-spm", "gpt-2", "bert-bge"])
def test_a_real_vocabulary_is_read_as_gguf_py_reads_it(name):
    from gguf import GGUFReader

    from fixtures.models.llama_cpp_source import vocabulary

    path = vocabulary(name)
    wanted = {key: field.contents() for key, field in GGUFReader(path).fields.items() if not key.startswith("GGUF.")}
    values = call(read_metadata, path).value
    assert list(values) == list(wanted)
    for key, value in wanted.items():
        assert same(values[key], value), key
