"""Scores against scikit-learn."""

import torch
from sklearn.metrics import accuracy_score, f1_score

from onegrain.probing.grid import LambdaGrid
from onegrain.probing.labelled import InMemory, LabelledActivations
from onegrain.probing.probe import Probe
from onegrain.probing.scoring import predict, score


def test_scores_are_those_of_scikit_learn_and_unseen_labels_are_wrong():
    torch.manual_seed(0)
    gold = torch.randint(-1, 3, (200,))
    data = LabelledActivations(InMemory(torch.randn(200, 5)), gold, torch.arange(200) // 10)
    known = torch.zeros(2)
    weight, bias = torch.randn(2, 3, 5), torch.randn(2, 3)
    probe = Probe(LambdaGrid(known, known), tuple("ABC"), weight, bias, known, known, known, 1.0)
    scores = score(probe, data)
    predicted = predict(probe, data, torch.float32)
    for point in range(2):
        expected = (data.activations.values @ weight[point].T + bias[point]).argmax(dim=1)
        assert torch.equal(predicted[point], expected)
        assert abs(float(scores.accuracy[point]) - accuracy_score(gold, expected)) < 1e-6
        macro = f1_score(gold, expected, average="macro")
        assert abs(float(scores.macro_f1[point]) - macro) < 1e-6
