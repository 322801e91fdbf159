"""SVCCA directions of Bau et al., ICLR 2019: what models share need not lie along single neurons.

Each model's centred activations are reduced to the principal components that hold 99% of their
variance and whitened; canonical correlation analysis finds the directions that other models share
most. Bau et al. (and their code) treat one pair of models at a time. Here a model is compared with
all others at once: with whitened components z of the model and z' of another, the squared
correlation of a direction a with the whole of the other model is |cov(z', z) a|², and the
directions are the eigenvectors of its mean over the other models. With one other model these are
exactly the canonical directions.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from onegrain.errors import UserError
from onegrain.neurons import NeuronLayout
from onegrain.ranking.moments import Moments


@dataclass(frozen=True, eq=False)
class Directions:
    """Directions in the space of all neurons, most important first.

    Attributes:
        method: The name under which ``ranking=`` knows them.
        vectors: One direction a row, of length 1; not orthogonal (the values that activations
            take along them are uncorrelated).
        scores: Of the directions; larger is more important.
        mean: Of the activations, around which they are projected out.
        layout: What the columns are.
    """

    method: str
    vectors: Float[Tensor, "directions neurons"]
    scores: Float[Tensor, " directions"]
    mean: Float[Tensor, " neurons"]
    layout: NeuronLayout

    def basis(self, count: int, *, bottom: bool = False) -> Float[Tensor, "count neurons"]:
        """Return orthonormal vectors that span the first (or last) ``count`` directions.

        The basis of fewer directions is the beginning of the basis of more. Activations x whose
        part in a basis B is taken out, x - B'B(x - mean), are constant along its directions.

        Raises:
            ValueError: If there are not so many directions.
        """
        if not 0 <= count <= len(self.vectors):
            raise ValueError(f"{count} of {len(self.vectors)} directions")
        ordered = self.vectors.flip(0) if bottom else self.vectors
        columns: Tensor = torch.linalg.qr(ordered[:count].double().T).Q
        return columns.T.to(self.vectors.dtype)


def shared_directions(
    moments: Moments,
    instance: int,
    layout: NeuronLayout,
    *,
    variance: float = 0.99,
    among: Int[Tensor, " chosen"] | None = None,
) -> Directions:
    """Find the directions of a model that the other models share, most shared first.

    Args:
        moments: Of all instances, with the pairs of ``instance`` and every model with itself.
        instance: The model whose directions are looked for, from 0.
        layout: Of its neurons.
        variance: The share that the principal components of each model keep.
        among: The neurons, of every model, that are looked at (such as the top layer's); the
            others have no part in any direction.

    Returns:
        As many directions as the model has components. The score is the root of the mean squared
        correlation with the other models: the canonical correlation where there is one other.

    Raises:
        UserError: If there is no other model, or there are too few words.
    """
    chosen = torch.arange(layout.size) if among is None else among
    own = _whitening(moments, instance, chosen, variance)
    others = moments.others(instance)
    shared = torch.zeros(own.shape[1], own.shape[1], dtype=own.dtype)
    for other in others:
        theirs = _whitening(moments, other, chosen, variance)
        _refuse_few_words(moments.words, own.shape[1] + theirs.shape[1])
        covariance = moments.covariance(instance, other)[chosen][:, chosen]
        coupling = own.T @ covariance @ theirs
        shared += coupling @ coupling.T / len(others)
    squared, rotation = torch.linalg.eigh(shared)
    vectors = torch.zeros(own.shape[1], layout.size, dtype=own.dtype)
    vectors[:, chosen] = torch.nn.functional.normalize((own @ rotation.flip(1)).T, dim=1)
    return Directions(
        method="svcca",
        vectors=vectors.float(),
        scores=squared.flip(0).clamp(0, 1).sqrt(),
        mean=moments.means[instance].float(),
        layout=layout,
    )


def _whitening(
    moments: Moments, model: int, chosen: Int[Tensor, " chosen"], variance: float
) -> Float[Tensor, "chosen components"]:
    """Return the map to the fewest principal components that hold ``variance``, each of variance 1.

    The data are centred, as covariances are.
    """
    spectrum = torch.linalg.eigh(moments.covariance(model, model)[chosen][:, chosen])
    held: Tensor = spectrum.eigenvalues.flip(0).clamp(min=0)
    components: Tensor = spectrum.eigenvectors.flip(1)
    if held[0] == 0:
        raise UserError(f"ranking=svcca: no neuron of instance {model + 1} ever changes")
    count = int((held.cumsum(0) < variance * held.sum()).sum()) + 1
    count = min(count, int((held > held[0] * 1e-9).sum()))  # what is below is rounding
    return components[:, :count] * held[:count].rsqrt()


def _refuse_few_words(words: int, components: int) -> None:
    if words <= components + 1:
        raise UserError(
            f"ranking=svcca: {words} words are too few to correlate {components} components; "
            "rank on more text"
        )
