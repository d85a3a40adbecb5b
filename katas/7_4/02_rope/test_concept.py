from math import log, pi

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rope import llama3_factors, permute_heads, rope_frequencies, rotate, shift_keys, yarn_frequencies

from fixtures.checking import call
from fixtures.katas import recorded
from fixtures.katas.rope.reference import by_definition, draw

ROUNDING = 3e-6  # float32 gives 5e-7 at positions below 100; the smallest of the usual mistakes 1e-2
RELATIVE = 1e-5  # of frequencies: float32 gives 3e-7, the usual mistakes 1e-1 and more
QUARTER = pi / 2  # a pair with this frequency turns (a, b) into (-b, a) from one position to the next
PAIRS = pytest.mark.parametrize("pairs", ["norm", "neox"])

# --- one rotation ----------------------------------------------------------------------------------------


def test_a_pair_is_turned_by_position_times_frequency():
    """A quarter turn a position, counter-clockwise: (3, 1) becomes (-1, 3), (-3, -1), (1, -3)."""
    x = np.array([[3, 1]] * 4, dtype=np.float32)  # (tokens, width)
    wanted = np.array([[3, 1], [-1, 3], [-3, -1], [1, -3]])
    call(rotate, x, np.arange(4), np.array([QUARTER])).gives(wanted, atol=ROUNDING)


def test_positions_may_start_anywhere_and_have_gaps():
    """A decode step stands at its own position: 5 is one quarter turn, 102 two, 7 three, 4 none."""
    x = np.array([[3, 1]] * 4, dtype=np.float32)
    wanted = np.array([[-1, 3], [-3, -1], [1, -3], [3, 1]])
    call(rotate, x, np.array([5, 102, 7, 4]), np.array([QUARTER])).gives(wanted, atol=1e-4)  # a float32 angle: 2e-5


@pytest.mark.parametrize(("pairs", "wanted"), [("norm", [-2, 1, -3, -4, 5, 6]), ("neox", [-3, -2, 1, -4, 5, 6])])
def test_the_two_pairings(pairs, wanted):
    """A quarter turn of the first pair, half a turn of the second; the last two of the six numbers are not turned.

    "norm" pairs (1, 2) and (3, 4); "neox" (1, 3) and (2, 4).
    """
    x = np.array([[1, 2, 3, 4, 5, 6]], dtype=np.float32)
    call(rotate, x, np.array([1]), np.array([QUARTER, pi]), pairs=pairs).gives(np.array([wanted]), atol=ROUNDING)


@PAIRS
def test_a_scale_multiplies_what_is_turned(pairs):
    """It stretches the pairs; the numbers beyond them stay as they are."""
    x, positions, frequencies = draw(1, 2, 5, 7), np.array([3, 4, 5, 9, 0]), np.array([1, 0.2])
    wanted = by_definition(x, positions, frequencies, pairs, 1.25)
    call(rotate, x, positions, frequencies, pairs=pairs, scale=1.25).gives(wanted, atol=ROUNDING)


@given(st.integers(1, 4), st.integers(0, 3), st.integers(0, 5), st.sampled_from(["norm", "neox"]), st.integers(0, 99))
def test_any_shape_follows_the_definition(count, rest, tokens, pairs, seed):
    """Batches, heads, any number of pairs and of numbers beyond them."""
    x = draw(seed, 2, 3, tokens, 2 * count + rest)
    positions, frequencies = np.random.default_rng(seed).integers(0, 60, tokens), 0.5 ** np.arange(count)
    wanted = by_definition(x, positions, frequencies, pairs)
    call(rotate, x, positions, frequencies, pairs=pairs).gives(wanted, atol=2e-5)  # a float32 angle of 60: 4e-6


# --- why it is done --------------------------------------------------------------------------------------


@PAIRS
@given(st.integers(0, 40), st.integers(0, 40), st.integers(0, 40), st.integers(0, 99))
def test_a_score_depends_on_the_distance_alone(pairs, query_at, key_at, shift, seed):
    """Why it is done: q . k is the same when both move by as many positions."""
    q, k = draw(seed, 2, 1, 8).astype(np.float64)
    frequencies = np.array([1, 0.3, 0.1, 0.03])

    def score(query_position, key_position):
        turned = [call(rotate, x, np.array([position]), frequencies, pairs=pairs).value[0]
                  for x, position in ((q, query_position), (k, key_position))]
        return float(turned[0] @ turned[1])

    near, far = score(query_at, key_at), score(query_at + shift, key_at + shift)
    assert abs(near - far) < 1e-4, f"the score is {near:.4f}, and {far:.4f} when both have moved by {shift}"
    wanted = by_definition(q, [query_at], frequencies, pairs)[0] @ by_definition(k, [key_at], frequencies, pairs)[0]
    assert abs(near - wanted) < 1e-4, f"the score is {near:.4f}, it should be {wanted:.4f}"


# --- frequencies -----------------------------------------------------------------------------------------


def test_each_pair_turns_more_slowly_than_the_one_before():
    """Four pairs and a base of 10,000: 10,000^(-2i / 8) is 1, 1/10, 1/100, 1/1000."""
    call(rope_frequencies, 8).gives(np.array([1, 0.1, 0.01, 0.001]), rtol=RELATIVE)


def test_a_larger_base_slows_all_pairs_but_the_first():
    """Three pairs and a base of 1,000,000: 1, 1/100, 1/10,000."""
    call(rope_frequencies, 6, base=1e6).gives(np.array([1, 0.01, 0.0001]), rtol=RELATIVE)


# --- the cache -------------------------------------------------------------------------------------------


@PAIRS
@given(st.integers(0, 40), st.integers(-20, 20), st.integers(0, 99))
def test_a_shifted_key_is_the_key_at_its_new_position(pairs, start, by, seed):
    """Keys that were scaled and turned at `old` become those of `new`, and are not scaled again."""
    x, old = draw(seed, 2, 3, 4, 6), start + np.array([0, 1, 5, 6])
    new, frequencies = old + by + np.array([0, 0, 3, -4]), np.array([1, 0.1])  # each by a distance of its own
    cached = by_definition(x, old, frequencies, pairs, 1.25).astype(np.float32)
    wanted = by_definition(x, new, frequencies, pairs, 1.25)
    call(shift_keys, cached, old, new, frequencies, pairs=pairs).gives(wanted, atol=2e-5)


# --- from one pairing to the other -----------------------------------------------------------------------


def test_the_rows_of_both_halves_are_interleaved():
    """One head of width 6: the pairs (0, 3), (1, 4), (2, 5) become neighbours."""
    weight = np.arange(12, dtype=np.float32).reshape(6, 2)
    call(permute_heads, weight, 1).gives(weight[[0, 3, 1, 4, 2, 5]])


def test_every_head_is_permuted_for_itself():
    """Two heads of width 6, and a bias."""
    order = [0, 3, 1, 4, 2, 5]
    bias = np.array([5, 4, 3, 2, 1, 0, 6, 7, 8, 9, 10, 11], dtype=np.float32)
    call(permute_heads, bias, 2).gives(np.concatenate([bias[:6][order], bias[6:][order]]))


def test_a_permuted_projection_has_the_same_scores_with_the_other_pairs():
    """What conversion does: "norm" on the permuted rows scores like "neox" on the rows as they were."""
    x, q_weight, k_weight = draw(3, 5, 7), draw(4, 16, 7), draw(5, 16, 7)
    positions, frequencies = np.array([2, 3, 5, 8, 13]), np.array([1, 0.3, 0.1, 0.03])

    def scores(project, turn):
        q, k = (turn((x @ project(weight).T).reshape(5, 2, 8).swapaxes(0, 1)) for weight in (q_weight, k_weight))
        return q @ k.swapaxes(1, 2)  # (heads, tokens, tokens)

    wanted = scores(lambda weight: weight, lambda y: by_definition(y, positions, frequencies, "neox"))
    got = scores(lambda weight: call(permute_heads, weight, 2).value,
                 lambda y: by_definition(y, positions, frequencies, "norm"))
    worst = np.abs(got - wanted).max()
    assert worst < 1e-4, f"the scores differ by {worst:.3f}"  # scores near 50: float32 gives 1e-5, no permutation 40


# --- longer contexts -------------------------------------------------------------------------------------


def test_linear_scaling_divides_every_frequency():
    """A factor of 4: position 4 now has the angles that position 1 had."""
    call(rope_frequencies, 8, linear=4).gives(np.array([0.25, 0.025, 0.0025, 0.00025]), rtol=RELATIVE)


def test_ntk_scaling_makes_the_base_larger():
    """Three pairs and a factor of 4: the base 125 becomes 125 * 4^(6 / 4) = 1000; 1000^(-2i / 6) is 1, 1/10, 1/100."""
    call(rope_frequencies, 6, 125, ntk=4).gives(np.array([1, 0.1, 0.01]), rtol=RELATIVE)


@pytest.mark.parametrize(("context", "wanted"), [
    (4096, [1, 0.1, 0.00625, 0.00025]),  # i = 1.31 and 2.81: pair 1 keeps, 2 is half and half, 3 is divided
    (64, [1, 0.0625, 0.0025, 0.00025])])  # i = -0.50 and 1.01: pair 0 keeps, 1 is half and half
def test_yarn_divides_the_slow_pairs_alone(context, wanted):
    """Four pairs, a factor of 4; the scale of the result is 1 + 0.1 ln 4."""
    call(yarn_frequencies, 8, 4, context).gives((np.array(wanted), 1 + 0.1 * log(4)), rtol=RELATIVE)


def test_llama3_gives_what_the_frequencies_are_divided_by():
    """Over 1571 positions (500 pi) four pairs turn 250, 25, 2.5 and 0.25 times.

    2.5 is half way from 1 to 4: the mean of f and f / 8 is f / (16 / 9).
    """
    call(llama3_factors, 8, 8, 1571, 10_000).gives(np.array([1, 1, 16 / 9, 8]), rtol=1e-3)  # 1571 is 500 pi to 1e-4


# --- libraries -------------------------------------------------------------------------------------------


def test_transformers_has_the_same_frequencies():
    """Dynamic NTK of factor 2 at 5 times the context is NTK of 2 * 5 - (2 - 1) = 9."""
    record = recorded("rope")
    call(rope_frequencies, 20).gives(record["plain"], rtol=RELATIVE)
    call(rope_frequencies, 20, linear=4.0).gives(record["linear"], rtol=RELATIVE)
    call(rope_frequencies, 20, ntk=9.0).gives(record["dynamic"], rtol=RELATIVE)


def test_transformers_has_the_same_yarn_and_llama3():
    """LlamaRotaryEmbedding with yarn and its attention factor, and with llama3."""
    record = recorded("rope")
    call(yarn_frequencies, 20, 4.0, 2048).gives((record["yarn"], float(record["yarn_scale"])), rtol=RELATIVE)
    plain = 500_000.0 ** -(np.arange(10) / 10)
    call(llama3_factors, 20, 8.0, 1024).gives(plain / record["llama3"], rtol=RELATIVE)


@pytest.mark.parametrize(("name", "n_dims", "pairs"), [
    ("llama", 20, "neox"), ("llama_yarn", 20, "neox"), ("cohere", 20, "norm"), ("phi", 12, "neox")])
def test_transformers_turns_the_same(name, n_dims, pairs):
    """llama's halves, cohere's neighbours, phi's first 12 of 20 numbers, at positions up to 1500."""
    record = recorded("rope")
    frequencies, scale = 10_000.0 ** (-np.arange(0, n_dims, 2) / n_dims), 1.0
    if name == "llama_yarn":
        frequencies, scale = record["yarn"], float(record["yarn_scale"])
    call(rotate, record["q"], record["positions"], frequencies, pairs=pairs, scale=scale).gives(
        record[name], atol=5e-4)  # float32 angles of 1500 cost 1e-4
