import pytest
from chunking import chunk, paragraphs, sentences, words

from fixtures.checking import call
from fixtures.katas.chunking import quarters, words_and_two


@pytest.mark.parametrize("text", ["", " ", "\n\n \t\n"])
def test_a_text_without_words_gives_nothing(text):
    for function in (paragraphs, sentences, words):
        call(function, text).gives([])
    call(chunk, text, words_and_two, 5).gives([])


def test_offsets_count_characters_not_bytes():
    text = "Größe: 5 €. Übung: 😀 gut."
    call(chunk, text, words_and_two, 5).gives([("Größe: 5 €.", 0, 11), ("Übung: 😀 gut.", 12, 25)])


def test_the_text_of_a_chunk_is_left_as_it_is():
    """Line breaks, double spaces and tabs stay, or the offsets point elsewhere."""
    text = "  def f(x):\n\treturn  x\n"
    call(chunk, text, words_and_two, 9).gives([("def f(x):\n\treturn  x", 2, 22)])


def test_where_the_overlap_leaves_no_room_there_is_none():
    """The word after the overlap is too long to stand beside it: the chunk starts with it, whole."""
    text = "aa bb cccccccccccccc dd"
    call(chunk, text, quarters, 4, 2).gives([("aa bb", 0, 5), ("cccccccccccccc", 6, 20), ("dd", 21, 23)])


def test_a_long_word_is_cut_and_the_text_goes_on_behind_it():
    text = "see https://example.org/a/very/long/address now"
    found = call(chunk, text, quarters, 4).value
    assert [piece for piece, _, _ in found] == ["see", "https://example.", "org/a/very/long/", "address now"], found


def test_windows_line_ends_separate_paragraphs_too():
    call(paragraphs, "one\r\n\r\ntwo\r\n").gives([(0, 3), (7, 10)])


def test_tokens_are_counted_seldom():
    """A tokenizer is the slow part: a text of 2,000 words, and at most 40 times its characters are counted."""
    text = " ".join(f"word{i}." if i % 9 == 0 else f"word{i}" for i in range(2000))
    counted = []

    def counter(piece):
        counted.append(len(piece))
        return words_and_two(piece)

    call(chunk, text, counter, 130, 20).satisfies(lambda found: 16 <= len(found) <= 24, "16 to 24 chunks")
    times = sum(counted) / len(text)
    assert times < 40, (f"the text was counted {times:.0f} times over: each longer piece anew, word by word? "
                        f"Try steps that double, then halve them")


REFUSED = {
    "no token": (("A text.", words_and_two, 0), "max_tokens"),
    "an overlap as long as a chunk": (("A text.", words_and_two, 5, 5), "overlap_tokens"),
    "an overlap longer than a chunk": (("A text.", words_and_two, 5, 6), "overlap_tokens"),
    "an overlap below zero": (("A text.", words_and_two, 5, -1), "overlap_tokens"),
    "a limit that no character keeps": (("A text.", words_and_two, 2), "max_tokens"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_can_not_be_kept_is_refused(case):
    arguments, argument = REFUSED[case]
    call(chunk, *arguments).raises(ValueError, naming=argument)
