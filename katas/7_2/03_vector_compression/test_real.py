import numpy as np
import pytest
from vector_compression import binary_codes, hamming_top_k, int8_scores, quantize_int8, rescore, truncate

from fixtures.checking import call


@pytest.fixture(scope="module")
def minilm():
    """Return vectors of the documentation's pages and of questions by llama.cpp's MiniLM, and the right pages."""
    from fixtures.data.documentation_vectors import documentation_vectors

    vectors = documentation_vectors()
    return vectors.page_vectors, vectors.question_vectors, vectors.answers


def share_found(found, wanted):
    """Return how many of the wanted indices were found, over all rows."""
    return np.mean([len(set(row) & set(right)) / len(right) for row, right in zip(found.tolist(), wanted.tolist())])


@pytest.mark.llama
@pytest.mark.model("all-MiniLM-L6-v2")
def test_int8_finds_what_float32_finds_in_a_quarter_of_the_bytes(minilm):
    """Measured: 0.999 of the ten nearest; with one step for all dimensions 0.99."""
    pages, questions, _ = minilm
    codes, scale = call(quantize_int8, pages).value
    exact = np.argsort(-questions @ pages.T, axis=1)[:, :10]
    scores = call(int8_scores, questions, codes, scale).value
    share = share_found(np.argsort(-scores, axis=1)[:, :10], exact)
    assert share > 0.98, f"int8 codes find {share:.3f} of what float32 finds; 0.98 was expected"
    assert codes.nbytes * 4 == pages.nbytes, f"{codes.nbytes} bytes of codes for {pages.nbytes} bytes of float32"


@pytest.mark.llama
@pytest.mark.model("all-MiniLM-L6-v2")
def test_bits_lose_neighbours_and_rescoring_brings_them_back(minilm):
    pages, questions, _ = minilm
    exact = np.argsort(-questions @ pages.T, axis=1)[:, :10]
    _, candidates = call(hamming_top_k, call(binary_codes, questions).value, call(binary_codes, pages).value, 50).value
    bits = share_found(candidates[:, :10], exact)
    _, found = call(rescore, questions, pages, candidates, 10).value
    rescored = share_found(found, exact)
    assert 0.5 < bits < 0.9, f"48 bytes of bits alone find {bits:.2f} of the ten nearest"
    assert rescored > 0.9, f"50 candidates, rescored, hold {rescored:.2f} of the ten nearest; 0.9 was expected"


@pytest.mark.llama
@pytest.mark.model("all-MiniLM-L6-v2")
def test_minilm_is_no_matryoshka(minilm):
    """It was not trained to put the meaning first: half of its dimensions keep 4 of 5 neighbours."""
    pages, questions, answers = minilm
    short_pages, short_questions = call(truncate, pages, 192).value, call(truncate, questions, 192).value
    first = np.argmax(short_questions @ short_pages.T, axis=1)
    right = np.mean([page in pages_of for page, pages_of in zip(first.tolist(), answers)])
    assert right > 0.6, f"with half of the dimensions the first page is right for {right:.2f} of the questions"
    exact = np.argsort(-pages @ pages.T, axis=1)[:, :10]
    share = share_found(np.argsort(-short_pages @ short_pages.T, axis=1)[:, :10], exact)
    assert 0.7 < share < 0.95, f"192 of 384 dimensions keep {share:.2f} of the ten nearest pages"
