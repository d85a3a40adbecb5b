"""Your patches and positions against llama.cpp's: an mmproj file without blocks gives them back."""

import numpy as np
import pytest
from patch_embedding import embed, resize_positions

from fixtures.checking import call


@pytest.mark.llama
@pytest.mark.parametrize(("image_size", "patch_size"), [(24, 6), (30, 14), (45, 4)], ids=str)
def test_llama_cpp_gives_its_first_block_the_same_vectors(tmp_path, image_size, patch_size):
    """30 = 2 * 14 + 2: llama.cpp drops what is left over, and so do you."""
    from fixtures.models.made.vision import CLIP_MEAN, CLIP_STD, VisionShape, write_bare_mmproj
    from fixtures.oracles.mtmd import image_embeddings

    rng = np.random.default_rng(image_size)
    shape = VisionShape(image_size=image_size, patch_size=patch_size, width=20, blocks=0)
    weights = {
        "v.patch_embd.weight": rng.standard_normal((20, 3, patch_size, patch_size), np.float32) / patch_size,
        "v.patch_embd.bias": rng.standard_normal(20, np.float32),
        "v.position_embd.weight": rng.standard_normal((shape.patches, 20), np.float32),
    }
    picture = rng.integers(0, 256, (image_size, image_size, 3), dtype=np.uint8)
    [wanted] = image_embeddings(write_bare_mmproj(tmp_path / "patches.gguf", shape, weights), picture)
    pixels = ((picture / 255 - CLIP_MEAN) / CLIP_STD).transpose(2, 0, 1).astype(np.float32)
    # measured 2e-3: llama.cpp rounds the pixels to float16; every mistake gives 1 and more
    call(embed, pixels[None], weights).gives(wanted[None], atol=1e-2)


@pytest.mark.llama
@pytest.mark.parametrize("grid", [(5, 7), (2, 3), (9, 2), (1, 1), (4, 4)], ids=str)
@pytest.mark.parametrize("mode", ["bicubic", "bilinear"])
def test_ggml_resizes_the_table_to_the_same(mode, grid):
    """bicubic: what llama.cpp does for GLM-4V; bilinear: for SigLIP 2 (LFM2-VL), Kimi-VL and others."""
    from fixtures.oracles.ggml_resize import ANTIALIAS, BICUBIC, BILINEAR, resized

    table = np.random.default_rng(4).standard_normal((4, 4, 6), np.float32)
    wanted = resized(table, grid, BICUBIC if mode == "bicubic" else BILINEAR | ANTIALIAS)
    # measured 3e-6, ggml computes in float32; Pillow's bicubic is off by 0.1, a narrow triangle by 0.5
    call(resize_positions, table.reshape(16, 6), grid, mode).gives(wanted.reshape(-1, 6), atol=2e-5)
