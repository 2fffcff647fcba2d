"""Labelled samples as teachers and as pupils: GAN-train and GAN-test accuracy."""

from __future__ import annotations

import warnings
from typing import Any

from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from ganbench.errors import BadInput
from ganbench.metrics.base import Law, Need, metric
from ganbench.metrics.features import features
from ganbench.metrics.posteriors import class_labels

LABELLED: tuple[Need, ...] = ("real", "real_labels", "fake", "fake_labels")
LAWS: frozenset[Law] = frozenset({"translation", "scale", "permutation"})
SHMELKOV = "Shmelkov et al., 2018, arXiv:1807.09499"


def accuracy(train: tuple[Any, Any], test: tuple[Any, Any], train_name: str, test_name: str) -> float:
    """Accuracy on ``test`` of a multinomial logistic regression on the standardised features of ``train``."""
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


@metric(needs=LABELLED, better="higher", ideal=None, bounds=(0.0, 1.0), paper=SHMELKOV, laws=LAWS, minimum=1000)
def gan_train(real: Any, real_labels: Any, fake: Any, fake_labels: Any) -> float:
    """Accuracy on the reference of a classifier trained on labelled samples: falls with quality and with diversity.

    Read it beside a classifier trained on real data, which a sampler that memorises equals.
    """
    return accuracy((fake, fake_labels), (real, real_labels), "fake", "real")


@metric(needs=LABELLED, better="higher", ideal=None, bounds=(0.0, 1.0), paper=SHMELKOV, laws=LAWS, minimum=1000)
def gan_test(real: Any, real_labels: Any, fake: Any, fake_labels: Any) -> float:
    """Accuracy on labelled samples of a classifier trained on the reference: falls with quality, not with diversity."""
    return accuracy((real, real_labels), (fake, fake_labels), "real", "fake")
