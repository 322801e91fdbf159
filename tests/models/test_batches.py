import torch
from hypothesis import given
from hypothesis import strategies as st

from onegrain.data.vocabulary import BOS, EOS, PAD
from onegrain.models.batches import LengthSampler, PairDataset, pair_loader


def make_pairs(lengths):
    return PairDataset([[4] * n for n in lengths], [[5] * (n % 4 + 1) for n in lengths])


@given(st.lists(st.integers(1, 9), min_size=1, max_size=80), st.integers(1, 9), st.booleans())
def test_every_pair_comes_once_an_epoch_in_the_promised_number_of_batches(lengths, size, shuffle):
    sampler = LengthSampler(make_pairs(lengths), size, seed=3, shuffle=shuffle)
    for epoch in range(2):
        sampler.set_epoch(epoch)
        batches = list(sampler)
        assert sorted(row for batch in batches for row in batch) == list(range(len(lengths)))
        assert len(batches) == len(sampler)
        assert max(map(len, batches)) <= size


def test_most_batches_need_no_padding_of_the_source():
    lengths = [3] * 10 + [4] * 9 + [7] * 5
    batches = list(LengthSampler(make_pairs(lengths), 4, seed=0, shuffle=True))
    even = [batch for batch in batches if len({lengths[row] for row in batch}) == 1]
    assert len(even) >= len(batches) - 1
    assert len(even) >= 10 // 4 + 9 // 4 + 5 // 4


def test_the_order_follows_from_seed_and_epoch_and_changes_with_each():
    def batches(seed, epoch):
        sampler = LengthSampler(make_pairs([3] * 40), 4, seed, shuffle=True)
        sampler.set_epoch(epoch)
        return list(sampler)

    assert batches(1, 2) == batches(1, 2)
    assert batches(1, 2) != batches(1, 3)
    assert batches(1, 2) != batches(2, 2)


def test_without_shuffling_batches_come_in_order_of_length():
    sampler = LengthSampler(make_pairs([5, 2, 5, 2]), 2, seed=0, shuffle=False)
    assert list(sampler) == [[1, 3], [0, 2]]


def test_a_batch_holds_what_the_decoder_reads_and_what_it_is_to_predict():
    batch = PairDataset([[4, 5], [6]], [[7], [8, 9]])[[0, 1]]
    assert batch.source.tolist() == [[4, 5], [6, PAD]]
    assert batch.source_lengths.tolist() == [2, 1]
    assert batch.target_inputs.tolist() == [[BOS, 7, EOS], [BOS, 8, 9]]
    assert batch.target_outputs.tolist() == [[7, EOS, PAD], [8, 9, EOS]]
    assert batch.gold.tolist() == [7, EOS, 8, 9, EOS]


def test_target_tokens_counts_what_is_predicted():
    pairs = make_pairs([1, 2, 3])
    gold = sum(len(batch.gold) for batch in pair_loader(pairs, 2, seed=0, shuffle=False))
    assert pairs.target_tokens == gold


def test_the_loader_yields_whole_batches():
    first = next(iter(pair_loader(make_pairs([3] * 6), 4, seed=0, shuffle=False)))
    assert first.source.shape == (4, 3)
    assert first.source.dtype == torch.long
