"""What goes silently wrong in real use, and one table of what is refused."""

import numpy as np
import pytest
from token_merging import bipartite_matching, merge, merged_features, proportional_attention, unmerge
from vision_encoder import Encoder

from fixtures.checking import call
from fixtures.katas.token_merging.reference import attended, features, matched
from fixtures.katas.vision_encoder.reference import block_weights, drawn_fields

rng = np.random.default_rng(10)
X = rng.standard_normal((2, 9, 12)).astype(np.float32)
SIZES = rng.integers(1, 9, (2, 9))
GROUPS = matched(X, 3)
OWN = block_weights(drawn_fields(4, blocks=1)["weights"], 0)
ENCODER = Encoder(**drawn_fields(5, image_size=20, layer=2))  # two of its three blocks run
PIXELS = rng.standard_normal((2, 3, 20, 20)).astype(np.float32)
NEAR = 2e-5  # float32 rounds to 5e-6


def test_of_equals_the_earlier_counts():
    """A picture has a ground: many patches are equal. Every A goes to the first B, the first two of them."""
    ground = np.zeros((1, 8, 2), np.float32)
    ground[..., 0] = [1, 1, 2, 1, 1, 4, 1, 1]
    call(bipartite_matching, ground, 2).gives(np.array([[0, 0, 0, 1, 2, 3, 4, 5]]))
    call(bipartite_matching, ground, 2, 1).gives(np.array([[0, 1, 1, 2, 1, 3, 4, 5]]))


def test_of_many_equals_the_earlier_count():
    """A sort that is not stable keeps the order of a few; here are 100 edges of 1 and 100 of 0, in turn."""
    keys = np.zeros((1, 400, 2), np.float32)
    keys[0, ::4, 0], keys[0, 1::2, 0], keys[0, 2::4, 1] = 1, 1, 1
    places = np.arange(400)
    becomes = np.where((places < 280) & (places % 4 == 0), 1, places)
    call(bipartite_matching, keys, 70).gives((np.cumsum(becomes == places) - 1)[becomes][None])


def test_a_key_of_zeros_is_similar_to_nothing():
    """0 / 0 is NaN, and NaN is the best of all edges to argmax, the worst to argsort."""
    keys = np.array([[[0, 0], [1, 0], [-1, 1], [0, 0], [2, 1], [1, -1]]], np.float32)
    call(bipartite_matching, keys, 1).gives(np.array([[0, 1, 2, 3, 1, 4]]))  # 4 -> 1 with 0.89
    call(bipartite_matching, keys, 2).gives(np.array([[0, 0, 1, 2, 0, 3]]))  # 0 -> 1 with 0, 2 -> 3 with 0: the earlier


@pytest.mark.parametrize(("dtype", "scale"), [("f2", 900), ("f2", 3e-5), ("f4", 1e25), ("f4", 1e-25)])
def test_long_and_short_keys_do_not_overflow(dtype, scale):
    """Their squares leave the range of the dtype, on either side."""
    keys = (np.clip(X, -2, 2) * np.float64(scale)).astype(dtype)
    call(bipartite_matching, keys, 4).gives(matched(keys, 4))


@pytest.mark.parametrize(("tokens", "protected"), [(1, 0), (1, 1), (2, 1), (2, 2), (3, 2)])
def test_where_no_pair_is_nothing_is_merged(tokens, protected):
    call(bipartite_matching, X[:, :tokens], 5, protected).gives(np.tile(np.arange(tokens), (2, 1)))


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_the_mean_has_the_dtype_of_the_tokens_and_is_rounded_once(dtype):
    """700 patches of 100: their sum, 70,000, is beyond float16. In float32 a mean of 700 is right to 1e-7."""
    x = np.full((1, 2, 1), 100, dtype)
    x[0, 1] = 101
    wanted = np.array([[[100 * 600 / 700 + 101 / 7]]]).astype(dtype)
    few, _ = call(merge, x, np.array([[600, 100]]), np.zeros((1, 2), np.int64)).gives(
        (wanted, np.array([[700]])), rtol=float(2 * np.finfo(dtype).eps))
    assert few.dtype == dtype, f"tokens of {np.dtype(dtype)} became {few.dtype}"


def test_numbers_of_numpys_small_integers():
    """200 + 100 is 44 in np.uint8; the logarithm of np.uint8 is a float16, and wrong by 1e-3."""
    sizes = np.full((2, 9), 100, np.uint8)
    sizes[:, ::2] = 200
    wide = sizes.astype(np.int64)
    wanted = call(merge, X, wide, GROUPS).value
    call(merge, X, sizes, GROUPS.astype(np.uint8)).gives(wanted, atol=1e-6)
    call(proportional_attention, X, sizes, OWN, 3).gives(attended(X, wide, OWN, 3), atol=NEAR)
    call(bipartite_matching, X, np.uint8(3), np.uint8(1)).gives(matched(X, 3, 1))


def test_a_broken_token_breaks_its_own_group_only():
    """0 * NaN is NaN: a product with a matrix of zeros and ones would spread it over the whole image."""
    x = X.copy()
    x[0, 4] = np.nan
    few, _ = call(merge, x, SIZES, GROUPS).value
    broken = np.flatnonzero(np.isnan(few).any(axis=2)[0])
    assert list(broken) == [GROUPS[0, 4]], f"token {GROUPS[0, 4]} should be NaN, and {broken} are"
    assert np.isfinite(few[1]).all(), "the other image is broken as well"


@pytest.mark.parametrize(("dtype", "atol"), [(np.float32, NEAR), (np.float64, 1e-12)])
def test_the_dtype_is_kept(dtype, atol):
    """The logarithm of integers is float64, and would make float32 so."""
    weights = {name: tensor.astype(dtype) for name, tensor in ENCODER.weights.items()}
    encoder = Encoder(**vars(ENCODER) | {"weights": weights})
    few, _, groups = call(merged_features, PIXELS.astype(dtype), encoder, (3, 4)).gives(
        features(PIXELS, encoder, [3, 4]), atol=atol)
    assert few.dtype == dtype, f"pixels and weights of {np.dtype(dtype)} gave {few.dtype}"
    call(unmerge, few, groups).satisfies(lambda x: x.dtype == dtype and x.shape == (2, 25, 12), "(2, 25, 12), as few")
    own = {name: tensor.astype(dtype) for name, tensor in OWN.items()}
    for part in call(proportional_attention, X.astype(dtype), SIZES, own, 3).value:
        assert part.dtype == dtype, f"attention of {np.dtype(dtype)} gave {part.dtype}"


@pytest.mark.filterwarnings("error:overflow")
def test_large_scores_do_not_overflow():
    """exp(1000) is infinite; scores of 1000 have steps of 6e-5 in float32."""
    own = OWN | {"attn_q.weight": 300 * OWN["attn_q.weight"]}
    call(proportional_attention, X, SIZES, own, 3).gives(attended(X, SIZES, own, 3), atol=5e-3)


def test_the_class_token_stays_and_is_left_out():
    """Whatever r is, it ends as it began: features, sizes and groups are those of the patches."""
    encoder = Encoder(**drawn_fields(6, image_size=20, class_token=True, pre_ln=True))
    few, sizes, groups = call(merged_features, PIXELS, encoder, np.array([99, 99])).gives(
        features(PIXELS, encoder, [99, 99]), atol=NEAR)
    assert sizes.sum() == 50 and groups.min() == 0 and groups.max() == few.shape[1] - 1, "25 patches in each image"


BROKEN = np.where(np.arange(12) == 3, np.nan, X)
ZERO = np.where(np.arange(9) == 2, 0, SIZES)
HOLE = np.where(GROUPS == 2, 1, GROUPS)  # nobody is number 2
REFUSED = {
    "keys that are NaN": (bipartite_matching, (BROKEN, 2), "keys"),
    "r below 0": (bipartite_matching, (X, -1), "r"),
    "protected below 0": (bipartite_matching, (X, 2, -1), "protected"),
    "more protected than there are": (bipartite_matching, (X, 2, 10), "protected"),
    "sizes of fewer tokens": (merge, (X, SIZES[:, :8], GROUPS), "sizes"),
    "sizes of two images for one": (merge, (X[:1], SIZES, GROUPS[:1]), "sizes"),
    "a size of 0": (merge, (X, ZERO, GROUPS), "sizes"),
    "groups of fewer tokens": (merge, (X, SIZES, GROUPS[:, :8]), "groups"),
    "groups of one image for two": (merge, (X, SIZES, GROUPS[:1]), "groups"),
    "a group below 0": (merge, (X, SIZES, GROUPS - 1), "groups"),
    "a group without tokens": (merge, (X, SIZES, HOLE), "groups"),
    "unmerged from a number too large": (unmerge, (X[:, :5], GROUPS), "groups"),
    "unmerged from a number below 0": (unmerge, (X, GROUPS - 1), "groups"),
    "unmerged from a number far too large": (unmerge, (X[:, :3], GROUPS), "groups"),
    "unmerged for one image of two": (unmerge, (X, GROUPS[:1]), "groups"),
    "unmerged for two images of one": (unmerge, (X[:1], GROUPS), "groups"),
    "attention with sizes of one image": (proportional_attention, (X, SIZES[:1], OWN, 3), "sizes"),
    "attention with sizes of two images": (proportional_attention, (X[:1], SIZES, OWN, 3), "sizes"),
    "attention with a size of 0": (proportional_attention, (X, ZERO, OWN, 3), "sizes"),
    "r for too few blocks": (merged_features, (PIXELS, ENCODER, [2]), "r"),
    "r for a block that does not run": (merged_features, (PIXELS, ENCODER, [2, 2, 2]), "r"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_would_be_silently_wrong_is_refused(case):
    function, arguments, named = REFUSED[case]
    call(function, *arguments).raises(ValueError, naming=named)
