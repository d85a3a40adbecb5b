"""Make a language model's text speakable, sentence by sentence, while it is still being written.

American English. Given are the forms to look for, as patterns, and the words: fixtures/katas/speech_text/forms.py.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from numbers import Integral

from fixtures.katas.speech_text.forms import ABBREVIATIONS, CURRENCIES, DAYS, FORMS, MONTHS, ONES, SCALES, TENS, UNITS


def number_words(number: int) -> str:
    """Say a whole number as Americans do: 21 is "twenty-one", 1205 "one thousand two hundred five".

    Raises TypeError for what is no integer, ValueError below 0 and for more than 15 digits.
    """
    if isinstance(number, bool) or not isinstance(number, Integral):
        raise TypeError(f"number must be an integer, got {number!r}")
    if not 0 <= number < 10**15:
        raise ValueError(f"number must have no sign and at most 15 digits, got {number}")
    if number < 20:
        return ONES[number]
    if number < 100:
        tens, ones = divmod(number, 10)
        return TENS[tens] + (f"-{ONES[ones]}" if ones else "")
    scale = next(scale for scale in SCALES if scale <= number)
    count, rest = divmod(number, scale)
    return f"{number_words(count)} {SCALES[scale]}" + (f" {number_words(rest)}" if rest else "")


def year_words(number: int) -> str:
    """Say a year: 1995 is "nineteen ninety-five", 1905 "nineteen oh five", 1900 "nineteen hundred".

    The first ten years of a millennium are said as numbers: 2005 is "two thousand five".
    """
    century, rest = divmod(number, 100)
    if century % 10 == 0 and rest < 10:
        return number_words(number)
    return f"{number_words(century)} {_two_digits(rest, 'hundred')}"


def speakable(text: str) -> str:
    """Write a text in the words that a voice shall say; white space becomes one space.

    The README's table says how each form is said. What is none of them stays as it is.
    """
    for form, pattern in FORMS.items():
        text = pattern.sub(_SAID[form], text)
    return " ".join(text.split())


def stream_sentences(pieces: Iterable[str]) -> Iterator[str]:
    """Yield the sentences of a text that comes in pieces, each as soon as it is known to be complete.

    No white space stands around a sentence; what is left at the end is the last. The README says where one ends.
    """
    words: list[str] = []  # of the sentence, each with the white space behind it
    word = ""  # the one that is being written
    for character in chain.from_iterable(pieces):
        begins = word[-1:].isspace() and not character.isspace()
        if character == "\n" or (begins and _ends(word.rstrip(), character, not words)):
            if word:
                yield "".join([*words, word]).rstrip()
            words, word = [], ""
        elif begins:
            words.append(word)
            word = ""
        if word or not character.isspace():
            word += character
    if word:
        yield "".join([*words, word]).rstrip()


def _ends(word: str, following: str, is_first: bool) -> bool:
    """Whether a sentence ends between this word and the character that begins the next one. In doubt it goes on."""
    word = word.strip("\"'“”‘’()[]*")
    if not word.endswith((".", "!", "?", "…")) or following.islower():
        return False
    return not (word in ABBREVIATIONS or (word == "No." and following.isdigit())
                or re.fullmatch(r"([A-Z]\.)+", word) or (is_first and re.fullmatch(r"\d+\.", word)))


def _two_digits(number: int, zero: str) -> str:  # behind a century or an hour
    return zero if number == 0 else f"oh {ONES[number]}" if number < 10 else number_words(number)


def _digits(digits: str) -> str:
    return " ".join(ONES[int(digit)] for digit in digits)


def _number(text: str) -> str:
    whole, point, digits = text.replace(",", "").partition(".")
    return number_words(int(whole)) + (f" point {_digits(digits)}" if point else "")


def _counted(number: str, one: str, several: str) -> str:
    return f"{_number(number)} {one if number.lstrip('0') == '1' else several}"


def _money(found: re.Match[str]) -> str:
    one, several, cent, cents = CURRENCIES[found["currency"]]
    parts = [_counted(found["whole"], one, several), _counted(found["hundredths"] or "0", cent, cents)]
    return " and ".join(part for part in parts if not part.startswith("zero ")) or parts[0]


def _date(found: re.Match[str]) -> str:
    day, year = int(found["day"]), found["year"]
    return f"{MONTHS[found['month']]} {DAYS[day - 1]}" + (f", {year_words(int(year))}" if year else "")


_SAID: dict[str, str | Callable[[re.Match[str]], str]] = {  # form -> what stands in its place
    "link": r"\g<text>", "mark": "", "address": r"\g<address>", "No.": "number", "minus": "minus ",
    "abbreviation": lambda found: ABBREVIATIONS[found[0]], "number": lambda found: _number(found[0]),
    "date": _date, "day": _date, "year": lambda found: f"{found['before']} {year_words(int(found['year']))}",
    "time": lambda found: f"{number_words(int(found['hour']))} " + _two_digits(int(found["minute"]), "o'clock"),
    "money": _money, "measure": lambda found: _counted(found["amount"], *UNITS[found["unit"]]),
    "digits": lambda found: ", ".join(map(_digits, found[0].split("-"))),
}
