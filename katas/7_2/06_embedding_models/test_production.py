"""What goes silently wrong in real use."""

import numpy as np
import pytest
from embedding_models import Recipe, embed, near_duplicates, plan_batches, prepared, recipe_of

from fixtures.checking import call
from fixtures.katas.embedding_models import CARDS, SEARCH, MadeCache, MadeModel
from fixtures.katas.peak_memory import measured

E5 = Recipe("e5-small-v2", "query: ", "passage: ", "mean", True, 4, 12)
PLAIN = E5._replace(model="plain", query_prefix="", document_prefix="", normalize=False)
BGE = {"general.name": "bge-small-en-v1.5", "general.architecture": "bert", "bert.pooling_type": 2,
       "bert.context_length": 512, "bert.embedding_length": 384}


def unit(*rows):
    return np.array([np.array(row) / np.sqrt(np.dot(row, row)) for row in rows])


@pytest.mark.parametrize("name", ["Bge Small EN v1.5", "BAAI/bge-small-en", "BGE_small_en_v1.5"])
def test_a_name_may_be_written_otherwise(name):
    """Converters write what they find: the folder, the title of the card, the repository."""
    call(recipe_of, {**BGE, "general.name": name}, CARDS).gives(Recipe(name, SEARCH, "", "cls", True, 384, 512))


def test_when_nothing_is_missing_the_model_is_left_alone():
    """llama.cpp fails on a batch without texts."""
    cache, model = MadeCache({("query: dogs", E5): np.array([0, 0, 1, 0], np.float32)}), MadeModel()
    call(embed, ["dogs", "dogs"], E5, "query", model, cache).gives(np.array([[0, 0, 1, 0], [0, 0, 1, 0]]))
    assert model.asked == [], f"the model was asked for {model.asked}, not left alone"


def test_no_texts_give_no_rows_of_the_right_width():
    call(embed, [], E5, "query", MadeModel(), MadeCache()).gives(np.zeros((0, 4)), dtype=np.float32)
    call(plan_batches, [], 16, 4).gives([])


def test_a_vector_of_zeros_stays_one():
    """0 / 0 is NaN, and a NaN in an index is never found and never reported."""
    recipe = PLAIN._replace(normalize=True)
    call(embed, ["why", "oo"], recipe, "query", MadeModel(), MadeCache()).gives(
        np.array([[0, 0, 0, 0], [0, 0, 1, 0]]), dtype=np.float32)


def test_what_is_done_with_the_result_does_not_reach_the_cache():
    cache = MadeCache()
    call(embed, ["cats"], E5, "query", MadeModel(), cache).gives(unit([1, 1, 0, 1]), atol=1e-6)
    call(embed, ["cats"], E5, "query", MadeModel(), cache).value[:] = 7
    call(embed, ["cats"], E5, "query", MadeModel(), cache).gives(unit([1, 1, 0, 1]), atol=1e-6)


def test_what_was_done_before_a_failure_is_kept():
    """The model fails with its third batch of two: four vectors are in the cache, and the next run needs the rest."""
    texts, cache = [f"{'a' * i}s" for i in range(1, 8)], MadeCache()
    call(embed, texts, PLAIN, "query", MadeModel(batch_texts=2, fails_after=2), cache).raises(ConnectionError)
    model = MadeModel(batch_texts=2)
    call(embed, texts, PLAIN, "query", model, cache).gives(np.array([[i, 0, 0, 1] for i in range(1, 8)]))
    again = [text for batch in model.asked for text in batch]
    assert again == texts[4:], f"the second run asked for {again}, not for {texts[4:]}"


def test_a_prefix_makes_two_spellings_one_text():
    model = MadeModel()
    call(embed, ["cats", "query: cats"], E5, "query", model, MadeCache()).gives(
        unit([1, 1, 0, 1], [1, 1, 0, 1]), atol=1e-6)
    assert model.asked == [["query: cats"]], f"the model was asked for {model.asked}, not for [['query: cats']]"


def test_the_same_direction_is_found_despite_rounding():
    """Multiples of a vector have cosines of 0.9999999 and 1.0000001 with it; vectors 1 and 3 are none of them."""
    rng = np.random.default_rng(5)
    vector, factors = rng.standard_normal(383), [1, -1, 1 / 3, 0, 1e4, *rng.uniform(0.1, 9, 25)]
    vectors = np.array([factor * vector for factor in factors], dtype=np.float32)
    alike = [index for index, factor in enumerate(factors) if factor > 0]
    call(near_duplicates, vectors, 1.0).gives([(i, j) for i in alike for j in alike if i < j])


def test_codes_of_eight_bits_do_not_wrap_around():
    vectors = np.array([[100, 60, -90], [50, 30, -45], [-100, 60, 90]], dtype=np.int8)
    call(near_duplicates, vectors, 0.9).gives([(0, 1)])


def test_near_duplicates_of_6000_take_no_table_of_all_pairs():
    """All cosines would be 144 MB. Half a circle in 6000 steps: neighbours have 0.9999999, which counts as 1."""
    angles = np.linspace(0, np.pi, 6000)
    angles[-1] = angles[3]
    vectors = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    wanted = {(3, 5999), *((i, i + 1) for i in range(5998))}
    search, peaks = measured(near_duplicates)
    call(search, vectors, 1.0).satisfies(
        lambda pairs: wanted <= set(pairs) and list(pairs) == sorted(set(pairs)) and len(pairs) < 40_000,
        "each row with the next, row 3 with row 5999, few others; in order, each once")
    assert peaks[-1] < 64, f"{peaks[-1]:.0f} MB beside the vectors; 64 are allowed: compare blocks of rows"


TEN_WORDS = "one two three four five six seven eight nine ten"
REFUSED = {
    "a model without a card": (recipe_of, ({**BGE, "general.name": "bge-unheard-of"}, CARDS),
                               ValueError, "general.name"),
    "a card's name inside a word": (recipe_of, ({**BGE, "general.name": "rebge-small-en"}, CARDS),
                                    ValueError, "general.name"),
    "a file without a name": (recipe_of, ({key: BGE[key] for key in BGE if key != "general.name"}, CARDS),
                              ValueError, "general.name"),
    "a file converted with the wrong pooling": (recipe_of, ({**BGE, "bert.pooling_type": 1}, CARDS),
                                                ValueError, "pooling_type"),
    "and with the wrong pooling the other way": (
        recipe_of, ({**BGE, "general.name": "e5-small-v2"}, CARDS), ValueError, "pooling_type"),
    "one string": (prepared, ("cats", E5, "query"), TypeError, "texts"),
    "a role that no card knows": (prepared, (["cats"], E5, "passage"), ValueError, "role"),
    "a text longer than a batch": (plan_batches, ([3, 17], 16, 4), ValueError, "token_counts"),
    "a text too long by its prefix": (embed, (["cats", TEN_WORDS], E5, "query", MadeModel(), MadeCache()),
                                      ValueError, "texts"),
    "a vector that is NaN": (near_duplicates, (np.array([[1, 2], [np.nan, 1]]), 0.9), ValueError, "vectors"),
    "a vector that is infinite": (near_duplicates, (np.array([[1, -np.inf], [0, 1]]), 0.9), ValueError, "vectors"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_would_be_silently_wrong_is_refused(case):
    function, arguments, error, argument = REFUSED[case]
    call(function, *arguments).raises(error, naming=argument)
