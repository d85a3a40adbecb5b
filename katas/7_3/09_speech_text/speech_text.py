"""Make a language model's text speakable, sentence by sentence, while it is still being written.

American English. Given are the forms to look for, as patterns, and the words: fixtures/katas/speech_text/forms.py.
"""

from collections.abc import Iterable, Iterator

from fixtures.katas.speech_text.forms import (  # noqa: F401  given: read it
    ABBREVIATIONS,
    CURRENCIES,
    DAYS,
    FORMS,
    MONTHS,
    ONES,
    SCALES,
    TENS,
    UNITS,
)


def number_words(number: int) -> str:
    """Say a whole number as Americans do: 21 is "twenty-one", 1205 "one thousand two hundred five".

    Raises TypeError for what is no integer, ValueError below 0 and for more than 15 digits.
    """
    raise NotImplementedError


def year_words(number: int) -> str:
    """Say a year: 1995 is "nineteen ninety-five", 1905 "nineteen oh five", 1900 "nineteen hundred".

    The first ten years of a millennium are said as numbers: 2005 is "two thousand five".
    """
    raise NotImplementedError


def speakable(text: str) -> str:
    """Write a text in the words that a voice shall say; white space becomes one space.

    The README's table says how each form is said. What is none of them stays as it is.
    """
    raise NotImplementedError


def stream_sentences(pieces: Iterable[str]) -> Iterator[str]:
    """Yield the sentences of a text that comes in pieces, each as soon as it is known to be complete.

    No white space stands around a sentence; what is left at the end is the last. The README says where one ends.
    """
    raise NotImplementedError
