"""What every neuron is worth beside those that are selected, for `onegrain.ranking.gaussian`.

To add neuron j to the selected ones is to multiply each label's density by that of j given them, a
normal distribution in one dimension. Its mean and variance come from the label's Cholesky factor,
to which every selected neuron adds one row (a rank-one update of the Schur complement). So all
candidates of a step are valued by one product of matrices.

Lambda_0 + S is not divided by nu_0 + n + d + 2 before the end: the divisor changes with each step,
and the factor does not.
"""

from __future__ import annotations

import math

import torch
from jaxtyping import Float
from torch import Tensor

from onegrain.probing.gaussian import divisors, log_prior
from onegrain.probing.groups import BLOCK_WORDS, GroupMeans
from onegrain.probing.labelled import LabelledActivations
from onegrain.settings import Criterion

VALUES_AT_ONCE = 2**20  # of labels x words x neurons: they should stay in the cache


class LabelGaussians:
    """Each label's Gaussian of every neuron given the selected ones, on the training words.

    Neurons are standardised over all words, where Lambda_0 is the identity.

    Attributes:
        counts: Words of each label.
        mean: Of each neuron on each label.
        variance: Of each neuron given the selected ones: the diagonal of the Schur complement.
        log_determinant: Of Lambda_0 + S on the selected neurons.
        selected: Places of the selected neurons.
    """

    def __init__(self, train: LabelledActivations, means: GroupMeans, most: int) -> None:
        """Begin with no neuron selected.

        Args:
            train: Words and labels.
            means: Of the words of each label; no neuron may be constant.
            most: How many neurons may be selected.
        """
        self._train = train
        self._center, self._scale = means.mean.float(), means.variance.sqrt()
        labels, neurons = means.means.shape
        self.counts = means.counts
        self.mean = (means.means - self._center.double()) / self._scale
        self.variance = 1 + self._scatter(None)
        self.log_determinant = torch.zeros(labels, dtype=torch.float64)
        self.selected: list[int] = []
        self._factor = torch.zeros(labels, most, neurons, dtype=torch.float64)

    @property
    def factor(self) -> Float[Tensor, "labels selected neurons"]:
        """The rows of the Cholesky factor that belong to the selected neurons."""
        return self._factor[:, : len(self.selected)]

    @property
    def regression(self) -> Float[Tensor, "labels terms neurons"]:
        """What each neuron is expected to be: its mean, and the factor for what was solved."""
        return torch.cat([self.mean[:, None], self.factor], dim=1)

    def standard(self, values: Float[Tensor, "rows neurons"]) -> Float[Tensor, "rows neurons"]:
        """Return activations in units of their standard deviation, in fp32."""
        return (values.float() - self._center) / self._scale.float()

    def take_in(self, neuron: int) -> None:
        """Select one more neuron, by its place."""
        covariance = self._scatter(neuron)
        covariance[:, neuron] += 1
        known = torch.einsum("ls,lsn->ln", self.factor[:, :, neuron], self.factor)
        variance = self.variance[:, neuron].clone()
        row = (covariance - known) / variance.sqrt()[:, None]
        self._factor[:, len(self.selected)] = row
        self.selected.append(neuron)
        self.log_determinant += variance.log()
        self.variance = (self.variance - row.square()).clamp(
            min=1
        )  # less than Lambda_0's: rounding

    def _scatter(self, neuron: int | None) -> Float[Tensor, "labels neurons"]:
        """Sum, over each label's words, products of standardised deviations from its mean.

        With one neuron those of it with every neuron, else those of every neuron with itself;
        fp32 products of blocks near a mean of zero are summed into fp64.
        """
        total = torch.zeros_like(self.mean)
        for values, ids, _ in self._train.blocks(BLOCK_WORDS):
            apart = values.float() - self._center
            members = torch.nn.functional.one_hot(ids, len(self.counts)).float()
            if neuron is None:
                total += members.T @ apart.square()
            else:
                total += (members * apart[:, neuron, None]).T @ apart
        each = slice(None) if neuron is None else slice(neuron, neuron + 1)
        scatter = total / (self._scale[each] * self._scale)
        return scatter - self.counts[:, None] * self.mean[:, each] * self.mean


class HeldOutWords:
    """How well the selected neurons, and each further one, predict the labels of other words."""

    def __init__(self, dev: LabelledActivations, gaussians: LabelGaussians) -> None:
        """Begin with no neuron selected; every word must have a label of training."""
        self._values = gaussians.standard(dev.activations.gather(torch.arange(len(dev))))
        self._gold = dev.labels
        labels = len(gaussians.counts)
        shares = torch.bincount(dev.labels, minlength=labels).double() / max(len(dev), 1)
        self._entropy = float(torch.special.entr(shares).sum())
        self._solved = torch.ones(labels, len(dev), 1)  # 1, and L^-1 (x - mean) of the selected
        self._distance = torch.zeros(labels, len(dev), dtype=torch.float64)

    def value_of_each(
        self, gaussians: LabelGaussians, criterion: Criterion
    ) -> Float[Tensor, " neurons"]:
        """Return the value of the selected neurons with each neuron added.

        It is the mutual information with the label in bits, or the accuracy.
        """
        size = len(gaussians.selected) + 1
        divisor = divisors(gaussians.counts, size)
        weight = (divisor[:, None] / (2 * gaussians.variance)).sqrt()
        rows = (gaussians.regression * weight[:, None]).float()
        of_neuron = -gaussians.variance.log()[:, None].float() / 2
        of_selected = self._log_joint(gaussians, divisor, size)[:, :, None].float()
        weight = weight[:, None].float()
        total = torch.zeros(gaussians.mean.shape[1], dtype=torch.float64)
        for words in torch.arange(len(self._gold)).split(max(1, VALUES_AT_ONCE // weight.numel())):
            part = slice(int(words[0]), int(words[-1]) + 1)
            apart = torch.baddbmm(
                self._values[part] * weight, self._solved[:, part], rows, alpha=-1
            )
            log_joint = torch.addcmul(of_neuron, apart, apart, value=-1).add_(of_selected[:, part])
            gold = self._gold[part]
            if criterion is Criterion.accuracy:
                total += (log_joint.argmax(dim=0) == gold[:, None]).sum(dim=0)
            else:
                own = log_joint[gold, torch.arange(len(gold))]
                total += (own - log_joint.logsumexp(dim=0)).sum(dim=0)
        mean = total / max(len(self._gold), 1)
        return mean if criterion is Criterion.accuracy else (self._entropy + mean) / math.log(2)

    def take_in(self, gaussians: LabelGaussians, neuron: int) -> None:
        """Select one more neuron, by its place, before ``gaussians`` does."""
        expected = self._solved @ gaussians.regression[:, :, neuron, None].float()
        apart = (self._values[:, neuron] - expected[:, :, 0]).double()
        solved = apart / gaussians.variance[:, neuron, None].sqrt()
        self._distance += solved.square()
        self._solved = torch.cat([self._solved, solved[:, :, None].float()], dim=2)

    def _log_joint(
        self, gaussians: LabelGaussians, divisor: Float[Tensor, " labels"], size: int
    ) -> Float[Tensor, "labels words"]:
        """Return what of log p(x, z) does not depend on the neuron that is added."""
        scaled = self._distance * divisor[:, None]
        of_label = gaussians.log_determinant - size * divisor.log()
        return log_prior(gaussians.counts)[:, None] - (scaled + of_label[:, None]) / 2
