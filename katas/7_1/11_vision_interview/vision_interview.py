"""Eight interview questions about vision-language models. Each function predicts; the tests then measure.

No function is given a picture or a model: the result is worked out from a few numbers that you know beforehand.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray


def detail_seen(detail: float, size: tuple[int, int], side: int) -> tuple[float, float, float]:
    """Question 1. A scanned page has letters so many pixels high. How high are they for the encoder?

    detail: pixels in the file; size: (width, height) of the picture; side: of the encoder's square
    Returns (pixels in llama.cpp's letterbox, pixels after CLIP's resize and crop, share of the picture in that crop).
    Raises ValueError for a detail, an edge or a side that is not above 0.
    """
    raise NotImplementedError


def brightness_seen(value: float, trained: tuple[float, float], given: tuple[float, float]) -> float:
    """Question 2. The file names another mean and deviation than the training had. How bright does a pixel look?

    value: of the pixel, 0..255; trained, given: (mean, std) of the training and of the file, of brightness in 0..1
    Returns the brightness that in training became the number that now reaches the encoder: not rounded, not clipped.
    Raises ValueError for a std that is not above 0.
    """
    raise NotImplementedError


def share_kept(patch_size: int, width: int) -> float:
    """Question 3. A patch of RGB pixels becomes one vector, by one matrix of full rank. What can be got back?

    patch_size: edge of the patch in pixels; width: of the vector
    Returns the share of the squared length (the energy) of a patch of pure noise that the vector still determines.
    Raises ValueError for a patch_size or a width below 1.
    """
    raise NotImplementedError


def times_the_work(patches: int, width: int, factor: float) -> float:
    """Question 4. The encoder gets pictures of `factor` times the side. How many times the multiplications is that?

    patches: of a picture before; width: of the encoder, whose feed-forward part is 4 * width wide
    Returns the ratio for its blocks: the matrix products with weights, and the two of the attention.
    Raises ValueError for patches, width or a factor that are not above 0.
    """
    raise NotImplementedError


def cost_of_a_picture(side: int, patch_size: int, blocks: int, kv_heads: int, head_width: int) -> tuple[int, int]:
    """Question 5. What does one picture cost in the text model of a LLaVA?

    side, patch_size: of the encoder, in pixels, whose every patch becomes a token; what is no whole patch is dropped
    blocks, kv_heads, head_width: of the text model, whose cache holds float16
    Returns (tokens, bytes of the cache).
    Raises ValueError for a side that holds no patch.
    """
    raise NotImplementedError


def tokens_computed(questions: int, system: int, picture: int, question: int, picture_first: bool) -> tuple[int, int]:
    """Question 6. Several questions about one picture, one after the other, each without the ones before.

    system, picture, question: tokens of the three parts; system comes first, and each question begins with another word
    picture_first: whether the picture stands before the question, or behind it
    Returns the tokens that the text model computes in all (without a cache, with one that keeps what is still right).
    Raises ValueError for questions below 1.
    """
    raise NotImplementedError


def right_by_accident(counts: ArrayLike) -> tuple[float, float]:
    """Question 7. A model is right in so many per cent. How many would it be if it did not look?

    counts: (answers,), how often each answer is the right one among the questions
    Returns the shares of right answers (of one that always says the same, at best; of a perfect model that is shown the
    picture of a question drawn at random from all, its own included).
    Raises ValueError unless counts is a row of numbers of 0 and above with a sum above 0.
    """
    raise NotImplementedError


def sharpened(probabilities: ArrayLike, factor: float) -> NDArray[np.float64]:
    """Question 8. CLIP's scale (1 / temperature) is another by a factor. What becomes of the probabilities?

    probabilities: (images, classes), each row a softmax of scale * cosine; factor: by which the scale is multiplied
    Returns the probabilities (images, classes) at the new scale.
    Raises ValueError for a factor that is not above 0, and unless probabilities has two axes, numbers of 0 and above,
    and no row of zeros.
    """
    raise NotImplementedError
