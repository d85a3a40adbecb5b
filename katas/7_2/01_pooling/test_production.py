import numpy as np
import pytest
from pooling import cls_pool, l2_normalize, last_token_pool, mean_pool

from fixtures.checking import call

TOKENS = np.array([
    [[1, 2, 3], [3, 6, -1], [9, 9, 9]],
    [[2, 0, 1], [4, 1, 1], [6, 2, 1]],
], dtype=np.float32)
MASK = np.array([[1, 1, 0], [1, 1, 1]])
MEANS = np.array([[2, 4, 1], [4, 1, 1]], dtype=np.float32)
FIRSTS = np.array([[1, 2, 3], [2, 0, 1]], dtype=np.float32)
LASTS = np.array([[3, 6, -1], [6, 2, 1]], dtype=np.float32)
EVERY_POOL = pytest.mark.parametrize(
    ("pool", "wanted"), [(mean_pool, MEANS), (cls_pool, FIRSTS), (last_token_pool, LASTS)],
    ids=["mean_pool", "cls_pool", "last_token_pool"])


@pytest.mark.parametrize("anything", [np.nan, np.inf])
def test_what_stands_in_the_padding_does_not_matter(anything):
    """An encoder may leave anything in the rows of the padding."""
    tokens = TOKENS.copy()
    tokens[0, 2, :2] = anything
    call(mean_pool, tokens, MASK).gives(MEANS)


@pytest.mark.parametrize("broken", [np.nan, np.inf])
def test_nan_in_a_real_token_shows_in_that_sentence_alone(broken):
    tokens = TOKENS.copy()
    tokens[1, 2, 0] = broken
    call(mean_pool, tokens, MASK).gives(np.array([[2, 4, 1], [broken, 1, 1]], dtype=np.float32))


def test_float16_does_not_overflow():
    """200 tokens of up to 600: the sum passes 65504, float16's largest number."""
    tokens = np.full((2, 200, 2), 600, dtype=np.float16)
    tokens[1, :, 1] = np.arange(200) % 8
    mask = np.ones((2, 200), dtype=np.int64)
    call(mean_pool, tokens, mask).gives(np.array([[600, 600], [600, 3.5]], dtype=np.float16))


@pytest.mark.parametrize("mask_dtype", [np.uint8, np.float16, np.int64])
def test_a_sentence_may_be_long(mask_dtype):
    """3001 is no number of uint8, nor of float16: count in a wider type."""
    tokens = np.stack([np.arange(3002), np.arange(3002) % 2], axis=1)[None].astype(np.float32)
    mask = np.ones((1, 3002), dtype=mask_dtype)
    mask[0, 0] = 0
    # float32 sums of this length are right to 1e-6 of 1500; one token too many or too few gives 0.5 and 2e-4
    call(mean_pool, tokens, mask).gives(np.array([[1501, 1501 / 3001]], dtype=np.float32), rtol=2e-5)


def test_float64_keeps_its_precision():
    tokens = TOKENS.astype(np.float64) + 0.1
    # a detour through float32 is wrong by 1e-7
    call(mean_pool, tokens, MASK).gives(MEANS.astype(np.float64) + 0.1, atol=1e-14)


@EVERY_POOL
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_the_dtype_of_the_embeddings_is_kept(pool, wanted, dtype):
    for sentences in (1, 2):  # of one sentence a slice would do, and be a view
        call(pool, TOKENS[:sentences].astype(dtype), MASK[:sentences]).gives(wanted[:sentences], dtype=dtype)


@EVERY_POOL
def test_a_batch_of_no_sentences_gives_no_vectors(pool, wanted):
    nothing = np.zeros((0, 4, 3), dtype=np.float32)
    call(pool, nothing, np.zeros((0, 4), dtype=np.int64)).gives(np.zeros((0, 3), dtype=np.float32))


def test_a_zero_vector_stays_zero():
    """A zero vector has no direction; NaN would spread through every search."""
    vectors = np.array([[0, 0], [-3, 4]], dtype=np.float32)
    # float32 rounding: 6e-8
    call(l2_normalize, vectors).gives(np.array([[0, 0], [-0.6, 0.8]], dtype=np.float32), atol=1e-7)


@pytest.mark.parametrize(("dtype", "scale"), [(np.float16, 2.0**13), (np.float16, 2.0**-20),
                                              (np.float32, 2.0**100), (np.float32, 2.0**-100)])
def test_very_long_and_very_short_vectors_get_length_one_too(dtype, scale):
    """The square of such a number is infinite or zero in its own dtype."""
    vectors = np.array([[3 * scale, 4 * scale], [4 * scale, -3 * scale], [-3, 4]]).astype(dtype)
    # float16 rounds to 5e-4, float32 to 1e-7; an overflow gives 0 or NaN
    call(l2_normalize, vectors).gives(np.array([[0.6, 0.8], [0.8, -0.6], [-0.6, 0.8]]), atol=3e-4, dtype=dtype)


POOLED = {
    "one mask for two sentences": ((TOKENS, MASK[:1]), ValueError, "attention_mask"),
    "a mask that is too short": ((TOKENS, MASK[:, :2]), ValueError, "attention_mask"),
    "a mask that is too long": ((TOKENS[:, :2], MASK), ValueError, "attention_mask"),
    "a sentence alone, without a batch": ((TOKENS[0], np.ones((3, 3))), ValueError, "token_embeddings"),
    "one axis too many": ((TOKENS[..., None], MASK), ValueError, "token_embeddings"),
    "a sentence without a real token": ((TOKENS, MASK * [[1], [0]]), ValueError, "attention_mask"),
    "no tokens at all": ((TOKENS[:, :0], MASK[:, :0]), ValueError, "attention_mask"),
    "an additive mask": ((TOKENS, np.where(MASK == 1, 0.0, -np.inf)), ValueError, "attention_mask"),
    "a mask of weights": ((TOKENS, MASK * [1, 0.5, 1]), ValueError, "attention_mask"),
    "a mask of counts": ((TOKENS, MASK * [1, 256, 1]), ValueError, "attention_mask"),
    "quantized embeddings": ((TOKENS.astype(np.int8), MASK), TypeError, "token_embeddings"),
    "bits for embeddings": ((TOKENS > 0, MASK), TypeError, "token_embeddings"),
}


@EVERY_POOL
@pytest.mark.parametrize("case", POOLED)
def test_what_would_be_silently_wrong_is_refused(pool, wanted, case):
    arguments, error, argument = POOLED[case]
    call(pool, *arguments).raises(error, naming=argument)


@pytest.mark.parametrize("vectors", [np.array([[3, 4]]), np.array([[True, False]])], ids=["int64", "bool"])
def test_codes_are_no_vectors_to_normalise(vectors):
    call(l2_normalize, vectors).raises(TypeError, naming="vectors")
