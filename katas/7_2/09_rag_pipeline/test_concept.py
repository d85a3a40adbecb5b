"""The idea: answer from passages that were found, say from which, and keep them in step with the texts."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rag_pipeline import answer, build_prompt, check_citations, find_by_words, retrieve, sync

from fixtures.checking import call
from fixtures.katas.rag_pipeline.conversation import DECLINED, Citation, Prompt, Turn, messages
from fixtures.katas.rag_pipeline.made import LetterEmbedding, MadeStore, Speaker, count, hit, passage, split, vectors
from fixtures.katas.rag_pipeline.passages import Changes, Document, Hit
from fixtures.katas.rag_pipeline.reference import holds, longest_prompt

PETS, PLANTS = Document("Cats purr. Dogs bark at night."), Document("Roses need water.")
CATS, DOGS = passage("pets", "Cats purr."), passage("pets", "Dogs bark at night.", 11)
ROSES = passage("plants", "Roses need water.")


# --- sync: the store holds what the documents say now -----------------------------------------------------


def test_each_passage_of_each_document_is_kept():
    store = MadeStore()
    call(sync, {"pets": PETS, "plants": PLANTS}, store, split, LetterEmbedding()).gives(Changes(3, 0, 0, 0))
    holds(store, [CATS, DOGS, ROSES])


def test_the_same_documents_again_change_nothing():
    store, embed = MadeStore([CATS, DOGS, ROSES]), LetterEmbedding()
    call(sync, {"pets": PETS, "plants": PLANTS}, store, split, embed).gives(Changes(0, 0, 0, 3))
    assert embed.asked == [], f"nothing was new, and it embedded {embed.asked}"


def test_a_sentence_put_before_the_others_moves_them():
    """The README's example: one is embedded; two have the vectors that they had, at other places of the text."""
    store, embed = MadeStore([CATS, DOGS]), LetterEmbedding()
    call(sync, {"pets": Document("Owls see. Cats purr. Dogs bark at night.")}, store, split, embed).gives(
        Changes(1, 2, 0, 0))
    assert embed.asked == [["pets: Owls see."]], f"it embedded {embed.asked}"
    holds(store, [passage("pets", "Owls see."), CATS._replace(start=10, end=20), DOGS._replace(start=21, end=40)])


def test_what_is_no_longer_said_is_no_longer_found():
    """Dogs bark no more. plants was not among these documents: its passages stay."""
    store = MadeStore([CATS, DOGS, ROSES])
    call(sync, {"pets": Document("Cats purr.")}, store, split, LetterEmbedding()).gives(Changes(0, 0, 1, 1))
    holds(store, [CATS, ROSES])


def test_a_sentence_that_stands_twice_is_kept_twice():
    """The same text again has another id: n counts it, 0 for the first and 1 for the second."""
    store, again = MadeStore([CATS]), passage("pets", "Cats purr.", 11, n=1)
    call(sync, {"pets": Document("Cats purr. Cats purr.")}, store, split, LetterEmbedding()).gives(Changes(1, 0, 0, 1))
    holds(store, [CATS, again])


def test_a_filter_that_changed_is_updated():
    """Only the metadata are new: the passages are updated, and keep their vectors."""
    store, embed = MadeStore([CATS, DOGS]), LetterEmbedding()
    call(sync, {"pets": Document(PETS.text, {"lang": "en"})}, store, split, embed).gives(Changes(0, 2, 0, 0))
    holds(store, [one._replace(metadata={"lang": "en", "document": "pets"}) for one in (CATS, DOGS)])
    assert embed.asked == [], f"no text was new, and it embedded {embed.asked}"


def test_a_batch_is_kept_before_the_next_one_is_embedded():
    store, kept_before = MadeStore(), []

    def embed(texts):
        kept_before.append(len(store))
        return vectors(texts)

    cows = Document("Cow one. Cow two. Cow three. Cow four. Cow five. Cow six. Cow seven.")
    call(sync, {"cows": cows}, store, split, embed, batch=3).gives(Changes(7, 0, 0, 0))
    assert kept_before == [0, 3, 6], f"when a batch was embedded, {kept_before} passages were kept"


# --- retrieve: by meaning and by words, within a filter ---------------------------------------------------

NAP = passage("cats.nap", "Sleep for some minutes.", lang="en")
BARK = passage("dogs.bark", "Make a noise.", lang="en")
BLUE = passage("cats.paint", "Blue, red and other colours.", lang="en")
HERD = passage("cows.herd", "Go home.", lang="de")
# cosines of 0.96, 0.8, 0.28 and 1 with (1, 0)
FOUR = [NAP, BARK, BLUE, HERD], [[0.96, 0.28], [0.8, 0.6], [0.28, 0.96], [1, 0]]


def ahead(texts):
    return np.array([[1.0, 0.0]] * len(texts))


def test_words_are_looked_for_in_text_and_title():
    """cats.paint has both words, cats.nap one of them, in its name; the others have none and are not found."""
    call(find_by_words, "blue cats", MadeStore(*FOUR), 3).gives([BLUE, NAP])
    call(find_by_words, "blue cats", MadeStore(*FOUR), 1).gives([BLUE])
    call(find_by_words, "make cows", MadeStore(*FOUR), 3, {"lang": "en"}).gives([BARK])


def test_two_searches_are_joined_by_their_ranks():
    """The README's example. By vectors herd, nap; by words paint, nap: nap gets 2/62, herd and paint 1/61 each."""
    call(retrieve, "blue cats", MadeStore(*FOUR), ahead, k=2, candidates=2).gives(
        [Hit(NAP, 0.96), Hit(HERD, 1.0)], atol=1e-6)


def test_what_only_its_words_have_found_has_a_cosine_too():
    """The threshold needs it. By vectors herd and nap alone; paint comes by its words."""
    call(retrieve, "blue cats", MadeStore(*FOUR), ahead, k=3, candidates=2).gives(
        [Hit(NAP, 0.96), Hit(HERD, 1.0), Hit(BLUE, 0.28)], atol=1e-6)


def test_a_filter_narrows_the_search_and_not_its_result():
    """The best vector is herd's, and it is German: of the English ones the best is found in its place."""
    call(retrieve, "moo", MadeStore(*FOUR), ahead, k=1, where={"lang": "en"}, candidates=1).gives(
        [Hit(NAP, 0.96)], atol=1e-6)
    call(retrieve, "blue cats", MadeStore(*FOUR), ahead, k=2, where={"lang": "de"}).gives([Hit(HERD, 1.0)], atol=1e-6)


# --- build_prompt: the whole prompt counts ----------------------------------------------------------------

ALONE = count(messages("why", [], []))  # rules, worked examples and the question; each word of a passage adds one
SHORT, LONG, MIDDLE = hit("a", "one two"), hit("b", "one two three four five six"), hit("c", "one two three")
TURNS = [Turn("who", "me"), Turn("when", "now then"), Turn("where", "here")]  # 9, 10 and 9 tokens


def test_all_that_fits_is_taken():
    call(build_prompt, "why", [SHORT, LONG], TURNS, count, 10_000).gives(
        Prompt(messages("why", [SHORT, LONG], TURNS), [SHORT, LONG]))


def test_a_passage_that_does_not_fit_is_left_out_whole():
    """The marks count, too: 3, 7 and 4 tokens. 7 are left: the first and the third; 10: the first and the second."""
    call(build_prompt, "why", [SHORT, LONG, MIDDLE], [], count, ALONE + 7).gives(
        Prompt(messages("why", [SHORT, MIDDLE], []), [SHORT, MIDDLE]))
    call(build_prompt, "why", [SHORT, LONG, MIDDLE], [], count, ALONE + 13).gives(
        Prompt(messages("why", [SHORT, LONG], []), [SHORT, LONG]))


def test_the_oldest_turns_are_forgotten_first():
    call(build_prompt, "why", [SHORT], TURNS, count, ALONE + 3 + 19).gives(
        Prompt(messages("why", [SHORT], TURNS[1:]), [SHORT]))
    call(build_prompt, "why", [SHORT, LONG], TURNS, count, ALONE + 10 + 8).gives(
        Prompt(messages("why", [SHORT, LONG], []), [SHORT, LONG]))


@given(st.lists(st.integers(1, 9), max_size=5), st.lists(st.integers(1, 6), max_size=4), st.integers(0, 60))
def test_the_prompt_is_the_longest_that_fits(passages, turns, room):
    hits = [hit(f"page{i}", "word " * length) for i, length in enumerate(passages)]
    history = [Turn(f"what {i}", "word " * length) for i, length in enumerate(turns)]
    call(build_prompt, "why", hits, history, count, ALONE + room).gives(
        longest_prompt("why", hits, history, count, ALONE + room))


# --- answer: stream, stop, or decline ---------------------------------------------------------------------


def test_when_nothing_is_near_enough_nobody_is_asked():
    speaker = Speaker("Cats ", "purr.")
    given = call(answer, "why", [hit("a", "one", 0.2), hit("b", "two", 0.34)], speaker, count, 999, 0.35).value
    assert ["".join(given.pieces), list(given.used)] == [DECLINED, []], "it is DECLINED, from no hits"
    assert speaker.given == [], "the generator was asked"


def test_pieces_come_as_they_are_spoken():
    """The best cosine decides, not the first; and 0.35 reaches 0.35."""
    speaker, hits = Speaker("Cats ", "purr ", "[a]."), [hit("a", "one", 0.2), hit("b", "two", 0.35)]
    given = call(answer, "why", hits, speaker, count, 999, 0.35, TURNS).value
    assert list(given.used) == hits, f"used are {given.used}"
    assert [next(given.pieces), speaker.said] == ["Cats ", ["Cats "]], f"after one piece {speaker.said} were spoken"
    assert "".join(given.pieces) == "purr [a].", "the rest follows"
    assert speaker.given == [messages("why", hits, TURNS)], f"the generator was given {speaker.given}"


def test_who_stops_listening_stops_the_speaker():
    """The speaker holds its speech too, so that no garbage collector ends it: only who closes it does."""
    speaker = Speaker("Cats ", "purr ", "[a].")
    given = call(answer, "why", [SHORT], speaker, count, 999, 0.35).value
    next(given.pieces)
    given.pieces.close()
    assert (speaker.said, speaker.closed) == (["Cats "], True), f"{speaker.said} spoken, closed: {speaker.closed}"


# --- check_citations: what code can check -----------------------------------------------------------------


@pytest.mark.parametrize(("text", "wanted"), {
    "Use cats.nap [cats.nap], then go.": [Citation("cats.nap", True, True)],
    "Sleep for some minutes [cats.nap]. Or bark [dogs.bark].": [
        Citation("cats.nap", True, False), Citation("dogs.bark", True, False)],
    "Use cats.nap [cats.nap], not numpy.sort [numpy.sort] [2].": [
        Citation("cats.nap", True, True), Citation("numpy.sort", False, True), Citation("2", False, False)],
    "dogs.bark [dogs.bark] is loud [dogs.bark].": [Citation("dogs.bark", True, True)],
    "Call cats.nap.sound [cats.nap] with x[0] and y[i].": [Citation("cats.nap", True, False)],
    "Pet cats [cats].": [Citation("cats", False, True)],  # a part of a name is another name
    "I do not know.": [],
}.items())
def test_marks_are_held_against_what_was_given(text, wanted):
    call(check_citations, text, [Hit(NAP, 0.9), Hit(BARK, 0.8)]).gives(wanted)
