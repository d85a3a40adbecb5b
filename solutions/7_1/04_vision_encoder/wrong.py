"""Wrong answers that people give to the vision encoder kata; each docstring says what was misunderstood."""

from dataclasses import replace

import numpy as np
from vision_encoder import attention, encoder_block, gelu, hidden_state, image_features, layer_norm

from fixtures.checking import wrong_answer_to


def linear(x, weights, name):
    """Return x @ weight.T + bias."""
    return x @ weights[f"{name}.weight"].T + weights.get(f"{name}.bias", 0)


def split(x, heads):
    """Return (n, heads, tokens, head_width)."""
    return x.reshape(*x.shape[:2], heads, -1).swapaxes(1, 2)


def attend(x, weights, heads, *, split=split, root=None):
    """Attend; the keywords replace one step each."""
    q, k, v = (split(linear(x, weights, f"attn_{part}"), heads) for part in "qkv")
    scores = q @ k.swapaxes(2, 3) / float(root or q.shape[3]**0.5)
    scores = np.exp(scores - scores.max(axis=-1, keepdims=True))
    mixed = scores / scores.sum(axis=-1, keepdims=True) @ v
    return linear(mixed.swapaxes(1, 2).reshape(x.shape), weights, "attn_out")


def feed_forward(x, weights, form):
    """Return the feed-forward part alone."""
    return linear(gelu(linear(x, weights, "ffn_up"), form), weights, "ffn_down")


@wrong_answer_to(layer_norm)
def norms_by_the_root_mean_square(x, weights, name, eps):
    """This is an RMS norm: a layer norm takes the mean away first, and divides by the root of the variance."""
    y = x / np.sqrt((x**2).mean(axis=-1, keepdims=True) + eps)
    return y * weights[f"{name}.weight"] + weights[f"{name}.bias"]


@wrong_answer_to(layer_norm)
def divides_by_one_less(x, weights, name, eps):
    """Your variance is a sum over n - 1 (ddof=1, the default of torch.var): a layer norm divides by n."""
    spread = np.sqrt(x.var(axis=-1, keepdims=True, ddof=1) + eps)
    return (x - x.mean(axis=-1, keepdims=True)) / spread * weights[f"{name}.weight"] + weights[f"{name}.bias"]


@wrong_answer_to(gelu)
def takes_the_tanh_form_for_both(x, form):
    """This is the tanh form, but the encoder asks for "quick", x * sigmoid(1.702 x): they are up to 0.02 apart."""
    return gelu(x, "tanh")


@wrong_answer_to(attention)
def interleaves_the_heads(x, weights, heads):
    """Your heads take turns: head h owns width / heads numbers in a row, not each heads-th one."""
    width = x.shape[2]
    order = np.arange(width).reshape(-1, heads).T.ravel()  # with two heads 0 2 4 ... 1 3 5 ...
    own = {name: tensor[order] for name, tensor in weights.items() if name.startswith(("attn_q", "attn_k", "attn_v"))}
    return attention(x, {**weights, **own, "attn_out.weight": weights["attn_out.weight"][:, order]}, heads)


@wrong_answer_to(attention)
def scales_by_the_whole_width(x, weights, heads):
    """Your scores are divided by the root of the whole width: each head divides by that of its own, width / heads."""
    return attend(x, weights, heads, root=x.shape[2]**0.5)


@wrong_answer_to(attention)
def splits_heads_without_a_transpose(x, weights, heads):
    """Your heads mix tokens: reshape to (n, tokens, heads, head_width) first, then swap tokens and heads."""
    return attend(x, weights, heads, split=lambda x, heads: x.reshape(x.shape[0], heads, x.shape[1], -1))


@wrong_answer_to(encoder_block)
def norms_last(x, weights, heads, eps, form):
    """Your norms stand behind the sums, as in BERT: a vision transformer norms what goes into each part."""
    y = layer_norm(x + attention(x, weights, heads), weights, "ln1", eps)
    return layer_norm(y + feed_forward(y, weights, form), weights, "ln2", eps)


@wrong_answer_to(hidden_state)
def counts_the_blocks(pixels, encoder, layer):
    """Your states are one block early: with L blocks there are L + 1 states, and -1 is what leaves the last block."""
    return hidden_state(pixels, encoder, max(layer - 1, -encoder.blocks - 1) if layer < 0 else layer)


@wrong_answer_to(hidden_state)
def forgets_the_norm_before_the_blocks(pixels, encoder, layer):
    """The norm v.pre_ln is missing: CLIP norms the embeddings before the first block."""
    without = {name: tensor for name, tensor in encoder.weights.items() if not name.startswith("v.pre_ln.")}
    return hidden_state(pixels, replace(encoder, weights=without), layer)


@wrong_answer_to(image_features)
def keeps_the_class_token(pixels, encoder):
    """The class token is still there, as token 0: LLaVA's projector gets the patches alone."""
    return hidden_state(pixels, encoder, encoder.layer)


@wrong_answer_to(image_features)
def norms_at_the_end(pixels, encoder):
    """You applied v.post_ln: the hidden states have no norm at the end, and LLaVA's projector was trained on them."""
    x = image_features(pixels, encoder)
    return layer_norm(x, encoder.weights, "v.post_ln", encoder.eps) if "v.post_ln.weight" in encoder.weights else x


@wrong_answer_to(image_features)
def takes_the_last_state(pixels, encoder):
    """You took the last state: LLaVA reads the one before, -2, unless the file names another (encoder.layer)."""
    return image_features(pixels, replace(encoder, layer=-1))
