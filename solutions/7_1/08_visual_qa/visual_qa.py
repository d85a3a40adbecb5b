"""Ask a vision-language model about pictures: open, look once, ask often, measure. Also a program: see README.md."""

import codecs
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from time import perf_counter

if __name__ == "__main__":  # a program finds fixtures and the katas before this one by itself
    sys.path += [str(Path(__file__).parents[3]), *map(str, Path(__file__).parents[1].iterdir())]

from clip_preprocess import to_rgb
from PIL import Image
from scipy.stats import binomtest

from fixtures.katas.visual_qa.engine import Answered, Asked, Clock, Engine, Pixels, Rate, Scored, Seen
from fixtures.katas.visual_qa.files import FORMATS, MOST_PIXELS, ImageRefused


def open_image(file: Path) -> Pixels:
    """Read an image file to (height, width, 3), upright and on white, as to_rgb of the first kata does.

    Raises ImageRefused with the file's name, before anything is decoded, for what is none of FORMATS, larger than
    MOST_PIXELS, animated or CMYK; and for what is damaged. Of a JPEG with several pictures (MPO) the first is read.
    """
    try:
        with Image.open(file, formats=FORMATS) as image:  # reads the header alone
            if image.width * image.height > MOST_PIXELS:
                raise ValueError(f"{image.width} x {image.height} pixels; {MOST_PIXELS:,} are the most")
            if image.format != "MPO" and getattr(image, "is_animated", False):
                raise ValueError("it is animated: save the one picture that you ask about")
            if image.mode == "CMYK":
                raise ValueError("its colours are CMYK, those of a printer: save it as RGB")
            return to_rgb(image)
    except NotImplementedError:
        raise
    except Exception as error:  # Pillow raises OSError, SyntaxError, struct.error, DecompressionBombError, ...
        raise ImageRefused(f"{file.name}: {error}") from None


def look(engine: Engine, images: Sequence[Pixels]) -> Seen:
    """Fill the cache anew: the engine's beginning, then the images in this order, each encoded once."""
    engine.forget(0)
    engine.decode(engine.beginning())
    encoded = [engine.encode(image) for image in images]
    for image in encoded:
        engine.decode(image)
    return Seen(engine.position, [image.tokens for image in encoded])


def ask(engine: Engine, kept: int, question: str, max_tokens: int = 64) -> Iterator[str]:
    """Answer from the first `kept` positions of the cache, in pieces of text as they come; what lies behind is removed.

    If engine.outside says something of the question, that is the answer. Else it ends where the model ends it, after
    max_tokens, or where the cache is full: a token that finds no room in it is not said. Raises ValueError naming
    question if no token is left behind it.
    """
    if refusal := engine.outside(question):
        yield refusal
        return
    engine.forget(kept)
    tokens = engine.question(question)
    if len(tokens) >= engine.left:
        raise ValueError(f"question is too long: {len(tokens)} tokens, {engine.left} are left")
    engine.decode(tokens)
    letters = codecs.getincrementaldecoder("utf-8")("replace")  # keeps half a letter until its rest is there
    for _ in range(min(max_tokens, engine.left)):
        if (token := engine.next()) is None:
            break
        if piece := letters.decode(engine.piece(token)):
            yield piece  # closed here, it decodes nothing more
        engine.decode([token])


def ask_each(engine: Engine, files: Iterable[Path], question: str, clock: Clock = perf_counter) -> Iterator[Answered]:
    """Ask the same about each file by itself, and yield each result as soon as it is there.

    An OSError or ValueError of one file is its error; the others follow. The answer has no spaces around it.
    """
    for file in files:
        started, pieces, times = clock(), list[str](), list[float]()
        try:
            for piece in ask(engine, look(engine, [open_image(file)]).kept, question):
                times.append(clock() - started)
                pieces.append(piece)
            yield Answered(str(file), "".join(pieces).strip(), None, times[0] if times else None)
        except (OSError, ValueError) as error:
            yield Answered(str(file), None, str(error), None)


def evaluate(engine: Engine, images: Sequence[Pixels], asked: Sequence[Asked]) -> dict[str, Scored]:
    """Score by kind, and over "all": each question about its own image, and about the next (behind the last the first).

    Right is what is wanted and nothing else, but for capitals, and spaces and a dot around it. Each image is encoded
    once. Raises ValueError naming images if there are fewer than two.
    """
    if len(images) < 2:
        raise ValueError(f"images must be two at least, got {len(images)}: the next one is the control")
    right: dict[str, tuple[list[bool], list[bool]]] = defaultdict(lambda: ([], []))
    for shown, image in enumerate(images):
        kept = look(engine, [image]).kept
        for one in asked:
            if (further := (shown - one.picture) % len(images)) < 2:  # 0: its own image, 1: the next one
                said, wanted = (text.strip().rstrip(".").rstrip().lower()
                                for text in ("".join(ask(engine, kept, one.question)), one.answer))
                for kind in (one.kind, "all"):
                    right[kind][further].append(said == wanted)
    return {kind: Scored(_rate(own), _rate(control)) for kind, (own, control) in right.items()}


def _rate(right: list[bool]) -> Rate:
    interval = binomtest(sum(right), len(right)).proportion_ci(method="wilson")
    return Rate(sum(right), len(right), float(interval.low), float(interval.high))


if __name__ == "__main__":
    from fixtures.katas.visual_qa.program import main

    main(Path(__file__))
