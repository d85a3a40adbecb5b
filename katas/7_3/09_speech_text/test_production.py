import time
from itertools import islice

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from speech_text import number_words, speakable, stream_sentences, year_words

from fixtures.checking import call
from fixtures.katas.speech_text import list_of


@pytest.mark.parametrize("text", [
    "3.11.2", "192.168.0.1", "1/2", "10-20", "1:30:45", "MP3", "gpt-4", "2024-13-45", "2024-02-00", "25:00",
    "$3 million", "1,000,000,000,000,000,000", "Elm St. is", "snake_case", "A & B", "1st", "the 1990s"])
def test_what_has_another_form_stays_as_it_is(text):
    """Half a date put into words is worse than one that the voice reads in its own way."""
    call(speakable, text).gives(text)


@pytest.mark.parametrize("written, said", [
    ("£0.01", "one penny"), ("$0", "zero dollars"), ("$0.00", "zero dollars"), ("-$5", "minus five dollars"),
    ("$20/month", "twenty dollars/month"), ("$1,001", "one thousand one dollars")])
def test_odd_sums_of_money(written, said):
    call(speakable, written).gives(said)


def test_digits_too_many_to_count_are_said_one_by_one():
    call(speakable, "12345678901").gives("one two three four five six seven eight nine zero one")
    call(speakable, "(212-555-0100)").gives("(two one two, five five five, zero one zero zero)")


def test_many_forms_in_one_sentence():
    call(speakable, "**Dr. Ng** paid  $2.50\nat 9:05 on 2024-03-05 for 1 kg,\ti.e. -20%.").gives(
        "doctor Ng paid two dollars and fifty cents at nine oh five on March fifth, twenty twenty-four for one "
        "kilogram, that is minus twenty percent.")


def test_marks_that_reach_across_sentences():
    """Sentences come one by one: a pair of stars is cut apart."""
    pieces = ["**Save it. Then", " run.** Done"]
    found = call(list_of(stream_sentences), pieces).gives(["**Save it.", "Then run.**", "Done"])
    call(speakable, found[0]).gives("Save it.")
    call(speakable, found[1]).gives("Then run.")


@given(st.text(alphabet="0123 59$€%:,.-/*`[]()#\nNokmMay\u0663\u00b2", max_size=30))
def test_no_text_is_an_error(text):
    """A voice that stops in the middle of an answer is worse than one that misreads a number."""
    call(speakable, text).satisfies(lambda said: said == " ".join(said.split()), "a text with single spaces")


def test_nothing_is_left_out_and_nothing_is_empty():
    call(list_of(stream_sentences), []).gives([])
    call(list_of(stream_sentences), ["", " \n", "\r\n\r\n", "\t"]).gives([])
    call(list_of(stream_sentences), ["One.\r\nTwo\tor so. \n", "", "\nThree… Four. "]).gives(
        ["One.", "Two\tor so.", "Three…", "Four."])


def test_nothing_is_read_ahead():
    """A sentence is given out before the next piece is asked for, and nobody asks before one is wanted."""
    asked = []
    stream = call(stream_sentences, (asked.append(i) or f"Number {i}. " for i in range(20))).value
    assert not asked, f"{len(asked)} pieces were read before a sentence was wanted"
    found = list(islice(stream, 3))
    assert found == ["Number 0.", "Number 1.", "Number 2."], f"the first sentences are {found}"
    assert len(asked) == 4, f"{len(asked)} pieces were read for three sentences, 4 are enough"


def test_a_text_without_full_stops_is_read_once():
    """Eight times the text takes eight times as long; to search all that waits at every piece takes 64 times."""
    least = {300: float("inf"), 2400: float("inf")}  # words -> seconds
    ratio, started = 64.0, time.perf_counter()
    while ratio > 25 and time.perf_counter() - started < 3:  # other work makes a run slow, never fast
        for words in least:
            before = time.perf_counter()
            call(list_of(stream_sentences), ["words "] * words).gives([" ".join(["words"] * words)])
            least[words] = min(least[words], time.perf_counter() - before)
        ratio = least[2400] / least[300]
    assert ratio < 25, f"a text eight times as long took {ratio:.0f} times as long: is it read again at every piece?"


def test_numbers_of_numpy_are_numbers():
    call(number_words, np.uint8(205)).gives("two hundred five")
    call(year_words, np.int16(1905)).gives("nineteen oh five")


REFUSED = {
    "below zero": (number_words, -1, ValueError),
    "sixteen digits": (number_words, 10**15, ValueError),
    "twenty digits": (number_words, 12345678901234567890, ValueError),
    "a fraction": (number_words, 3.7, TypeError),
    "a whole float": (number_words, 3.0, TypeError),
    "True": (number_words, True, TypeError),
    "digits": (number_words, "12", TypeError),
    "a year before the first": (year_words, -5, ValueError),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_number_of_15_digits_is_refused(case):
    function, number, error = REFUSED[case]
    call(function, number).raises(error, naming="number")
