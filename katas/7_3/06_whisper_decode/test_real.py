"""Real Whispers through your functions, beside whisper.cpp on the same sound; a numpy decoder gives the logits."""

import numpy as np
import pytest
from whisper_decode import (
    beam_search,
    detect_language,
    prompt_tokens,
    segments,
    suppress,
    timestamp_rules,
    with_fallback,
)

from fixtures.checking import call
from fixtures.katas.whisper_decode.reference import END, SMALL, drawn, no_rules

pytestmark = pytest.mark.timeout(300)  # one thread on a busy machine


def decoded(listener, step, prompt, beam_size=1, times=True, max_tokens=224):
    """Return tokens and average, by the rules of whisper.cpp."""
    special = listener.special

    def rules(logits, tokens):
        left = suppress(logits, tokens, listener.never if times else listener.never_without_times, listener.not_first)
        return timestamp_rules(left, tokens, special) if times else left

    return call(beam_search, step, prompt, rules, special.end, beam_size, max_tokens).value


@pytest.mark.llama
@pytest.mark.speech
def test_the_shipped_recogniser_says_what_whisper_cpp_says(voice):
    """Twelve sentences of the shipped voice. whisper.cpp stops its beams elsewhere: of 30 sentences 28 are the same."""
    from fixtures.katas.whisper_decode.listening import SHIPPED, sentences, shipped

    listener, same = shipped(), {1: 0, 5: 0}
    prompt = call(prompt_tokens, SHIPPED, None, times=False).gives([50257, 50362])
    for sentence in sentences(12):
        samples = voice.speak(sentence)
        step = listener.step(samples)
        for beam_size in same:
            tokens, _ = decoded(listener, step, prompt, beam_size, times=False, max_tokens=28)
            said, theirs = listener.text(tokens), listener.whisper_cpp(samples, beam_size)
            same[beam_size] += said.split() == " ".join(segment.text for segment in theirs).split()
    assert same[1] == 12, f"greedy, {same[1]} of 12 sentences are those of whisper.cpp"
    assert same[5] >= 10, f"with five beams, {same[5]} of 12 sentences are those of whisper.cpp"


@pytest.mark.speech
@pytest.mark.model("whisper-base")
@pytest.mark.parametrize("beam_size", [1, 5])
def test_whisper_base_says_what_whisper_cpp_says(beam_size):
    """Piper's voice, language and times included; 2.9 s of sound and silence up to 5.12 s. Then a hum: "(Music)"."""
    from scipy.special import softmax

    from fixtures.katas.whisper_decode.listening import BASE, base, recorded_sounds, words

    def accepted(tokens, average, logits):
        no_speech = float(softmax(logits)[BASE.no_speech])  # 0.01 in speech, 0.9 in the hum
        return call(with_fallback, lambda temperature: (tokens, average), listener.text, no_speech, [0.0])

    listener = base()
    for samples in recorded_sounds():
        step = listener.step(samples)
        logits = step(np.array([[BASE.start]]))[0]
        heard = call(detect_language, logits, BASE).value
        assert heard["en"] > 0.9, f"English has {heard['en']:.2f} of the languages' probability"
        tokens, average = decoded(listener, step, call(prompt_tokens, BASE, "en").value, beam_size)
        found, _ = call(segments, tokens, BASE, 0, listener.frames).value
        theirs = listener.whisper_cpp(samples, beam_size, language="en")
        assert words(listener.text(tokens)) == words("".join(segment.text for segment in theirs)), (
            f"whisper.cpp hears something else than {listener.text(tokens)!r}")
        assert -0.6 < average < -0.1, f"the average log probability is {average:.2f}"
        accepted(tokens, average, logits).gives((tokens, 0.0))
        assert all(0 <= one.start_s < one.end_s <= 5.12 for one in found) and found[-1].end_s > 2.5, (
            f"the segments are {found}")
    step = listener.step(0.3 * np.sin(np.arange(48_000, dtype=np.float32) / 20))
    music = decoded(listener, step, call(prompt_tokens, BASE, "en").value, max_tokens=40)  # greedy
    accepted(*music, step(np.array([[BASE.start]]))[0]).gives(([], 0.0))


@pytest.mark.speech
@pytest.mark.espeak
@pytest.mark.model("whisper-base")
def test_whisper_base_translates_where_the_prompt_says_so():
    """A German sentence of a machine's voice; Whisper base hears it badly, but in German and in English."""
    from fixtures.katas.whisper_decode.listening import BASE, base, words
    from fixtures.models.trained.voice.speaking import EspeakVoice

    samples, listener, said = EspeakVoice("de").speak("Ich habe gestern einen Hund gesehen."), base(), {}
    step = listener.step(samples)
    heard = call(detect_language, step(np.array([[BASE.start]]))[0], BASE).value
    assert max(heard, key=heard.get) == "de", f"German has {heard['de']:.2f} of the languages"
    for task in ("transcribe", "translate"):
        said[task] = listener.text(decoded(listener, step, call(prompt_tokens, BASE, "de", task).value)[0])
        theirs = listener.whisper_cpp(samples, language="de", translate=task == "translate")
        assert words(said[task]) == words("".join(one.text for one in theirs)), f"whisper.cpp says {theirs}"
    assert "gestern" in words(said["transcribe"]) and {"i", "have"} < set(words(said["translate"])), (
        f"these are not German and English: {said}")


@pytest.mark.slow
@pytest.mark.speech
@pytest.mark.model("whisper-base")
@pytest.mark.timeout(900)
def test_forty_seconds_take_two_windows():
    """Each window begins where the last whole segment ended, so that no word is lost or heard twice."""
    from fixtures.katas.whisper_decode.listening import BASE, base, recorded_sounds, words

    listener, pause = base(3000), np.zeros(8000, np.float32)
    one, two = recorded_sounds()
    samples = np.concatenate([part for sound in (one, two) * 6 for part in (sound, pause)])
    said, seek, prompt = [], 0, call(prompt_tokens, BASE, "en").value
    while seek < len(samples) // 160:
        tokens, _ = decoded(listener, listener.step(samples, seek), prompt)
        found, seek = call(segments, tokens, BASE, seek, min(3000, len(samples) // 160 - seek)).value
        said += found
    text = "".join(listener.text(one.tokens) for one in said)
    theirs = listener.whisper_cpp(samples, language="en", no_context=True)
    assert words(text) == words("".join(one.text for one in theirs)), f"whisper.cpp hears something else than {text!r}"


@pytest.mark.peer("whisper")
def test_openai_whisper_on_logits_not_seen():
    from fixtures.katas.whisper_decode.record_whisper_decode import rules, searches

    first = int(np.random.default_rng().integers(1000, 1_000_000))
    for one in searches(first, 40):
        call(beam_search, drawn(one["seed"]), [1, 2], no_rules, END, one["beam_size"], one["max_tokens"]).gives(
            (one["tokens"], one["average"]), atol=1e-4)
    for one in rules(first, 20):
        logits = np.random.default_rng(one["seed"]).normal(0, 2, 41).astype(np.float32)
        call(timestamp_rules, logits, one["tokens"], SMALL, 6).gives(
            [logit if i in one["allowed"] else -np.inf for i, logit in enumerate(logits.tolist())], atol=1e-6)
