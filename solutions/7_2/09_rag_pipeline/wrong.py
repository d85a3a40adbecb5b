"""Wrong answers that people give to Lab 7.2; each docstring says what is wrong."""

import uuid

from hybrid_search import reciprocal_rank_fusion
from rag_pipeline import build_prompt, check_citations, find_by_words, retrieve, sync

from fixtures.checking import wrong_answer_to
from fixtures.katas.rag_pipeline.conversation import Prompt, messages
from fixtures.katas.rag_pipeline.passages import Changes, Hit


@wrong_answer_to(sync)
def gives_new_ids(documents, store, split, embed, batch=32):
    """The passages that were there have other ids now, so all are embedded again and the old ones deleted: an id comes
    from document and text, not from chance, from hash(), or from the place in the document."""
    pieces = [(name, *piece) for name, document in documents.items() for piece in split(document.text)]
    before = [one.id for name in documents for one in store.get({"document": name})]
    vectors = embed([f"{name}: {text}" for name, text, _, _ in pieces]) if pieces else []
    new = [(uuid.uuid4().hex, *piece) for piece in pieces]
    store.delete(before)
    return Changes(len(new), 0, len(before), 0) if len(vectors) == len(new) else None


@wrong_answer_to(sync)
def keeps_what_vanished(documents, store, split, embed, batch=32):
    """What the document no longer says is still in the store: delete the ids that its passages do not have."""
    return sync(documents, store, split, embed, batch)._replace(deleted=0)


@wrong_answer_to(sync)
def leaves_old_places(documents, store, split, embed, batch=32):
    """These passages were taken for unchanged: their text is, and their place or their metadata is not. Update them."""
    changes = sync(documents, store, split, embed, batch)
    return changes._replace(moved=0, kept=changes.kept + changes.moved)


@wrong_answer_to(sync)
def keeps_a_repeated_text_once(documents, store, split, embed, batch=32):
    """A text that stands twice in a document is one passage here: its second one has the same id."""
    def once(text):
        return [*{piece[0]: piece for piece in split(text)}.values()]
    return sync(documents, store, once, embed, batch)


@wrong_answer_to(retrieve)
def filters_what_was_found(question, store, embed, k=5, where=None, candidates=50, find_words=find_by_words):
    """The filter came after the search: what it lets through was not among the best k. Give it to both searches."""
    hits = retrieve(question, store, embed, k, None, candidates, find_words)
    return [hit for hit in hits if (where or {}).items() <= hit.passage.metadata.items()]


@wrong_answer_to(retrieve)
def gives_the_fused_score(question, store, embed, k=5, where=None, candidates=50, find_words=find_by_words):
    """These are scores of the fusion, 0.03 at best whatever was found: a threshold needs the cosine."""
    hits = retrieve(question, store, embed, k, where, candidates, find_words)
    rankings = [[hit.passage.id for hit in store.query(embed([question])[0], max(k, candidates), where)],
                [one.id for one in find_words(question, store, max(k, candidates), where)]]
    scores = dict(reciprocal_rank_fusion(rankings))
    return [Hit(hit.passage, scores[hit.passage.id]) for hit in hits]


@wrong_answer_to(build_prompt)
def counts_the_passages_alone(question, hits, history, count, budget):
    """The passages were counted and the rest of the prompt was not: rules, examples, marks and question need room."""
    def passages(prompt):
        return sum(count([{"role": "user", "content": line}]) - count([{"role": "user", "content": ""}])
                   for line in prompt[-1]["content"].splitlines()[:-1])
    return build_prompt(question, hits, history, passages, budget)


@wrong_answer_to(build_prompt)
def forgets_the_newest_turns(question, hits, history, count, budget):
    """The newest turns were forgotten: a follow-up question needs the last one, so cut from the oldest."""
    used = build_prompt(question, hits, [], count, budget).used
    most = max(n for n in range(len(history) + 1) if count(messages(question, used, history[:n])) <= budget)
    return Prompt(messages(question, used, history[:most]), used)


@wrong_answer_to(build_prompt)
def ends_at_the_first_that_is_too_long(question, hits, history, count, budget):
    """You stopped at the first passage that does not fit: a shorter one behind it still may."""
    most = max(n for n in range(len(hits) + 1) if n == 0 or count(messages(question, hits[:n], [])) <= budget)
    return build_prompt(question, hits[:most], history, count, budget)


@wrong_answer_to(build_prompt)
def cuts_a_passage_to_size(question, hits, history, count, budget):
    """A passage was cut to what was left: half of it may say the opposite. It stands there whole or not at all."""
    used = []
    for hit in hits:
        words = hit.passage.text.split()
        while words and count(messages(question, [*used, _saying(hit, words)], [])) > budget:
            words.pop()
        used += [_saying(hit, words)] if words else []
    return build_prompt(question, used, history, count, budget)


@wrong_answer_to(check_citations)
def believes_every_mark(text, used):
    """The page of this mark was never given to the generator, which made it up: given says whether it was."""
    return [citation._replace(given=True) for citation in check_citations(text, used)]


@wrong_answer_to(check_citations)
def finds_the_name_in_its_mark(text, used):
    """The name stands in the mark alone here, not in the answer: look outside of marks."""
    return [citation._replace(named=True) for citation in check_citations(text, used)]


def _saying(hit, words):
    return Hit(hit.passage._replace(text=" ".join(words)), hit.score)
