import numpy as np
import pytest
from gguf_metadata import read_header, read_metadata, read_value
from hypothesis import given
from hypothesis import strategies as st

from fixtures.checking import call
from fixtures.katas.gguf_metadata.gguf_bytes import ARRAY, BOOL, STRING, UINT8, UINT16, UINT32, GGUFBytes, written

LITTLE, BIG = GGUFBytes("<"), GGUFBytes(">")
BOTH_BYTE_ORDERS = pytest.mark.parametrize("make", [LITTLE, BIG], ids=["little", "big"])

# The file of the README's hexdump.
TINY = bytes.fromhex("""
    47475546 03000000 0000000000000000 0300000000000000
    1400000000000000 67656e6572616c2e617263686974656374757265 08000000 0400000000000000 62657274
    0100000000000000 6e 04000000 02010000
    0500000000000000 776f726473 09000000 08000000 0200000000000000 0100000000000000 61 0200000000000000 c3a9
""")

# A type with its number, its code in struct and its dtype, and numbers that no other type would give.
NUMBERS = {
    "uint8": (0, "B", [200, 1, 255]),
    "int8": (1, "b", [-56, 127, -1]),
    "uint16": (2, "H", [65000, 1, 258]),
    "int16": (3, "h", [-300, 2, -32768]),
    "uint32": (4, "I", [4_000_000_000, 1, 66051]),
    "int32": (5, "i", [-2_000_000_000, 1, 66051]),
    "float32": (6, "f", [0.15625, -3.5, float("inf")]),
    "uint64": (10, "Q", [2**63 + 5, 1, 2**40 + 3]),
    "int64": (11, "q", [-(2**62) - 5, 1, 2**40 + 3]),
    "float64": (12, "d", [0.1, -1e300, 2.0**-1074]),
}
EVERY_NUMBER = pytest.mark.parametrize("name", NUMBERS)


def test_the_header_says_version_byte_order_and_two_counts():
    call(read_header, TINY).gives((3, "<", 0, 3))


@pytest.mark.parametrize("version", [2, 3])
def test_the_tensor_count_comes_first(version):
    """Versions 2 and 3 are the same to the byte."""
    data = GGUFBytes("<", version).file(tensor_count=2, kv_count=5, rest=bytes(200))
    call(read_header, data).gives((version, "<", 2, 5))


@pytest.mark.parametrize("version", [2, 3])
def test_the_version_shows_a_big_endian_file(version):
    """Nothing else says it: as little endian the version would be 0x03000000."""
    data = GGUFBytes(">", version).file(tensor_count=5, kv_count=2, rest=bytes(200))
    call(read_header, data).gives((version, ">", 5, 2))


def test_a_number_of_the_hexdump():
    call(read_value, TINY, 81, UINT32, "<").gives((258, 85))


@BOTH_BYTE_ORDERS
@EVERY_NUMBER
def test_a_number_of_every_type(make, name):
    """Two bytes stand before it: a value begins anywhere."""
    value_type, code, numbers = NUMBERS[name]
    for number in numbers:
        field = make.pack(code, number)
        call(read_value, b"??" + field + b"rest", 2, value_type, make.byte_order).gives((number, 2 + len(field)))


def test_a_bool_is_one_byte():
    call(read_value, b"\1\0\0\0\0", 0, BOOL, "<").gives((True, 1))
    call(read_value, b"\1\0\1\0\0", 1, BOOL, ">").gives((False, 2))


def test_a_string_of_the_hexdump():
    call(read_value, TINY, 24, STRING, "<").gives(("general.architecture", 52))
    call(read_value, TINY, 123, STRING, "<").gives(("é", 133))


@BOTH_BYTE_ORDERS
@pytest.mark.parametrize("text", ["", "llama", "Ġvoilà", "中文 🦙", "a\0b", "x" * 300], ids=ascii)
def test_a_string_is_as_long_as_it_says(make, text):
    """A length of 8 bytes counts bytes, not characters; a zero byte ends nothing."""
    field = make.string(text)
    call(read_value, b"??" + field + b"rest", 2, STRING, make.byte_order).gives((text, 2 + len(field)))


@BOTH_BYTE_ORDERS
@EVERY_NUMBER
def test_an_array_of_numbers_is_a_numpy_array(make, name):
    value_type, code, numbers = NUMBERS[name]
    for items in ([], numbers):
        field = make.array(value_type, [make.pack(code, number) for number in items])
        call(read_value, b"??" + field + b"rest", 2, ARRAY, make.byte_order).gives(
            (np.array(items, np.dtype(name)), 2 + len(field)))


def test_an_array_of_bools_is_a_numpy_array():
    field = BIG.array(BOOL, [b"\1", b"\0", b"\0", b"\1", b"\1"])
    call(read_value, field, 0, ARRAY, ">").gives((np.array([True, False, False, True, True]), 17))


def test_an_array_of_strings_of_the_hexdump():
    call(read_value, TINY, 102, ARRAY, "<").gives((["a", "é"], 133))


@BOTH_BYTE_ORDERS
@given(words=st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=5) | st.just("x" * 300), max_size=9),
       times=st.sampled_from([1, 20]))
def test_an_array_of_any_strings(make, words, times):
    field = make.array(STRING, [make.string(word) for word in words * times])
    call(read_value, field + b"rest", 0, ARRAY, make.byte_order).gives((words * times, len(field)))


def test_arrays_in_an_array_stay_apart():
    """The specification allows them; gguf-py flattens them, llama.cpp refuses them."""
    numbers = BIG.array(UINT16, [BIG.pack("H", 7), BIG.pack("H", 258)])
    words = BIG.array(STRING, [BIG.string("a"), BIG.string("")])
    field = BIG.array(ARRAY, [numbers, BIG.array(ARRAY, [words, numbers]), words])
    wanted = [np.array([7, 258]), [["a", ""], np.array([7, 258])], ["a", ""]]
    call(read_value, field + b"rest", 0, ARRAY, ">").gives((wanted, len(field)))


def test_a_value_can_be_skipped():
    """Where it ends can be known without building it."""
    words = LITTLE.array(STRING, [LITTLE.string(word) for word in ("the", "", "中", "x" * 300)])
    numbers = LITTLE.array(UINT16, [LITTLE.pack("H", 7), LITTLE.pack("H", 258)])
    fields = {"uint8": (UINT8, b"\7"), "bool": (BOOL, b"\1"), "string": (STRING, LITTLE.string("中")),
              "numbers": (ARRAY, numbers), "words": (ARRAY, words), "both": (ARRAY, LITTLE.array(9, [numbers, words]))}
    for value_type, field in fields.values():
        call(read_value, b"??" + field + b"rest", 2, value_type, "<", skip=True).gives((None, 2 + len(field)))


def test_all_metadata_of_the_hexdump(tmp_path):
    call(read_metadata, written(tmp_path, TINY)).gives({"general.architecture": "bert", "n": 258, "words": ["a", "é"]})


@pytest.mark.parametrize("endianess", ["LITTLE", "BIG"])
def test_all_metadata_as_gguf_py_reads_it(endianess, tmp_path):
    """gguf-py writes the file and reads it again."""
    from gguf import GGUFEndian, GGUFReader, GGUFWriter

    path = tmp_path / "model.gguf"
    writer = GGUFWriter(path, "bert", endianess=GGUFEndian[endianess])
    writer.add_float32("a.f32", 1e-12)
    writer.add_uint64("a.u64", 2**63)
    writer.add_bool("a.flag", True)
    writer.add_token_list(["[PAD]", "▁the", "##é"])
    writer.add_token_scores([0.5, -1.25, 2.0])
    writer.add_token_types([3, 1, 1])
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.close()
    wanted = {key: field.contents() for key, field in GGUFReader(path).fields.items() if not key.startswith("GGUF.")}
    wanted["tokenizer.ggml.scores"] = np.array(wanted["tokenizer.ggml.scores"], np.float32)
    wanted["tokenizer.ggml.token_type"] = np.array(wanted["tokenizer.ggml.token_type"], np.int32)
    call(read_metadata, path).gives(wanted)


def test_only_the_keys_that_are_asked_for(tmp_path):
    call(read_metadata, written(tmp_path, TINY), "n").gives({"n": 258})
    call(read_metadata, written(tmp_path, TINY), "words", "general.architecture").gives(
        {"general.architecture": "bert", "words": ["a", "é"]})


def test_a_key_that_is_not_there_is_left_out(tmp_path):
    """What lies behind the last KV is no KV, even where it looks like one."""
    path = written(tmp_path, TINY + LITTLE.kv("llama", UINT8, b"\2"))
    call(read_metadata, path, "llama", "n").gives({"n": 258})


def test_nothing_behind_the_last_key_is_looked_at(tmp_path):
    """The rest of the metadata may even be broken: here a type that does not exist."""
    path = written(tmp_path, TINY.replace(bytes.fromhex("09000000 08000000"), bytes.fromhex("0d000000 0d000000")))
    call(read_metadata, path, "general.architecture").gives({"general.architecture": "bert"})
    call(read_metadata, path, "n", "general.architecture").gives({"general.architecture": "bert", "n": 258})
