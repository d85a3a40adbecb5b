"""Your encoder against llama.cpp on sounds never seen, and Whisper base against two other libraries."""

import pytest
from whisper_encoder import Encoder, attention, convolve, embed, encode, encoder_block, gelu, sinusoids

from fixtures.checking import call
from fixtures.katas import recorded
from fixtures.katas.mel_features.reference import recorded_clip
from fixtures.katas.whisper_encoder.files import shipped_fields
from fixtures.katas.whisper_encoder.following import follow
from fixtures.katas.whisper_encoder.heard import base_log_mel, llama_cpp_states, log_mel_of_30_s
from fixtures.katas.whisper_encoder.reference import drawn_fields, encoder_fields, nmse, stages

FUNCTIONS = (gelu, convolve, embed, attention, encoder_block, encode)


@pytest.mark.llama
@pytest.mark.parametrize("said", ["how many triangles are there", "open the next page"])
def test_llama_cpp_hears_the_same_with_the_shipped_encoder(tmp_path, voice, said):
    """All 1500 states of 30 s. The stage that first differs from the definition is named.

    The recogniser has a table for 5 s; llama.cpp wants 30 s, so your sinusoids go on where it ends.
    """
    fields = shipped_fields("erf", "erf")
    fields["weights"]["positional_embedding"] = call(sinusoids, 1500, 128).value
    sound, encoder = voice.speak(said), Encoder(**fields)
    log_mel = log_mel_of_30_s(sound)
    follow(FUNCTIONS, encoder, log_mel, stages(log_mel, encoder), 2e-4)  # numbers up to 8; float32 gives 1e-5
    wanted = llama_cpp_states(tmp_path, fields, sound)
    # measured 5e-9 to 9e-9, for llama.cpp rounds log-mel, keys and values to float16; the tanh form gives 4e-8
    call(encode, log_mel, encoder).satisfies(lambda x: nmse(x, wanted) < 2e-8, "these are llama.cpp's states")


@pytest.mark.llama
@pytest.mark.parametrize("shape", [{"mels": 80, "width": 48, "heads": 4}, {"mels": 128, "width": 40, "heads": 1,
                                                                         "blocks": 3}], ids=["80 mels", "128 mels"])
def test_llama_cpp_hears_the_same_with_other_shapes(tmp_path, shape):
    """Random weights and positions: nothing is right by chance of one model."""
    fields = drawn_fields(21, context=1500, **shape)
    wanted = llama_cpp_states(tmp_path, fields, recorded_clip())
    # measured 2e-7; positions that are off by one row give 1e-1
    call(encode, log_mel_of_30_s(recorded_clip(), shape["mels"]), Encoder(**fields)).satisfies(
        lambda x: nmse(x, wanted) < 1e-6, "these are llama.cpp's states")


@pytest.mark.model("whisper-base")
def test_whisper_base_hears_what_it_hears_elsewhere():
    """Recorded: transformers and CTranslate2 (inside faster-whisper), both in float32, on a spoken sentence."""
    from fixtures.models import model_path
    from fixtures.models.whisper_weights import read_whisper

    record = recorded("whisper_encoder")
    encoder = Encoder(**encoder_fields(read_whisper(model_path("whisper-base"))))
    got = call(encode, base_log_mel()[None], encoder).value[0, record["base tokens"]]
    for library in ("transformers", "ctranslate2"):
        found = nmse(got, record[f"base {library}"])
        # measured 1e-12; the tanh form gives 4e-6
        assert found < 1e-9, f"{library}: the mean square of the difference is {found:.2g} of its numbers'"
