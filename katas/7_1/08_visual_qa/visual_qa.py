"""Ask a vision-language model about pictures: open, look once, ask often, measure. Also a program: see README.md."""

import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from time import perf_counter

if __name__ == "__main__":  # a program finds fixtures and the katas before this one by itself
    sys.path += [str(Path(__file__).parents[3]), *map(str, Path(__file__).parents[1].iterdir())]

from clip_preprocess import to_rgb  # noqa: F401

from fixtures.katas.visual_qa.engine import Answered, Asked, Clock, Engine, Pixels, Rate, Scored, Seen  # noqa: F401
from fixtures.katas.visual_qa.files import FORMATS, MOST_PIXELS, ImageRefused  # noqa: F401


def open_image(file: Path) -> Pixels:
    """Read an image file to (height, width, 3), upright and on white, as to_rgb of the first kata does.

    Raises ImageRefused with the file's name, before anything is decoded, for what is none of FORMATS, larger than
    MOST_PIXELS, animated or CMYK; and for what is damaged. Of a JPEG with several pictures (MPO) the first is read.
    """
    raise NotImplementedError


def look(engine: Engine, images: Sequence[Pixels]) -> Seen:
    """Fill the cache anew: the engine's beginning, then the images in this order, each encoded once."""
    raise NotImplementedError


def ask(engine: Engine, kept: int, question: str, max_tokens: int = 64) -> Iterator[str]:
    """Answer from the first `kept` positions of the cache, in pieces of text as they come; what lies behind is removed.

    If engine.outside says something of the question, that is the answer. Else it ends where the model ends it, after
    max_tokens, or where the cache is full: a token that finds no room in it is not said. Raises ValueError naming
    question if no token is left behind it.
    """
    raise NotImplementedError


def ask_each(engine: Engine, files: Iterable[Path], question: str, clock: Clock = perf_counter) -> Iterator[Answered]:
    """Ask the same about each file by itself, and yield each result as soon as it is there.

    An OSError or ValueError of one file is its error; the others follow. The answer has no spaces around it.
    """
    raise NotImplementedError


def evaluate(engine: Engine, images: Sequence[Pixels], asked: Sequence[Asked]) -> dict[str, Scored]:
    """Score by kind, and over "all": each question about its own image, and about the next (behind the last the first).

    Right is what is wanted and nothing else, but for capitals, and spaces and a dot around it. Each image is encoded
    once. Raises ValueError naming images if there are fewer than two.
    """
    raise NotImplementedError


if __name__ == "__main__":
    from fixtures.katas.visual_qa.program import main

    main(Path(__file__))
