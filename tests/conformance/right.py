"""Right implementations as people write them: in float64 and float32, in batches, streamed."""

from __future__ import annotations

import numpy as np
import torch
from scipy import linalg
from scipy.spatial.distance import cdist
from scipy.stats import entropy


def fid(real, fake):
    """As in every tutorial."""
    mu1, mu2 = np.mean(real, axis=0), np.mean(fake, axis=0)
    s1, s2 = np.cov(real, rowvar=False), np.cov(fake, rowvar=False)
    return float(np.sum((mu1 - mu2) ** 2) + np.trace(s1 + s2 - 2 * np.real(linalg.sqrtm(s1 @ s2))))


def fid_torch32(real, fake):
    """Float32 all the way, the root by eigenvalues."""
    a, b = (torch.as_tensor(np.asarray(x, dtype=np.float32)) for x in (real, fake))
    if not len(a) * len(b):
        raise ValueError("no rows")
    shift = ((a.mean(0) - b.mean(0)) ** 2).sum()
    s, t = torch.cov(a.T).reshape(a.shape[1], -1), torch.cov(b.T).reshape(a.shape[1], -1)
    root = np.sqrt(np.linalg.eigvals((s @ t).numpy()).astype(np.complex64)).real.sum()  # torch's crashes at NaN
    return (shift + s.trace() + t.trace() - 2 * float(root)).item()


def fid_streamed(real, fake, dtype=np.float64):
    """Sums and sums of products, batch by batch, as torchmetrics keeps them."""

    def moments(rows):
        d = rows.shape[1]
        total, products, n = np.zeros(d, dtype), np.zeros((d, d), dtype), 0
        for i in range(0, len(rows), 32):
            batch = rows[i : i + 32].astype(dtype)
            total, products, n = total + batch.sum(0), products + batch.T @ batch, n + len(batch)
        mean = total / n
        return mean, (products - n * np.outer(mean, mean)) / (n - 1)

    if not len(real) * len(fake):
        raise ValueError("no rows")
    (m, s), (n, t) = moments(real), moments(fake)
    root = np.sqrt(np.linalg.eigvals(s @ t).astype(complex)).real.sum()
    return float(((m - n) ** 2).sum() + np.trace(s) + np.trace(t) - 2 * root)


def fid_streamed32(real, fake):
    return fid_streamed(real, fake, np.float32)


def kid(real, fake, dtype=None):
    """The unbiased estimate from three kernel matrices."""
    x, y = (np.asarray(z, dtype=dtype) for z in (real, fake))

    def k(a, b):
        return (a @ b.T / a.shape[1] + 1) ** 3

    n, m = len(x), len(y)
    kxx, kyy, kxy = k(x, x), k(y, y), k(x, y)
    value = (kxx.sum() - np.trace(kxx)) / (n * (n - 1)) + (kyy.sum() - np.trace(kyy)) / (m * (m - 1))
    return float(value - 2 * kxy.mean())


def kid32(real, fake):
    return kid(real, fake, np.float32)


def kid_subsets_as_published(real, fake, subsets=10):
    """The mean over subsets that are as large as the smaller set, drawn from numpy's global state."""
    size = min(len(real), len(fake), 1000)
    if len(real) != len(fake):
        raise ValueError("expected sets of one size")
    draw = np.random.permutation
    return float(np.mean([kid(*(x[draw(len(x))[:size]] for x in (real, fake))) for _ in range(subsets)]))


def inception_score(posteriors):
    """By scipy's entropy, a row at a time."""
    marginal = posteriors.mean(0)
    return float(np.exp(np.mean([entropy(p, marginal) for p in posteriors])))


def inception_score_logs(posteriors):
    """By logarithms, which a zero turns into NaN."""
    marginal = posteriors.mean(0, keepdims=True)
    return float(np.exp((posteriors * (np.log(posteriors) - np.log(marginal))).sum(1).mean()))


def inception_score_batched32(posteriors):
    """Float32 sums over batches: E[p log p] and the marginal."""
    p = torch.as_tensor(np.asarray(posteriors, dtype=np.float32))
    conditional, marginal, n = torch.zeros(()), torch.zeros(p.shape[1]), 0
    for batch in p.split(32):
        conditional += (batch * (batch + 1e-16).log()).sum()
        marginal += batch.sum(0)
        n += len(batch)
    marginal = marginal / n
    return float((conditional / n - (marginal * (marginal + 1e-16).log()).sum()).exp())


def radii(x, k):
    return np.sort(cdist(x, x), axis=1)[:, k]


def precision(real, fake, k=3):
    return float((cdist(real, fake) <= radii(real, k)[:, None]).any(0).mean())


def recall(real, fake, k=3):
    return precision(fake, real, k)


def density(real, fake, k=5):
    return float((cdist(real, fake) <= radii(real, k)[:, None]).sum(0).mean() / k)


def coverage(real, fake, k=5):
    return float((cdist(real, fake).min(1) <= radii(real, k)).mean())


def open_balls(metric):
    """Return the metric with a strict comparison, as its authors' code has it."""

    def score(real, fake, k=5):
        if metric == "recall":
            real, fake = fake, real
        inside = cdist(real, fake) < radii(real, k)[:, None]
        if metric == "density":
            return float(inside.sum(0).mean() / k)
        return float(inside.any(1).mean() if metric == "coverage" else inside.any(0).mean())

    return score


def torch_balls(metric, dtype=torch.float32):
    """Return the metric by torch's distances and ``kthvalue``, whose large matrices come from inner products."""

    def score(real, fake, k=5):
        x, y = (torch.as_tensor(np.asarray(z)).to(dtype) for z in (real, fake))
        if metric == "recall":
            x, y = y, x
        how = "use_mm_for_euclid_dist"
        border = torch.cdist(x, x, compute_mode=how).kthvalue(k + 1, dim=1).values
        inside = torch.cdist(x, y, compute_mode=how) <= border[:, None]
        if metric == "density":
            return float(inside.sum(0).double().mean() / k)
        return float((inside.any(1) if metric == "coverage" else inside.any(0)).double().mean())

    return score


BALLS = ("precision", "recall", "density", "coverage")
RIGHT = {
    "fid": (fid, fid_torch32, fid_streamed, fid_streamed32),
    "kid": (kid, kid32, kid_subsets_as_published),
    "inception_score": (inception_score, inception_score_logs, inception_score_batched32),
    "precision": (precision,),
    "recall": (recall,),
    "density": (density,),
    "coverage": (coverage,),
}
CASES = [(metric, function, function.__name__) for metric, functions in RIGHT.items() for function in functions]
CASES += [(metric, open_balls(metric), "open balls") for metric in BALLS]
CASES += [(metric, torch_balls(metric), "torch float32") for metric in BALLS]
CASES += [(metric, torch_balls(metric, torch.float64), "torch float64") for metric in BALLS]
