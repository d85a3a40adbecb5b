import pytest
from hypothesis import given
from hypothesis import strategies as st
from speech_text import number_words, speakable, stream_sentences, year_words

from fixtures.checking import call
from fixtures.katas import recorded
from fixtures.katas.speech_text import arrivals, cut, list_of

RECORD = recorded("speech_text")


def cases(*pairs):
    """Run a test for each pair of what is written and what is said."""
    return pytest.mark.parametrize("written, said", pairs, ids=[str(written) for written, _ in pairs])


# --- number_words, year_words ------------------------------------------------------------------------


@cases((0, "zero"), (7, "seven"), (13, "thirteen"), (20, "twenty"), (21, "twenty-one"), (99, "ninety-nine"))
def test_a_number_below_a_hundred(written, said):
    call(number_words, written).gives(said)


@cases((100, "one hundred"), (105, "one hundred five"), (1205, "one thousand two hundred five"),
       (20_000, "twenty thousand"), (1_000_006, "one million six"))
def test_a_large_number_is_so_many_times_a_scale_and_a_rest(written, said):
    """The largest scale that fits, then the rest: no comma, no "and", and what is zero is not said."""
    call(number_words, written).gives(said)


@cases((1995, "nineteen ninety-five"), (2024, "twenty twenty-four"), (1066, "ten sixty-six"))
def test_a_year_is_said_in_two_halves(written, said):
    call(year_words, written).gives(said)


@cases((1905, "nineteen oh five"), (1900, "nineteen hundred"), (2010, "twenty ten"),
       (2005, "two thousand five"), (2000, "two thousand"))
def test_a_year_that_ends_with_few_years(written, said):
    call(year_words, written).gives(said)


@pytest.mark.parametrize("function, numbers, words", [
    (number_words, "numbers", "words"), (year_words, "years", "year_words")], ids=["290 numbers", "1100 years"])
def test_num2words_says_the_same(function, numbers, words):
    """Numbers of up to 15 digits and the years 1000 to 2099, without num2words' commas and its "and"."""
    for number, wanted in zip(RECORD[numbers].tolist(), RECORD[words].tolist()):
        call(function, number).gives(wanted)


# --- speakable ---------------------------------------------------------------------------------------


@cases(("I saw 12 of 1,205.", "I saw twelve of one thousand two hundred five."),
       ("pi is 3.14", "pi is three point one four"),
       ("-5 degrees", "minus five degrees"))
def test_a_number(written, said):
    call(speakable, written).gives(said)


@cases(("$1,000.50", "one thousand dollars and fifty cents"), ("It costs $5.", "It costs five dollars."),
       ("$1", "one dollar"), ("€0.99", "ninety-nine cents"), ("£2.01", "two pounds and one penny"))
def test_money(written, said):
    """The README's third rule: joined by "and", no part of zero, one word for one and another for several."""
    call(speakable, written).gives(said)


@cases(("5 km", "five kilometers"), ("1 km away", "one kilometer away"), ("20%", "twenty percent"),
       ("2.5GB of it", "two point five gigabytes of it"))
def test_a_measure(written, said):
    call(speakable, written).gives(said)


@cases(("2024-03-05", "March fifth, twenty twenty-four"),
       ("on March 21, 1999.", "on March twenty-first, nineteen ninety-nine."),
       ("May 2", "May second"), ("in 1995", "in nineteen ninety-five"), ("June 2008", "June two thousand eight"),
       ("1995 ships", "one thousand nine hundred ninety-five ships"))
def test_a_date_and_a_year(written, said):
    call(speakable, written).gives(said)


@cases(("at 9:05", "at nine oh five"), ("10:30", "ten thirty"), ("9:00 sharp", "nine o'clock sharp"))
def test_a_time(written, said):
    call(speakable, written).gives(said)


@cases(("Call 555-0123 now", "Call five five five, zero one two three now"), ("Agent 007", "Agent zero zero seven"))
def test_digits_that_count_nothing_are_said_one_by_one(written, said):
    call(speakable, written).gives(said)


@cases(("Dr. Smith vs. St. Paul", "doctor Smith versus saint Paul"), ("See No. 5", "See number five"),
       ("No. He left", "No. He left"), ("fruit, e.g. figs", "fruit, for example figs"))
def test_an_abbreviation_is_written_out(written, said):
    call(speakable, written).gives(said)


@cases(("## A **bold** word", "A bold word"), ("Now:\n- use `print`.\n- stop", "Now: use print. stop"),
       ("2 * x", "two * x"), ("see [the docs](https://x.org/d).", "see the docs."),
       ("see https://example.com/docs/", "see example.com/docs"))
def test_markdown_is_not_said(written, said):
    call(speakable, written).gives(said)


# --- stream_sentences --------------------------------------------------------------------------------


def test_a_sentence_ends_where_the_next_begins():
    call(list_of(stream_sentences), ["It is 3.", "14 kg", ". ", "So"]).gives(["It is 3.14 kg.", "So"])
    call(list_of(stream_sentences), ["Now? ", "It is late. Go", " home!  ", "Yes"]).gives(
        ["Now?", "It is late.", "Go home!", "Yes"])


def test_a_small_letter_goes_on():
    call(list_of(stream_sentences), ['"Why?" she asked. Wait.', ".. what?"]).gives(
        ['"Why?" she asked.', "Wait... what?"])


def test_an_abbreviation_ends_nothing():
    pieces = ["Dr. Lee gave 3.", "50 to J. R. Hale, U.S. Army vs. us (Dr. Bo). See No. 5. No", ". Wait. 6 ran. Go"]
    call(list_of(stream_sentences), pieces).gives(
        ["Dr. Lee gave 3.50 to J. R. Hale, U.S. Army vs. us (Dr. Bo).", "See No. 5.", "No.", "Wait.", "6 ran.", "Go"])


def test_a_line_ends_a_sentence_and_the_number_before_it_does_not():
    text = "# How to\n\n1. Open it. Wait.\n2. I have 3. You have 4"
    call(list_of(stream_sentences), [text]).gives(
        ["# How to", "1. Open it.", "Wait.", "2. I have 3.", "You have 4"])


def test_the_sentences_of_pysbd():
    call(list_of(stream_sentences), [str(RECORD["text"])]).gives(RECORD["sentences"].tolist())


@given(st.lists(st.integers(0, 10**6)), st.lists(st.sampled_from(
    ["Dr. ", "A", "b", "3.", "14", " ", ". ", "? ", "\n", "No. ", "e.g. ", '"', "\u2026"]), max_size=12))
def test_how_the_text_is_cut_makes_no_difference(places, parts):
    """Each text, whole and in pieces; all but the white space comes out."""
    text = "It is 3.14. " + "".join(parts)
    whole = call(list_of(stream_sentences), [text]).value
    call(list_of(stream_sentences), cut(text, places)).gives(whole)
    assert "".join("".join(whole).split()) == "".join(text.split()), f"the sentences of {text!r} are {whole}"


def test_a_sentence_comes_as_soon_as_it_is_known():
    """Of 3. nobody knows whether it ends, until W; a line's end needs nothing behind it."""
    pieces = ["It", " is", " 3", ".", " ", "W", "hy", "?\n", "So", ".", " And"]
    call(arrivals(stream_sentences), pieces).gives([(6, "It is 3."), (8, "Why?"), (11, "So."), (11, "And")])
