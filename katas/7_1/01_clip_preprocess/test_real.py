import io

import numpy as np
import pytest
from clip_preprocess import CLIP_GREY, letterbox, normalize, pad_then_resize, resize_then_crop, to_rgb
from PIL import ExifTags, Image

from fixtures.checking import call
from fixtures.katas.clip_preprocess.pictures import file_of, noise, palette_image
from fixtures.katas.clip_preprocess.reference import UPRIGHT

CLIP = ((0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711))
OTHER = ((0.5, 0.4, 0.3), (0.5, 0.25, 0.2))


@pytest.fixture(scope="module")
def seen_by_llama(tmp_path_factory):
    """Return a function that gives the pixels that reach llama.cpp's encoder."""
    from fixtures.models.made.vision import pixels_of, write_identity_mmproj
    from fixtures.oracles.mtmd import image_embeddings

    folder = tmp_path_factory.mktemp("identity")

    def seen(pixels, size, mean, std):
        path = folder / f"{size}-{mean}-{std}.gguf"
        if not path.exists():
            write_identity_mmproj(path, size, 4, mean, std)
        [embeddings] = image_embeddings(path, pixels)
        return pixels_of(embeddings, size, 4)

    return seen


@pytest.mark.llama
@pytest.mark.parametrize("statistics", [CLIP, OTHER], ids=["clip", "other"])
@pytest.mark.parametrize("shape", [(48, 64), (64, 48), (37, 61), (61, 37), (28, 28), (13, 7), (1, 1), (1, 90), (40, 25),
                                   (25, 40), (99, 100), (427, 640)], ids=str)
def test_llama_cpps_encoder_sees_your_letterbox(seen_by_llama, shape, statistics):
    """An mmproj whose weights are the identity gives back the pixels that reach the encoder."""
    pixels = noise(*shape, 3)
    boxed = call(letterbox, pixels, 28).value
    # one level of 255 (another rounding) is up to 0.020, llama.cpp's float16 2e-3 more; a blurred border is off by 0.5
    call(normalize, boxed, *statistics).gives(seen_by_llama(pixels, 28, *statistics), atol=0.022)


@pytest.mark.llama
def test_llama_cpp_puts_the_border_where_you_do(seen_by_llama):
    """Every height from 1 to 60 beside a width of 45: where is the border grey?"""
    for height in range(1, 61):
        pixels = np.zeros((height, 45, 3), dtype=np.uint8)
        boxed = call(letterbox, pixels, 24).value
        border = (np.asarray(boxed) == CLIP_GREY).all(axis=2)
        seen = seen_by_llama(pixels, 24, (0, 0, 0), (1, 1, 1)) > 0.2
        assert np.array_equal(border, seen.all(axis=0)), f"{height} x 45 pixels: another border than llama.cpp's"


@pytest.mark.llama
def test_llama_cpp_reads_the_colours_that_you_read(tmp_path):
    """to_rgb without a background is llama.cpp's own image reader, but for EXIF, which it does not look at."""
    from fixtures.models.made.vision import write_identity_mmproj
    from fixtures.oracles.mtmd import decoded_image

    mmproj = write_identity_mmproj(tmp_path / "identity.gguf", 8, 4)
    deep = np.random.default_rng(16).integers(0, 65536, (5, 7)).astype(np.uint16)
    files = [file_of(Image.fromarray(pixels)) for pixels in
             (noise(5, 7, 3), noise(5, 7, 4), noise(5, 7, 2), noise(5, 7), noise(5, 7) > 99, deep)]
    files.append(file_of(palette_image(), transparency=bytes([0, 128])))
    for file in files:
        call(to_rgb, Image.open(io.BytesIO(file)), None).gives(decoded_image(mmproj, file))
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    turned = file_of(Image.fromarray(noise(5, 7, 3)), exif=exif)
    call(to_rgb, Image.open(io.BytesIO(turned)), None).gives(
        UPRIGHT[6](decoded_image(mmproj, turned)))


@pytest.mark.llama
def test_the_three_variants_give_a_model_three_images(tmp_path):
    """A LLaVA encoder with random weights: your letterbox changes nothing for llama.cpp, the others do."""
    from fixtures.models.made.vision import write_llava_mmproj
    from fixtures.oracles.mtmd import image_embeddings

    mmproj = write_llava_mmproj(tmp_path / "llava.gguf", seed=71).path
    photo = np.asarray(Image.fromarray(noise(6, 9, 3)).resize((60, 40), Image.Resampling.BICUBIC))
    [wanted] = image_embeddings(mmproj, photo)

    def embedded(pixels):
        [embeddings] = image_embeddings(mmproj, np.asarray(pixels))
        return np.abs(embeddings - wanted).max()

    assert embedded(call(resize_then_crop, photo, 24).value) > 0.1, "a crop is another image"
    assert embedded(call(pad_then_resize, photo, 24).value) > 0.01, "a blurred border is another image"
    assert embedded(call(letterbox, photo, 24).value) < 0.01, "llama.cpp would have made this image itself"
