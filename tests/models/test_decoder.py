import pytest
import torch

from onegrain.models.decoder import AttentionDecoder, DecoderState, Source
from onegrain.models.lstm import LstmState


def make(input_feeding, dropout=0.0):
    torch.manual_seed(0)
    decoder = AttentionDecoder(11, 3, 4, 2, dropout, input_feeding).eval()
    padding = torch.tensor([[False] * 5, [False] * 3 + [True] * 2])
    source = Source(torch.randn(2, 5, 4), padding)
    state = DecoderState.start(LstmState(torch.randn(2, 2, 4), torch.randn(2, 2, 4)))
    return decoder, source, state


@pytest.mark.parametrize("input_feeding", [False, True])
def test_a_whole_target_gives_what_one_step_after_another_gives(input_feeding):
    decoder, source, state = make(input_feeding)
    ids = torch.randint(0, 11, (2, 6))
    whole = decoder(ids, source, state)
    for time in range(6):
        state = decoder.step(ids[:, time], source, state)
        torch.testing.assert_close(whole[:, time], state.attended)


def test_attention_is_luongs_general_score_written_out_by_hand():
    decoder, source, state = make(input_feeding=False)
    after = decoder.step(torch.tensor([4, 5]), source, state)
    top = after.lstm.hidden[-1][1]
    context = source.context[1, :3]  # what is padding has no weight
    weights = (context @ (decoder.score.weight @ top) / 4**0.5).softmax(0)
    summary = (weights[:, None] * context).sum(0)
    expected = (decoder.combine.weight @ torch.cat([summary, top])).tanh()
    torch.testing.assert_close(after.attended[1], expected)


def test_input_feeding_reads_the_last_attentional_state():
    decoder, source, state = make(input_feeding=True)
    fed = DecoderState(state.lstm, torch.ones_like(state.attended))
    ids = torch.tensor([4, 5])
    assert not torch.allclose(
        decoder.step(ids, source, state).attended, decoder.step(ids, source, fed).attended
    )


def test_padding_of_the_source_changes_nothing():
    decoder, source, state = make(input_feeding=False)
    ids = torch.tensor([4, 5])
    noisy = source.context.clone()
    noisy[1, 3:] = 100.0
    expected = decoder.step(ids, source, state).attended
    torch.testing.assert_close(
        decoder.step(ids, Source(noisy, source.padding), state).attended, expected
    )


def test_dropout_falls_before_the_output_layer():
    decoder, source, state = make(input_feeding=False, dropout=0.5)
    attended = decoder.step(torch.tensor([4, 5]), source, state).attended
    assert torch.equal(decoder.predict(attended), decoder.predict(attended))
    decoder.train()
    assert not torch.equal(decoder.predict(attended), decoder.predict(attended))
