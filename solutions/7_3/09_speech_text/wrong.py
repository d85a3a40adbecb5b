"""Wrong answers that people give to the speech_text kata; each docstring says what was misunderstood."""

import re

from speech_text import number_words, speakable, stream_sentences, year_words

from fixtures.checking import wrong_answer_to
from fixtures.katas.speech_text.forms import FORMS, ONES, SCALES, TENS, UNITS


@wrong_answer_to(number_words)
def says_and(number):
    """You said "and" before the last two digits, as the British do: one hundred five is wanted here."""
    words = number_words(number)
    return re.sub(r"(hundred|thousand|illion) (?=[a-z-]+$)", r"\1 and ", words)


@wrong_answer_to(number_words)
def says_the_zero(number):
    """A zero is said where nothing is left: 20 is twenty and 100 one hundred. Say a rest only where there is one."""
    if number < 20:
        return ONES[number]
    if number < 100:
        return f"{TENS[number // 10]}-{ONES[number % 10]}"
    scale = next(scale for scale in SCALES if scale <= number)
    return f"{says_the_zero(number // scale)} {SCALES[scale]} {says_the_zero(number % scale)}"


@wrong_answer_to(number_words)
def has_no_hyphen(number):
    """A hyphen is missing: tens and ones are one word, twenty-one."""
    return number_words(number).replace("-", " ")


@wrong_answer_to(year_words)
def counts_the_years(number):
    """You said the year as an amount: 1995 is nineteen ninety-five, two halves."""
    return number_words(number)


@wrong_answer_to(year_words)
def halves_every_year(number):
    """You said two halves as they are: 1905 is nineteen oh five, 1900 nineteen hundred, 2005 two thousand five."""
    return f"{number_words(number // 100)} {number_words(number % 100)}"


@wrong_answer_to(speakable)
def says_money_as_a_number(text):
    """The cents are said as decimals: $1,000.50 is one thousand dollars and fifty cents."""
    return speakable(re.sub(r"\$([\d,]+\.\d\d)", r"\1 dollars", text))


@wrong_answer_to(speakable)
def has_one_of_many(text):
    """One of something is said in the plural: 1 km is one kilometer."""
    units = "|".join(map(re.escape, UNITS))
    return speakable(re.sub(rf"\b1 ?({units})(?!\w)", lambda found: f"one {UNITS[found[1]][1]}", text))


@wrong_answer_to(speakable)
def reads_decimals_as_a_number(text):
    """What stands behind the point is said as a number: 3.14 is three point one four, digit by digit."""
    return speakable(re.sub(r"(?<=\d)\.([1-9]\d*)(?![\d.])", r" point \1", text))


@wrong_answer_to(speakable)
def counts_the_days(text):
    """The day of a date is said as an amount: March 5 is March fifth."""
    def date(found):
        return f"{found['month']} {number_words(int(found['day']))}"
    return speakable(FORMS["day"].sub(date, text))


@wrong_answer_to(stream_sentences)
def ends_at_every_full_stop(pieces):
    """You end a sentence at every full stop before white space: Dr., e.g., an initial, No. before a digit, the number
    of a line end nothing, and nothing ends where a small letter goes on.
    """
    return [part.strip() for part in re.split(r"(?<=[.!?])\s+|\n", "".join(pieces)) if part.strip()]


@wrong_answer_to(stream_sentences)
def ends_with_a_piece(pieces):
    """A sentence ends where a piece ends with a full stop: 3. and 14 may be two pieces of one number. Wait for what
    comes next.
    """
    sentences, waiting = [], ""
    for piece in pieces:
        *done, waiting = re.split(r"(?<=[.!?])(?:\s+|$)|\n", waiting + piece)
        sentences += done
    return [sentence.strip() for sentence in [*sentences, waiting] if sentence.strip()]


@wrong_answer_to(stream_sentences)
def drops_the_rest(pieces):
    """The last sentence is missing: what waits when the pieces are over is one too, with or without a full stop."""
    return list(stream_sentences(pieces))[:-1]
