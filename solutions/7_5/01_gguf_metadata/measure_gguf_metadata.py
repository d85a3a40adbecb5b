"""Measure the fast reader and the plain one beside gguf.GGUFReader on a real vocabulary: processor time and memory.

    python solutions/7_5/01_gguf_metadata/measure_gguf_metadata.py [qwen2]

Each reading runs in a process of its own. The time is the processor's, user and system; the memory is by how
much the reading raises the peak of the process. The vocabulary comes from llama.cpp's source, which the first
call fetches (fixtures/models/llama_cpp_source.py). Linux and macOS.
"""

import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent
sys.path[:0] = [str(FOLDER), str(FOLDER.parents[2])]
PEAK_UNIT = 1 if sys.platform == "darwin" else 1024  # of ru_maxrss, in bytes


def everything(path: Path) -> Any:
    """Read all of the metadata."""
    from fast_gguf_metadata import read_metadata

    return read_metadata(path)


def architecture(path: Path) -> Any:
    """Read the architecture alone."""
    from fast_gguf_metadata import read_metadata

    return read_metadata(path, "general.architecture")


def plain(path: Path) -> Any:
    """Read all of the metadata with the plain solution."""
    from gguf_metadata import read_metadata

    return read_metadata(path)


def gguf_py(path: Path) -> Any:
    """Read all of the metadata with gguf-py."""
    from gguf import GGUFReader

    return {key: field.contents() for key, field in GGUFReader(path).fields.items() if not key.startswith("GGUF.")}


READINGS = {function.__name__: function for function in (everything, architecture, plain, gguf_py)}


def measure(name: str, path: Path) -> None:
    """Print the seconds and the bytes of one reading."""
    import fast_gguf_metadata  # noqa: F401  the libraries are no part of what is measured
    import gguf  # noqa: F401

    peak, start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    READINGS[name](path)
    seconds = time.process_time() - start
    print(seconds, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - peak) * PEAK_UNIT)


def main() -> None:
    """Measure every reading of the named vocabulary, and print them with their ratios."""
    if len(sys.argv) == 3:
        measure(sys.argv[1], Path(sys.argv[2]))
        return
    from fixtures.models.llama_cpp_source import vocabulary

    path = vocabulary(sys.argv[1] if len(sys.argv) == 2 else "qwen2")
    figures = {}
    for name in READINGS:
        runs = 1 if name == "gguf_py" else 5
        measured = [subprocess.run([sys.executable, __file__, name, str(path)], check=True, capture_output=True,
                                   text=True, encoding="utf-8").stdout.split() for _ in range(runs)]
        figures[name] = min(float(seconds) for seconds, _ in measured), max(int(size) for _, size in measured)
        print(f"{path.name}  {name:12} {figures[name][0] * 1e3:10.2f} ms  {figures[name][1] / 1e6:7.1f} MB", flush=True)
    times, sizes = figures["gguf_py"][0] / figures["everything"][0], figures["gguf_py"][1] / figures["everything"][1]
    print(f"gguf-py takes {times:.0f} times as long as `everything`, and {sizes:.0f} times its memory")


if __name__ == "__main__":
    main()
