"""The idea: each token of the query looks for its best match in the document, and these matches are added up."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from late_interaction import matches, maxsim, maxsim_scores, top_documents, unit_tokens

from fixtures.checking import call
from fixtures.katas import recorded
from fixtures.katas.late_interaction import reference


def tokens(*rows):
    return np.array(rows, dtype=np.float32)


# The README's example: all tokens have length 1.
QUERY = tokens([1, 0], [0, 1])
A = tokens([0.8, 0.6], [-1, 0])
B = tokens([0, 1], [0.6, 0.8], [-0.6, 0.8])
ROUNDING = 1e-6  # float32 rounds to 1e-7; the smallest mistake here is 0.2


# --- one pair -------------------------------------------------------------------------------------------


def test_every_token_gets_length_one():
    wanted = tokens([0.6, 0.8], [-1, 0], [0.8, -0.6])
    call(unit_tokens, tokens([3, 4], [-2, 0], [0.4, -0.3])).gives(wanted, atol=ROUNDING)


def test_every_token_of_a_batch_gets_length_one():
    batch = tokens([[3, 4, 0], [5, 0, 12]], [[0, 0, 2], [-8, 0, 6]])
    wanted = tokens([[3 / 5, 4 / 5, 0], [5 / 13, 0, 12 / 13]], [[0, 0, 1], [-0.8, 0, 0.6]])
    call(unit_tokens, batch).gives(wanted, atol=ROUNDING)


def test_each_query_token_counts_its_best_match():
    """(1, 0) finds 3, (0, 1) finds 2, and (-4, -1) nothing; then the README's A and B."""
    call(maxsim, QUERY, tokens([3, 0], [0, 2], [-4, -1])).gives(3 + 2, atol=ROUNDING)
    call(maxsim, QUERY, A).gives(0.8 + 0.6, atol=ROUNDING)
    call(maxsim, QUERY, B).gives(0.6 + 1, atol=ROUNDING)


def test_maxsim_is_not_symmetric():
    """A long document may match a short query well; the other way round some of its tokens match nothing."""
    call(maxsim, B, QUERY).gives(1 + 0.8 + 0.8, atol=ROUNDING)
    call(maxsim, A, QUERY).gives(0.8 + 0, atol=ROUNDING)


def test_similarities_may_all_be_negative():
    call(maxsim, -QUERY, tokens([0.6, 0.8], [1, 0.5])).gives(-0.6 - 0.5, atol=ROUNDING)


def test_a_score_can_be_explained():
    """The first token of the query matches token 1 of B with 0.6, the second token 0 with 1."""
    call(matches, QUERY, B).gives((np.array([0.6, 1]), np.array([1, 0])), atol=ROUNDING)
    call(matches, B, A).gives((np.array([0.6, 0.96, 0.6]), np.array([0, 0, 1])), atol=ROUNDING)


@given(st.integers(0, 2**32 - 1), st.integers(1, 5), st.integers(1, 6))
def test_the_matches_add_up_to_the_score(seed, asked, length):
    (query,), _ = reference.padded_batch(np.random.default_rng(seed), [asked], 3)
    (document,), _ = reference.padded_batch(np.random.default_rng(seed + 1), [length], 3)
    similarities, places = call(matches, query, document).value
    matched = (query * document[places]).sum(axis=1)
    assert np.allclose(matched, similarities, atol=1e-5), \
        f"the tokens at places {places} have the products {matched}, your similarities are {similarities}"
    call(maxsim, query, document).gives(reference.score(query.tolist(), document.tolist()), atol=1e-5)


@given(st.integers(0, 2**32 - 1), st.integers(1, 6))
def test_more_tokens_never_lower_the_score(seed, length):
    """Nor do the order of the document's tokens, or a token that stands twice, change it."""
    rng = np.random.default_rng(seed)
    (query, document, more), _ = reference.padded_batch(rng, [length] * 3, 4)
    score = call(maxsim, query, document).value
    call(maxsim, query, np.concatenate([document[::-1], document[:1]])).gives(score, atol=1e-5)
    call(maxsim, query, np.concatenate([document, more])).satisfies(
        lambda longer: longer >= score - 1e-5, f"at least the {score:.4f} of the shorter document")


# --- batches --------------------------------------------------------------------------------------------

ONES = np.ones((2, 2), dtype=np.int64)


def test_every_query_meets_every_document():
    queries = np.stack([QUERY, A, -QUERY])
    documents = np.stack([B[:2], A])
    wanted = np.array([[0.6 + 1, 0.8 + 0.6], [0.96 + 0, 1 + 1], [0 - 0.8, 1 + 0]])
    call(maxsim_scores, queries, np.ones((3, 2), dtype=np.int64), documents, ONES).gives(wanted, atol=ROUNDING)


@pytest.mark.parametrize("padding", [0, -7])
def test_the_padding_of_a_document_matches_nothing(padding):
    """Where all similarities are negative, a padding of zeros would win with 0."""
    documents = tokens([[0.6, 0.8], [padding, padding]], [[1, 0.5], [0.8, 0.6]])
    mask = np.array([[1, 0], [1, 1]])
    wanted = np.array([[-0.6 - 0.8, -0.8 - 0.5]])
    call(maxsim_scores, np.stack([-QUERY, -2 * QUERY]), ONES, documents, mask).gives(
        np.concatenate([wanted, 2 * wanted]), atol=ROUNDING)


def test_the_padding_of_a_query_adds_nothing():
    """A model gives numbers for padding, too. In a sum 0 is what changes nothing, in a maximum it is -infinity."""
    queries = np.stack([np.concatenate([QUERY, tokens([5, 5])]), B])
    mask = np.array([[1, 1, 0], [1, 1, 1]])
    wanted = np.array([[0.8 + 0.6], [0.6 + 0.96 + 0.6]])
    call(maxsim_scores, queries, mask, A[None], ONES[:1]).gives(wanted, atol=ROUNDING)


def test_padding_may_stand_anywhere():
    """A mask says which tokens count: some models pad on the left, and some leave out punctuation."""
    documents = np.stack([np.concatenate([tokens([9, 9]), A]), tokens([0, 1], [9, 9], [0.6, 0.8])])
    mask = np.array([[0, 1, 1], [1, 0, 1]])
    call(maxsim_scores, QUERY[None], ONES[:1], documents, mask).gives(np.array([[1.4, 1.6]]), atol=ROUNDING)


def test_pylate_gives_the_same_scores():
    record = recorded("late_interaction")
    arguments = [record[name] for name in ("queries", "query_mask", "documents", "document_mask")]
    call(maxsim_scores, *arguments).gives(record["scores"], atol=1e-5)  # rounding 1e-6; padding counted: 0.1 and more


@given(st.integers(0, 2**32 - 1), st.lists(st.integers(1, 5), min_size=1, max_size=4),
       st.lists(st.integers(1, 6), min_size=1, max_size=5))
def test_a_batch_is_all_its_pairs(seed, asked, lengths):
    rng = np.random.default_rng(seed)
    batches = *reference.padded_batch(rng, asked, 3), *reference.padded_batch(rng, lengths, 3)
    call(maxsim_scores, *batches).gives(reference.scores(*batches), atol=1e-4)


# --- search ---------------------------------------------------------------------------------------------

DOCUMENTS = np.stack([np.concatenate([A, tokens([9, 9])]), B, np.concatenate([QUERY, tokens([9, 9])])])
DOCUMENT_MASK = np.array([[1, 1, 0], [1, 1, 1], [1, 1, 0]])


@pytest.mark.parametrize("k", [1, 2, 3])
def test_the_best_documents_come_first(k):
    """The query itself scores 2, B 1.6, A 1.4; for the query turned round A is the best with 1 + 0."""
    queries = np.stack([QUERY, -QUERY])
    scores, indices = np.array([[2, 1.6, 1.4], [1, 0, 0.6 - 0.8]]), np.array([[2, 1, 0], [0, 2, 1]])
    call(top_documents, queries, ONES, DOCUMENTS, DOCUMENT_MASK, k).gives(
        (scores[:, :k], indices[:, :k]), atol=ROUNDING)


def test_the_best_of_many_documents_come_in_order():
    """200 of 300. No two scores are nearer than 1e-4; numpy's argpartition leaves so many unsorted."""
    rng = np.random.default_rng(4)
    batches = *reference.padded_batch(rng, [3, 2], 4), *reference.padded_batch(rng, [5, 2] * 150, 4)
    scores = reference.scores(*batches)
    order = np.argsort(-scores, axis=1)[:, :200]
    call(top_documents, *batches, 200).gives((np.take_along_axis(scores, order, axis=1), order), atol=5e-5)
