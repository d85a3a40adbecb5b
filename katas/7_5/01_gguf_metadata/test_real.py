import numpy as np
import pytest
from gguf_metadata import GGUFError, read_metadata

from fixtures.checking import call
from fixtures.katas.gguf_metadata.gguf_bytes import written
from fixtures.katas.gguf_metadata.odd_files import ARCHITECTURE, LE, LLAMA_CPP_DIFFERS, MALFORMED, READABLE


def assert_same(values, wanted):
    """Check every value, the order of the keys, and the dtypes of the arrays."""
    assert list(values) == list(wanted), "the keys are those of the file, in its order"
    for key, value in wanted.items():
        same = np.array_equal(values[key], value) if isinstance(value, np.ndarray) else values[key] == value
        assert same, f"{key} is not what the other reader reads"
        assert not isinstance(value, np.ndarray) or values[key].dtype == value.dtype, f"the dtype of {key}"


@pytest.mark.llama
def test_llama_cpp_reads_every_type_as_you_do(tmp_path):
    from fixtures.oracles.gguf_c import metadata as llama_cpp_metadata

    codes = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
    numbers = [LE.kv(f"number.{number}", number, LE.pack(code, 1)) for number, code in codes.items()]
    arrays = [LE.kv(f"array.{number}", 9, LE.array(number, [LE.pack(code, 1), LE.pack(code, 0)]))
              for number, code in codes.items()]
    words = LE.kv("words", 9, LE.array(8, [LE.string("▁the"), LE.string(b"\xe4\xb8")]))
    path = written(tmp_path, LE.file(ARCHITECTURE, *numbers, *arrays, words))
    assert_same(call(read_metadata, path).value, llama_cpp_metadata(path))


@pytest.mark.llama
@pytest.mark.parametrize(("model", "file"), [
    ("vision", "text.gguf"), ("vision", "mmproj.gguf"), ("voice", "voice.gguf"), ("reader", "reader.gguf"),
    pytest.param("all-MiniLM-L6-v2", None, marks=pytest.mark.model("all-MiniLM-L6-v2"))])
def test_a_real_model_is_read_as_llama_cpp_reads_it(model, file):
    from fixtures.models import model_path
    from fixtures.models.trained.shipped import shipped_path
    from fixtures.oracles.gguf_c import metadata as llama_cpp_metadata

    path = shipped_path(model, file) if file else model_path(model)
    wanted = llama_cpp_metadata(path)
    assert_same(call(read_metadata, path).value, wanted)
    call(read_metadata, path, "general.architecture").gives({"general.architecture": wanted["general.architecture"]})


@pytest.mark.llama
def test_llama_cpp_refuses_what_you_refuse(tmp_path):
    """llama.cpp is asked about every odd file; the list says where it may disagree with you."""
    from fixtures.oracles.gguf_c import verdicts

    files = MALFORMED | {name: data for name, (data, _) in READABLE.items()}
    paths = [written(tmp_path, data, name) for name, data in files.items()]
    for name, path, reads in zip(files, paths, verdicts(paths)):
        sound = name in READABLE
        assert reads == (sound != (name in LLAMA_CPP_DIFFERS)), f"odd_files.py is out of date: {name}: {reads}"
        if sound:
            call(read_metadata, path).gives(READABLE[name][1])
        else:
            call(read_metadata, path).raises(GGUFError)


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
    assert_same(call(read_metadata, path).value, llama_cpp_metadata(path))


@pytest.mark.peer("gguf")
@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", ["llama-spm", "gpt-2", "bert-bge"])
def test_a_real_vocabulary_is_read_as_gguf_py_reads_it(name):
    from gguf import GGUFReader

    from fixtures.models.llama_cpp_source import vocabulary

    path = vocabulary(name)
    wanted = {key: field.contents() for key, field in GGUFReader(path).fields.items() if not key.startswith("GGUF.")}
    values = call(read_metadata, path).value
    assert_same({key: value.tolist() if isinstance(value, np.ndarray) else value for key, value in values.items()},
                wanted)
