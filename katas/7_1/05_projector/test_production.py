"""What goes silently wrong in real use, and one table of what is refused."""

import numpy as np
import pytest
from projector import mlp_projector, pixel_shuffle, pooled_projector, positions_2d, resampler

from fixtures.checking import call
from fixtures.katas.projector.reference import drawn, mlp, pooled, positions, resampled, shuffled

NEAR = 1e-5  # float32 rounds to 2e-6; of the mistakes the other GELU is nearest: 1.5e-4
MLP, GEMMA3, RESAMPLER = drawn("mlp", 1), drawn("gemma3", 2, factor=3), drawn("resampler", 3)
GRID = (3, 6)
X = np.random.default_rng(9).standard_normal((2, 18, 12)).astype(np.float32)
CASES = {  # function, further arguments, what the definition gives
    "erf": (mlp_projector, (MLP, "erf"), mlp(X, MLP, "erf")),
    "tanh": (mlp_projector, (MLP, "tanh"), mlp(X, MLP, "tanh")),
    "shuffle": (pixel_shuffle, (GRID, 3), shuffled(X, GRID, 3)),
    "pool": (pooled_projector, (GEMMA3, GRID, 3, 1e-2), pooled(X, GEMMA3, GRID, 3, 1e-2)),
    "resample": (resampler, (RESAMPLER, GRID, 4, 1e-2), resampled(X, RESAMPLER, GRID, 4, 1e-2)),
}
EACH = pytest.mark.parametrize("case", CASES)


def typed(arguments, dtype):
    """Return the arguments with weights of this dtype, and numbers as they come out of other arrays."""
    def one(value):
        if isinstance(value, dict):
            return {name: tensor.astype(dtype) for name, tensor in value.items()}
        return {int: np.int64, float: np.float64}.get(type(value), lambda same: same)(value)

    return [one(value) for value in arguments]


@EACH
@pytest.mark.parametrize(("dtype", "atol"), [(np.float32, NEAR), (np.float64, 1e-12)])
def test_the_dtype_is_kept(case, dtype, atol):
    """np.sqrt(4) or an epsilon of np.float64 would widen float32; places in float32 are too coarse for float64."""
    function, arguments, wanted = CASES[case]
    call(function, X.astype(dtype), *typed(arguments, dtype)).gives(wanted, atol=atol, dtype=dtype)


@EACH
def test_a_batch_of_no_images_gives_no_tokens(case):
    function, arguments, wanted = CASES[case]
    call(function, X[:0], *arguments).gives(wanted[:0].astype(np.float32))


@EACH
def test_features_need_not_lie_in_order(case):
    """A view of a larger array, as hidden states without their class token are."""
    function, arguments, wanted = CASES[case]
    behind_a_token = np.concatenate([X[:, :1], X], axis=1)[:, 1:]
    call(function, behind_a_token, *arguments).gives(wanted, atol=NEAR)


def test_the_arguments_keep_what_they_hold():
    """A factor of 1 leaves the patches as they are, in an array of their own."""
    tokens = call(pixel_shuffle, X, GRID, 1).gives(X)
    tokens[:] = 0
    assert X.any(), "the tokens are a view of the features: writing into them changed the features"


def test_linear_layers_may_have_no_bias():
    bare, few = ({name: tensor for name, tensor in weights.items() if not name.startswith(prefix) or "weight" in name}
                 for weights, prefix in ((MLP, "mm."), (RESAMPLER, "resampler.attn.")))
    call(mlp_projector, X, bare, "erf").gives(mlp(X, bare, "erf"), atol=NEAR)
    call(resampler, X, few, GRID, 4, 1e-2).gives(resampled(X, few, GRID, 4, 1e-2), atol=NEAR)


@pytest.mark.parametrize("grid", [(1, 18), (18, 1), (9, 2)])
def test_a_resampler_takes_any_grid(grid):
    call(resampler, X, RESAMPLER, grid, 2, 1e-2).gives(resampled(X, RESAMPLER, grid, 2, 1e-2), atol=NEAR)


@pytest.mark.filterwarnings("error")
def test_large_scores_do_not_overflow():
    """exp of a score of 1000 is infinite: it is neither to warn, nor to become NaN."""
    loud = {**RESAMPLER, "resampler.attn.q.weight": 500 * RESAMPLER["resampler.attn.q.weight"]}
    # scores of 1000 have steps of 6e-5 in float32
    call(resampler, X, loud, GRID, 4, 1e-2).gives(resampled(X, loud, GRID, 4, 1e-2), atol=5e-3)


@pytest.mark.filterwarnings("error")
def test_patches_of_zeros_give_zeros():
    """Epsilon stands under the root, and keeps the division from 0 / 0."""
    call(pooled_projector, 0 * X, GEMMA3, GRID, 3, 1e-6).gives(np.zeros((2, 2, 16), np.float32))


def test_a_grid_of_many_patches():
    """The 70 x 70 places that MiniCPM-V is trained with; neither power nor product is to round too early."""
    call(positions_2d, (70, 70), 64).gives(positions((70, 70), 64), atol=1e-5)  # float32 gives 2e-6


REFUSED = {
    "quick GELU": (mlp_projector, (X, MLP, "quick"), "form"),
    "the class token in a shuffle": (pixel_shuffle, (X, (3, 5), 1), "grid"),
    "patches that are missing": (pooled_projector, (X, GEMMA3, (5, 4), 1, 1e-2), "grid"),
    "the class token in a resampler": (resampler, (X, RESAMPLER, (1, 17), 4, 1e-2), "grid"),
    "rows left over": (pixel_shuffle, (X, (9, 2), 2), "factor"),
    "columns left over": (pooled_projector, (X, GEMMA3, (2, 9), 2, 1e-2), "factor"),
    "no factor": (pixel_shuffle, (X, GRID, 0), "factor"),
    "heads that do not divide": (resampler, (X, RESAMPLER, GRID, 3, 1e-2), "heads"),
    "no quarters": (positions_2d, (GRID, 6), "width"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_would_be_silently_wrong_is_refused(case):
    function, arguments, named = REFUSED[case]
    call(function, *arguments).raises(ValueError, naming=named)
