"""Real files, what goes silently wrong in real use, and one table of what is refused."""

from dataclasses import replace

import numpy as np
import pytest
from vision_encoder import Encoder, attention, gelu, hidden_state, image_features, layer_norm, read_encoder

from fixtures.checking import call
from fixtures.katas import recorded
from fixtures.katas.vision_encoder.reference import attend, block_weights, drawn_fields, features

NEAR = 1e-5  # float32 rounds to 2e-6; of the mistakes quick GELU for tanh is nearest: 1e-2
FEATURE_LAYER = "clip.vision.feature_layer"
PIXELS = np.random.default_rng(9).standard_normal((2, 3, 13, 13)).astype(np.float32)


def written(path, fields, *options, **more):
    """Write an mmproj file; gguf is imported where it is needed alone."""
    from fixtures.katas.vision_encoder.files import write_encoder

    return write_encoder(path / "mmproj.gguf", fields, *options, **more)


@pytest.mark.parametrize("changes", [{}, {"gelu": "tanh", "layer": 1, "eps": 0.5, "heads": 2}], ids=["CLIP", "other"])
def test_a_file_tells_everything(tmp_path, changes):
    """Without the key clip.vision.feature_layer the state is -2; quick GELU unless clip.use_gelu is true."""
    fields = drawn_fields(3, class_token=True, pre_ln=True, **changes)
    encoder = call(read_encoder, written(tmp_path, fields)).value
    told = {name: getattr(encoder, name) for name in ("blocks", "heads", "gelu", "layer")}
    assert told == {name: fields[name] for name in told}, f"the file says {fields['layer']=}, {told} was read"
    assert abs(encoder.eps - fields["eps"]) < 1e-8, f"eps is {fields['eps']}, {encoder.eps} was read"
    for name, tensor in fields["weights"].items():
        assert np.array_equal(encoder.weights[name], tensor), f"{name} is not the tensor of the file"


def test_the_shipped_model_sees_what_it_sees_in_transformers():
    """Recorded: the shipped vision model's tower (as SigLIP, four blocks, float16) on a picture of coloured shapes."""
    from fixtures.models.trained.shipped import shipped_path

    record = recorded("vision_encoder")
    encoder = call(read_encoder, shipped_path("vision", "mmproj.gguf")).value
    # numbers up to 25; float32 gives 2e-5, quick GELU 0.5, the state before 10
    call(image_features, record["shipped pixels"], encoder).gives(record["shipped features"], atol=2e-4)


@pytest.mark.parametrize("feed_forward", [20, 7])
def test_files_of_the_old_converter_have_up_and_down_exchanged(tmp_path, feed_forward):
    from fixtures.katas.vision_encoder.files import old_names

    fields = drawn_fields(4, feed_forward=feed_forward)
    encoder = call(read_encoder, written(tmp_path, fields, renamed=old_names)).value
    names = sorted(name for name, tensor in fields["weights"].items()
                   if not np.array_equal(tensor, encoder.weights.get(name)))
    assert not names, f"{names} are not what they were before the names were exchanged"


@pytest.mark.parametrize(("kind", "atol"), [("F16", 2e-3), ("Q8_0", 2e-2)])
def test_tensors_become_float32_whatever_the_file_has(tmp_path, kind, atol):
    """Numbers up to 1.5: a step of float16 is 1e-3 there, one of Q8_0 1 / 127 of the largest of 32."""
    fields = drawn_fields(5, width=32, heads=4, feed_forward=64)
    encoder = call(read_encoder, written(tmp_path, fields, kind=kind)).value
    np.memmap(tmp_path / "mmproj.gguf", mode="r+")[:] = 0  # no view of the file; cut short, it would end Python
    for name, tensor in fields["weights"].items():
        read = encoder.weights[name]
        assert read.dtype == np.float32 and read.shape == tensor.shape, f"{name} is {read.dtype} {read.shape}"
        assert np.abs(read - tensor).max() <= atol, f"{name} differs by {np.abs(read - tensor).max()}"


def test_blocks_behind_the_state_do_not_run():
    """llama.cpp does not even want their tensors; here they hold NaN."""
    fields = drawn_fields(6)
    encoder = Encoder(**fields)
    broken = dict(fields["weights"])
    for name in [name for name in broken if name.startswith("v.blk.2.")]:
        broken[name] = np.full_like(broken[name], np.nan)
    call(image_features, PIXELS, replace(encoder, weights=broken)).gives(features(PIXELS, encoder), atol=NEAR)


def test_no_norm_comes_at_the_end():
    """Many files have v.post_ln, which CLIP applies to the class token's last state for its own use."""
    encoder = Encoder(**drawn_fields(7, layer=-1))
    norm = {"v.post_ln.weight": np.full(12, 3, np.float32), "v.post_ln.bias": np.ones(12, np.float32)}
    call(image_features, PIXELS, replace(encoder, weights={**encoder.weights, **norm})).gives(
        features(PIXELS, encoder), atol=NEAR)


def test_linear_layers_may_have_no_bias():
    encoder = Encoder(**drawn_fields(8, biases=False))
    call(image_features, PIXELS, encoder).gives(features(PIXELS, encoder), atol=NEAR)


@pytest.mark.parametrize("heads", [1, 4])
def test_an_image_of_many_patches_and_many_blocks(heads):
    encoder = Encoder(**drawn_fields(10, blocks=11, width=24, heads=heads, feed_forward=7, image_size=56, layer=-1))
    pixels = np.random.default_rng(10).standard_normal((1, 3, 56, 56)).astype(np.float32)
    # measured 4e-6 after eleven blocks: numbers of 7
    call(image_features, pixels, encoder).gives(features(pixels, encoder), atol=5e-5)


@pytest.mark.parametrize(("dtype", "atol"), [(np.float32, NEAR), (np.float64, 1e-12)])
def test_the_dtype_is_kept(dtype, atol):
    """np.sqrt(2) and an epsilon of float64 make float32 arrays float64; a detour through float32 costs 1e-7."""
    encoder = Encoder(**drawn_fields(11, class_token=True, gelu="tanh", heads=np.int64(3), eps=np.float64(1e-2)))
    weights = {name: tensor.astype(dtype) for name, tensor in encoder.weights.items()}
    call(image_features, PIXELS.astype(dtype), replace(encoder, weights=weights)).gives(
        features(PIXELS, encoder), atol=atol, dtype=dtype)


def test_a_batch_of_no_images_gives_no_vectors():
    call(image_features, PIXELS[:0], Encoder(**drawn_fields(12))).gives(np.zeros((0, 9, 12), np.float32))


def test_the_norm_of_numbers_far_from_zero():
    """float32 holds 7 digits: the mean of the squares less the square of the mean would be noise here."""
    x = np.random.default_rng(13).standard_normal((1, 3, 64)).astype(np.float32) + np.float32(4000)
    exact = x.astype(np.float64)
    wanted = (exact - exact.mean(axis=2, keepdims=True)) / np.sqrt(exact.var(axis=2, keepdims=True) + 1e-12)
    weights = {"ln.weight": np.ones(64, np.float32), "ln.bias": np.zeros(64, np.float32)}
    # the mean is right to 2e-4 in float32; the difference of squares is off by 1 and more
    call(layer_norm, x, weights, "ln", 1e-12).gives(wanted, atol=2e-3)


@pytest.mark.filterwarnings("error:overflow")
@pytest.mark.parametrize("form", ["quick", "tanh"])
def test_large_numbers_do_not_overflow(form):
    """exp(1.702 * 1000) is infinite, and so is exp of a score of 1000: neither is to warn, or to become NaN."""
    call(gelu, np.array([-1e3, 1e3, -1e4, 1e4], np.float32), form).gives(np.array([0, 1e3, 0, 1e4]), atol=1e-2)
    own = block_weights(drawn_fields(14)["weights"], 0)
    own["attn_q.weight"] = 300 * own["attn_q.weight"]
    x = np.random.default_rng(14).standard_normal((1, 6, 12)).astype(np.float32)
    # scores of 1000 have steps of 6e-5 in float32
    call(attention, x, own, 3).gives(attend(x[0], own, 3)[None], atol=5e-3)


REFUSED = {  # each makes its arguments in the test's folder
    "another form": (gelu, lambda folder: (PIXELS, "erf"), "form"),
    "a state behind the last": (hidden_state, lambda folder: (PIXELS, Encoder(**drawn_fields(15)), 4), "layer"),
    "a state far behind": (hidden_state, lambda folder: (PIXELS, Encoder(**drawn_fields(15)), 12), "layer"),
    "a state before the first": (hidden_state, lambda folder: (PIXELS, Encoder(**drawn_fields(15)), -5), "layer"),
    "SiLU": (read_encoder, lambda folder: [written(folder, drawn_fields(16), {"clip.use_silu": True})], "use_silu"),
    "several states": (read_encoder, lambda folder: [written(folder, drawn_fields(16), {FEATURE_LAYER: [1, 2]})],
                       "feature_layer"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_would_be_silently_wrong_is_refused(tmp_path, case):
    function, arguments, named = REFUSED[case]
    call(function, *arguments(tmp_path)).raises(ValueError, naming=named)
