"""Your encoder against llama.cpp: the real MiniLM, and made models of other shapes."""

import numpy as np
import pytest
from bert_encoder import attention, embed, encode, encoder_block

from fixtures.checking import call
from fixtures.first_divergence import same_rows
from fixtures.katas.bert_encoder.following import follow
from fixtures.katas.bert_encoder.reference import bert_from_gguf, padded, stages_of_batch

FUNCTIONS = (embed, attention, encoder_block, encode)
SENTENCES = ["A man is eating food.", "A man is eating a piece of bread.", "llama.cpp", "",
             "The Ünïcode café serves seventeen kinds of tea, doesn't it?"]


def batch_of(path, texts, left=False):
    """Return the tokens of the texts as a padded batch, its mask, and llama.cpp's embedding of each token."""
    from fixtures.oracles.embeddings import token_embeddings, token_ids

    rows = [np.array(row) for row in token_ids(path, texts)]
    lengths = np.array([[len(row)] for row in rows])
    column = np.arange(lengths.max())
    mask = (column >= lengths.max() - lengths if left else column < lengths).astype(np.int64)
    return padded(rows, mask), mask, padded(token_embeddings(path, texts), mask)


def compare(path, texts, atol, left=False):
    """Walk through the stages, then hold the last one against llama.cpp."""
    ids, mask, wanted = batch_of(path, texts, left)
    bert = bert_from_gguf(path)
    follow(FUNCTIONS, bert, ids, mask, stages_of_batch(bert, ids, mask), 1e-4)
    same_rows(call(encode, bert.embedding, bert.blocks, ids, mask, bert.heads, bert.eps), wanted, mask, atol)


@pytest.mark.llama
@pytest.mark.model("all-MiniLM-L6-v2")
@pytest.mark.parametrize("left", [False, True], ids=["padded right", "padded left"])
def test_llama_cpp_has_the_same_token_embeddings_of_minilm(left):
    """The stage that first differs from the definition is named; the last one is llama.cpp's own."""
    from fixtures.models import model_path

    # measured 3e-3: llama.cpp takes the tanh form of GELU from a table of float16 numbers (with that form 1e-3);
    # a variance divided by width - 1 gives 9e-3, every other mistake 1 and more
    compare(model_path("all-MiniLM-L6-v2"), SENTENCES, 5e-3, left)


@pytest.mark.llama
@pytest.mark.parametrize("numbers", [(60, 6, 33, 3, 40, 1, 1e-5), (16, 1, 48, 1, 64, 2, 1e-2)], ids=str)
def test_llama_cpp_has_the_same_embeddings_of_other_shapes(tmp_path, numbers):
    """Another width, other heads, one type, one block, an epsilon that shows: nothing is MiniLM's by chance."""
    from fixtures.models.made.bert import BertShape, write_bert

    made = write_bert(tmp_path / "bert.gguf", BertShape(*numbers), seed=3)
    # measured 2e-3; the variance divided by width - 1 gives 4e-2
    compare(made.path, ["the man eats bread.", "food", "the " * 20], 5e-3)


@pytest.mark.llama
@pytest.mark.model("all-MiniLM-L6-v2")
def test_two_sentences_are_as_similar_as_sentence_transformers_says():
    """Your vectors, averaged over the real tokens: sentence-transformers 6.2.0 gives a cosine of 0.755337."""
    from fixtures.models import model_path

    path = model_path("all-MiniLM-L6-v2")
    bert = bert_from_gguf(path)
    ids, mask, _ = batch_of(path, SENTENCES[:2])
    x = call(encode, bert.embedding, bert.blocks, ids, mask, bert.heads, bert.eps).value
    food, bread = (row[real == 1].mean(axis=0) for row, real in zip(x, mask))
    cosine = float(food @ bread / np.linalg.norm(food) / np.linalg.norm(bread))
    assert abs(cosine - 0.755337) < 1e-5, f"sentence-transformers' cosine is 0.755337, yours {cosine:.6f}"
