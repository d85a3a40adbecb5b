"""What goes silently wrong in real use: overflow, rows that see nothing, skipped tiles, memory; and what is refused."""

import sys

import numpy as np
import pytest
from flash_attention import Partial, finish, flash_attention, merge, tile_attention

from fixtures.checking import call
from fixtures.katas.flash_attention.reference import by_definition, draw
from fixtures.katas.peak_memory import measured

NEAR = 3e-6  # float32 gives 7e-7; the smallest of the usual mistakes 1e-2
SILENT = pytest.mark.filterwarnings("error::RuntimeWarning")  # what numpy warns of is an error here


@pytest.mark.filterwarnings("ignore:overflow", "ignore:invalid value")
@pytest.mark.parametrize("block_k", [1, 2, 3])
@pytest.mark.parametrize("scores", [(-9e4, 2e4, 9e4, 8.9e4), (9e4, -9e4, 3, 8), (-9e4, -9e4, -9e4, -9e4)], ids=str)
def test_scores_of_ninety_thousand_do_not_overflow(scores, block_k):
    """The maximum comes first, last, or is far below 0: exp(90,000) and 1 / exp(-90,000) are infinite."""
    q, k = np.full((1, 1, 1, 1), 1, np.float32), np.array(scores, dtype=np.float32).reshape(1, 1, 4, 1)
    v = np.array([[[[8], [4], [2], [6]]]], dtype=np.float32)
    call(flash_attention, q, k, v, scale=1.0, block_k=block_k).gives(by_definition(q, k, v, scale=1.0), rtol=1e-6)


@pytest.mark.filterwarnings("ignore:overflow", "ignore:invalid value")
def test_parts_that_are_ninety_thousand_apart_are_merged():
    """The larger one is left; both orders."""
    low, high = (Partial(np.array([m], np.float32), np.array([t], np.float32), np.array([[w, -w]], np.float32))
                 for m, t, w in ((-9e4, 3, 12), (9e4, 2, 5)))
    call(merge, low, high).gives(tuple(high))
    call(merge, high, low).gives(tuple(high))


@SILENT
def test_a_query_that_sees_no_key_gives_zeros_and_minus_infinity_without_a_warning():
    """More queries than keys: the first three stand before all of them. A length of 0 hides a whole sequence."""
    q, k, v = draw(1, 2, 2, 7, 4, 3)
    for options in ({"causal": True}, {"causal": True, "scale": 20.0}, {"lengths": np.array([0, 3])}):
        for block_q, block_k in ((2, 2), (4, 3), (7, 4)):
            call(flash_attention, q, k, v, block_q=block_q, block_k=block_k, **options).gives(
                by_definition(q, k, v, **options), atol=3e-5)  # scores of 100 have steps of 8e-6


@SILENT
def test_an_empty_part_is_finished_without_a_warning():
    both = Partial(np.array([-np.inf, np.log(2)], np.float32), np.array([0, 4], np.float32),
                   np.array([[0, 0], [6, -2]], np.float32))
    call(finish, both).gives((np.array([[0, 0], [1.5, -0.5]]), np.array([-np.inf, np.log(8)])), atol=NEAR)


@pytest.mark.filterwarnings("ignore:invalid value")
def test_a_nan_shows_where_it_is_seen():
    q, k, v = draw(2, 1, 2, 6, 6, 3)
    sick = k.copy()
    sick[0, 1, 3, 0] = np.nan
    wanted, log_sum_exp = by_definition(q, k, v, causal=True)
    wanted[0, 1, 3:] = log_sum_exp[0, 1, 3:] = np.nan
    # tiles of one key each: a NaN hidden inside a tile that is read would be another question
    call(flash_attention, q, sick, v, causal=True, block_q=1, block_k=1).gives((wanted, log_sum_exp), atol=NEAR)


@pytest.mark.parametrize("name", ["k", "v"])
def test_tiles_of_the_future_are_not_read(name):
    """Tiles of 4 x 2: the queries 0 to 3 end with key 3, so that the tiles of the keys 4 and following are skipped."""
    arrays = dict(zip("qkv", draw(3, 2, 2, 8, 8, 3)))
    wanted, log_sum_exp = (part[:, :, :4] for part in by_definition(**arrays, causal=True))
    arrays[name][:, :, 4:] = np.nan
    call(flash_attention, **arrays, causal=True, block_q=4, block_k=2).satisfies(
        lambda both: np.allclose(both[0][:, :, :4], wanted, atol=NEAR)
        and np.allclose(both[1][:, :, :4], log_sum_exp, atol=NEAR), "the queries 0 to 3 know nothing of the NaN")


@pytest.mark.parametrize("causal", [False, True])
def test_tiles_behind_the_longest_sequence_are_not_read(causal):
    """The longest of the batch has 5 of 12 keys; tiles of 3 keys: the padding from key 6 on may hold anything."""
    q, k, v = draw(4, 2, 2, 12, 12, 3)
    lengths = np.array([2, 5])
    wanted = by_definition(q, k, v, causal=causal, lengths=lengths)
    k[:, :, 6:] = v[:, :, 6:] = np.nan
    call(flash_attention, q, k, v, causal=causal, lengths=lengths, block_q=5, block_k=3).gives(wanted, atol=NEAR)


@pytest.mark.parametrize(("dtypes", "wanted", "atol"), [
    (("f4", "f4", "f4"), "f4", 3e-6), (("f4", "f2", "f2"), "f4", 3e-6), (("f8", "f8", "f8"), "f8", 1e-13),
    (("f2", "f4", "f8"), "f8", 1e-13), (("i1", "u1", "i2"), "f4", 3e-5), (("i8", "i8", "i8"), "f8", 1e-13)], ids=str)
def test_the_dtype_is_numpys_result_type_at_least_float32(dtypes, wanted, atol):
    """A product of 270,000 is beyond float16's largest number. A detour of float64 through float32 costs 1e-7."""
    q, k, v = (np.abs(3 * array).astype(dtype) for array, dtype in zip(draw(5, 2, 2, 4, 5, 3), dtypes))
    call(flash_attention, q, k, v, scale=np.float64(0.3), block_k=2).gives(
        by_definition(q, k, v, scale=0.3), atol=atol, dtype=wanted)
    large = np.full((1, 1, 2, 3), 300, np.float16)
    call(flash_attention, large, large, large, scale=1e-4).gives(
        by_definition(large, large, large, scale=1e-4), rtol=1e-6, dtype=np.float32)


def test_the_parts_keep_their_dtype():
    """A scale of np.float64 makes float32 scores float64."""
    narrow = (lambda parts: {str(array.dtype) for array in parts} == {"float32"}, "float32 stays float32")
    tile = call(tile_attention, *draw(6, 1, 2, 3, 4, 5), np.float64(0.5), np.arange(4) > 0).satisfies(*narrow)
    both = call(merge, Partial(*tile), Partial(*tile)).satisfies(*narrow)
    call(finish, Partial(*both)).satisfies(*narrow)


@SILENT
@pytest.mark.parametrize(("batch", "queries", "keys"), [(0, 3, 5), (2, 0, 5), (2, 3, 0), (2, 0, 0)])
@pytest.mark.parametrize("causal", [False, True])
def test_no_batch_no_queries_or_no_keys(batch, queries, keys, causal):
    q, k, v = draw(8, batch, 2, queries, keys, 3)
    call(flash_attention, q, k, v, causal=causal).gives(by_definition(q, k, v, causal=causal))


@pytest.mark.parametrize(("queries", "keys", "sizes"), [
    (300, 300, (128, 128)), (129, 1000, (128, 128)), (3, 4000, (np.uint8(200), np.uint8(250))),
    (260, 520, (np.int8(100), np.int8(127))), (5, 9, (sys.maxsize, sys.maxsize)), (1, 4000, (1, 4000))], ids=str)
@pytest.mark.parametrize("causal", [False, True])
def test_real_lengths_and_blocks_of_any_integer_type(queries, keys, sizes, causal):
    """Thousands of keys; scores of ±50 and, since they grow along the keys, a maximum that grows with them."""
    q, k, v = draw(queries, 1, 2, queries, keys, 4)
    k = 3 * k * np.linspace(0.5, 4, keys, dtype=np.float32)[:, None]
    lengths = np.array([keys - 1], dtype=np.uint16)
    call(flash_attention, q, k, v, causal=causal, lengths=lengths, block_q=sizes[0], block_k=sizes[1]).gives(
        by_definition(q, k, v, causal=causal, lengths=lengths), atol=5e-5)


def test_memory_grows_with_n_not_with_its_square():
    """All scores of 2000 queries and keys are 16 MB, those of 128 queries 1 MB; a tile is 66 kB, the result 64."""
    q, k, v = draw(9, 1, 1, 2000, 2000, 8)
    wanted = by_definition(q, k, v)
    run, peaks = measured(flash_attention)
    call(run, q, k, v).gives(wanted, atol=NEAR)
    assert peaks[-1] < 1, f"{peaks[-1]:.1f} MB above the arguments: hold one tile of block_q x block_k at a time"


Q, K, V = draw(10, 2, 3, 4, 5, 6)


@pytest.mark.parametrize(("changed", "named"), [
    ({"q": Q[0]}, "q"), ({"q": Q[..., None]}, "q"), ({"q": Q[..., :0], "k": K[..., :0], "v": V[..., :0]}, "q"),
    ({"q": Q[:1]}, "k"), ({"q": Q[:, :1]}, "k"),
    *(({"q": Q[:, :, :0], "k": K[cut], "v": V[cut]}, "k") for cut in (
        np.s_[0], np.s_[:1], np.s_[:, :1], np.s_[..., :1], np.s_[..., 0], np.s_[..., None], np.s_[..., [0] * 7])),
    *(({"v": V[cut]}, "v") for cut in (np.s_[0], np.s_[:1], np.s_[:, :1], np.s_[:, :, :4], np.s_[..., :1])),
    *(({"lengths": np.array(wrong)}, "lengths") for wrong in ([5], [5, 5, 5], [[5, 5]], 5, [5, 6], [-1, 5])),
    *(({name: wrong}, name) for name in ("block_q", "block_k") for wrong in (0, -1)),
], ids=str)
def test_what_does_not_fit_is_refused_by_name(changed, named):
    call(flash_attention, **{"q": Q, "k": K, "v": V, **changed}).raises(ValueError, naming=named)
