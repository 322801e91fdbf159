"""Starts and guesses of the curvature of refits."""

import torch

from onegrain.probing.labelled import InMemory, LabelledActivations
from onegrain.probing.nearby import Sample, log_frequencies, nearby

NEURONS, LABELS = 8, 3
ALL = torch.ones(1, NEURONS, dtype=torch.bool)


def labelled(values, gold):
    return LabelledActivations(InMemory(values), gold, torch.arange(len(values)))


def sampled(data):
    return Sample.of(data, LABELS, torch.device("cpu"))


def problem(words=400):
    generator = torch.Generator().manual_seed(0)
    values = torch.randn(words, NEURONS, generator=generator)
    values = values @ torch.randn(NEURONS, NEURONS, generator=generator)
    values -= values.mean(dim=0)
    weight = 0.3 * torch.randn(LABELS, NEURONS, generator=generator)
    bias = torch.randn(LABELS, generator=generator)
    return labelled(values, (values @ weight.T + bias).argmax(dim=1)), weight, bias


def test_a_start_predicts_the_logits_of_the_whole_probe_by_least_squares():
    data, weight, bias = problem()
    mask = ALL.clone()
    mask[0, [2, 5]] = False
    near = nearby(weight, bias, sampled(data), mask)
    assert near.neurons.tolist() == [0, 1, 3, 4, 6, 7]
    kept = data.activations.values[:, mask[0]]
    best = kept @ torch.linalg.lstsq(kept, data.activations.values @ weight.T).solution + bias
    ours = kept @ near.start[0, :, :-1].T + near.start[0, :, -1]
    torch.testing.assert_close(ours, best, rtol=0, atol=0.05)


def test_all_neurons_start_where_the_probe_is():
    data, weight, bias = problem()
    near = nearby(weight, bias, sampled(data), ALL)
    torch.testing.assert_close(near.start[0, :, :-1], weight, rtol=0, atol=0.05)
    torch.testing.assert_close(near.start[0, :, -1], bias)


def test_a_useless_prediction_leaves_the_labels_frequencies():
    data, weight, bias = problem()
    mixed = data.labels[torch.randperm(len(data), generator=torch.Generator().manual_seed(1))]
    near = nearby(10 * weight, bias, sampled(labelled(data.activations.values, mixed)), ALL)
    assert bool((near.start[0, :, :-1] == 0).all())
    shares = torch.bincount(data.labels).float() / len(data)
    torch.testing.assert_close(near.start[0, :, -1].softmax(dim=0), shares)


def test_the_metric_is_the_inverse_covariance_over_the_labels_curvature():
    data, weight, bias = problem()
    masks = ALL.repeat(2, 1)
    masks[1, :4] = False
    near = nearby(weight, bias, sampled(data), masks)
    assert near.neurons.tolist() == [4, 5, 6, 7, 0, 1, 2, 3]  # those of both probes first
    slopes = torch.randn(1, LABELS, NEURONS + 1, generator=torch.Generator().manual_seed(2))
    turned = near.metric(slopes, torch.tensor([1]))[0]
    covariance = data.activations.values[:, 4:].T @ data.activations.values[:, 4:] / len(data)
    expected = slopes[0, :, :4] @ covariance.inverse() / near.label_curvature[1][:, None]
    torch.testing.assert_close(turned[:, :4], expected, rtol=0.05, atol=0.05)
    assert bool((turned[:, 4:8] == 0).all())
    torch.testing.assert_close(turned[:, 8], slopes[0, :, 8] / near.label_curvature[1])


def test_shrinkage_is_added_to_the_curvature_of_a_weight():
    data, weight, bias = problem()
    sample = sampled(data)
    one = torch.zeros(1, NEURONS, dtype=torch.bool)
    one[0, 3] = True
    slope = torch.tensor([[[1.0, 0.0]] * LABELS])
    near, stiff = (nearby(weight, bias, sample, one, shrinkage) for shrinkage in (0.0, 0.5))
    probability = (data.activations.values @ weight.T + bias).softmax(dim=1)
    added = 0.5 / (probability * (1 - probability)).mean()
    one_point = torch.tensor([0])
    variance, stiffer = (
        1 / (each.metric(slope, one_point)[0, 0, 0] * each.label_curvature[0, 0])
        for each in (near, stiff)
    )
    torch.testing.assert_close(stiffer - variance, added, rtol=1e-3, atol=0)


def test_constant_neurons_neither_start_nor_move_and_rare_ones_are_not_constant():
    data, weight, bias = problem(words=45_000)
    values = data.activations.values
    values[:, 2], values[:, 5] = 7.1, 0.0
    values[1, 5] = 30.0  # not among the sampled words
    near = nearby(weight, bias, sampled(labelled(values, data.labels)), ALL)
    assert bool(near.start.isfinite().all())
    assert bool((near.start[..., 2] == 0).all())
    turned = near.metric(torch.ones_like(near.start), torch.tensor([0]))
    assert bool((turned[..., 2] == 0).all())
    expected = 45_000 / 30.0**2 / near.label_curvature[0]
    torch.testing.assert_close(turned[0, :, 5], expected, rtol=0.01, atol=0)


def test_log_frequencies_are_exact_and_finite_for_labels_that_do_not_occur():
    seen = log_frequencies(torch.tensor([0, 0, 1]), 2)
    torch.testing.assert_close(seen.exp(), torch.tensor([2 / 3, 1 / 3]))
    assert bool(log_frequencies(torch.tensor([0, 0, 1]), 4).isfinite().all())
