import pytest
from image_slicing import (
    LLAVA_RESOLUTIONS,
    anyres_tokens,
    minicpm_tokens,
    refined_size,
    select_best_resolution,
    slice_grid,
    smart_resize,
)

from fixtures.checking import call
from fixtures.katas import recorded
from fixtures.katas.image_slicing.reference import meets_a_half
from fixtures.katas.image_slicing.sweep import call_each, sizes

RECORD = recorded("image_slicing")
SIZES = sizes(RECORD["sizes"])
pytestmark = pytest.mark.llama


@pytest.fixture(scope="module")
def cut_by_llama(tmp_path_factory):
    """Return a function that gives llama.cpp's chunks for each size, the overview's first."""
    from fixtures.katas.image_slicing.in_llama import WIDTH, write_counting_mmproj
    from fixtures.models.made.text import TextShape, write_llama
    from fixtures.oracles.mtmd import image_chunks

    folder = tmp_path_factory.mktemp("counting")
    text = write_llama(folder / "text.gguf", TextShape(width=WIDTH, heads=2, kv_heads=1)).path

    def cut(projector, of, image_size=448, resolutions=()):
        mmproj = write_counting_mmproj(folder / f"{projector}.gguf", projector, image_size, resolutions=resolutions)
        return image_chunks(mmproj, of, text if projector == "qwen2vl_merger" else None)

    return cut


def test_llama_cpp_cuts_a_minicpm_image_into_your_grid(cut_by_llama):
    """The same rows and columns, the same tokens, of more than 448 * 448 pixels.

    Of fewer pixels, the reference never cuts. llama.cpp does if an edge is longer than 448.
    """
    from fixtures.katas.image_slicing.in_llama import pieces, rows

    cut = [size for size in SIZES if size[0] * size[1] > 448**2]
    chunks = cut_by_llama("resampler", cut)
    grids = [(rows(each), (len(pieces(each)) - 1) // rows(each)) for each in chunks]
    call_each(slice_grid, [(size,) for size in cut], grids)
    call_each(minicpm_tokens, [(grid,) for grid in grids], [sum(tokens for _, tokens in each) for each in chunks])

    small = [(300, 500), (400, 460), (200, 800)]
    for size, each in zip(small, cut_by_llama("resampler", small), strict=True):
        call(slice_grid, size).gives((1, 1))
        assert len(pieces(each)) > 1, f"llama.cpp does not cut {size} any more: the README says that it does"


def test_llama_cpp_takes_the_other_of_two_equal_grids(cut_by_llama):
    """It computes the shapes' distance in float32, in which log(3 / 2) and log(2 / 3) are the same."""
    from fixtures.katas.image_slicing.in_llama import pieces, rows

    ties = {(1024, 1024): ((2, 3), (3, 2)), (750, 3000): ((1, 8), (2, 4))}
    for (size, (reference, other)), each in zip(ties.items(), cut_by_llama("resampler", list(ties)), strict=True):
        call(slice_grid, size).gives(reference)
        assert (rows(each), (len(pieces(each)) - 1) // rows(each)) == other, f"llama.cpp cuts {size} in another way"


def test_llama_cpp_sizes_the_slices_as_you_do(cut_by_llama):
    """MiniCPM-V 4.6 has a token for each 56 x 56 pixels of a slice, so that the tokens tell the size.

    llama.cpp rounds halves up, Python to the even number: half of 1289 is 645 there and 644 here. And it stretches to
    448 x 448 what has no longer edge.
    """
    from fixtures.katas.image_slicing.in_llama import pieces

    cut = [(size, grid) for size, grid in zip(SIZES, sizes(RECORD["grid"]), strict=True)
           if grid != (1, 1) and not meets_a_half(size, grid, 56)][:400]
    for (size, grid), each in zip(cut, cut_by_llama("minicpmv4_6", [size for size, _ in cut]), strict=True):
        overview, tokens = pieces(each)[:2]
        call(refined_size, size, grid, 448, 56).satisfies(
            lambda refined, wanted=tokens * grid[0] * grid[1]: refined[0] * refined[1] == wanted * 56**2,
            f"slices of {tokens} x 56 x 56 pixels, as llama.cpp cuts them")
        call(refined_size, size, (1, 1), 448, 56).satisfies(
            lambda size, wanted=overview: size[0] * size[1] == wanted * 56**2, f"{overview} x 56 x 56 pixels")
    call(refined_size, (1289, 3649), (2, 4), 448, 56).gives((2 * 7 * 56, 4 * 10 * 56))
    call(refined_size, (200, 300), (1, 1), 448, 56).gives((7 * 56, 10 * 56))
    large, small = map(pieces, cut_by_llama("minicpmv4_6", [(1289, 3649), (200, 300)]))
    assert large[1] == 63, "llama.cpp rounds a half to the even number now"
    assert small == [64], "llama.cpp keeps the shape of a small image now"


def test_llama_cpp_chooses_your_resolution(cut_by_llama):
    """The same tiles, though it reads the pairs in the file as (width, height): the list has each pair's mirror.

    It does not cut what fits into a tile, and keeps the tokens of the padding, without newlines.
    """
    from fixtures.katas.image_slicing.in_llama import pieces

    large = [size for size in SIZES if max(size) > 336][:1000]
    tiles = [len(pieces(each)) - 1 for each in cut_by_llama("mlp", large, 336, LLAVA_RESOLUTIONS)]
    for size, count in zip(large, tiles, strict=True):
        call(select_best_resolution, size).satisfies(
            lambda best, count=count: best[0] * best[1] == count * 336**2, f"{count} tiles of 336 x 336")

    [[overview]] = map(pieces, cut_by_llama("mlp", [(200, 300)], 336, LLAVA_RESOLUTIONS))
    call(anyres_tokens, (200, 300)).gives(576 + 24 * (36 + 1))
    assert overview == 576, "llama.cpp cuts a small image now"
    [padded] = map(pieces, cut_by_llama("mlp", [(600, 1000)], 336, LLAVA_RESOLUTIONS))
    call(anyres_tokens, (600, 1000)).gives(1948)
    assert padded == [576] * 5, "llama.cpp leaves the padding out now"

    lopsided = ((336, 1008), (672, 672))  # as transformers has them, (height, width): no pair's mirror
    [mirrored] = map(pieces, cut_by_llama("mlp", [(300, 1000)], 336, lopsided))
    call(select_best_resolution, (300, 1000), lopsided).gives((336, 1008))
    assert len(mirrored) == 1 + 4, "llama.cpp reads (height, width) now"


def test_llama_cpp_resizes_for_qwen_as_you_do(cut_by_llama):
    """One token for each 28 x 28 pixels. Its limits are 8 and 4096 tokens, transformers' 4 and 1280.

    It rounds halves up (70 to 84), and lets no edge become 0 before it looks at the limits.
    """
    from fixtures.katas.image_slicing.in_llama import pieces

    llamas = 28, 8 * 28**2, 4096 * 28**2
    plain = [size for size in SIZES if min(size) > 28 and 14 not in (size[0] % 28, size[1] % 28)][:1000]
    for size, each in zip(plain, cut_by_llama("qwen2vl_merger", plain), strict=True):
        [tokens] = pieces(each)
        call(smart_resize, size, *llamas).satisfies(
            lambda new, tokens=tokens: new[0] * new[1] == tokens * 28**2, f"{tokens} x 28 x 28 pixels")
    for size, wanted, tokens in [((70, 200), (56, 196), 3 * 7), ((12, 2000), (28, 1036), 71)]:
        call(smart_resize, size, *llamas).gives(wanted)
        [[got]] = map(pieces, cut_by_llama("qwen2vl_merger", [size]))
        assert got == tokens, f"llama.cpp gives {size} {got} tokens, the README says {tokens}"
