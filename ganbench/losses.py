"""Losses and penalties that several papers share, as pure functions of the discriminator's raw outputs.

Losses return one number, the mean over the batch, and are minimised. ``real`` and ``fake`` are what the discriminator
says of each real and of each generated example: raw numbers (logits, not probabilities), high for real. Penalties
return one number per example, so that a caller may average them together with other terms of the same sum.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import log, pi
from typing import Any, cast

import torch
from torch import Tensor
from torch.func import grad
from torch.linalg import vector_norm
from torch.nn.functional import relu, softplus

__all__ = [
    "between",
    "gaussian_divergence",
    "gaussian_nll",
    "gradient",
    "gradient_penalty",
    "hinge",
    "least_squares",
    "least_squares_generator",
    "lipschitz_penalty",
    "logistic",
    "mean_gaussian_kernel",
    "minimax",
    "negative_mean",
    "non_saturating",
    "rational_quadratic",
    "relativistic",
    "relativistic_average",
    "relativistic_average_hinge",
    "relativistic_average_least_squares",
    "reparametrised",
    "squared_mmd",
    "unbiased_squared_mmd",
    "wasserstein",
    "zero_centred_penalty",
]

Function = Callable[[Tensor], Tensor]

# Logistic.


def logistic(real: Tensor, fake: Tensor) -> Tensor:
    """Discriminator's loss of the original GAN: binary cross-entropy, summed over both kinds of examples.

    With D = sigmoid(output) it is ``-E[log D(x)] - E[log(1 - D(G(z)))]``.

    Parameters
    ----------
    real, fake : Tensor
        Logits of real and of as many generated examples, ``(n,)`` each.

    Returns
    -------
    Tensor
        Scalar, 0 or more; log 4 where every logit is 0, and at best log 4 - 2 JSD(data, generator).

    References
    ----------
    Goodfellow et al., Generative Adversarial Nets, 2014, equation 1. arXiv:1406.2661

    Examples
    --------
    >>> round(logistic(torch.zeros(2), torch.zeros(2)).item(), 6)
    1.386294
    """
    return (softplus(-real) + softplus(fake)).mean()


def minimax(fake: Tensor) -> Tensor:
    """Generator's loss of the original minimax problem, ``E[log(1 - D(G(z)))]``, which saturates.

    Its gradient vanishes where the discriminator is sure that the examples are generated.

    Parameters
    ----------
    fake : Tensor
        Logits of generated examples, ``(n,)``.

    Returns
    -------
    Tensor
        Scalar, 0 or less.

    References
    ----------
    Goodfellow et al., Generative Adversarial Nets, 2014, equation 1. arXiv:1406.2661

    Examples
    --------
    >>> round(minimax(torch.zeros(2)).item(), 6)
    -0.693147
    """
    return -softplus(fake).mean()


def non_saturating(fake: Tensor) -> Tensor:
    """Generator's loss ``-E[log D(G(z))]``, whose gradient does not vanish where the discriminator is sure.

    Parameters
    ----------
    fake : Tensor
        As in ``minimax``.

    Returns
    -------
    Tensor
        Scalar, 0 or more.

    References
    ----------
    Goodfellow et al., Generative Adversarial Nets, 2014, section 3. arXiv:1406.2661

    Examples
    --------
    >>> round(non_saturating(torch.tensor([1.0, -1.0])).item(), 6)
    0.813262
    """
    return softplus(-fake).mean()


# Margins, labels and means.


def hinge(real: Tensor, fake: Tensor) -> Tensor:
    """Discriminator's hinge loss, ``E[max(0, 1 - D(x))] + E[max(0, 1 + D(G(z)))]``.

    The generator's is ``negative_mean``.

    Parameters
    ----------
    real, fake : Tensor
        Outputs for real and for as many generated examples, ``(n,)`` each.

    Returns
    -------
    Tensor
        Scalar, 0 or more; 2 where every output is 0.

    References
    ----------
    Lim & Ye, Geometric GAN, 2017. arXiv:1705.02894;
    Miyato et al., Spectral Normalization for Generative Adversarial Networks, 2018, equation 16. arXiv:1802.05957

    Examples
    --------
    >>> hinge(torch.tensor([2.0, 0.0]), torch.tensor([-2.0, 0.5])).item()
    1.25
    """
    return (relu(1 - real) + relu(1 + fake)).mean()


def least_squares(real: Tensor, fake: Tensor, a: float = 0.0, b: float = 1.0) -> Tensor:
    """Discriminator's least-squares loss, ``E[(D(x) - b)^2] / 2 + E[(D(G(z)) - a)^2] / 2``.

    Parameters
    ----------
    real, fake : Tensor
        Outputs for real and for as many generated examples, ``(n,)`` each.
    a, b : float
        Labels of generated and of real examples.

    Returns
    -------
    Tensor
        Scalar, 0 or more.

    References
    ----------
    Mao et al., Least Squares Generative Adversarial Networks, 2017, equation 2. arXiv:1611.04076

    Examples
    --------
    >>> least_squares(torch.tensor([1.0, 0.0]), torch.tensor([2.0, 0.0])).item()
    1.25
    """
    return ((real - b).square() + (fake - a).square()).mean() / 2


def least_squares_generator(fake: Tensor, c: float = 1.0) -> Tensor:
    """Generator's least-squares loss, ``E[(D(G(z)) - c)^2] / 2``.

    Parameters
    ----------
    fake : Tensor
        Outputs for generated examples, ``(n,)``.
    c : float
        Label that the generator wants them to have.

    Returns
    -------
    Tensor
        Scalar, 0 or more.

    References
    ----------
    Mao et al., 2017, equation 2, as for ``least_squares``

    Examples
    --------
    >>> least_squares_generator(torch.tensor([2.0, 1.0])).item()
    0.25
    """
    return (fake - c).square().mean() / 2


def wasserstein(real: Tensor, fake: Tensor) -> Tensor:
    """Discriminator's Wasserstein loss, ``E[D(G(z))] - E[D(x)]``; the generator's is ``negative_mean``.

    For a 1-Lipschitz discriminator its negative is a lower bound on the Wasserstein-1 distance.

    Parameters
    ----------
    real, fake : Tensor
        Outputs for real and for as many generated examples, ``(n,)`` each.

    Returns
    -------
    Tensor
        Scalar of either sign.

    References
    ----------
    Arjovsky et al., Wasserstein GAN, 2017, equation 2. arXiv:1701.07875

    Examples
    --------
    >>> wasserstein(torch.tensor([3.0, 1.0]), torch.tensor([0.0, 1.0])).item()
    -1.5
    """
    return (fake - real).mean()


def negative_mean(fake: Tensor) -> Tensor:
    """Generator's loss ``-E[D(G(z))]`` beside a Wasserstein or a hinge discriminator.

    Parameters
    ----------
    fake : Tensor
        Outputs for generated examples, ``(n,)``.

    Returns
    -------
    Tensor
        Scalar of either sign.

    References
    ----------
    Arjovsky et al., Wasserstein GAN, 2017, Algorithm 1. arXiv:1701.07875;
    Miyato et al., Spectral Normalization for Generative Adversarial Networks, 2018, equation 17. arXiv:1802.05957

    Examples
    --------
    >>> negative_mean(torch.tensor([3.0, 1.0])).item()
    -2.0
    """
    return -fake.mean()


# Relativistic. The generator's loss is the discriminator's with the two kinds of examples exchanged.


def relativistic(above: Tensor, below: Tensor) -> Tensor:
    """Logistic loss of pairs, ``E[-log sigmoid(above_i - below_i)]``.

    Parameters
    ----------
    above : Tensor
        Outputs that are to become higher, ``(n,)``: of real examples for the discriminator, of fakes for the generator.
    below : Tensor
        Outputs that the i-th of ``above`` is compared with, ``(n,)``.

    Returns
    -------
    Tensor
        Scalar, 0 or more; log 2 where both are equal.

    References
    ----------
    Jolicoeur-Martineau, The relativistic discriminator, 2018, section 4.1. arXiv:1807.00734

    Examples
    --------
    >>> round(relativistic(torch.tensor([1.0]), torch.tensor([1.0])).item(), 6)
    0.693147
    """
    return softplus(below - above).mean()


def relativistic_average(above: Tensor, below: Tensor) -> Tensor:
    """Logistic loss of each example against the average of the other kind; not halved, as in the paper.

    ``-E[log sigmoid(above - E[below])] - E[log(1 - sigmoid(below - E[above]))]``

    Parameters
    ----------
    above : Tensor
        Outputs that are to become higher, ``(n,)``: of real examples for the discriminator, of fakes for the generator.
    below : Tensor
        Outputs that are to become lower, ``(m,)``.

    Returns
    -------
    Tensor
        Scalar, 0 or more; log 4 where all are equal.

    References
    ----------
    Jolicoeur-Martineau, The relativistic discriminator, 2018, section 4.2. arXiv:1807.00734

    Examples
    --------
    >>> round(relativistic_average(torch.zeros(2), torch.zeros(3)).item(), 6)
    1.386294
    """
    return softplus(below.mean() - above).mean() + softplus(below - above.mean()).mean()


def relativistic_average_hinge(above: Tensor, below: Tensor) -> Tensor:
    """Hinge loss of each example against the average of the other kind; not halved, as in the paper.

    ``E[max(0, 1 - (above - E[below]))] + E[max(0, 1 + (below - E[above]))]``

    Parameters
    ----------
    above, below : Tensor
        As in ``relativistic_average``.

    Returns
    -------
    Tensor
        Scalar, 0 or more; 2 where all are equal, 0 where all margins are kept.

    References
    ----------
    Jolicoeur-Martineau, 2018, as for ``relativistic_average``

    Examples
    --------
    >>> relativistic_average_hinge(torch.tensor([1.0, 3.0]), torch.tensor([0.0])).item()
    0.0
    """
    return relu(1 + below.mean() - above).mean() + relu(1 + below - above.mean()).mean()


def relativistic_average_least_squares(above: Tensor, below: Tensor) -> Tensor:
    """Squared error of each example against the average of the other kind; not halved, as in the paper.

    ``E[(above - E[below] - 1)^2] + E[(below - E[above] + 1)^2]``

    Parameters
    ----------
    above, below : Tensor
        Outputs of the two kinds, ``(n,)`` and ``(m,)``, as in ``relativistic_average``.

    Returns
    -------
    Tensor
        Scalar, 0 or more; 2 where all are equal.

    References
    ----------
    Jolicoeur-Martineau, 2018, as for ``relativistic_average``

    Examples
    --------
    >>> relativistic_average_least_squares(torch.tensor([1.0]), torch.tensor([0.0])).item()
    0.0
    """
    return (above - below.mean() - 1).square().mean() + (below - above.mean() + 1).square().mean()


# Penalties on the discriminator's gradient with respect to its input: one number per example.


def gradient(f: Function, x: Tensor) -> Tensor:
    """Gradient of a function's output for each example with respect to that example.

    Parameters
    ----------
    f : callable
        ``(n, *shape) -> (n,)``, each output a function of its own example alone, such as a discriminator without
        BatchNorm.
    x : Tensor
        Examples, ``(n, *shape)``.

    Returns
    -------
    Tensor
        ``(n, d)``, one row per example, which can be differentiated again.

    Examples
    --------
    >>> gradient(lambda x: x.square().sum(1), torch.tensor([[1.0, 2.0]])).tolist()
    [[2.0, 4.0]]
    """
    grads: Any = grad(lambda points: f(points).sum())(x)
    return cast("Tensor", grads.flatten(1))


def between(real: Tensor, fake: Tensor, eps: Tensor) -> Tensor:
    """Return points on the line between each real and each generated example: ``eps`` of the way to the real one.

    Parameters
    ----------
    real, fake : Tensor
        Examples, ``(n, *shape)``.
    eps : Tensor
        Shares in [0, 1], one per example: ``(n, 1, ..., 1)``.

    Returns
    -------
    Tensor
        ``(n, *shape)``

    References
    ----------
    Gulrajani et al., Improved Training of Wasserstein GANs, 2017, Algorithm 1. arXiv:1704.00028

    Examples
    --------
    >>> between(torch.tensor([[4.0]]), torch.tensor([[0.0]]), torch.tensor([[0.25]])).item()
    1.0
    """
    return eps * real + (1 - eps) * fake


def gradient_penalty(f: Function, x: Tensor, target: float = 1.0) -> Tensor:
    """Two-sided penalty, ``(|grad f(x)| - target)^2`` for each example.

    Parameters
    ----------
    f : callable
        Discriminator, ``(n, *shape) -> (n,)``.
    x : Tensor
        Examples at which the gradient is taken, ``(n, *shape)``.
    target : float
        Norm that costs nothing.

    Returns
    -------
    Tensor
        ``(n,)``, 0 or more.

    References
    ----------
    Gulrajani et al., Improved Training of Wasserstein GANs, 2017, equation 3. arXiv:1704.00028

    Examples
    --------
    >>> gradient_penalty(lambda x: 3 * x[:, 0], torch.zeros(2, 5)).tolist()
    [4.0, 4.0]
    """
    return (vector_norm(gradient(f, x), dim=1) - target).square()


def lipschitz_penalty(f: Function, x: Tensor, bound: float = 1.0) -> Tensor:
    """One-sided penalty, ``max(0, |grad f(x)| - bound)^2`` for each example.

    Parameters
    ----------
    f : callable
        Discriminator, ``(n, *shape) -> (n,)``.
    x : Tensor
        Where the gradient is taken, ``(n, *shape)``.
    bound : float
        Largest norm that costs nothing.

    Returns
    -------
    Tensor
        ``(n,)``, 0 or more.

    References
    ----------
    Petzka et al., On the Regularization of Wasserstein GANs, 2018, equation 8. arXiv:1709.08894

    Examples
    --------
    >>> lipschitz_penalty(lambda x: x[:, 0] / 2, torch.zeros(2, 5)).tolist()
    [0.0, 0.0]
    """
    return relu(vector_norm(gradient(f, x), dim=1) - bound).square()


def zero_centred_penalty(f: Function, x: Tensor) -> Tensor:
    """Squared norm of the gradient, ``|grad f(x)|^2`` for each example: R1 at real examples, R2 at generated ones.

    Parameters
    ----------
    f : callable
        Discriminator, ``(n, *shape) -> (n,)``.
    x : Tensor
        Examples at which the gradient is taken, ``(n, *shape)``.

    Returns
    -------
    Tensor
        ``(n,)``, 0 or more.

    References
    ----------
    Mescheder et al., Which Training Methods for GANs do actually Converge?, 2018, equation 9. arXiv:1801.04406

    Examples
    --------
    >>> zero_centred_penalty(lambda x: 3 * x[:, 0], torch.zeros(2, 5)).tolist()
    [9.0, 9.0]
    """
    return gradient(f, x).square().sum(1)


# Gaussian codes and likelihoods.


def reparametrised(mean: Tensor, log_variance: Tensor, eps: Tensor) -> Tensor:
    """Draw from diagonal Gaussians so that the draw can be differentiated: ``mean + exp(log_variance / 2) * eps``.

    Parameters
    ----------
    mean, log_variance : Tensor
        ``(n, codes)``
    eps : Tensor
        Standard normal draws, ``(n, codes)``.

    Returns
    -------
    Tensor
        ``(n, codes)``

    References
    ----------
    Kingma & Welling, Auto-Encoding Variational Bayes, 2013, section 2.4. arXiv:1312.6114

    Examples
    --------
    >>> reparametrised(torch.tensor([[1.0]]), torch.tensor([[0.0]]), torch.tensor([[-2.0]])).item()
    -1.0
    """
    return mean + (log_variance / 2).exp() * eps


def gaussian_divergence(mean: Tensor, log_variance: Tensor) -> Tensor:
    """Kullback-Leibler divergence of diagonal Gaussians from the standard normal distribution, in nats.

    Parameters
    ----------
    mean, log_variance : Tensor
        ``(n, codes)``

    Returns
    -------
    Tensor
        ``(n,)``, 0 or more.

    References
    ----------
    Kingma & Welling, Auto-Encoding Variational Bayes, 2013, appendix B. arXiv:1312.6114

    Examples
    --------
    >>> gaussian_divergence(torch.tensor([[1.0, 2.0]]), torch.zeros(1, 2)).item()
    2.5
    """
    return (mean.square() + log_variance.exp() - 1 - log_variance).sum(1) / 2


def gaussian_nll(x: Tensor, mean: Tensor, sd: float) -> Tensor:
    """Negative log-likelihood of each example under independent Gaussians around ``mean``, in nats.

    Parameters
    ----------
    x, mean : Tensor
        ``(n, *shape)``
    sd : float
        Standard deviation of every coordinate.

    Returns
    -------
    Tensor
        ``(n,)``, summed over coordinates.

    References
    ----------
    Kingma & Welling, Auto-Encoding Variational Bayes, 2013, appendix C.2. arXiv:1312.6114

    Examples
    --------
    >>> round(gaussian_nll(torch.zeros(1, 2), torch.zeros(1, 2), sd=1.0).item(), 6)
    1.837877
    """
    return (((x - mean) / sd).square() + log(2 * pi * sd**2)).flatten(1).sum(1) / 2


# Maximum mean discrepancy.


def mean_gaussian_kernel(squares: Tensor, scales: Sequence[float]) -> Tensor:
    """Sum over ``scales`` of the mean of ``exp(-squares / (2 * scale))``: a mixture of Gaussian kernels.

    Parameters
    ----------
    squares : Tensor
        Squared distances of any shape.
    scales : sequence of float
        Squared widths of the kernels.

    Returns
    -------
    Tensor
        Scalar in (0, number of scales].

    References
    ----------
    Li et al., Generative Moment Matching Networks, 2015, section 2.2. arXiv:1502.02761

    Examples
    --------
    >>> mean_gaussian_kernel(torch.zeros(3, 3), [1.0, 2.0]).item()
    2.0
    """
    return torch.stack([(-squares / (2 * scale)).exp().mean() for scale in scales]).sum()


def squared_mmd(kernel: Callable[[Tensor, Tensor], Tensor], real: Tensor, fake: Tensor) -> Tensor:
    """Biased estimate of the squared maximum mean discrepancy.

    Parameters
    ----------
    kernel : callable
        ``(n, d), (m, d) -> scalar``: the mean of a kernel over all pairs.
    real, fake : Tensor
        ``(n, d)`` and ``(m, d)``.

    Returns
    -------
    Tensor
        Scalar, 0 or more up to rounding.

    References
    ----------
    Gretton et al., A Kernel Two-Sample Test, 2012, equation 5

    Examples
    --------
    >>> squared_mmd(lambda a, b: a.mean() * b.mean(), torch.tensor([[3.0]]), torch.tensor([[1.0]])).item()
    4.0
    """
    return kernel(real, real) + kernel(fake, fake) - 2 * kernel(real, fake)


def unbiased_squared_mmd(kernel: Callable[[Tensor, Tensor], Tensor], real: Tensor, fake: Tensor) -> Tensor:
    """Unbiased estimate of the squared maximum mean discrepancy: no example is compared with itself.

    Parameters
    ----------
    kernel : callable
        ``(n, d), (m, d) -> (n, m)``: the kernel of all pairs.
    real, fake : Tensor
        ``(n, d)`` and ``(m, d)``, at least two of each.

    Returns
    -------
    Tensor
        Scalar, negative at times.

    References
    ----------
    Gretton et al., A Kernel Two-Sample Test, 2012, equation 3

    Examples
    --------
    >>> pairs = unbiased_squared_mmd(lambda a, b: a @ b.T, torch.tensor([[1.0], [2.0]]), torch.tensor([[3.0], [5.0]]))
    >>> pairs.item()  # 2 + 15 - 2 (1.5 x 4)
    5.0
    """
    n, m = len(real), len(fake)
    own_real, own_fake = kernel(real, real), kernel(fake, fake)
    within = (own_real.sum() - own_real.diagonal().sum()) / (n * (n - 1))
    within = within + (own_fake.sum() - own_fake.diagonal().sum()) / (m * (m - 1))
    return within - 2 * kernel(real, fake).mean()


def rational_quadratic(squares: Tensor, alpha: float) -> Tensor:
    """Rational quadratic kernel of squared distances, ``(1 + squares / (2 alpha))^-alpha``.

    With ``alpha = 1`` and ``squares = 2 d^2 / C`` it is the inverse multiquadratic ``C / (C + d^2)``.

    Parameters
    ----------
    squares : Tensor
        Squared distances of any shape.
    alpha : float
        The smaller, the heavier the tail.

    Returns
    -------
    Tensor
        As ``squares``, in (0, 1].

    References
    ----------
    Bińkowski et al., Demystifying MMD GANs, 2018, section 2.1. arXiv:1801.01401

    Examples
    --------
    >>> rational_quadratic(torch.tensor([0.0, 6.0]), 1.0).tolist()
    [1.0, 0.25]
    """
    return (1 + squares / (2 * alpha)) ** -alpha
