"""Answer from documents: keep passages, find them, prompt within a budget, cite. Also a program: see README.md."""

import hashlib
import re
import sys
from collections import Counter
from collections.abc import Generator, Iterator, Mapping, Sequence
from pathlib import Path

if __name__ == "__main__":  # a program finds fixtures and the katas before this one by itself
    sys.path += [str(Path(__file__).parents[3]), *map(str, Path(__file__).parents[1].iterdir())]

from hybrid_search import bm25_scores, reciprocal_rank_fusion, terms

from fixtures.katas.rag_pipeline.conversation import DECLINED, Answer, Citation, Count, Generate, Prompt, Turn, messages
from fixtures.katas.rag_pipeline.passages import Changes, Document, Embed, FindWords, Hit, Passage, Split, Store, Where


def sync(documents: Mapping[str, Document], store: Store, split: Split, embed: Embed, batch: int = 32) -> Changes:
    """Make the store hold exactly the passages of these documents, by name, as they are now; others stay untouched.

    Only what is new is embedded, as passage.titled, at most batch at a time, each batch added when it is done; what
    only moved is updated; what vanished is deleted last. Passage says how ids are made.
    """
    wanted = {one.id: one for name, document in documents.items() for one in _passages(name, document, split)}
    there = {one.id: one for name in documents for one in store.get({"document": name})}
    new = [one for one in wanted.values() if one.id not in there]
    moved = [one for one in wanted.values() if one.id in there and one != there[one.id]]
    gone = [key for key in there if key not in wanted]
    for start in range(0, len(new), batch):
        part = new[start : start + batch]
        store.add(part, embed([one.titled for one in part]))
    store.update(moved)
    store.delete(gone)
    return Changes(len(new), len(moved), len(gone), len(wanted) - len(new) - len(moved))


def find_by_words(question: str, store: Store, k: int, where: Where = None) -> list[Passage]:
    """Find the k passages of the highest BM25 score above 0, best first, by the words of passage.titled."""
    passages = store.get(where)
    [scores] = bm25_scores([terms(question)], [terms(one.titled) for one in passages])
    best = sorted(range(len(passages)), key=lambda i: -scores[i])[:k]
    return [passages[i] for i in best if scores[i] > 0]


def retrieve(question: str, store: Store, embed: Embed, k: int = 5, where: Where = None, candidates: int = 50,
             find_words: FindWords = find_by_words) -> list[Hit]:
    """Find the k best passages: by vectors and by words, candidates of each (at least k), fused by reciprocal ranks.

    Returns each with its cosine, also those that only their words have found. Raises ValueError if k is below 1.
    """
    if k < 1:
        raise ValueError(f"k must be at least 1, got {k}")
    [vector], candidates = embed([question]), max(k, candidates)
    found = {hit.passage.id: hit for hit in store.query(vector, candidates, where)}
    by_words = [one.id for one in find_words(question, store, candidates, where)]
    best = [str(key) for key, _ in reciprocal_rank_fusion([list(found), by_words])[:k]]
    if missing := [key for key in best if key not in found]:
        found |= {hit.passage.id: hit for hit in store.query(vector, len(missing), where, missing)}
    return [found[key] for key in best if key in found]


def build_prompt(question: str, hits: Sequence[Hit], history: Sequence[Turn], count: Count, budget: int) -> Prompt:
    """Put into messages(question, hits, history) what fits: count(messages) may be at most budget tokens.

    Each hit is taken, the best first, if its passage still fits; then of the history the newest turns that fit.
    Raises ValueError naming question if it is too long even alone.
    """
    if (alone := count(messages(question, [], []))) > budget:
        raise ValueError(f"question is too long: a prompt of {alone} tokens, {budget} are allowed")
    used = list[Hit]()
    for hit in hits:
        if count(messages(question, [*used, hit], [])) <= budget:
            used.append(hit)
    while history and count(messages(question, used, history)) > budget:
        history = history[1:]
    return Prompt(messages(question, used, history), used)


def answer(question: str, hits: Sequence[Hit], generate: Generate, count: Count, budget: int, threshold: float,
           history: Sequence[Turn] = ()) -> Answer:
    """Answer from the hits that fit; DECLINED, without asking the generator, if none of them reaches the threshold.

    generate(messages) is called when the first piece is asked for; closing the pieces closes what it returned at once.
    """
    prompt = build_prompt(question, hits, history, count, budget)
    if not any(hit.score >= threshold for hit in prompt.used):
        return Answer((piece for piece in [DECLINED]), [])

    def pieces() -> Generator[str, None, None]:
        yield from generate(prompt.messages)  # closed here, it closes there

    return Answer(pieces(), prompt.used)


def check_citations(text: str, used: Sequence[Hit]) -> list[Citation]:
    """List the marks [name] of an answer, each once, in order. An index, as in x[0], is none.

    given: a passage of that document was used. named: its name also stands outside of marks, not as part of another
    """
    names = {hit.passage.document for hit in used}
    mark = re.compile(rf"\[({'|'.join(map(re.escape, names))})\]|(?<![\w\])])\[([^\[\]\n]+)\]")
    marks = dict.fromkeys(name for one in mark.finditer(text) if (name := one[1] or one[2]))
    alone = r"(?<![\w.]){}(?!\w|\.\w)"
    prose = mark.sub(" ", text)
    return [Citation(one, one in names, bool(re.search(alone.format(re.escape(one)), prose))) for one in marks]


def _passages(name: str, document: Document, split: Split) -> Iterator[Passage]:
    before = Counter[str]()
    for text, start, end in split(document.text):
        digest = hashlib.sha256(repr((name, text, before[text])).encode()).hexdigest()
        before[text] += 1
        yield Passage(digest[:32], name, text, start, end, {**document.metadata, "document": name})


if __name__ == "__main__":
    from fixtures.katas.rag_pipeline.program import main

    main(Path(__file__))
