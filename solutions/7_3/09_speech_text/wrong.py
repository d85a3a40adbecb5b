"""Wrong answers that people give to the speech_text kata; each docstring says what was misunderstood."""

import re

from speech_text import number_words, speakable, stream_sentences, year_words

from fixtures.checking import wrong_answer_to
from fixtures.katas.speech_text.forms import FORMS, MONTHS, SCALES


@wrong_answer_to(number_words)
def says_and(number):
    """You said "and" before the last two digits, as the British do: one hundred five is wanted here."""
    words = number_words(number)
    return re.sub(r"(hundred|thousand|illion) (?=[a-z-]+$)", r"\1 and ", words)


@wrong_answer_to(number_words)
def says_the_zero(number):
    """A zero is said where nothing is left: 100 is one hundred. Say a rest only where there is one."""
    if number < 100:
        return number_words(number)
    scale = next(scale for scale in SCALES if scale <= number)
    return f"{says_the_zero(number // scale)} {SCALES[scale]} {says_the_zero(number % scale)}"


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
def begins_with_the_numbers(text):
    """Numbers became words before a longer form was looked for: go through FORMS in its order, a number comes last."""
    return speakable(FORMS["number"].sub(lambda found: speakable(found[0]), text))


@wrong_answer_to(speakable)
def reads_decimals_as_a_number(text):
    """What stands behind the point is said as a number: 3.14 is three point one four, digit by digit."""
    return speakable(re.sub(r"(?<=\d)\.([1-9]\d*)(?![\d.])", r" point \1", text))


@wrong_answer_to(speakable)
def counts_the_days(text):
    """The day of a date is said as an amount: March 5 is March fifth."""
    def date(found):
        said = f"{MONTHS[found['month']]} {number_words(int(found['day']))}"
        return said + (f", {year_words(int(found['year']))}" if found["year"] else "")
    return speakable(FORMS["day"].sub(date, FORMS["date"].sub(date, text)))


@wrong_answer_to(stream_sentences)
def ends_at_every_full_stop(pieces):
    """You end a sentence at every full stop before white space: where a small letter goes on, nothing has ended."""
    return [part.strip() for part in re.split(r"(?<=[.!?])\s+|\n", "".join(pieces)) if part.strip()]


@wrong_answer_to(stream_sentences)
def knows_no_exceptions(pieces):
    """You end a sentence wherever no small letter follows: Dr., an initial, No. before a digit and the number of a list
    item end nothing.
    """
    words = "".join(pieces)
    return re.split(r"(?:(?<=[.!?…])|(?<=[.!?…][\"'”’)\]*]))\s+(?=[^a-z\s])|\s*\n\s*", words.strip())


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
