"""The idea: a text becomes a vector by a recipe, and a vector is only worth something together with its recipe."""

from itertools import chain

import numpy as np
import pytest
from embedding_models import Recipe, embed, near_duplicates, plan_batches, prepared, recipe_of
from hypothesis import given
from hypothesis import strategies as st

from fixtures.checking import call
from fixtures.katas.embedding_models import CARDS, SEARCH, TASK, MadeCache, MadeModel
from fixtures.katas.embedding_models.reference import letters, pairs_above

E5 = Recipe("e5-small-v2", "query: ", "passage: ", "mean", True, 4, 12)
PLAIN = E5._replace(model="plain", query_prefix="", document_prefix="")
ROUNDING = 1e-6  # float32 rounds by 1e-7; the smallest of the usual mistakes is off by 0.05

# Numbers of a, e, o and s in the text with its prefix: "query: " has one e, "passage: " two a, one e, two s.
CATS, DOGS, ROSE = [1, 1, 0, 1], [0, 1, 1, 1], [1, 2, 1, 1]
CATS_AS_DOCUMENT = [3, 1, 0, 3]


def unit(*rows):
    return np.array([np.array(row) / np.sqrt(np.dot(row, row)) for row in rows])


def metadata(name, architecture, dimension, context, pooling=None):
    """Write down what gguf-py reads from a file; older files have no pooling_type."""
    stated = {} if pooling is None else {f"{architecture}.pooling_type": pooling}
    return {"general.name": name, "general.architecture": architecture, f"{architecture}.block_count": 6,
            f"{architecture}.context_length": context, f"{architecture}.embedding_length": dimension, **stated}


def asked(model, *batches):
    wanted = [list(batch) for batch in batches]
    assert model.asked == wanted, f"the model was asked for {model.asked}, not for {wanted}"


# --- recipe_of: what the file says, and what only the card says ----------------------------------------


def test_file_and_card_make_the_recipe_together():
    """The example of the README: the prefixes are the card's, the width is the file's."""
    call(recipe_of, metadata("e5-small-v2", "bert", 384, 512, pooling=1), CARDS).gives(
        Recipe("e5-small-v2", "query: ", "passage: ", "mean", True, 384, 512))


def test_the_longest_text_is_what_file_and_card_both_allow():
    """MiniLM has 512 positions and was made for 256 tokens; Nomic's 8192 need more than this file has."""
    call(recipe_of, metadata("all-MiniLM-L6-v2", "bert", 384, 512, pooling=1), CARDS).gives(
        Recipe("all-MiniLM-L6-v2", "", "", "mean", True, 384, 256))
    call(recipe_of, metadata("nomic-embed-text-v1.5", "nomic-bert", 768, 2048, pooling=1), CARDS).gives(
        Recipe("nomic-embed-text-v1.5", "search_query: ", "search_document: ", "mean", True, 768, 2048))


def test_pooling_that_the_file_leaves_out_is_the_cards():
    """llama.cpp would take none; the mean would be a guess."""
    call(recipe_of, metadata("bge-small-en-v1.5", "bert", 384, 512), CARDS).gives(
        Recipe("bge-small-en-v1.5", SEARCH, "", "cls", True, 384, 512))


def test_the_longest_name_that_fits_is_the_card():
    call(recipe_of, metadata("multilingual-e5-large-instruct", "bert", 1024, 512, pooling=1), CARDS).gives(
        Recipe("multilingual-e5-large-instruct", TASK, "", "mean", True, 1024, 512))


def test_not_every_model_wants_vectors_of_length_one():
    call(recipe_of, metadata("msmarco-bert-base-dot-v5", "bert", 768, 512, pooling=1), CARDS).gives(
        Recipe("msmarco-bert-base-dot-v5", "", "", "mean", False, 768, 512))


# --- prepared: the prefix of the role -------------------------------------------------------------------


def test_a_query_and_a_document_get_different_prefixes():
    call(prepared, ["cats", "a rose"], E5, "query").gives(["query: cats", "query: a rose"])
    call(prepared, ["cats", "a rose"], E5, "document").gives(["passage: cats", "passage: a rose"])


def test_a_prefix_is_put_once():
    call(prepared, ["query: cats", "dogs"], E5, "query").gives(["query: cats", "query: dogs"])
    call(prepared, ["cats"], PLAIN, "query").gives(["cats"])
    call(prepared, ["passage: cats", "a query: cats"], E5, "query").gives(
        ["query: passage: cats", "query: a query: cats"])


# --- plan_batches: tokens fill a batch, not texts -------------------------------------------------------


def test_a_batch_is_full_when_the_next_text_has_too_many_tokens():
    """The example of the README: 5 + 9 leave no room for 4 more, 4 + 12 are exactly 16."""
    call(plan_batches, [5, 9, 4, 12, 3, 3], 16, 4).gives([[0, 1], [2, 3], [4, 5]])
    call(plan_batches, [3, 16, 3], 16, 4).gives([[0], [1], [2]])


def test_a_batch_holds_no_more_texts_than_llama_cpp_has_places():
    """Seven texts of two tokens: three at a time are the most, though 16 tokens would take eight."""
    call(plan_batches, [2, 2, 2, 2, 2, 2, 2], 16, 3).gives([[0, 1, 2], [3, 4, 5], [6]])


@given(st.lists(st.integers(1, 10), min_size=1, max_size=30), st.integers(10, 25), st.integers(1, 5))
def test_every_text_is_in_one_batch_in_its_order(counts, most_tokens, most_texts):
    def right(batches):
        sizes = [[counts[index] for index in batch] for batch in batches]
        firsts = [size[0] for size in sizes[1:]]
        return ([*chain.from_iterable(batches)] == list(range(len(counts)))
                and all(sum(size) <= most_tokens and len(size) <= most_texts for size in sizes)
                and all(sum(size) + first > most_tokens or len(size) == most_texts
                        for size, first in zip(sizes, firsts)))

    call(plan_batches, counts, most_tokens, most_texts).satisfies(
        right, "all indices in order, both limits kept, and no batch with room for the text behind it")


# --- embed: by the recipe, in batches, through the cache -------------------------------------------------


def test_a_text_is_embedded_with_its_prefix():
    call(embed, ["cats", "a rose"], E5, "query", MadeModel(), MadeCache()).gives(unit(CATS, ROSE), atol=ROUNDING)
    call(embed, ["cats"], E5, "document", MadeModel(), MadeCache()).gives(unit(CATS_AS_DOCUMENT), atol=ROUNDING)


def test_the_recipe_says_whether_a_vector_has_length_one():
    """normalize is False here: vectors keep the lengths that the model gave them."""
    recipe = E5._replace(normalize=False)
    call(embed, ["cats", "dogs"], recipe, "query", MadeModel(), MadeCache()).gives(np.array([CATS, DOGS]))


def test_texts_of_mixed_lengths_come_back_in_their_order():
    """Up to 9 words, and "query:", [CLS], [SEP]: more than 16 tokens, or texts than it has places, break the model."""
    texts = [" ".join(["sea", "oat", "ease", "o"][(i + k) % 4] + k * "a" for k in range(i % 9)) + f" e{i * 'a'}"
             for i in range(40)]
    wanted = np.array([letters("query: " + text) for text in texts])
    for places in 4, 1:
        call(embed, texts, E5, "query", MadeModel(batch_texts=places), MadeCache()).gives(wanted, atol=ROUNDING)


def test_what_the_cache_holds_is_not_asked_for():
    """The cache holds (0, 0, 1, 0) for "query: dogs" and E5, which the model would never give."""
    cache, model = MadeCache({("query: dogs", E5): np.array([0, 0, 1, 0], np.float32)}), MadeModel()
    call(embed, ["a rose", "dogs", "cats"], E5, "query", model, cache).gives(
        np.stack([unit(ROSE)[0], [0, 0, 1, 0], unit(CATS)[0]]), atol=ROUNDING)
    asked(model, ["query: a rose", "query: cats"])


def test_a_text_that_occurs_twice_is_asked_for_once():
    model = MadeModel()
    call(embed, ["cats", "dogs", "cats", "cats"], E5, "query", model, MadeCache()).gives(
        unit(CATS, DOGS, CATS, CATS), atol=ROUNDING)
    asked(model, ["query: cats", "query: dogs"])


def test_what_is_new_is_put_under_its_text_and_its_recipe():
    cache = MadeCache()
    call(embed, ["cats"], E5, "document", MadeModel(), cache).gives(unit(CATS_AS_DOCUMENT), atol=ROUNDING)
    assert list(cache) == [("passage: cats", E5)], f"the keys are {list(cache)}, not {[('passage: cats', E5)]}"
    held = cache["passage: cats", E5]
    assert np.allclose(held, unit(CATS_AS_DOCUMENT)[0]), f"the cache holds {held}, not the vector as it was returned"


def test_the_vector_of_a_query_is_not_taken_for_a_document():
    """One cache for both roles: "query: cats" and "passage: cats" are two texts."""
    cache = MadeCache()
    call(embed, ["cats"], E5, "query", MadeModel(), cache).gives(unit(CATS), atol=ROUNDING)
    call(embed, ["cats"], E5, "document", MadeModel(), MadeCache(cache)).gives(unit(CATS_AS_DOCUMENT), atol=ROUNDING)


@pytest.mark.parametrize("change", [{"normalize": False}, {"pooling": "cls"}, {"model": "e5-base-v2"}])
def test_a_vector_of_another_recipe_is_not_taken(change):
    """The same text, once by each of two recipes; the first one's vector is made to be recognised."""
    other = E5._replace(**change)
    wanted = np.array([CATS]) if change == {"normalize": False} else unit(CATS)
    cache = MadeCache()
    call(embed, ["cats"], E5, "query", MadeModel(), cache).gives(unit(CATS), atol=ROUNDING)
    used = MadeCache({key: np.array([9, 9, 9, 9], np.float32) for key in cache})
    call(embed, ["cats"], other, "query", MadeModel(), used).gives(wanted, atol=ROUNDING)


# --- near_duplicates: pairs of directions ----------------------------------------------------------------


def test_near_duplicates_point_in_almost_the_same_direction():
    """Lengths 5, 50, 5 and 5: (30, 40) is (3, 4), (4, 3) has a cosine of 24/25 with both, (-3, -4) points away."""
    vectors = np.array([[3, 4], [30, 40], [4, 3], [-3, -4]], dtype=np.float32)
    call(near_duplicates, vectors, 0.97).gives([(0, 1)])
    call(near_duplicates, vectors, 0.95).gives([(0, 1), (0, 2), (1, 2)])


@given(st.lists(st.lists(st.integers(-4, 4), min_size=3, max_size=3).filter(any), min_size=1, max_size=9))
def test_near_duplicates_are_those_of_comparing_each_two(rows):
    call(near_duplicates, np.array(rows, dtype=np.float32), 0.871).gives(pairs_above(rows, 0.871))
