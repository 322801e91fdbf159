"""The Gaussian probe: one normal distribution of the activations for each label.

Torroba Hennigen et al. (EMNLP 2020). With the label's prior p(z), its share of the training words,
a word is given the label of the highest p(z) N(x; mu_z, Sigma_z). Both are the maximum a posteriori
under a normal-inverse-Wishart prior: mu_z is the mean of the label's n words, and

    Sigma_z = (Lambda_0 + S_z) / (nu_0 + n + d + 2),   nu_0 = d + 2,

S_z their scatter and d the number of neurons. Lambda_0 is the diagonal of the covariance of all
words; that of the label's own, as in the authors' code, has no inverse where a label is rare. d
counts the probe's neurons, which makes the prior on some neurons the marginal of that on all; the
authors take d to be all there are, also where the probe has a few.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from onegrain.probing.groups import BLOCK_WORDS, group_means
from onegrain.probing.labelled import LabelledActivations


@dataclass(frozen=True, eq=False)
class GaussianProbe:
    """One Gaussian for each label; its first few neurons are the probe on these alone.

    Attributes:
        neurons: Ids of the neurons it reads, in order; constant ones, which tell nothing, are not
            among them.
        counts: Training words of each label.
        center: Mean of each neuron over all words, taken off before anything else.
        scale: Standard deviation of each neuron over all words, by which it is then divided.
        mean: Of each label, in these units.
        factor: Lower Cholesky factors of Lambda_0 + S_z, in these units.
    """

    neurons: Int[Tensor, " neurons"]
    counts: Int[Tensor, " labels"]
    center: Float[Tensor, " neurons"]
    scale: Float[Tensor, " neurons"]
    mean: Float[Tensor, "labels neurons"]
    factor: Float[Tensor, "labels neurons neurons"]

    def log_joint(
        self, values: Float[Tensor, "rows neurons"], sizes: Sequence[int]
    ) -> Float[Tensor, "sizes rows labels"]:
        """Return log p(x, z), less what is the same for all labels, on the first few neurons.

        Args:
            values: Activations of the probe's neurons.
            sizes: How many of its neurons are read; each gives a layer of the result.
        """
        standard = (values.double() - self.center) / self.scale
        apart = (standard - self.mean[:, None]).transpose(1, 2)
        solved = torch.linalg.solve_triangular(self.factor, apart, upper=False)
        squares, logs = solved.square(), 2 * self.factor.diagonal(dim1=1, dim2=2).log()
        densities = [
            log_density(squares[:, :size].sum(dim=1), logs[:, :size].sum(dim=1), self.counts, size)
            for size in sizes
        ]
        return torch.stack(densities) + log_prior(self.counts)


def fit_gaussian(
    train: LabelledActivations, labels: int, neurons: Int[Tensor, " chosen"]
) -> GaussianProbe:
    """Fit the Gaussians of all labels to some neurons, in two passes over the words.

    Args:
        train: Words and their labels.
        labels: How many labels there are.
        neurons: Ids, in the order in which the probe is to take them in.
    """
    over_all = group_means(
        train.columns(neurons).activations, {"all": torch.zeros_like(train.labels)}
    )
    varies = over_all["all"].variance > 0
    neurons = neurons[varies]
    center = over_all["all"].mean[varies]
    scale = over_all["all"].variance[varies].sqrt()
    counts = torch.bincount(train.labels, minlength=labels)
    sums = torch.zeros(labels, len(neurons), dtype=torch.float64)
    scatter = torch.zeros(labels, len(neurons), len(neurons), dtype=torch.float64)
    for values, ids, _ in train.columns(neurons).blocks(BLOCK_WORDS):
        standard = (values.double() - center) / scale
        sums.index_add_(0, ids, standard)
        for label in ids.unique().tolist():
            own = standard[ids == label]
            scatter[label].addmm_(own.T, own)
    mean = sums / counts.clamp(min=1)[:, None]
    scatter -= counts[:, None, None] * mean[:, :, None] * mean[:, None, :]
    scatter.diagonal(dim1=1, dim2=2).add_(1)  # Lambda_0 in these units
    return GaussianProbe(neurons, counts, center, scale, mean, torch.linalg.cholesky(scatter))


def prefix_accuracies(
    train: LabelledActivations,
    tested: LabelledActivations,
    labels: int,
    order: Int[Tensor, " ranked"],
    sizes: Sequence[int],
) -> list[float]:
    """Return the accuracy of the Gaussian probe on the first few neurons of an order.

    One probe on the longest of these beginnings holds all others, by the order of its factors.

    Args:
        train: What it is fitted on.
        tested: What it is scored on; a label that training never showed is always wrong.
        labels: How many labels there are.
        order: Neuron ids.
        sizes: How many of them are read.
    """
    probe = fit_gaussian(train, labels, order[: max(sizes)])
    vary = torch.isin(order[: max(sizes)], probe.neurons)
    read = [int(vary[:size].sum()) for size in sizes]
    rows = max(1, 2**22 // (labels * max(len(probe.neurons), 1)))
    correct = torch.zeros(len(sizes))
    for values, gold, _ in tested.columns(probe.neurons).blocks(rows):
        predicted = probe.log_joint(values, read).argmax(dim=2)
        correct += (predicted == gold).sum(dim=1)
    return (correct / max(len(tested), 1)).tolist()


def log_prior(counts: Int[Tensor, " labels"]) -> Float[Tensor, " labels"]:
    """Return the logarithm of each label's share of the words."""
    return (counts.double() / max(int(counts.sum()), 1)).log()


def log_density(
    distances: Float[Tensor, "labels rows"],
    log_determinants: Float[Tensor, " labels"],
    counts: Int[Tensor, " labels"],
    neurons: int,
) -> Float[Tensor, "rows labels"]:
    """Return log N(x; mu_z, Sigma_z), less what is the same for all labels.

    Args:
        distances: (x - mu_z)' (Lambda_0 + S_z)^-1 (x - mu_z).
        log_determinants: Of Lambda_0 + S_z.
        counts: Words of each label.
        neurons: d, of which these are made.
    """
    divisor = divisors(counts, neurons)
    return (distances.T * divisor + log_determinants - neurons * divisor.log()) / -2


def divisors(counts: Int[Tensor, " labels"], neurons: int) -> Float[Tensor, " labels"]:
    """Return nu_0 + n + d + 2 of each label, by which Lambda_0 + S_z is divided."""
    return (counts + 2 * neurons + 4).double()
