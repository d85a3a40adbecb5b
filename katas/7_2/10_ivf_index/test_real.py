import numpy as np
import pytest
from ivf_index import build, kmeans, search

from fixtures.checking import call


@pytest.fixture(scope="module")
def pages():
    """Return the vectors of the documentation's pages by llama.cpp's MiniLM, and the ten nearest pages of each."""
    from fixtures.data.documentation_vectors import documentation_vectors

    vectors = documentation_vectors().page_vectors
    return vectors, np.argsort(-vectors @ vectors.T, axis=1, kind="stable")[:, :10]


def recall(found, wanted):
    """Return which share of the wanted pages was found."""
    return np.mean([len(set(row) & set(right)) / len(right) for row, right in zip(found.tolist(), wanted.tolist())])


@pytest.mark.llama
@pytest.mark.model("all-MiniLM-L6-v2")
def test_a_few_cells_hold_most_of_the_nearest_pages(pages):
    """Measured with 24 cells: recall 0.75 with one probe, 0.96 with 4, 0.99 with 8, 1 with all."""
    vectors, nearest = pages
    index = call(build, vectors, call(kmeans, vectors, 24).value).value
    one, four, all_of_them = (recall(call(search, index, vectors, 10, probes).value[1], nearest)
                              for probes in (1, 4, 24))
    assert 0.5 < one < 0.9, f"one cell of 24 holds {one:.2f} of the ten nearest pages"
    assert 0.85 < four < 0.999, f"four cells of 24 hold {four:.2f} of the ten nearest pages; 0.96 were measured"
    assert all_of_them > 0.999, f"all cells hold {all_of_them:.3f} of the ten nearest pages"


@pytest.mark.llama
@pytest.mark.model("all-MiniLM-L6-v2")
def test_cells_by_kmeans_hold_more_than_cells_by_chance(pages):
    """The same number of cells and probes: moving the centroids is what brings neighbours together."""
    vectors, nearest = pages
    shares = []
    for moves in 0, 10:
        index = call(build, vectors, call(kmeans, vectors, 24, moves).value).value
        scanned = np.mean(np.square(np.diff(index.offsets))) * 24 / len(vectors) ** 2  # of one probe, about
        shares.append(recall(call(search, index, vectors, 10, 1).value[1], nearest) - scanned)
    assert shares[1] > shares[0] + 0.1, \
        f"recall less the share that was searched: {shares[0]:.2f} before the moves, {shares[1]:.2f} after them"


@pytest.mark.peer("faiss")
def test_faiss_finds_the_same_with_its_own_centroids():
    import faiss

    rng = np.random.default_rng(3)
    vectors = rng.standard_normal((3000, 24)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    quantizer = faiss.IndexFlatIP(24)
    peer = faiss.IndexIVFFlat(quantizer, 24, 40, faiss.METRIC_INNER_PRODUCT)
    peer.train(vectors)
    peer.add(vectors)
    peer.nprobe = 5
    index = call(build, vectors, quantizer.reconstruct_n(0, 40)).value
    scores, ids = peer.search(vectors[:50], 10)
    call(search, index, vectors[:50], 10, 5).satisfies(
        lambda found: np.allclose(found[0], scores, atol=1e-5) and np.mean(found[1] == ids) > 0.99,
        "FAISS's scores and ids")  # two may be closer than float32 tells
