import numpy as np
import pytest
from embedding_interview import (
    cosines_kept,
    length_of_a_mean,
    mean_with_padding,
    spread_by_chance,
    tokens_read,
    winners,
)

from fixtures.checking import call
from fixtures.katas.embedding_interview import reference as measured

pytestmark = [pytest.mark.llama, pytest.mark.model("all-MiniLM-L6-v2")]


@pytest.fixture(scope="module")
def pages():
    """Return MiniLM's vectors of length 1 for the documentation's pages, by llama.cpp: (pages, 384)."""
    from fixtures.data.documentation_vectors import documentation_vectors

    return documentation_vectors().page_vectors.astype(np.float64)


def test_the_padding_of_minilm():
    from fixtures.models import model_path
    from fixtures.oracles.embeddings import token_embeddings

    call(mean_with_padding, 5.0, 3, 0).gives((1.0, 5.0), atol=1e-9)  # not written yet: say so before llama.cpp runs
    for tokens in token_embeddings(model_path("all-MiniLM-L6-v2"), ["copy a file", "delete a whole directory tree"]):
        length = float(measured.length(tokens.mean(axis=0))[0])
        # float32 rounds to 1e-7; a length without the padding is off by 4
        call(mean_with_padding, length, len(tokens), 20).gives(measured.pooled_without_a_mask(tokens, 20), atol=1e-5)


def test_questions_among_vectors_that_llama_cpp_has_not_normalised():
    """With the inner product, 12 of 24 questions find another page first; with a query of length 1 and the
    Euclidean distance, 22 do.
    """
    from fixtures.data.documentation import QUESTIONS, page_token_embeddings
    from fixtures.models import model_path
    from fixtures.oracles.embeddings import pooled_embeddings

    call(winners, np.array([0.5, 0.9]), np.ones(2), 1.0).gives((1, 1, 1))
    documents = np.array([tokens.mean(axis=0) for tokens in page_token_embeddings()[1]], dtype=np.float64)
    lengths = measured.length(documents)[:, 0]  # 2.1 to 7.1
    as_they_come = pooled_embeddings(model_path("all-MiniLM-L6-v2"), list(QUESTIONS)).astype(np.float64)
    for queries in (as_they_come, as_they_come / measured.length(as_they_come)):
        for query in queries:
            length = float(measured.length(query)[0])
            cosines = documents @ query / lengths / length
            call(winners, cosines, lengths, length).gives(measured.found_first(query, documents))


def test_the_pages_lean_to_one_side_and_spread_over_few_dimensions(pages):
    """Of 384 dimensions MiniLM spreads the pages over some 54, counted by the variances of their principal axes."""
    mean = pages.mean(axis=0)
    # float32 rounds to 1e-7; a mean of unrelated vectors would be 0.04 long, measured is 0.34
    call(length_of_a_mean, len(pages), measured.mean_cosine(pages)).gives(float(np.linalg.norm(mean)), atol=1e-5)
    variances = np.linalg.eigvalsh(np.cov((pages - mean).T))
    in_use = float(variances.sum()**2 / (variances**2).sum())
    # measured: 0.129, predicted: 0.136 (the vectors are not equally long any more); from all 384: 0.051
    call(spread_by_chance, in_use).gives(measured.spread_of_cosines(pages - mean), rtol=0.1)


@pytest.mark.parametrize("budget", [24, 48, 384])
def test_the_way_to_store_that_keeps_most_neighbours(pages, budget):
    """What keeps the largest cosine keeps most of the ten nearest pages: bits in few bytes, int8 in many. Between
    96 and 240 bytes the two are close, and int8 is better than predicted: MiniLM's dimensions say things twice.
    """
    predicted = call(cosines_kept, 384, budget).value
    nearest = np.argsort(-pages @ pages.T, axis=1)[:, :10]
    recalls = []
    for rows in measured.stored(pages, budget).values():
        unit = rows / np.maximum(measured.length(rows), 1e-9)
        found = np.argsort(-unit @ unit.T, axis=1)[:, :10]
        recalls.append(float(np.mean([len(set(a) & set(b)) / 10 for a, b in zip(found.tolist(), nearest.tolist())])))
    told = ", ".join(f"{name} {recall:.2f}" for name, recall in zip(("float32", "int8", "bits"), recalls))
    assert np.argmax(predicted) == np.argmax(recalls), f"recall of the ten nearest in {budget} bytes: {told}"


def test_what_llama_cpp_python_reads_of_a_long_text():
    """A limit of 16. A word was read if another one in its place changes the vector; [SEP] was read if the text
    cut there by hand has the same vector.
    """
    import llama_cpp

    from fixtures.models import model_path
    from fixtures.oracles.embeddings import pooled_embeddings
    from fixtures.oracles.quiet import silence_llama

    call(tokens_read, 5, 512).gives((5, True))
    silence_llama()
    path = model_path("all-MiniLM-L6-v2")
    model = llama_cpp.Llama(str(path), embedding=True, pooling_type=llama_cpp.LLAMA_POOLING_TYPE_MEAN, n_ctx=16,
                            n_batch=16, n_ubatch=16, n_threads=1, n_threads_batch=1, verbose=False)
    for words in (13, 14, 15, 40):
        text = ["man", "eats", "food", "the", "cat", "dog", "house", "tree"] * 5  # a token each
        text = text[:words]
        vector = np.array(model.embed(" ".join(text)))
        others = (np.array(model.embed(" ".join([*text[:i], "music", *text[i + 1:]]))) for i in range(words))
        read = sum(not np.allclose(other, vector, atol=1e-4) for other in others)
        by_hand = pooled_embeddings(path, [" ".join(text[:read])])[0]
        call(tokens_read, words, 16).gives((read, bool(np.allclose(by_hand, vector, atol=1e-4))))
    model.close()
