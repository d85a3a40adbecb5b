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


def attend(x, weights, heads, *, split=split, root=None, hide=lambda scores: scores):
    """Attend; the keywords replace one step each."""
    q, k, v = (split(linear(x, weights, f"attn_{part}"), heads) for part in "qkv")
    scores = hide(q @ k.swapaxes(2, 3) / float(root or q.shape[3]**0.5))
    scores = np.exp(scores - scores.max(axis=-1, keepdims=True))
    mixed = scores / scores.sum(axis=-1, keepdims=True) @ v
    return linear(mixed.swapaxes(1, 2).reshape(x.shape), weights, "attn_out")


def feed_forward(x, weights, form):
    """Return the feed-forward part alone."""
    return linear(gelu(linear(x, weights, "ffn_up"), form), weights, "ffn_down")


@wrong_answer_to(gelu)
def forgets_the_factor(x, form):
    """This is SiLU, x * sigmoid(x): quick GELU has sigmoid(1.702 x)."""
    return x / (1 + np.exp(-x)) if form == "quick" else gelu(x, form)


@wrong_answer_to(gelu)
def takes_the_tanh_form_for_both(x, form):
    """This is the tanh form, but the encoder asks for "quick", x * sigmoid(1.702 x): they are up to 0.02 apart."""
    return gelu(x, "tanh")


@wrong_answer_to(attention)
def hides_what_comes_after(x, weights, heads):
    """Your attention is causal: an image has no before and after, every patch sees all of them."""
    tokens = x.shape[1]
    return attend(x, weights, heads, hide=lambda scores: np.where(np.tri(tokens, dtype=bool), scores, -np.inf))


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


@wrong_answer_to(encoder_block)
def adds_to_the_normed(x, weights, heads, eps, form):
    """You added the parts to what was normed: they are added to what came in, which no norm has touched."""
    x = layer_norm(x, weights, "ln1", eps)
    x = x + attention(x, weights, heads)
    x = layer_norm(x, weights, "ln2", eps)
    return x + feed_forward(x, weights, form)


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
