"""What goes silently wrong in real use, and one table of what is refused."""

from math import log

import numpy as np
import pytest
from rope import llama3_factors, permute_heads, rope_frequencies, rotate, shift_keys, yarn_frequencies

from fixtures.checking import call
from fixtures.katas.rope.reference import by_definition, draw

ROUNDING = 3e-6  # float32 gives 5e-7; angles in float32 lose 3e-3 at position 100,000, in float16 everything
RELATIVE = 1e-5  # of frequencies: float32 gives 3e-7, the usual mistakes 1e-1 and more
PAIRS = pytest.mark.parametrize("pairs", ["norm", "neox"])
FREQUENCIES = 10_000.0 ** (-np.arange(4) / 4)
X, P = draw(28, 2, 4, 8), np.arange(4)

# --- precision -------------------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore:overflow", "ignore:invalid value")
@pytest.mark.parametrize("dtype", ["f4", "f2"])
@PAIRS
def test_position_one_hundred_thousand_is_as_exact_as_position_one(pairs, dtype):
    """The angle is 100,000 and more, of which the last turn counts: float32 has steps of 0.008 there."""
    x, positions = draw(21, 2, 4, 8, dtype=dtype), np.array([1, 99_999, 100_001, 1_000_003])
    wanted = by_definition(x, positions, FREQUENCIES, pairs)
    call(rotate, x, positions, FREQUENCIES, pairs=pairs).gives(wanted, atol=ROUNDING, dtype=np.float32)


def test_frequencies_are_float64_whatever_the_integer_type():
    """A float32 frequency alone would cost 0.006 at position 100,000; -np.uint8(2) is 254."""
    wanted = 10_000.0 ** (-np.arange(0, 128, 2) / 128)
    for n_dims, base in ((128, 10_000.0), (np.uint8(128), 10_000.0), (np.int32(128), np.float32(10_000))):
        call(rope_frequencies, n_dims, base).gives(wanted, rtol=1e-12, dtype=np.float64)
        call(yarn_frequencies, n_dims, 1, 10**9, base).gives((wanted, 1.0), rtol=1e-12)
        call(llama3_factors, n_dims, np.float32(1), np.int32(10**9), base).gives(np.ones(64), dtype=np.float64)


def test_frequencies_in_float32_are_taken_as_they_are():
    """As a file gives them: the product is still made in float64."""
    x, coarse = draw(22, 2, 4, 8), FREQUENCIES.astype(np.float32)
    positions = np.array([70_001, 70_003, 80_000, 90_001], dtype=np.int32)
    call(rotate, x, positions, coarse).gives(by_definition(x, positions, coarse), atol=ROUNDING)


@pytest.mark.parametrize(("dtype", "wanted", "atol"), [("f2", "f4", 3e-6), ("f4", "f4", 3e-6), ("f8", "f8", 1e-13),
                                                      ("i1", "f4", 1e-5), ("i8", "f8", 1e-13)])
def test_the_dtype_is_numpys_result_type(dtype, wanted, atol):
    """A detour of float64 through float32 would cost 1e-7; integers, turned in place, would lose their fractions."""
    x, positions = (3 * draw(23, 2, 5, 9)).astype(dtype), np.array([4, 3, 2, 1, 40])
    call(rotate, x, positions, FREQUENCIES, scale=np.float64(1.5)).gives(
        by_definition(x, positions, FREQUENCIES, "norm", 1.5), atol=atol, dtype=wanted)


# --- positions, shapes, views ----------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["u1", "u4", "u8", "i2"])
@PAIRS
def test_a_cache_moves_back_also_with_unsigned_positions(pairs, dtype):
    """0 - 200 is 56 in uint8, and 4,294,967,096 in uint32."""
    x, old, new = draw(24, 2, 4, 8), np.array([200, 201, 209, 210], dtype), np.array([0, 1, 9, 10], dtype)
    cached = by_definition(x, old, FREQUENCIES, pairs).astype(np.float32)
    call(shift_keys, cached, old, new, FREQUENCIES, pairs=pairs).gives(
        by_definition(x, new, FREQUENCIES, pairs), atol=ROUNDING)


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8"])
def test_a_shifted_cache_keeps_its_dtype(dtype):
    """llama.cpp's cache is float16: float32 would not fit back into it."""
    cached, old = draw(25, 2, 4, 9, dtype=dtype), np.array([30, 31, 32, 40])
    wanted = by_definition(cached, old - 25 - old, FREQUENCIES)
    atol = {"f2": 2e-3, "f4": ROUNDING, "f8": 1e-13}[dtype]  # float16 has steps of 2e-3 below 4
    call(shift_keys, cached, old, old - 25, FREQUENCIES).gives(wanted, atol=atol, dtype=dtype)
    call(shift_keys, cached, old, old, FREQUENCIES).gives(cached, dtype=dtype)


@PAIRS
def test_views_negative_positions_and_no_tokens(pairs):
    """A projection gives (tokens, heads, width), and `swapaxes` makes it a view; a shift back is negative."""
    x, positions = draw(26, 5, 3, 8), np.array([-7, 0, -1, 3, -30])
    call(rotate, x.swapaxes(0, 1), positions, FREQUENCIES, pairs=pairs).gives(
        by_definition(x.swapaxes(0, 1), positions, FREQUENCIES, pairs), atol=ROUNDING)
    call(rotate, x[:0].swapaxes(0, 1), positions[:0], FREQUENCIES, pairs=pairs).gives(np.zeros((3, 0, 8)))


def test_permuted_rows_keep_their_dtype_and_come_as_a_copy():
    """A quantized matrix's rows of bytes, as well; in a head of two numbers nothing moves."""
    rows = np.random.default_rng(27).integers(0, 255, (24, 5, 2), dtype=np.uint8)
    order = np.array([0, 4, 1, 5, 2, 6, 3, 7])
    call(permute_heads, rows, np.int16(3)).gives(rows[np.concatenate([order, 8 + order, 16 + order])], dtype=np.uint8)
    call(permute_heads, rows, 12).gives(rows, dtype=np.uint8)


# --- scaling at its ends ---------------------------------------------------------------------------------


def test_a_factor_of_one_scales_nothing():
    call(yarn_frequencies, 8, 1, 64).gives((FREQUENCIES, 1.0), rtol=RELATIVE)
    call(llama3_factors, 8, 1, 64).gives(np.ones(4), rtol=RELATIVE)
    call(rope_frequencies, 8, linear=1, ntk=1).gives(FREQUENCIES, rtol=RELATIVE)


def test_what_is_not_given_is_what_the_signature_says():
    """And two pairs, the fewest that there are."""
    call(rope_frequencies, 4).gives(np.array([1, 0.01]), rtol=RELATIVE)
    wanted = call(yarn_frequencies, 512, 4, 4096, base=10_000.0, beta_fast=32.0, beta_slow=1.0).value
    call(yarn_frequencies, n_dims=512, factor=4, original_context=4096).gives(wanted)
    wanted = call(llama3_factors, 128, 8, original_context=8192, base=500_000.0, low=1.0, high=4.0).value
    call(llama3_factors, n_dims=128, factor=8, original_context=8192).gives(wanted)
    wanted = call(rotate, X, P, FREQUENCIES, pairs="norm", scale=1.0).value
    call(rotate, x=X, positions=P, frequencies=FREQUENCIES).gives(wanted)
    call(shift_keys, k=X, old=P - 2, new=2 * P - 2, frequencies=FREQUENCIES).gives(wanted, atol=ROUNDING)


@pytest.mark.parametrize(("n_dims", "context", "options", "divided"), [
    (8, 6, {}, [0, 1, 1, 1]),  # i = -1.53 and -0.02: both are pair 0, which keeps
    (8, 4096, {"base": 10.0, "beta_fast": 400}, [0, 1 / 7, 2 / 7, 3 / 7]),  # i = 0.85 and 11.3, which is cut to 7
    (np.uint8(8), 4096, {"beta_fast": 8.0, "beta_slow": 2.0}, [0, 0, 1 / 2, 1])])  # i = 1.91 and 2.51
def test_yarns_ramp_at_its_ends(n_dims, context, options, divided):
    """Very short and very long contexts, other turns: as llama.cpp and transformers cut the ramp."""
    plain, divided = options.get("base", 10_000.0) ** (-np.arange(4) / 4), np.array(divided)
    wanted = plain * (1 - divided) + plain / 2.5 * divided
    call(yarn_frequencies, n_dims, 2.5, context, **options).gives((wanted, 1 + 0.1 * log(2.5)), rtol=RELATIVE)


def test_llama3s_turns_can_be_others():
    """With low=2 and high=5, 3.5 turns are half way; frequencies 1, 1/10, ... over 700 pi positions."""
    call(llama3_factors, np.uint8(8), 4, np.uint16(2199), 10_000.0, low=2, high=5).gives(
        np.array([1, 1, 1.6, 4]), rtol=1e-3)  # 2199 is 700 pi to 5e-5


# --- what is refused -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("function", "args", "options", "error", "named"), [
    *((rope_frequencies, (wrong,), {}, ValueError, "n_dims") for wrong in (7, 2, 0, -4)),
    *((rope_frequencies, (8,), {name: wrong}, ValueError, name) for name in ("linear", "ntk") for wrong in (0.25, 0)),
    *((function, (7, 4, 64), {}, ValueError, "n_dims") for function in (yarn_frequencies, llama3_factors)),
    *((function, (8, 0.25, 64), {}, ValueError, "factor") for function in (yarn_frequencies, llama3_factors)),
    (rotate, (X, P / 4, FREQUENCIES), {}, TypeError, "positions"),
    *((rotate, (X, wrong, FREQUENCIES), {}, ValueError, "positions") for wrong in (P[:1], P[:3], P[:, None], P[0])),
    *((rotate, (X, P, np.ones(5)), {"pairs": pairs}, ValueError, "frequencies") for pairs in ("norm", "neox")),
    *((rotate, (X, P, FREQUENCIES), {"pairs": wrong}, ValueError, "pairs") for wrong in ("NEOX", "normal", "")),
    *((permute_heads, (np.ones((12, 3)), wrong), {}, ValueError, "heads") for wrong in (0, -2, 5, 4, 12)),
], ids=lambda value: getattr(value, "__name__", ""))
def test_what_does_not_fit_is_refused_by_name(function, args, options, error, named):
    """The table in the README: the exception, and the argument's name in its message."""
    call(function, *args, **options).raises(error, naming=named)
