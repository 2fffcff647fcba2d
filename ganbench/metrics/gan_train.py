"""Labelled samples as teachers and as pupils: GAN-train and GAN-test accuracy."""

from __future__ import annotations

import warnings
from typing import Any

from ganbench.errors import BadInput
from ganbench.metrics.feature_vectors import features
from ganbench.metrics.inception_score import class_labels
from ganbench.metrics.spec import Invariance, metric

INVARIANCES: frozenset[Invariance] = frozenset({"translation", "scale", "permutation"})


def accuracy(train: tuple[Any, Any], test: tuple[Any, Any], train_name: str, test_name: str) -> float:
    """Accuracy on ``test`` of a multinomial logistic regression on the standardised features of ``train``."""
    from sklearn.exceptions import ConvergenceWarning  # noqa: PLC0415 (it takes long, and few metrics need it)
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415
    from sklearn.pipeline import make_pipeline  # noqa: PLC0415
    from sklearn.preprocessing import StandardScaler  # noqa: PLC0415

    x, unseen = features(train[0], train_name).values, features(test[0], test_name).values
    if x.shape[1] != unseen.shape[1]:
        raise BadInput(f"fake: expected as many columns as in real, got {x.shape[1]} and {unseen.shape[1]}")
    y = class_labels(train[1], f"{train_name}_labels", len(x)).cpu().numpy()
    truth = class_labels(test[1], f"{test_name}_labels", len(unseen)).cpu().numpy()
    if len(set(y.tolist())) < 2:
        raise BadInput(f"{train_name}_labels: expected at least 2 classes to tell apart, got one")
    if not len(truth):
        raise BadInput(f"{test_name}: expected at least one row, got none")
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=500))
    with warnings.catch_warnings():
        # The recipe is fixed at 500 steps: a fit stopped there is still the recipe's classifier.
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(x.double().cpu().numpy(), y)
    return float((model.predict(unseen.double().cpu().numpy()) == truth).mean())


@metric(better="higher", scale="logit", bounds=(0.0, 1.0), invariances=INVARIANCES, minimum=1000, cost="8000 n d k")
def gan_train(real: Any, real_labels: Any, fake: Any, fake_labels: Any) -> float:
    """Accuracy on the reference of a classifier trained on labelled samples.

    Falls with quality and with diversity. Read it beside a classifier trained on real data, which a sampler that
    memorises equals.

    Parameters
    ----------
    real : array_like, (n, d)
        Features of the reference, (n, d).
    real_labels : array_like, (n,)
        Class of each row of ``real``.
    fake : array_like, (m, d)
        Features of the samples, (m, d).
    fake_labels : array_like, (m,)
        The class that each sample was asked to be of.

    Returns
    -------
    float, 0 to 1
        The accuracy; higher is better.

    Raises
    ------
    BadInput
        For fewer than 2 classes of samples, labels that do not match the rows, or unequal numbers of columns.

    Notes
    -----
    Multinomial logistic regression on standardised features, at most 500 iterations.

    References
    ----------
    .. [1] Shmelkov et al., 2018, arXiv:1807.09499

    Examples
    --------
    >>> from ganbench.metrics import gan_train
    >>> gan_train([[0.0], [5.0]], [0, 1], [[0.1], [4.0]], [0, 1])
    1.0
    """
    return accuracy((fake, fake_labels), (real, real_labels), "fake", "real")


@metric(better="higher", scale="logit", bounds=(0.0, 1.0), invariances=INVARIANCES, minimum=1000, cost="8000 n d k")
def gan_test(real: Any, real_labels: Any, fake: Any, fake_labels: Any) -> float:
    """Accuracy on labelled samples of a classifier trained on the reference.

    Falls with quality, not with diversity.

    Parameters
    ----------
    real : array_like, (n, d)
        Features that the classifier learns from.
    real_labels : array_like, (n,)
        Their classes.
    fake : array_like, (m, d)
        Features that it is tried on.
    fake_labels : array_like, (m,)
        The classes that they were asked to be of.

    Returns
    -------
    float, 0 to 1
        The accuracy; higher is better.

    Raises
    ------
    BadInput
        For fewer than 2 classes of references, labels that do not match the rows, or unequal numbers of columns.

    Notes
    -----
    The classifier of ``gan_train``.

    References
    ----------
    .. [1] Shmelkov et al., 2018, arXiv:1807.09499

    Examples
    --------
    >>> from ganbench.metrics import gan_test
    >>> gan_test([[0.0], [5.0]], [0, 1], [[0.1], [0.2]], [0, 1])
    0.5
    """
    return accuracy((real, real_labels), (fake, fake_labels), "real", "fake")
