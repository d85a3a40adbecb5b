"""What goes wrong in silence when late interaction is used: padding, dtypes, ties, memory, bad input."""

import numpy as np
import pytest
from late_interaction import matches, maxsim, maxsim_scores, top_documents, unit_tokens

from fixtures.checking import call
from fixtures.katas.late_interaction.reference import padded_batch, scores
from fixtures.katas.peak_memory import measured

RNG = np.random.default_rng(5)
QUERIES, QUERY_MASK = padded_batch(RNG, [2, 3], 4, whole_numbers=True)
DOCUMENTS, DOCUMENT_MASK = padded_batch(RNG, [5, 1, 4, 2, 5, 3], 4, whole_numbers=True)
DOCUMENTS[4] = DOCUMENTS[0]
BATCHES = QUERIES, QUERY_MASK, DOCUMENTS, DOCUMENT_MASK
SCORES = scores(*BATCHES)
ORDER = np.lexsort((np.broadcast_to(np.arange(6), SCORES.shape), -SCORES), axis=1)


def test_a_token_of_zeros_stays_zero():
    call(unit_tokens, np.array([[[0, 0], [3, 4]]], dtype=np.float32)).gives(
        np.array([[[0, 0], [0.6, 0.8]]]), atol=1e-6)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_unit_tokens_keep_their_dtype(dtype):
    """In float16 the square of 300 is infinite."""
    call(unit_tokens, np.array([[300, 400], [0, -300]], dtype=dtype)).gives(
        np.array([[0.6, 0.8], [0, -1]]), atol=5e-4, dtype=dtype)


@pytest.mark.parametrize(("stored", "computed"), [("f2", "f4"), ("f4", "f4"), ("f8", "f8")])
def test_scores_are_computed_in_float32_or_better(stored, computed):
    """Stores keep tokens in float16: sums above 2048 lose whole numbers there, and here they are larger."""
    batches = (QUERIES * 16).astype(stored), QUERY_MASK, (DOCUMENTS * 15 + 1).astype(stored), DOCUMENT_MASK
    call(maxsim_scores, *batches).gives(scores(*batches), dtype=computed)
    call(maxsim, batches[0][1], batches[2][0]).gives(scores(*batches)[1, 0])
    similarities, _ = call(matches, batches[0][1], batches[2][0]).value
    assert similarities.dtype == computed, f"similarities of {stored} tokens are {similarities.dtype}, not {computed}"


@pytest.mark.parametrize("filler", [np.nan, np.inf])
def test_what_stands_in_the_padding_has_no_effect(filler):
    """0 * NaN is NaN: multiplying with the mask does not remove it."""
    queries = np.where(QUERY_MASK[..., None] == 1, QUERIES, filler)
    documents = np.where(DOCUMENT_MASK[..., None] == 1, DOCUMENTS, -filler)
    call(maxsim_scores, queries, QUERY_MASK, documents, DOCUMENT_MASK).gives(SCORES)


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.float32])
def test_a_mask_may_be_of_any_dtype(dtype):
    call(maxsim_scores, QUERIES, QUERY_MASK.astype(dtype), DOCUMENTS, DOCUMENT_MASK.astype(dtype)).gives(SCORES)


def test_the_first_of_equal_tokens_is_the_match():
    document = np.array([[0, 1], [1, 0], [0, 1], [1, 0]], dtype=np.float32)
    call(matches, document[1:], document).gives((np.ones(3), np.array([1, 0, 1])))


@pytest.mark.parametrize("k", [3, 6, np.int64(100)])
def test_equal_documents_are_ordered_by_index(k):
    """The first page stands twice: where both are among the best, the lower index comes first."""
    wanted = np.take_along_axis(SCORES, ORDER, axis=1)[:, :k], ORDER[:, :k]
    call(top_documents, *BATCHES, k).gives(wanted)


def test_many_equal_documents_keep_their_order():
    """numpy's default sort leaves ties to chance from 17 numbers on."""
    places = np.array([0, 1, 5] * 20)
    found = np.argsort(-SCORES[:, places], axis=1, kind="stable")[:, :30]
    call(top_documents, QUERIES, QUERY_MASK, DOCUMENTS[places], DOCUMENT_MASK[places], 30).gives(
        (np.take_along_axis(SCORES[:, places], found, axis=1), found))


def test_nothing_to_search():
    call(maxsim_scores, QUERIES, QUERY_MASK, DOCUMENTS[:0], DOCUMENT_MASK[:0]).gives(np.zeros((2, 0)))
    call(top_documents, QUERIES[:0], QUERY_MASK[:0], DOCUMENTS, DOCUMENT_MASK, 4).satisfies(
        lambda found: found[0].shape == found[1].shape == (0, 4), "no queries, no rows: (0, 4)")


@pytest.mark.parametrize(("asked", "length", "number"), [([7, 3] * 15, 20, 3000), ([9, 12] * 400, 500, 3)])
def test_memory_does_not_grow_with_queries_or_documents(asked, length, number):
    """All similarities at once, (q, n, query tokens, document tokens), would be 50 MB here; 12 are allowed."""
    rng = np.random.default_rng(1)
    batches = (*padded_batch(rng, asked, 2, whole_numbers=True),
               *padded_batch(rng, [length - i % 2 for i in range(number)], 2, whole_numbers=True))
    run, peaks = measured(maxsim_scores)
    first, last = scores(*(part[:1] for part in batches)), scores(*(part[-1:] for part in batches))
    call(run, *batches).satisfies(
        lambda found: (found.shape, found[0, 0], found[-1, -1]) == ((len(asked), number), first[0, 0], last[0, 0]),
        f"scores of shape {(len(asked), number)}, {first[0, 0]:.0f} first and {last[0, 0]:.0f} last")
    assert peaks[-1] < 12, f"{peaks[-1]:.0f} MB above the arguments"


HALF = np.where(np.arange(5) == 4, 2, DOCUMENT_MASK)
SIGNS = np.where(DOCUMENT_MASK == 1, 1, -1)
EMPTY = DOCUMENT_MASK * np.array([[1]] * 5 + [[0]])
BAD_QUERY, BAD_PAGE = QUERIES * np.float32([1, 1, 1, np.nan]), DOCUMENTS + np.float32([0, 0, 0, np.inf])
REFUSED = {
    "one text as a batch": (maxsim_scores, (QUERIES[0], QUERY_MASK[0], DOCUMENTS, DOCUMENT_MASK), "queries"),
    "four axes": (maxsim_scores, (QUERIES[..., None], *BATCHES[1:]), "queries"),
    "documents that are wider": (maxsim_scores, (QUERIES[..., :3], *BATCHES[1:]), "documents"),
    "documents that are narrower": (maxsim_scores, (*BATCHES[:2], DOCUMENTS[..., :3], DOCUMENT_MASK), "documents"),
    "a mask of more tokens": (maxsim_scores, (QUERIES[:, :2], *BATCHES[1:]), "query_mask"),
    "a mask of fewer tokens": (maxsim_scores, (*BATCHES[:3], DOCUMENT_MASK[:, :4]), "document_mask"),
    "a mask of one text": (maxsim_scores, (QUERIES, QUERY_MASK[:1], *BATCHES[2:]), "query_mask"),
    "a document of padding": (maxsim_scores, (*BATCHES[:3], EMPTY), "document_mask"),
    "a query of padding": (maxsim_scores, (QUERIES, QUERY_MASK * 0, *BATCHES[2:]), "query_mask"),
    "token ids for a mask": (maxsim_scores, (*BATCHES[:3], HALF), "document_mask"),
    "-1 for padding": (maxsim_scores, (*BATCHES[:3], SIGNS), "document_mask"),
    "NaN in a query": (top_documents, (BAD_QUERY, *BATCHES[1:], 1), "queries"),
    "infinity in a document": (maxsim_scores, (*BATCHES[:2], BAD_PAGE, DOCUMENT_MASK), "documents"),
    "the 0 best": (top_documents, (*BATCHES, 0), "k"),
    "a pair in a batch": (maxsim, (DOCUMENTS[:, :4], DOCUMENTS[0]), "query"),
    "no tokens": (matches, (QUERIES[0], DOCUMENTS[0, :0]), "document"),
    "one token": (maxsim, (QUERIES[0, 0], DOCUMENTS[0]), "query"),
    "a document that is narrower": (maxsim, (QUERIES[0], DOCUMENTS[0, :, :3]), "document"),
    "a document that is wider": (maxsim, (QUERIES[0, :, :3], DOCUMENTS[0]), "document"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_would_be_silently_wrong_is_refused(case):
    function, arguments, argument = REFUSED[case]
    call(function, *arguments).raises(ValueError, naming=argument)
