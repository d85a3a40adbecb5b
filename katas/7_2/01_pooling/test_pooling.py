import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pooling import cls_pool, l2_normalize, last_token_pool, mean_pool

from fixtures.checking import call
from fixtures.katas import recorded

POOLS = [mean_pool, cls_pool, last_token_pool]
EVERY_POOL = pytest.mark.parametrize("pool", POOLS, ids=lambda pool: pool.__name__)

# Two sentences of width 3: the first has 2 real tokens and 3 of padding, the second 4 and 1.
TOKENS = np.array([
    [[1, 2, 3], [3, 6, -1], [9, 9, 9], [8, 8, 8], [7, 7, 7]],
    [[2, 0, 1], [4, 1, 1], [6, 2, 1], [0, 5, 1], [-9, -9, -9]],
], dtype=np.float32)
MASK = np.array([[1, 1, 0, 0, 0], [1, 1, 1, 1, 0]])
# The same sentences with the padding on the left, as batched decoders have it.
LEFT_TOKENS = np.stack([np.roll(TOKENS[0], 3, axis=0), np.roll(TOKENS[1], 1, axis=0)])
LEFT_MASK = np.array([[0, 0, 0, 1, 1], [0, 1, 1, 1, 1]])

MEANS = np.array([[2, 4, 1], [3, 2, 1]], dtype=np.float32)
FIRSTS = np.array([[1, 2, 3], [2, 0, 1]], dtype=np.float32)
LASTS = np.array([[3, 6, -1], [0, 5, 1]], dtype=np.float32)


# --- mean_pool ---------------------------------------------------------------------------------------


def test_the_mean_of_a_sentence_is_over_its_real_tokens():
    call(mean_pool, TOKENS, MASK).gives(MEANS, dtype=np.float32)


def test_the_mean_does_not_care_on_which_side_the_padding_is():
    call(mean_pool, LEFT_TOKENS, LEFT_MASK).gives(MEANS)


def test_a_mask_may_have_gaps():
    gaps = np.array([[1, 0, 1, 0, 0], [0, 1, 0, 0, 1]])
    call(mean_pool, TOKENS, gaps).gives(np.array([[5, 5.5, 6], [-2.5, -4, -4]], dtype=np.float32))


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int64, np.float32])
def test_the_mask_may_have_any_dtype(dtype):
    call(mean_pool, TOKENS, MASK.astype(dtype)).gives(MEANS)


def test_nan_in_the_padding_does_not_matter():
    """An encoder may leave anything in the rows of the padding."""
    tokens = TOKENS.copy()
    tokens[0, 2:, 0] = np.nan
    call(mean_pool, tokens, MASK).gives(MEANS)
    tokens[:, -1] = np.inf
    call(mean_pool, tokens, MASK).gives(MEANS)


def test_nan_in_a_real_token_shows_in_that_sentence_alone():
    tokens = TOKENS.copy()
    tokens[1, 2, 0] = np.nan
    call(mean_pool, tokens, MASK).gives(np.array([[2, 4, 1], [np.nan, 2, 1]], dtype=np.float32))


def test_float16_comes_back_as_float16_without_overflow():
    """200 tokens of up to 600: the sum passes 65504, float16's largest number."""
    tokens = np.full((2, 200, 2), 600, dtype=np.float16)
    tokens[1, :, 1] = np.arange(200) % 8
    mask = np.ones((2, 200), dtype=np.int64)
    call(mean_pool, tokens, mask).gives(np.array([[600, 600], [600, 3.5]], dtype=np.float16), dtype=np.float16)


def test_a_sentence_may_be_long():
    """3001 is no number of uint8, nor of float16: count in a wider type."""
    tokens = np.stack([np.arange(3002), np.arange(3002) % 2], axis=1)[None].astype(np.float32)
    mask = np.ones((1, 3002), dtype=np.float16)
    mask[0, 0] = 0
    # float32 sums of this length are right to 1e-6 of 1500; one token too many or too few gives 0.5 and 2e-4
    call(mean_pool, tokens, mask).gives(np.array([[1501, 1501 / 3001]], dtype=np.float32), rtol=2e-5)


def test_float64_keeps_its_precision():
    tokens = TOKENS.astype(np.float64) + 0.1
    # a detour through float32 is wrong by 1e-7
    call(mean_pool, tokens, MASK).gives(MEANS.astype(np.float64) + 0.1, atol=1e-14, dtype=np.float64)


def test_views_with_strides_are_read_correctly():
    wide = np.repeat(TOKENS, 2, axis=2)[:, :, ::2]
    swapped = np.ascontiguousarray(TOKENS.transpose(1, 0, 2)).transpose(1, 0, 2)
    call(mean_pool, wide, MASK).gives(MEANS)
    call(mean_pool, swapped, np.asfortranarray(MASK)).gives(MEANS)


@given(st.data())
def test_the_mean_lies_where_float64_says(data):
    batch, tokens, width = (data.draw(st.integers(1, n)) for n in (3, 7, 4))
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    embeddings = rng.standard_normal((batch, tokens, width)).astype(np.float32)
    mask = rng.integers(0, 2, (batch, tokens))
    mask[np.arange(batch), rng.integers(0, tokens, batch)] = 1
    wanted = [[sum(float(embeddings[b, t, w]) for t in range(tokens) if mask[b, t]) / int(mask[b].sum())
               for w in range(width)] for b in range(batch)]
    # float32 rounding is 1e-7 here; one token too many or too few is 1e-1
    call(mean_pool, embeddings, mask).gives(np.array(wanted), atol=1e-6)


def test_the_mean_is_that_of_sentence_transformers():
    record = recorded("pooling")
    # the library sums in another order: 1e-7; averaging over the padding is off by 0.3
    call(mean_pool, record["tokens"], record["mask"]).gives(record["mean"], atol=1e-6)


# --- cls_pool and last_token_pool ----------------------------------------------------------------------


def test_cls_takes_the_first_token():
    call(cls_pool, TOKENS, MASK).gives(FIRSTS, dtype=np.float32)


def test_cls_takes_the_first_real_token_behind_left_padding():
    call(cls_pool, LEFT_TOKENS, LEFT_MASK).gives(FIRSTS)


def test_last_takes_the_last_real_token_before_the_padding():
    call(last_token_pool, TOKENS, MASK).gives(LASTS, dtype=np.float32)


def test_last_takes_the_last_token_behind_left_padding():
    call(last_token_pool, LEFT_TOKENS, LEFT_MASK).gives(LASTS)


def test_first_and_last_do_not_mind_gaps():
    gaps = np.array([[0, 1, 0, 1, 0], [0, 0, 1, 0, 0]])
    call(cls_pool, TOKENS, gaps).gives(np.array([[3, 6, -1], [6, 2, 1]], dtype=np.float32))
    call(last_token_pool, TOKENS, gaps).gives(np.array([[8, 8, 8], [6, 2, 1]], dtype=np.float32))


def test_cls_and_last_are_those_of_sentence_transformers():
    record = recorded("pooling")
    call(cls_pool, record["tokens"], record["mask"]).gives(record["cls"])
    call(last_token_pool, record["tokens"], record["mask"]).gives(record["lasttoken"])


@EVERY_POOL
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_the_dtype_of_the_embeddings_is_kept(pool, dtype):
    wanted = {"mean_pool": MEANS, "cls_pool": FIRSTS, "last_token_pool": LASTS}[pool.__name__]
    call(pool, TOKENS.astype(dtype), MASK).gives(wanted, dtype=dtype)


@EVERY_POOL
def test_the_result_has_memory_of_its_own(pool):
    """Whoever keeps one vector must not keep the whole batch in memory, nor change it."""
    one_each = np.ones((2, 1), dtype=np.int64)
    tokens = TOKENS[:, :1].copy()
    call(pool, tokens, one_each).satisfies(
        lambda pooled: np.array_equal(pooled, FIRSTS) and not np.shares_memory(pooled, tokens),
        "a copy of these vectors, not a view of token_embeddings")


@EVERY_POOL
def test_a_batch_of_no_sentences_gives_no_vectors(pool):
    call(pool, np.zeros((0, 4, 3), dtype=np.float32), np.zeros((0, 4), dtype=np.int64)).gives(
        np.zeros((0, 3), dtype=np.float32))


# --- what every pooling refuses -------------------------------------------------------------------------


@EVERY_POOL
@pytest.mark.parametrize("mask", [MASK[:1], MASK[:, :4], MASK.T, MASK[0], MASK[:, :, None]],
                         ids=lambda mask: str(mask.shape))
def test_a_mask_of_another_shape_is_refused(pool, mask):
    call(pool, TOKENS, mask).raises(ValueError, naming=("attention_mask", str(mask.shape), "(2, 5, 3)"))


@EVERY_POOL
def test_embeddings_that_are_not_a_batch_are_refused(pool):
    call(pool, TOKENS[0], MASK[0]).raises(ValueError, naming=("token_embeddings", "(5, 3)"))
    call(pool, TOKENS[0], np.ones((5, 3))).raises(ValueError, naming=("token_embeddings", "(5, 3)"))
    call(pool, TOKENS[..., None], MASK).raises(ValueError, naming=("token_embeddings", "(2, 5, 3, 1)"))


@EVERY_POOL
def test_a_sentence_without_real_tokens_is_refused(pool):
    call(pool, TOKENS, MASK * [[1], [0]]).raises(ValueError, naming=("attention_mask", "1"))
    many = np.ones((50, 2), dtype=np.int64)
    many[37] = 0
    call(pool, np.ones((50, 2, 3), dtype=np.float32), many).raises(ValueError, naming=("attention_mask", "37"))
    call(pool, TOKENS[:, :0], MASK[:, :0]).raises(ValueError, naming="attention_mask")


@EVERY_POOL
def test_integer_embeddings_are_refused(pool):
    """Quantized vectors need their scale first: pooling the codes would be silently wrong."""
    call(pool, TOKENS.astype(np.int32), MASK).raises(TypeError, naming=("token_embeddings", "int32"))
    call(pool, TOKENS.astype(np.complex64), MASK).raises(TypeError, naming=("token_embeddings", "complex64"))


@EVERY_POOL
@pytest.mark.parametrize("mask", [np.where(MASK == 1, 0.0, -np.inf), MASK * 2, np.where(MASK == 1, 1.0, np.nan)],
                         ids=["additive", "two", "nan"])
def test_a_mask_of_other_values_is_refused(pool, mask):
    """Some libraries pass an additive mask: 0 for a real token and -inf for padding."""
    call(pool, TOKENS, mask).raises(ValueError, naming="attention_mask")


# --- l2_normalize --------------------------------------------------------------------------------------


def test_every_vector_gets_length_one():
    vectors = np.array([[3, 4, 0], [0, -5, 12]], dtype=np.float32)
    wanted = np.array([[3 / 5, 4 / 5, 0], [0, -5 / 13, 12 / 13]], dtype=np.float32)
    call(l2_normalize, vectors).gives(wanted, atol=1e-7, dtype=np.float32)  # float32 rounding: 6e-8


def test_vectors_of_length_one_are_copied():
    units = np.array([[0, 1, 0], [-1, 0, 0]], dtype=np.float32)
    call(l2_normalize, units).satisfies(
        lambda vectors: np.array_equal(vectors, units) and not np.shares_memory(vectors, units),
        "a copy of these vectors, not a view of the argument")


@pytest.mark.parametrize("shape", [(3,), (1, 3), (2, 2, 3)])
def test_the_last_axis_is_the_vector(shape):
    vectors = np.resize(np.array([2.0, -1, 2, 6, 2, 3]), shape)
    lengths = np.resize(np.array([3.0, 7]), (*shape[:-1], 1))
    call(l2_normalize, vectors).gives(vectors / lengths, atol=1e-15, dtype=np.float64)


def test_a_zero_vector_stays_zero():
    """A zero vector has no direction; NaN would spread through every search."""
    vectors = np.array([[0, 0], [-3, 4]], dtype=np.float32)
    # float32 rounding: 6e-8
    call(l2_normalize, vectors).gives(np.array([[0, 0], [-0.6, 0.8]], dtype=np.float32), atol=1e-7)


@pytest.mark.parametrize(("dtype", "scale"), [
    (np.float32, 2.0**100), (np.float32, 2.0**-40), (np.float32, 2.0**-43), (np.float32, 2.0**-100),
    (np.float64, 2.0**700), (np.float64, 2.0**-700), (np.float16, 2.0**13), (np.float16, 2.0**-20)])
def test_very_long_and_very_short_vectors_are_scaled_as_well(dtype, scale):
    """The square of such a number is infinite or zero in its own dtype."""
    vectors = np.array([[3 * scale, 4 * scale], [4 * scale, -3 * scale]]).astype(dtype)
    # float16 rounds to 5e-4, the others are exact to 1e-7; an overflow gives 0 or NaN
    call(l2_normalize, vectors).gives(np.array([[0.6, 0.8], [0.8, -0.6]]), atol=3e-4, dtype=dtype)


def test_nan_and_infinity_spoil_their_own_vector_alone():
    vectors = np.array([[np.nan, 1], [3, 4], [np.inf, 1], [-np.inf, 0]], dtype=np.float32)
    wanted = np.array([[np.nan, np.nan], [0.6, 0.8], [np.nan, np.nan], [np.nan, np.nan]], dtype=np.float32)
    call(l2_normalize, vectors).gives(wanted, atol=1e-7)


def test_no_vectors_give_no_vectors():
    call(l2_normalize, np.zeros((0, 3), dtype=np.float32)).gives(np.zeros((0, 3), dtype=np.float32))
    call(l2_normalize, np.zeros((2, 0), dtype=np.float32)).gives(np.zeros((2, 0), dtype=np.float32))


def test_what_is_not_a_float_vector_is_refused():
    call(l2_normalize, np.array([[3, 4]])).raises(TypeError, naming=("vectors", "int"))
    call(l2_normalize, np.array([[3, 4j]])).raises(TypeError, naming=("vectors", "complex"))
    call(l2_normalize, np.array(3.0)).raises(ValueError, naming="vectors")


# --- against llama.cpp ---------------------------------------------------------------------------------

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
