"""The speed jobs of the BERT kata."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from fixtures.jobs import Job, job
from fixtures.katas.bert_encoder.reference import drawn_bert, encoded


def _job(lengths: np.ndarray, goal: str) -> Job:
    """MiniLM's shape with random weights and a small vocabulary; sentences padded to the longest."""
    bert = drawn_bert(0, width=384, heads=12, feed_forward=1536, blocks=6, context=512)
    mask = (np.arange(lengths.max()) < lengths[:, None]).astype(np.int64)
    ids = np.random.default_rng(1).integers(5, len(bert.embedding["token_embd.weight"]), mask.shape) * mask

    def sentence_transformers() -> Callable[[], Any]:
        import tempfile

        import torch
        import transformers
        from sentence_transformers import SentenceTransformer

        try:
            from sentence_transformers.sentence_transformer.modules import Transformer
        except ImportError:  # before version 6
            from sentence_transformers.models import Transformer

        from fixtures.katas.bert_encoder.in_transformers import model_of
        from fixtures.models.made.bert import VOCABULARY

        with tempfile.TemporaryDirectory() as folder:
            model_of(bert).save_pretrained(folder)
            words = Path(folder) / "vocab.txt"
            words.write_text("\n".join(VOCABULARY), encoding="utf-8")
            transformers.BertTokenizerFast(vocab=str(words)).save_pretrained(folder)
            model = SentenceTransformer(modules=[Transformer(folder)], device="cpu").eval()
        features = {"input_ids": torch.from_numpy(ids), "attention_mask": torch.from_numpy(mask)}

        def run() -> Any:
            with torch.inference_mode():
                return model(dict(features))["token_embeddings"].numpy() * mask[:, :, None]

        return run

    return Job("encode", (bert.embedding, bert.blocks, ids, mask, bert.heads, bert.eps),
               lambda: encoded(bert, ids, mask), {"sentence-transformers": sentence_transformers}, goal)


@job
def encode_32_sentences_of_8_to_128() -> Job:
    """Sentences of mixed lengths, as they come: half of the batch is padding."""
    return _job(np.random.default_rng(2).integers(8, 129, 32), "faster than sentence-transformers on the CPU")


@job
def encode_one_query_of_12() -> Job:
    """One short query, as a search sees it."""
    return _job(np.array([12]), "within 1.5x of sentence-transformers on the CPU")
