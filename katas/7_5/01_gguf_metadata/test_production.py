import numpy as np
import pytest
from gguf_metadata import GGUFError, read_header, read_metadata, read_value

from fixtures.checking import call
from fixtures.katas.gguf_metadata import odd_files
from fixtures.katas.gguf_metadata.gguf_bytes import ARRAY, BOOL, INT16, STRING, UINT8, UINT32, UINT64, written
from fixtures.katas.gguf_metadata.holding import assert_peak_below, assert_released
from fixtures.katas.gguf_metadata.odd_files import BE, LE, MALFORMED, READABLE, header, nested

BOTH_WAYS = pytest.mark.parametrize("skip", [False, True], ids=["read", "skipped"])
WORDS = ["the", "", "Ġcat", "中", "x" * 256, "y" * 70_000, "\0" * 20] + [f"w{i}" for i in range(6000)]


@pytest.mark.parametrize("content", [b"\xff", b"caf\xe9", b"\xe4\xb8", b"\xf0\x9f\xa6"], ids=repr)
def test_bytes_that_are_not_utf_8_are_kept(content):
    """Half a character is a token in some vocabularies: its bytes must come back."""
    wanted = content.decode("utf-8", "surrogateescape")
    call(read_value, LE.string(content), 0, STRING, "<").gives((wanted, 8 + len(content)))
    words = LE.array(STRING, [LE.string(b"ab"), LE.string(content)] * 40)
    call(read_value, words, 0, ARRAY, "<").gives((["ab", wanted] * 40, len(words)))


@pytest.mark.parametrize("make", [LE, BE], ids=["little", "big"])
def test_a_long_vocabulary(make):
    """Some words are empty, some longer than 255 bytes, some hold zeros, and more strings follow."""
    for words in (WORDS, WORDS[::-1], ["z" * 256] * 70, ["é" * 20] * 3000):
        field = make.array(STRING, [make.string(word) for word in words])
        data = field + make.string("next") * 40
        call(read_value, data, 0, ARRAY, make.byte_order).gives((words, len(field)))
        call(read_value, data, 0, ARRAY, make.byte_order, skip=True).gives((None, len(field)))


@pytest.mark.parametrize("make", [LE, BE], ids=["little", "big"])
def test_numbers_are_those_of_this_machine(make):
    """A plain int can be written as JSON; an array in the file's byte order is slow in everything that follows."""
    number = call(read_value, make.pack("I", 258), 0, UINT32, make.byte_order)
    number.satisfies(lambda result: type(result[0]) is int, "a number is a plain int")
    for items in ([-300, 7], []):
        array = call(read_value, make.array(INT16, [make.pack("h", item) for item in items]), 0, ARRAY, make.byte_order)
        array.satisfies(lambda result: result[0].dtype == np.int16, "the dtype is int16, in the machine's byte order")


@pytest.mark.parametrize("value_type", [UINT8, UINT32])
def test_an_array_is_a_copy(value_type):
    """One that views the file's bytes changes with them, and keeps a memory map from being closed."""
    data = bytearray(LE.array(value_type, [bytes(range(1, 9))], 8 // (1 if value_type == UINT8 else 4)))
    array, _ = call(read_value, data, 0, ARRAY, "<").value
    before = array.tolist()
    data[12:] = bytes(8)
    unchanged = array.tolist() == before
    assert unchanged, "the array changed when the bytes did: return a copy"


@pytest.mark.parametrize("buffer", [bytes, bytearray, memoryview])
def test_any_buffer_will_do(buffer):
    field = LE.array(ARRAY, [LE.array(STRING, [LE.string("é")] * 40), LE.array(BOOL, [b"\1"])])
    call(read_value, buffer(field), 0, ARRAY, "<").gives(([["é"] * 40, np.array([True])], len(field)))
    call(read_header, buffer(LE.file())).gives((3, "<", 0, 0))


@BOTH_WAYS
@pytest.mark.parametrize("value_type", [UINT8, STRING, ARRAY])
def test_a_small_file_takes_little_memory_whatever_it_claims(value_type, skip):
    """2^40 items in 112 bytes."""
    work = call(read_value, LE.array(value_type, [bytes(100)], 2**40), 0, ARRAY, "<", skip=skip)
    assert_peak_below(1_000_000, lambda: work.raises(GGUFError), "compare what the file claims with the bytes left")


def test_a_search_builds_nothing_on_its_way(tmp_path):
    """A vocabulary, 1.2 MB of numbers and a text lie before the key, 16 MB of tensors behind it."""
    words = LE.array(STRING, [LE.string(f"word {i}") for i in range(20_000)])
    numbers, text = LE.array(UINT64, [bytes(1_200_000)], 150_000), LE.string(bytes(1_000_000))
    kvs = LE.kv("words", ARRAY, words), LE.kv("numbers", ARRAY, numbers), LE.kv("text", STRING, text)
    path = written(tmp_path, LE.file(*kvs, LE.kv("key", UINT8, b"\7"), rest=bytes(16_000_000)))
    assert_peak_below(800_000, lambda: call(read_metadata, path, "key").gives({"key": 7}),
                      "map the file, and skip a value without building it")


def test_the_file_is_closed_and_its_values_live_on(tmp_path):
    path = written(tmp_path, LE.file(LE.kv("b", ARRAY, nested(2)), LE.kv("a", UINT8, b"\1")))
    for keys in ([], ["a", "b"]):
        values = call(read_metadata, path, *keys).gives({"b": [np.array([5])], "a": 1})
        assert list(values) == ["b", "a"], "the keys are in the order of the file"
    assert_released(path)


def test_a_file_is_read_again_and_not_remembered(tmp_path):
    """A call reads the file: it does not hand out what an earlier call returned."""
    call(read_metadata, written(tmp_path, LE.file(LE.kv("n", UINT8, b"\1")))).value.clear()
    call(read_metadata, tmp_path / "model.gguf").gives({"n": 1})
    call(read_metadata, written(tmp_path, LE.file(LE.kv("n", UINT8, b"\2")))).gives({"n": 2})


def test_what_is_odd_but_sound_is_read(tmp_path):
    for name, (data, values) in READABLE.items():
        call(read_metadata, written(tmp_path, data, name)).gives(values)


def test_every_malformed_file_is_refused_and_closed(tmp_path):
    """fixtures/katas/gguf_metadata/odd_files.py lists them by name. A search that goes past refuses them too."""
    for name, data in MALFORMED.items():
        path = written(tmp_path, data, name)
        error = call(read_metadata, path).raises(GGUFError)
        found = error.offset in odd_files.PLACES.get(name, range(len(data) + 1))
        assert found, f"{name}: the error points at byte {error.offset} of the file's {len(data)}"
        search = call(read_metadata, path, "behind it all")
        _ = search.gives({}) if name in odd_files.SOUND_WHEN_SKIPPED else search.raises(GGUFError)
        assert_released(path)


@BOTH_WAYS
def test_a_value_that_is_cut_anywhere_is_refused(skip):
    words = BE.array(STRING, [BE.string("ab"), BE.string("中")])
    for value_type, field in [(UINT64, bytes(8)), (BOOL, b"\1"), (STRING, BE.string("abc")), (ARRAY, words),
                              (ARRAY, BE.array(ARRAY, [words, BE.array(UINT64, [bytes(8)])]))]:
        for length in range(len(field)):
            call(read_value, b"??" + field[:length], 2, value_type, ">", skip=skip).raises(GGUFError)


def value(value_type, field):
    return read_value, (b"before!" + field, 7, value_type, "<")


ANYWHERE, ARRAY_HEAD = range(2**20), range(7, 20)  # an array may be named by its item type, its count or its items
# function, arguments, and the byte where what is wrong begins; a value stands behind seven bytes
REFUSED = {
    "another magic": (read_header, (header(magic=b"GGML"),), [0]),
    "version 1, with lengths of 32 bits": (read_header, (header(version=1),), [4]),
    "a string one byte too long": (*value(STRING, LE.string("abc", 4)), [7]),
    "a string of 2^64 - 8 bytes": (*value(STRING, LE.string("abc", 2**64 - 8)), [7]),
    "a string too long in an array": (*value(ARRAY, LE.array(STRING, [LE.string("ab"), LE.string("c", 2)])), [29]),
    "an array of 2^62 numbers": (*value(ARRAY, LE.array(UINT32, [bytes(8)], 2**62)), ARRAY_HEAD),
    "half a number": (*value(UINT32, b"\0\0"), [7]),
    "an unknown item type": (*value(ARRAY, LE.array(13, [])), ANYWHERE),
    "arrays five deep": (*value(ARRAY, nested(5)), ANYWHERE),
    "a bool of 2": (*value(BOOL, b"\2"), ANYWHERE),
    "an unknown value type": (*value(13, bytes(8)), ANYWHERE),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_malformed_is_refused(case):
    function, arguments, places = REFUSED[case]
    error = call(function, *arguments).raises(GGUFError)
    assert error.offset in places, f"the error points at byte {error.offset}, wanted {places[0]}"


def test_a_file_that_is_missing_is_no_malformed_file(tmp_path):
    call(read_metadata, tmp_path / "nowhere.gguf").raises(FileNotFoundError)
