"""Wrong answers that people give to the BERT kata; each docstring says what was misunderstood."""

import numpy as np
from bert_encoder import attention, embed, encoder_block, gelu, layer_norm

from fixtures.checking import wrong_answer_to


def linear(x, weights, name):
    """Return x @ weight.T + bias."""
    return x @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]


def norm(x, weights, name, eps):
    """Return the norm of that name."""
    return layer_norm(x, weights[f"{name}.weight"], weights[f"{name}.bias"], eps)


def feed_forward(x, weights):
    """Return the feed-forward part alone."""
    return linear(gelu(linear(x, weights, "ffn_up")), weights, "ffn_down")


def split(x, heads):
    """Return (batch, heads, tokens, head_width)."""
    return x.reshape(*x.shape[:2], heads, -1).swapaxes(1, 2)


def join(x):
    """Return (batch, tokens, width)."""
    x = x.swapaxes(1, 2)
    return x.reshape(*x.shape[:2], -1)


def attend(x, mask, weights, heads, *, linear=linear, split=split, join=join, root=None,
           hide=lambda scores, real: np.where(real[:, None, None, :], scores, -np.inf)):
    """Attend; the keywords replace one step each."""
    q, k, v = (split(linear(x, weights, f"attn_{part}"), heads) for part in "qkv")
    scores = hide(q @ k.swapaxes(2, 3) / float(root or q.shape[3]**0.5), np.asarray(mask) == 1)
    scores = np.exp(scores - scores.max(axis=-1, keepdims=True))
    mixed = scores / scores.sum(axis=-1, keepdims=True) @ v
    return linear(join(mixed), weights, "attn_output")


@wrong_answer_to(layer_norm)
def divides_by_one_less(x, weight, bias, eps):
    """Your variance divides by width - 1: here it is the mean of the squares, divided by width (ddof=0)."""
    centred = x - x.mean(axis=-1, keepdims=True)
    return centred / np.sqrt(x.var(axis=-1, ddof=1, keepdims=True) + float(eps)) * weight + bias


@wrong_answer_to(gelu)
def takes_the_tanh_form(x):
    """This is the tanh approximation of GELU, up to 5e-4 off: BERT was trained with the exact one, by erf."""
    return x * (1 + np.tanh(float(np.sqrt(2 / np.pi)) * (x + 0.044715 * x**3))) / 2


@wrong_answer_to(embed)
def forgets_the_token_types(weights, token_ids, attention_mask, eps):
    """The token types are missing: row 0 of token_types.weight is added to every token, though nobody gives types."""
    without = dict(weights, **{"token_types.weight": 0 * weights["token_types.weight"]})
    return embed(without, token_ids, attention_mask, eps)


@wrong_answer_to(embed)
def counts_the_padding(weights, token_ids, attention_mask, eps):
    """Your positions are the columns of the batch: padding to the left of a token must not move its position."""
    return embed(weights, token_ids, np.ones_like(attention_mask), eps)


@wrong_answer_to(attention)
def attends_to_the_padding(x, attention_mask, weights, heads):
    """The padding gets weight: set the scores of padded keys to -inf before the softmax, along the last axis."""
    return attend(x, np.ones_like(attention_mask), weights, heads)


@wrong_answer_to(attention)
def multiplies_the_scores_by_the_mask(x, attention_mask, weights, heads):
    """The scores of padded keys are 0, and exp(0) is 1: they need -inf, so that their weight is 0."""
    return attend(x, attention_mask, weights, heads,
                  hide=lambda scores, real: np.where(real[:, None, None, :], scores, np.zeros_like(scores)))


@wrong_answer_to(attention)
def scales_by_the_whole_width(x, attention_mask, weights, heads):
    """Your scores are divided by the root of the whole width: each head divides by that of its own, width / heads."""
    return attend(x, attention_mask, weights, heads, root=x.shape[2]**0.5)


@wrong_answer_to(attention)
def splits_heads_without_a_transpose(x, attention_mask, weights, heads):
    """Your heads mix tokens: reshape to (batch, tokens, heads, head_width) first, then swap tokens and heads."""
    return attend(x, attention_mask, weights, heads, join=lambda mixed: mixed.reshape(x.shape),
                  split=lambda x, heads: x.reshape(x.shape[0], heads, x.shape[1], -1))


@wrong_answer_to(attention)
def joins_heads_without_a_transpose(x, attention_mask, weights, heads):
    """The results of the heads were joined in the wrong order: swap tokens and heads back before you reshape."""
    return attend(x, attention_mask, weights, heads, join=lambda mixed: mixed.reshape(x.shape))


@wrong_answer_to(attention)
def takes_the_weights_for_in_by_out(x, attention_mask, weights, heads):
    """You multiplied by the weight as it lies: it is (out, in), so x @ weight.T. A square one does not complain."""
    return attend(x, attention_mask, weights, heads,
                  linear=lambda x, weights, name: x @ weights[f"{name}.weight"] + weights[f"{name}.bias"])


@wrong_answer_to(encoder_block)
def norms_first(x, attention_mask, weights, heads, eps):
    """Your norms stand before attention and feed-forward, as in GPT-2: BERT adds first and norms the sum."""
    x = x + attention(norm(x, weights, "attn_output_norm", eps), attention_mask, weights, heads)
    return x + feed_forward(norm(x, weights, "layer_output_norm", eps), weights)


@wrong_answer_to(encoder_block)
def leaves_out_the_second_sum(x, attention_mask, weights, heads, eps):
    """Your feed-forward part replaces its input: add the two, y + ffn(y), then norm the sum."""
    y = norm(x + attention(x, attention_mask, weights, heads), weights, "attn_output_norm", eps)
    return norm(feed_forward(y, weights), weights, "layer_output_norm", eps)
