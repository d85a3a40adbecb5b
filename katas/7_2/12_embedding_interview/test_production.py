import numpy as np
import pytest
from embedding_interview import (
    cosines_kept,
    last_rank_that_wins,
    length_of_a_mean,
    mean_with_padding,
    tokens_read,
    winners,
)

from fixtures.checking import call
from fixtures.katas.embedding_interview import reference as measured

EXACT = 1e-9  # float64 rounds to 1e-15
STATISTICAL = 0.015  # 1000 random vectors scatter by 0.003 at most; half a number more would be 0.04


@pytest.mark.parametrize("scale", [0.01, 1.0])
def test_padding_to_the_longest_text_of_a_batch(scale):
    """A question of 8 tokens in a batch with a page of 512."""
    rows = np.random.default_rng(5).standard_normal((8, 384)) * scale
    right = float(measured.length(rows.mean(axis=0))[0])
    call(mean_with_padding, right, 8, 504).gives(measured.pooled_without_a_mask(rows, 504), atol=EXACT)


@pytest.mark.parametrize("count", [2, 3, 7, 50])
def test_directions_that_cancel_out(count):
    """The corners of a regular body around 0: rounding must not make a length that is no number."""
    corners = np.eye(count) - 1 / count
    for cosine in (-1 / (count - 1), np.nextafter(-1 / (count - 1), -2), measured.mean_cosine(corners)):
        # the root of float64's rounding is 1e-8; the mean of the lengths is 1
        call(length_of_a_mean, count, float(cosine)).gives(0.0, atol=1e-6)


def test_cosines_that_float32_has_rounded():
    """The cosine of a float32 vector with itself is easily 1.0000001: it is no reason to refuse."""
    # the length may keep half of the rounding, 1e-7
    call(length_of_a_mean, 5, 1.0000002).gives(1.0, atol=1e-6)
    call(length_of_a_mean, 5, -0.2500002).gives(0.0, atol=1e-6)


def test_one_chunk_is_its_own_mean():
    """It has no pairs; the mean of no numbers is NaN."""
    for cosine in (0.0, 1.0, float("nan")):
        call(length_of_a_mean, 1, cosine).gives(1.0, atol=EXACT)


def test_a_page_of_a_thousand_chunks():
    rows = measured.directions(1000, 64, seed=6) + np.eye(64)[0] * 0.5
    rows /= measured.length(rows)
    wanted = float(np.linalg.norm(rows.mean(axis=0)))
    call(length_of_a_mean, 1000, measured.mean_cosine(rows)).gives(wanted, atol=EXACT)


def test_of_equal_documents_the_first_wins():
    call(winners, [0.5, 1, 1, 0.5, 0.5], [1, 1, 1, 4, 4], 0.5).gives((1, 3, 1))


@pytest.mark.parametrize("dtype", [np.float16, np.uint16])
def test_lengths_whose_squares_overflow(dtype):
    """300 * 300 is neither a float16 nor a uint16."""
    documents = np.array([[1200, 500], [0, 260], [300, 400], [0, 700]])
    query = np.array([400.0, 300])
    cosines = documents @ query / measured.length(documents)[:, 0] / 500
    call(winners, cosines.astype(np.float32), np.array([1300, 260, 500, 700], dtype=dtype), 500.0).gives(
        measured.found_first(query, documents))


@pytest.mark.parametrize(("dimensions", "budget"), [(64, 7), (96, 11), (128, 15), (64, 3), (256, 0), (1, 0)])
def test_bytes_that_hold_no_whole_number(dimensions, budget):
    """A float32 needs 4 bytes: 7 hold one, 3 hold none. (Of one number of 64 the root of the mean square is 0.125.)"""
    call(cosines_kept, dimensions, budget).gives(
        measured.cosines_with_what_is_stored(dimensions, budget), atol=STATISTICAL)


@pytest.mark.parametrize("budget", [200, 256, 300, 5000])
def test_more_bytes_than_a_vector_needs(budget):
    call(cosines_kept, 64, budget).gives(measured.cosines_with_what_is_stored(64, budget), atol=STATISTICAL)


@pytest.mark.parametrize(("words", "limit"), [(0, 512), (0, 2), (0, 1), (3, 1), (1, 2), (100_000, 512)])
def test_hardly_a_text_or_hardly_a_limit(words, limit):
    call(tokens_read, words, limit).gives(measured.read_after_the_cut(words, limit))


@pytest.mark.parametrize(("k", "best", "lists"), [(0, 1, 2), (0, 1, 1), (7, 1, 1), (0, 5, 3)])
def test_fusion_at_its_limits(k, best, lists):
    """Without a constant, or of one list alone."""
    call(last_rank_that_wins, k, best, lists).gives(measured.last_winning_rank(k, best, lists))


def test_the_last_rank_is_exact_where_floats_no_longer_are():
    """Beside it: at that rank it wins, one below it no longer does."""
    for k, best, lists in ((10**6, 3, 2), (10**17, 1, 3)):
        call(last_rank_that_wins, k, best, lists).satisfies(
            lambda rank, given=(k, best, lists): measured.wins(*given, rank) and not measured.wins(*given, rank + 1),
            f"the document in all lists wins at this rank, and one rank below it does not (k={k})")


def test_sizes_may_be_small_integers_of_numpy():
    """200 + 100 is no uint8."""
    call(mean_with_padding, 3.0, np.uint8(200), np.uint8(100)).gives((1.0, 2.0), atol=EXACT)
    call(tokens_read, np.uint8(254), np.uint8(255)).gives(measured.read_after_the_cut(254, 255))
    call(last_rank_that_wins, np.uint8(60), np.uint8(90), np.uint8(4)).gives(measured.last_winning_rank(60, 90, 4))
    call(cosines_kept, np.uint8(255), np.uint8(100)).gives(
        measured.cosines_with_what_is_stored(255, 100), atol=STATISTICAL)


REFUSED = {
    "a mean that is zero": (mean_with_padding, (0.0, 3, 2), "length"),
    "a length below 0": (mean_with_padding, (-5.0, 3, 2), "length"),
    "no chunks": (length_of_a_mean, (0, 0.5), "count"),
    "a cosine above 1": (length_of_a_mean, (3, 1.001), "cosine"),
    "three directions, all opposite": (length_of_a_mean, (3, -1.0), "cosine"),
    "a cosine a little too low": (length_of_a_mean, (3, -0.501), "cosine"),
    "a cosine that is no number": (length_of_a_mean, (3, float("nan")), "cosine"),
    "no documents": (winners, ([], [], 1.0), "cosines"),
    "a number that is no row": (winners, (0.5, 1.0, 1.0), "cosines"),
    "more lengths than cosines": (winners, ([0.5, 0.1], [1.0, 2.0, 3.0], 1.0), "lengths"),
    "a length for each of two": (winners, ([0.5, 0.1, 0.2], [1.0, 2.0], 1.0), "lengths"),
    "cosines in two rows": (winners, ([[0.5, 0.1]], [[1.0, 2.0]], 1.0), "cosines"),
    "a length that is no number": (winners, ([0.5, 0.1], [1.0, float("nan")], 1.0), "lengths"),
    "a query of zeros": (winners, ([0.5, 0.1], [1.0, 2.0], 0.0), "query_length"),
    "a query shorter than nothing": (winners, ([0.5, 0.1], [1.0, 2.0], -1.0), "query_length"),
    "ranks counted from 0": (last_rank_that_wins, (60, 0, 2), "best"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_is_refused(case):
    function, arguments, argument = REFUSED[case]
    call(function, *arguments).raises(ValueError, naming=argument)
