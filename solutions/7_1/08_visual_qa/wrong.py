"""Wrong answers that people give to Lab 7.1; each docstring says what is wrong."""

from time import perf_counter

import numpy as np
from clip_preprocess import to_rgb
from PIL import Image
from visual_qa import ask, ask_each, evaluate, look, open_image

from fixtures.checking import wrong_answer_to
from fixtures.katas.visual_qa.engine import Answered, Rate, Scored, Seen
from fixtures.katas.visual_qa.reference import rate


@wrong_answer_to(open_image)
def shows_what_is_transparent(file):
    """The colour of transparent pixels is shown, which nobody sees: to_rgb puts white behind them, convert does not."""
    with Image.open(file) as image:
        return to_rgb(image, background=None)


@wrong_answer_to(look)
def turns_the_order_around(engine, images):
    """The pictures stand in another order than they were given in: "the first" is now another one."""
    return look(engine, images[::-1])


@wrong_answer_to(look)
def goes_on_behind_the_last_pictures(engine, images):
    """The pictures before are still in the cache, and the model sees them too: begin at position 0."""
    tokens = []
    for part in [engine.beginning(), *map(engine.encode, images)]:
        engine.decode(part)
        tokens.append(getattr(part, "tokens", 0))
    return Seen(engine.position, tokens[1:])


@wrong_answer_to(look)
def counts_tokens_for_positions(engine, images):
    """These are tokens, and kept is a position: a picture may take fewer of them. Ask the engine."""
    seen = look(engine, images)
    return seen._replace(kept=len(engine.beginning()) + sum(seen.image_tokens))


@wrong_answer_to(ask)
def sees_what_was_said_before(engine, kept, question, max_tokens=64):
    """The question before and its answer are still in the cache, and are answered again: forget from kept on."""
    return "".join(ask(engine, engine.position, question, max_tokens))


@wrong_answer_to(ask)
def reads_every_token_as_text(engine, kept, question, max_tokens=64):
    """A letter was cut apart: a token is a few bytes, and an odd letter has several tokens. Decode step by step."""
    class EachAlone:
        def __getattr__(self, name):
            return getattr(engine, name)

        def piece(self, token):
            return engine.piece(token).decode("utf-8", "replace").encode()
    return "".join(ask(EachAlone(), kept, question, max_tokens))


@wrong_answer_to(ask)
def guesses(engine, kept, question, max_tokens=64):
    """The model was asked what lies outside of its world, and guessed: engine.outside knows that before."""
    class Open:
        def __getattr__(self, name):
            return getattr(engine, name)

        def outside(self, question):
            return None
    return "".join(ask(Open(), kept, question, max_tokens))


@wrong_answer_to(ask_each)
def ends_at_the_broken_file(engine, files, question, clock=perf_counter):
    """One broken file ended it, or the files behind it: each file has a result, an answer or an error."""
    results = []
    for row in ask_each(engine, files, question, clock):
        results.append(row)
        if row.error:
            break
    return results


@wrong_answer_to(ask_each)
def starts_the_clock_behind_the_encoder(engine, files, question, clock=perf_counter):
    """The time to the first piece leaves out the picture: who waits, waits for the encoder as well."""
    results = []
    for file in files:
        kept = look(engine, [open_image(file)]).kept
        started = clock()
        pieces = ask(engine, kept, question)
        first = next(pieces)
        waited = clock() - started
        results.append(Answered(str(file), (first + "".join(pieces)).strip(), None, waited))
    return results


@wrong_answer_to(evaluate)
def finds_the_word_within(engine, images, asked):
    """The right word is somewhere in the answer, among others: "red and blue" is not red."""
    def right(one, shown):
        said = "".join(ask(engine, look(engine, [images[shown % len(images)]]).kept, one.question))
        return one.answer.strip(" .").lower() in said.lower()

    def scored(some):
        return Scored(*(rate(sum(right(one, one.picture + step) for one in some), len(some)) for step in (0, 1)))

    kinds = {one.kind: [other for other in asked if other.kind == one.kind] for one in asked}
    return {kind: scored(some) for kind, some in {**kinds, "all": asked}.items()}


@wrong_answer_to(evaluate)
def shows_its_own_picture_twice(engine, images, asked):
    """The control shows the right picture: it has to be another one, or it says nothing about looking."""
    return {kind: Scored(own, own) for kind, (own, _) in evaluate(engine, images, asked).items()}


@wrong_answer_to(evaluate)
def takes_the_normal_interval(engine, images, asked):
    """This is share ± 1.96 deviations: of 3 right in 3 it says that nothing else is possible. Wilson's holds there."""
    def wald(one):
        share = one.right / one.asked
        half = 1.959963984540054 * float(np.sqrt(share * (1 - share) / one.asked))
        return Rate(one.right, one.asked, share - half, share + half)
    return {kind: Scored(wald(own), wald(control)) for kind, (own, control) in evaluate(engine, images, asked).items()}
