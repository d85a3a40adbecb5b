"""Wrong answers that people give to the whisper_encoder kata; each docstring says what was misunderstood."""

from dataclasses import replace

import numpy as np
from whisper_encoder import attention, convolve, embed, encode, encoder_block, gelu, sinusoids

from fixtures.checking import wrong_answer_to


def linear(x, weights, name):
    """Return x @ weight.T + bias."""
    return x @ weights[f"{name}.weight"].T + weights.get(f"{name}.bias", 0)


def norm(x, weights, name):
    """Return the layer norm."""
    spread = np.sqrt(x.var(axis=-1, keepdims=True) + 1e-5)
    return (x - x.mean(axis=-1, keepdims=True)) / spread * weights[f"{name}.weight"] + weights[f"{name}.bias"]


def attend(x, weights, heads, *, root=None, future=True, back=True):
    """Attend; the keywords replace or leave out one step each."""
    q, k, v = (linear(x, weights, f"attn.{part}").reshape(*x.shape[:2], heads, -1).swapaxes(1, 2)
               for part in ("query", "key", "value"))
    scores = q @ k.swapaxes(2, 3) / float(root or q.shape[3]**0.5)
    if not future:
        scores = np.where(np.tri(x.shape[1], dtype=bool), scores, -np.inf)
    scores = np.exp(scores - scores.max(axis=-1, keepdims=True))
    mixed = scores / scores.sum(axis=-1, keepdims=True) @ v
    return linear((mixed.swapaxes(1, 2) if back else mixed).reshape(x.shape), weights, "attn.out")


@wrong_answer_to(convolve)
def flips_the_kernel(x, weight, bias, stride):
    """Your kernel is turned around, as np.convolve does it: tap 0 is for the frame before, tap 2 for the one after."""
    return convolve(x, weight[:, :, ::-1], bias, stride)


@wrong_answer_to(convolve)
def takes_every_second_frame_first(x, weight, bias, stride):
    """You dropped frames before the convolution: a stride leaves out windows, and each sees its direct neighbours."""
    return convolve(x[:, :, ::stride], weight, bias, 1)


@wrong_answer_to(gelu)
def takes_the_tanh_form_for_both(x, form):
    """This is the tanh form, but "erf" was asked for: they are up to 5e-4 apart."""
    return gelu(x, "tanh")


@wrong_answer_to(sinusoids)
def interleaves_sines_and_cosines(positions, width):
    """Your sines and cosines take turns, as in the first Transformer: Whisper has all sines first, then all cosines."""
    return sinusoids(positions, width).reshape(positions, 2, -1).swapaxes(1, 2).reshape(positions, width)


@wrong_answer_to(sinusoids)
def divides_by_half_the_width(positions, width):
    """Your exponents are i / (width/2), as in the first Transformer: OpenAI divides i by width/2 - 1."""
    half = width // 2
    angles = np.arange(positions)[:, None] / 10_000 ** (np.arange(half) / half)
    return np.concatenate([np.sin(angles), np.cos(angles)], axis=1).astype(np.float32)


@wrong_answer_to(embed)
def strides_in_the_first_convolution(log_mel, encoder):
    """Your conv2 sees every second frame alone: conv1 gives a vector for every frame, and the stride is conv2's."""
    w = encoder.weights
    x = gelu(convolve(log_mel, w["conv1.weight"], w["conv1.bias"], 2), encoder.conv_gelu)
    x = gelu(convolve(x, w["conv2.weight"], w["conv2.bias"], 1), encoder.conv_gelu).swapaxes(1, 2)
    return x + w.get("positional_embedding", sinusoids(*x.shape[1:]))[:x.shape[1]]


@wrong_answer_to(embed)
def takes_the_blocks_gelu(log_mel, encoder):
    """Behind your convolutions is the GELU of the blocks, encoder.gelu: theirs is encoder.conv_gelu."""
    return embed(log_mel, replace(encoder, conv_gelu=encoder.gelu))


@wrong_answer_to(attention)
def masks_the_future(x, weights, heads):
    """Your tokens do not see those after them: that is the decoder's mask, an encoder hears the whole sound at once."""
    return attend(x, weights, heads, future=False)


@wrong_answer_to(attention)
def scales_by_the_whole_width(x, weights, heads):
    """Your scores are divided by the root of the whole width: each head divides by that of its own, width / heads."""
    return attend(x, weights, heads, root=x.shape[2]**0.5)


@wrong_answer_to(attention)
def joins_heads_that_were_not_turned_back(x, weights, heads):
    """Your heads are not turned back: (n, heads, tokens, ...) becomes (n, tokens, heads, ...) before the reshape."""
    return attend(x, weights, heads, back=False)


@wrong_answer_to(encoder_block)
def norms_last(x, weights, heads, form):
    """Your norms stand behind the sums, as in BERT: Whisper norms what goes into each part."""
    y = norm(x + attention(x, weights, heads), weights, "attn_ln")
    return norm(y + linear(gelu(linear(y, weights, "mlp.0"), form), weights, "mlp.2"), weights, "mlp_ln")


@wrong_answer_to(encode)
def leaves_out_the_last_norm(log_mel, encoder):
    """The norm ln_post is missing: pre-norm blocks only add, and the decoder reads what this norm makes of the sum."""
    x = embed(log_mel, encoder)
    for i in range(encoder.blocks):
        own = {name.removeprefix(f"blocks.{i}."): tensor for name, tensor in encoder.weights.items()
               if name.startswith(f"blocks.{i}.")}
        x = encoder_block(x, own, encoder.heads, encoder.gelu)
    return x
