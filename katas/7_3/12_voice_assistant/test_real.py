"""Your assistant with a real recogniser and a real voice, in a room that returns what it says into its own ear."""

from types import SimpleNamespace

import numpy as np
import pytest
import speech_text
import voice_activity
import voice_assistant
from voice_assistant import fitted, is_echo, step

from fixtures.checking import call
from fixtures.katas.voice_assistant.actions import Play, Stop
from fixtures.katas.voice_assistant.events import Tick, Transcript
from fixtures.katas.voice_assistant.forms import Pair
from fixtures.katas.voice_assistant.made import modes

QUESTION, ANSWER = "what does the json module do", "The json module can read and write a file."


@pytest.fixture(scope="module")
def talk():
    """Give a function that lets the assistant under test hear sentences and pauses, and returns what happened."""
    from fixtures.katas.voice_assistant.conversation import Conversations

    with Conversations(voice_assistant, voice_activity, speech_text) as conversations:
        yield conversations


@pytest.mark.llama
@pytest.mark.speech
@pytest.mark.espeak
@pytest.mark.parametrize(("loss_db", "delay_s"), [(6, 0.02), (10, 0.12), (20, 0.2)])
def test_it_does_not_answer_itself(talk, loss_db, delay_s):
    """Four sentences come back into its ear, weaker and late, from a hard room."""
    call(modes(step), [Tick(0.0)]).gives(["listening", 0])
    call(is_echo, np.float64([-30]), np.float64([-20]), 10.0).gives([True])
    happened = talk([0.5, QUESTION, 14.0], loss_db=loss_db, delay_s=delay_s)
    assert happened.heard == [QUESTION], f"one question was asked, and it heard {happened.heard}"
    assert not happened.times(Stop), f"nobody interrupted it, and it stopped at {happened.times(Stop)}"
    assert len(happened.history) == 1 and happened.history[0].answer.startswith(ANSWER), happened.history


@pytest.mark.llama
@pytest.mark.speech
@pytest.mark.espeak
def test_without_is_echo_it_would():
    """The same room for an assistant that takes nothing for echo: so the test above can fail."""
    from fixtures.katas.voice_assistant.conversation import Conversations

    call(is_echo, np.float64([-30]), np.float64([-20]), 10.0).gives([True])
    believing = SimpleNamespace(**{**vars(voice_assistant), "is_echo": lambda mic, *args, **kwargs: mic < -1000})
    with Conversations(believing, voice_activity, speech_text) as conversations:
        happened = conversations([0.5, QUESTION, 6.0], loss_db=10, delay_s=0.12)
    assert len(happened.heard) > 2, f"it heard {happened.heard} only: the room returns too little"


@pytest.mark.llama
@pytest.mark.speech
@pytest.mark.espeak
@pytest.mark.parametrize(("loss_db", "level"), [(None, 1.0), (10, 1.0), (20, 0.5)])
def test_who_talks_over_it_stops_it_within_300_ms(talk, loss_db, level):
    """At three moments; counted from the first audible sample of the person to the last of the assistant."""
    call(modes(step), [Tick(0.0)]).gives(["listening", 0])
    took = []
    for pause in (1.7, 2.9, 4.1):
        happened = talk([0.5, QUESTION, pause, "open the file", 1.5], loss_db=loss_db, level=level)
        began = happened.spoken_s[1]
        assert happened.times(Stop), f"nothing stopped it, who talked from {began:.2f} s on with {loss_db} dB"
        took.append(happened.silent_from(began) - began)
        assert happened.heard == [QUESTION, "open the file"], f"it heard {happened.heard}"
        answer = happened.history[0].answer
        assert happened.said(0).startswith(answer) and len(answer) < len(happened.said(0)), (
            f"interrupted after {pause} s it remembers {answer!r}")
    assert max(took) <= 0.3, f"it fell silent after {np.round(took, 2)} s"


@pytest.mark.llama
@pytest.mark.speech
@pytest.mark.espeak
def test_a_breath_and_a_cough(talk):
    """A question with a pause of 0.5 s within is one; 60 ms of noise over the answer stop nothing."""
    call(modes(step), [Tick(0.0)]).gives(["listening", 0])
    cough = np.random.default_rng(3).normal(0, 0.2, 960).astype(np.float32)
    happened = talk([0.5, "search for", 0.1, "json", 3.0, cough, 9.0], loss_db=10, delay_s=0.12)
    assert happened.heard[-1] == "search for json", f"it heard {happened.heard}"
    last = happened.times(Transcript)[-1]
    assert all(at_s < last for at_s in happened.times(Stop)), f"the cough stopped it: {happened.times(Stop)}"
    assert len(happened.history) == 1 and happened.times(Play), happened.history


@pytest.mark.llama
@pytest.mark.model("Qwen2.5-Coder-0.5B-Instruct")
def test_the_history_fits_a_models_own_tokens():
    """Counted by the model's template and tokenizer: as much as fits, and it answers from what is left."""
    from fixtures.katas.voice_assistant.minds import open_chat

    history = [Pair(f"Is {i} a number? Say yes.", "Yes.") for i in range(40)]
    model = open_chat("Qwen2.5-Coder-0.5B-Instruct", voice_assistant, 256)
    messages = call(fitted, history, "What is one and one?", "Be short.", model.count, 256).value
    used, more = model.count(messages), model.count([*messages[:1], *messages[-3:-1], *messages[1:]])
    model.close()
    assert used <= 256 < more, f"the prompt has {used} tokens, with a pair more {more}"
    assert [message["role"] for message in messages[:2]] == ["system", "user"], messages[:2]
