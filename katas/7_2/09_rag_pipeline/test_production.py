"""What goes silently wrong in real use."""

import random

import numpy as np
import pytest
from rag_pipeline import answer, build_prompt, check_citations, find_by_words, retrieve, sync

from fixtures.checking import call
from fixtures.katas.rag_pipeline.conversation import DECLINED, Citation, Turn, messages
from fixtures.katas.rag_pipeline.made import Killed, LetterEmbedding, MadeStore, Speaker, count, hit, passage, split
from fixtures.katas.rag_pipeline.passages import Changes, Document, Hit
from fixtures.katas.rag_pipeline.reference import holds, passages_of, some_documents


@pytest.mark.parametrize("seed", range(20))
def test_killed_anywhere_and_run_again_nothing_is_lost_or_doubled(seed):
    """By a random change of the store, half of which is done: then the next process syncs the same documents."""
    chance = random.Random(seed)
    before, now = some_documents(chance, "abcd"), some_documents(chance, "abc")
    store, wanted = MadeStore(passages_of(before), lives=chance.randrange(5)), passages_of(now)
    call(sync, now, store, split, LetterEmbedding(), batch=2).raises(Killed)
    store.lives = 10**9
    call(sync, now, store, split, LetterEmbedding(), batch=2).satisfies(
        lambda changes: changes.added + changes.moved + changes.kept == len(wanted), f"{len(wanted)} passages in all")
    holds(store, [*wanted, *passages_of({"d": before["d"]})])
    call(sync, now, store, split, LetterEmbedding()).gives(Changes(0, 0, 0, len(wanted)))


def test_what_is_replaced_is_found_until_its_successor_is_there():
    cats, embed = passage("pets", "Cats purr."), LetterEmbedding(killed_at=0)
    store = MadeStore([cats])
    call(sync, {"pets": Document("All cats purr.")}, store, split, embed).raises(Killed)
    assert store.get() == [cats], f"the process ended while it embedded, and the store holds {store.get()}"


def test_a_document_without_words_loses_its_passages():
    store = MadeStore([passage("pets", "Cats purr."), passage("pets", "Dogs bark.")])
    call(sync, {"pets": Document("  \n")}, store, split, LetterEmbedding()).gives(Changes(0, 0, 2, 0))
    call(sync, {}, store, split, LetterEmbedding()).gives(Changes(0, 0, 0, 0))
    assert store.get() == [], f"the store holds {store.get()}"


def test_metadata_of_the_caller_does_not_rename_a_document():
    store, pets = MadeStore(), Document("Cats purr.", {"document": "plants"})
    call(sync, {"pets": pets}, store, split, LetterEmbedding()).gives(Changes(1, 0, 0, 0))
    assert store.get({"document": "pets"}) == [passage("pets", "Cats purr.")], f"the store holds {store.get()}"
    assert pets.metadata == {"document": "plants"}, "the document's own metadata were changed"


def test_a_text_in_two_documents_is_two_passages():
    """What was divided otherwise gives other ids, too: "a" with "b c." is not "a b" with "c."."""
    store = MadeStore()
    call(sync, {"a": Document("b c."), "a b": Document("c."), "b": Document("b c.")}, store, split,
         LetterEmbedding()).gives(Changes(3, 0, 0, 0))
    wanted = {one.id for one in (passage("a", "b c."), passage("a b", "c."), passage("b", "b c."))}
    assert set(store.rows) == wanted, f"the ids are {set(store.rows)}"


def test_no_more_than_32_texts_are_embedded_at_once():
    embed = LetterEmbedding()
    text = " ".join(f"Sow {number}." for number in range(70))
    call(sync, {"sows": Document(text)}, MadeStore(), split, embed).gives(Changes(70, 0, 0, 0))
    assert [len(texts) for texts in embed.asked] == [32, 32, 6], f"batches of {[len(texts) for texts in embed.asked]}"


def test_as_many_are_found_as_were_asked_for():
    """60 of 80, though 50 candidates are the default; of equal ones those first that the store has first."""
    store = MadeStore([passage(f"page{number}", "Sow.") for number in range(80)], [[1, number] for number in range(80)])
    call(retrieve, "goat", store, lambda texts: np.array([[1.0, 0.0]]), k=60).gives(
        [Hit(passage(f"page{number}", "Sow."), (1 + number**2) ** -0.5) for number in range(60)], atol=1e-6)
    call(find_by_words, "Sow!", store, 3).gives([passage(f"page{number}", "Sow.") for number in range(3)])
    call(retrieve, "goat", MadeStore(), lambda texts: np.array([[1.0, 0.0]])).gives([])


def test_five_of_fifty_candidates_are_found_if_nothing_else_is_said():
    store, asked = MadeStore([passage(f"page{number}", "Sow.") for number in range(9)]), []
    call(retrieve, "goat", store, LetterEmbedding(), find_words=lambda *given: asked.append(given) or []).satisfies(
        lambda hits: len(hits) == 5, "five hits")
    assert asked == [("goat", store, 50, None)], f"find_words was called with {asked}"


def test_what_is_deleted_between_two_searches_is_passed_over():
    one, other = passage("a", "Sow."), passage("b", "Ewe.")
    call(retrieve, "sow", MadeStore([other], [[1, 0]]), lambda texts: np.array([[1.0, 0.0]]),
         find_words=lambda *asked: [one, other]).gives([Hit(other, 1.0)], atol=1e-6)


def test_the_budget_holds_in_1000_random_cases():
    """By characters, four a token: what two pieces have together is not the sum of what they have alone."""
    chance = random.Random(7)

    def characters(prompt):
        return sum(len(message["content"]) + 9 for message in prompt) // 4

    alone = characters(messages("why", [], []))
    for _ in range(1000):
        hits = [hit("page", "x" * chance.randrange(1, 90)) for _ in range(chance.randrange(6))]
        turns = [Turn("y" * chance.randrange(1, 40), "z" * chance.randrange(60)) for _ in range(chance.randrange(4))]
        budget = alone + chance.randrange(90)
        prompt, used = call(build_prompt, "why", hits, turns, characters, budget).value
        assert characters(prompt) <= budget, f"{characters(prompt)} tokens, {budget} were allowed"
        assert prompt[-1] == messages("why", used, [])[-1], "the last message holds the passages that were used"


def test_a_passage_of_no_room_is_no_evidence():
    """The one that is near enough does not fit; the other one fits, and is about something else."""
    speaker, hits = Speaker("No!"), [hit("a", "one " * 90, 0.9), hit("b", "two", 0.1), hit("c", "three", float("nan"))]
    given = call(answer, "why", hits, speaker, count, count(messages("why", [], [])) + 20, 0.35).value
    assert ["".join(given.pieces), speaker.given] == [DECLINED, []], "nothing near enough is in the prompt"
    given.pieces.close()


def test_an_answer_that_nobody_hears_is_not_begun():
    speaker = Speaker("Cats ", "purr.")
    given = call(answer, "why", [hit("a", "one")], speaker, count, 999, 0.35).value
    assert speaker.given == [], "the generator was called before a piece was asked for"
    given.pieces.close()
    assert [*given.pieces, *speaker.given] == [], "closed, it does not begin"


def test_any_name_can_be_cited():
    used = [hit("notes [old].txt", "one"), hit("c++ (2)", "two"), hit("d", "three")]
    call(check_citations, "It is c++ (2) [c++ (2)], and not C [notes [old].txt][d].", used).gives(
        [Citation("c++ (2)", True, True), Citation("notes [old].txt", True, False), Citation("d", True, False)])
    call(check_citations, "json.load [json] gives [] and [[1], [2]].", []).gives(
        [Citation("json", False, False), Citation("1", False, False), Citation("2", False, False)])


REFUSED = {
    "k of 0": (retrieve, ("sow", MadeStore(), LetterEmbedding(), 0), "k"),
    "k below 0": (retrieve, ("sow", MadeStore([passage("a", "Sow.")]), LetterEmbedding(), -1), "k"),
    "a question that leaves no room": (
        build_prompt, ("why", [], [], count, count(messages("why", [], [])) - 1), "question"),
    "the same, to be answered": (
        answer, ("why " * 90, [hit("a", "one")], Speaker("No!"), count, 200, 0.35), "question"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_would_be_silently_wrong_is_refused(case):
    function, arguments, argument = REFUSED[case]
    call(function, *arguments).raises(ValueError, naming=argument)
