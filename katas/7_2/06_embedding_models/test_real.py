import numpy as np
import pytest
from embedding_models import Recipe, embed, recipe_of

from fixtures.checking import call
from fixtures.katas.embedding_models import CARDS, MadeCache

pytestmark = [pytest.mark.llama, pytest.mark.model("all-MiniLM-L6-v2")]

MINILM = Recipe("all-MiniLM-L6-v2", "", "", "mean", True, 384, 256)
WORDS = "the parser reads one token after another and gives a tree of nodes to whoever asks"


def path():
    from fixtures.models import model_path

    return model_path("all-MiniLM-L6-v2")


@pytest.fixture(scope="module")
def opened():
    """Open MiniLM with a pooling, once for all tests here."""
    from fixtures.katas.embedding_models.llama_model import LlamaModel

    models = {pooling: LlamaModel(path(), pooling, MINILM.max_tokens) for pooling in ("mean", "cls")}
    yield models
    for model in models.values():
        model.close()


def test_the_recipe_of_the_real_file():
    from fixtures.katas.embedding_models.llama_model import metadata_of

    call(recipe_of, metadata_of(path()), CARDS).gives(MINILM)


def test_100_texts_of_mixed_lengths_are_as_llama_cpp_embeds_each_alone(opened, tmp_path):
    """1 to 90 words, through a cache on the disk. Batches differ by 4e-5 (GELU from a table), another text by 0.1."""
    from fixtures.katas.embedding_models.disk_cache import DiskCache

    call(embed, ["cats"], MINILM, "query", opened["mean"], MadeCache()).satisfies(
        lambda vectors: vectors.shape == (1, 384), "one row of 384 numbers")  # not written yet: say so at once
    words = WORDS.split()
    lengths = [90 if i % 25 == 7 else 1 + i % 9 for i in range(100)]
    texts = [" ".join(words[i * k % len(words)] for k in range(length)) for i, length in enumerate(lengths)]
    alone = np.array([opened["mean"].llama.embed(text, normalize=True) for text in texts])
    cache = DiskCache(tmp_path / "vectors.sqlite")
    call(embed, texts, MINILM, "document", opened["mean"], cache).gives(alone, atol=5e-4)
    assert len(cache) == len(set(texts)), f"the cache holds {len(cache)} vectors, of {len(set(texts))} different texts"
    cache.close()


def test_wrong_recipes_find_less(opened):
    """24 questions to 544 pages: the reciprocal rank is 0.89 by the recipe, 0.73 with [CLS], 0.67 not normalized."""
    from fixtures.data.documentation import QUESTIONS, page_token_embeddings
    from fixtures.data.documentation_vectors import documentation_vectors
    from fixtures.katas.embedding_eval.reference import reciprocal_rank

    def rank(recipe, page_vectors):
        found = call(embed, list(QUESTIONS), recipe, "query", opened[recipe.pooling], MadeCache()).value
        order = np.argsort(-(found @ page_vectors.T), axis=1, kind="stable")
        return float(reciprocal_rank(order.tolist(), documentation_vectors().answers))

    call(embed, ["cats"], MINILM, "query", opened["mean"], MadeCache()).satisfies(
        lambda vectors: np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5), "a vector of length 1")
    right = rank(MINILM, documentation_vectors("mean").page_vectors)
    cls = rank(MINILM._replace(pooling="cls"), documentation_vectors("cls").page_vectors)
    raw = rank(MINILM._replace(normalize=False), np.array([rows.mean(axis=0) for rows in page_token_embeddings()[1]]))
    assert right > 0.8, f"by the recipe the mean reciprocal rank is {right:.3f}"
    assert cls < right - 0.05, f"with [CLS] it is {cls:.3f}, by the recipe {right:.3f}"
    assert raw < right - 0.05, f"not normalized it is {raw:.3f}, by the recipe {right:.3f}"


def test_nothing_is_cut_off(opened):
    """llama-cpp-python drops what is beyond the batch, [SEP] with it, and says nothing."""
    story = "Once there was a ship that carried coffee to a harbour far away. " * 30
    call(embed, ["cats", story], MINILM, "document", opened["mean"], MadeCache()).raises(ValueError, naming="texts")
