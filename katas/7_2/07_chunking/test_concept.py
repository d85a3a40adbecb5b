import numpy as np
import pytest
from chunking import chunk, paragraphs, sentences, words
from hypothesis import given
from hypothesis import strategies as st

from fixtures.checking import call
from fixtures.katas.chunking import full_quarters, quarters, words_and_two

TEXT = "One two three. Four five!\n\nSix seven eight nine ten. Eleven twelve."


def pieces(text, *parts):
    """Return (part, start, end) of parts that follow each other in the text, overlapping ones too."""
    found, start = [], 0
    for part in parts:
        start = text.index(part, start)
        found.append((part, start, start + len(part)))
    return found


def spans(text, *parts):
    """Return (start, end) of parts that follow each other in the text."""
    return [(start, end) for _, start, end in pieces(text, *parts)]


def test_a_blank_line_separates_paragraphs():
    text = "\n  A title\n\nLine one,\nline two.\n \n\n\tThe end. \n"
    call(paragraphs, text).gives(spans(text, "A title", "Line one,\nline two.", "The end."))


def test_a_sentence_ends_before_white_space():
    text = 'It costs 3.14 or more. Really?! She said "No." Then json.loads(x) fails...\nSo what'
    call(sentences, text).gives(spans(
        text, "It costs 3.14 or more.", "Really?!", 'She said "No."', "Then json.loads(x) fails...", "So what"))


def test_a_sentence_does_not_end_where_a_small_letter_goes_on():
    text = "Use a container, e.g. a list. Then go on."
    call(sentences, text).gives(spans(text, "Use a container, e.g. a list.", "Then go on."))


def test_a_blank_line_ends_a_sentence_too():
    text = "A title\n\nThe text. And more"
    call(sentences, text).gives(spans(text, "A title", "The text.", "And more"))


def test_chinese_and_japanese_have_sentences_and_words_without_spaces():
    text = "你好。世界很大！llama.cpp が速い"
    call(sentences, text).gives(spans(text, "你好。", "世界很大！", "llama.cpp が速い"))
    call(words, text).gives(spans(
        text, "你", "好", "。", "世", "界", "很", "大", "！llama.cpp", "が", "速", "い"))


def test_a_text_that_fits_is_one_chunk():
    call(chunk, TEXT, words_and_two, 14).gives([(TEXT, 0, len(TEXT))])


def test_a_chunk_ends_with_a_paragraph_that_fits():
    """Nine words fit. The first paragraph has five, so the chunk ends with it, not four words into the next."""
    call(chunk, TEXT, words_and_two, 11).gives(
        pieces(TEXT, "One two three. Four five!", "Six seven eight nine ten. Eleven twelve."))


def test_else_with_a_sentence_and_else_with_a_word():
    """Four words fit: the sentence of five ends nowhere within them."""
    call(chunk, TEXT, words_and_two, 6).gives(
        pieces(TEXT, "One two three.", "Four five!", "Six seven eight nine", "ten. Eleven twelve."))


def test_else_between_two_characters():
    """Two tokens of four characters: eight fit."""
    call(chunk, "abcdefghijkl mn", quarters, 2).gives(pieces("abcdefghijkl mn", "abcdefgh", "ijkl mn"))


@pytest.mark.parametrize("parts", [
    ("a", "e\u0301", "e\u0301", "x"),
    ("a", "\u2764\ufe0f", "b"),
    ("a", "\U0001f44d\U0001f3fb", "b", "\U0001f44d\U0001f3fd", "c", "\U0001f44d\U0001f3ff", "d"),
    ("\U0001f600\U0001f600", "\U0001f600"),
], ids=["letters with accents", "a red heart", "tones of skin", "three smileys"])
def test_a_combined_character_is_not_cut(parts):
    """Two characters fit; what looks like one may be made of two."""
    ends = np.cumsum([len(part) for part in parts]).tolist()
    call(chunk, "".join(parts), len, 2).gives([(part, end - len(part), end) for part, end in zip(parts, ends)])


def test_an_emoji_of_five_characters_is_not_cut():
    family = "\U0001f469\u200d\U0001f469\u200d\U0001f467"
    call(chunk, f"a{family}bcdef", len, 5).gives(pieces(f"a{family}bcdef", "a", family, "bcdef"))


def test_the_offsets_are_those_of_the_place_not_of_the_first_place_with_this_text():
    text = "No. Yes. No. Yes."
    call(chunk, text, words_and_two, 3).gives([("No.", 0, 3), ("Yes.", 4, 8), ("No.", 9, 12), ("Yes.", 13, 17)])


def test_the_tokens_of_the_whole_chunk_count():
    """One counter has fewer tokens for the whole than for its words, the other more."""
    text = "aa bb cc dd ee ff gg hh"
    call(chunk, text, quarters, 3).gives(pieces(text, "aa bb cc dd", "ee ff gg hh"))
    call(chunk, text, full_quarters, 1).gives(pieces(text, "aa bb", "cc dd", "ee ff", "gg hh"))


def test_a_chunk_begins_with_the_words_that_overlap():
    """Four words fit, two may be repeated: two of the counter's four tokens stand around them."""
    text = "One two. Three. Four five six. Seven."
    call(chunk, text, words_and_two, 6, 4).gives(pieces(
        text, "One two. Three.", "two. Three. Four five", "Four five six. Seven."))


def test_a_chunk_that_reaches_the_end_is_the_last():
    text = "One two three four five."
    call(chunk, text, words_and_two, 6, 4).gives(pieces(text, "One two three four", "three four five."))
    call(chunk, text, words_and_two, 6, 3).gives(pieces(text, "One two three four", "four five."))


@pytest.mark.parametrize("overlap", [0, 3])
@given(text=st.text(alphabet="ab. \n!é你", max_size=60))
def test_every_word_is_in_a_chunk_and_every_chunk_in_the_text(overlap, text):
    call(chunk, text, quarters, 5, overlap).satisfies(
        lambda found: all(text[start:end] == piece and quarters(piece) <= 5 for piece, start, end in found),
        "each chunk is text[start:end], of at most 5 tokens")
    covered = {i for _, start, end in call(chunk, text, quarters, 5, overlap).value for i in range(start, end)}
    missing = [i for i, character in enumerate(text) if not character.isspace() and i not in covered]
    assert not missing, f"characters {missing[:5]} of {text!r} are in no chunk"
