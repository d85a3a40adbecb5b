import numpy as np
import pytest
from pooling import cls_pool, l2_normalize, last_token_pool, mean_pool

from fixtures.checking import call

SENTENCES = ["A man is eating food.", "llama.cpp", "The Ünïcode café serves seventeen kinds of tea, doesn't it?"]


@pytest.fixture(scope="module")
def minilm():
    """Token embeddings of the sentences from llama.cpp, as a padded batch with its mask."""
    from fixtures.models import model_path
    from fixtures.oracles.embeddings import token_embeddings

    path = model_path("all-MiniLM-L6-v2")
    rows = token_embeddings(path, SENTENCES)  # a (tokens, 384) for each sentence
    mask = np.arange(max(map(len, rows))) < np.array([[len(row)] for row in rows])
    batch = np.full((*mask.shape, rows[0].shape[1]), 1e3, dtype=np.float32)
    batch[mask] = np.concatenate(rows)
    return path, batch, mask.astype(np.int64)


@pytest.mark.llama
@pytest.mark.model("all-MiniLM-L6-v2")
@pytest.mark.parametrize(("pool", "pooling"), [(mean_pool, "mean"), (cls_pool, "cls"), (last_token_pool, "last")],
                         ids=lambda value: getattr(value, "__name__", value))
def test_llama_cpp_pools_the_same_tokens_to_the_same_vector(minilm, pool, pooling):
    """Your pooling of llama.cpp's token embeddings (pooling NONE) is llama.cpp's own pooling."""
    from fixtures.oracles.embeddings import pooled_embeddings

    path, batch, mask = minilm
    # measured: 9e-8; [CLS] and [SEP] left out of the mean: 0.36
    call(pool, batch, mask).gives(pooled_embeddings(path, SENTENCES, pooling), atol=1e-5)


@pytest.mark.llama
@pytest.mark.model("all-MiniLM-L6-v2")
def test_two_sentences_are_as_similar_as_sentence_transformers_says(minilm):
    """The model card's job: mean pooling, then length 1, then the dot product."""
    from fixtures.oracles.embeddings import token_embeddings

    first, second = token_embeddings(minilm[0], ["A man is eating food.", "A man is eating a piece of bread."])
    vectors = [call(mean_pool, tokens[None], np.ones((1, len(tokens)), dtype=np.int64)).value
               for tokens in (first, second)]
    a, b = (call(l2_normalize, vector).value[0] for vector in vectors)
    # llama.cpp's arithmetic differs by 1e-5; without [CLS] and [SEP] it is 0.009 off
    assert abs(float(a @ b) - 0.7553) < 1e-3, f"sentence-transformers' cosine is 0.7553, yours {float(a @ b):.4f}"


@pytest.mark.gpu
@pytest.mark.llama
@pytest.mark.model("all-MiniLM-L6-v2")
def test_the_gpu_embeds_as_the_cpu_does(minilm):
    from fixtures.oracles.embeddings import token_embeddings

    path, batch, mask = minilm
    on_gpu = [call(mean_pool, tokens[None], np.ones((1, len(tokens)), dtype=np.int64)).value
              for tokens in token_embeddings(path, SENTENCES, n_gpu_layers=-1)]
    a = call(l2_normalize, np.concatenate(on_gpu)).value
    b = call(l2_normalize, call(mean_pool, batch, mask).value).value
    cosines = (a * b).sum(axis=1)
    assert cosines.min() >= 0.999, f"cosines of the GPU's and the CPU's vectors: {cosines}"
