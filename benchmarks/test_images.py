"""Speed of reading and resizing image files, and of extracting features, beside the libraries people use now.

Run with ``pytest benchmarks/test_images.py``. The table's seconds are wall time; ``cpu_ms_per_image`` in the extra
columns counts all threads and worker processes, and is what to compare on a busy machine.
The page ``images.md`` is made by ``python -m benchmarks.images``.
A library that is not installed is skipped, with the reason. Sizes with ``GANBENCH_IMAGES`` (default 400).
"""

import os
import resource
import warnings
from functools import partial

import pytest
import torch

from benchmarks.readers import DECODERS, RESIZERS, write_images
from ganbench._util.streams import stream
from ganbench.features.inception import ORIGINAL, Inception
from ganbench.features.random_conv import random_conv
from ganbench.features.resize import resize

COUNT, ROUNDS = int(os.environ.get("GANBENCH_IMAGES", "400")), 3
KINDS = {"png of 32": ("png", 32, COUNT), "jpeg of 256": ("jpg", 256, max(COUNT // 5, 8))}  # suffix, pixels, number


def cpu():
    """CPU seconds of this process and of those that it waited for."""
    uses = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(use.ru_utime + use.ru_stime for use in uses)


def measured(benchmark, group, images, run):
    """Time ``run`` over a number of images, by the wall and by the CPU."""
    benchmark.group = group
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the peers, which have no bearing on speed
        run()
        before = cpu()
        benchmark.pedantic(run, rounds=ROUNDS, iterations=1)
    benchmark.extra_info["cpu_ms_per_image"] = round((cpu() - before) / (ROUNDS * images) * 1e3, 3)


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    return {kind: write_images(tmp_path_factory.mktemp(plan[0]), *plan) for kind, plan in KINDS.items()}


def read(implementation, folder, size):
    try:
        implementation(folder, size)
    except ImportError as error:
        pytest.skip(str(error))


@pytest.mark.parametrize("implementation", DECODERS)
@pytest.mark.parametrize("kind", KINDS)
def test_decoding_a_folder(kind, implementation, folders, benchmark):
    measured(benchmark, f"{kind}: decoded", KINDS[kind][2], lambda: read(implementation, folders[kind], 0))


@pytest.mark.parametrize("implementation", RESIZERS)
@pytest.mark.parametrize("kind", KINDS)
def test_decoding_and_resizing_a_folder(kind, implementation, folders, benchmark):
    group = f"{kind}: decoded and resized to 299"
    measured(benchmark, group, KINDS[kind][2], lambda: read(implementation, folders[kind], 299))


@pytest.mark.parametrize("name", ["tf1", "clean", "pil", "torch-fidelity"])
@pytest.mark.parametrize("side", [32, 256])
def test_resizing(name, side, benchmark):
    x = torch.randint(0, 256, (8, 3, side, side), dtype=torch.uint8, generator=stream(0, "x"))
    if name == "torch-fidelity":
        peer = pytest.importorskip("torch_fidelity.interpolate_compat_tensorflow")
        run = partial(peer.interpolate_bilinear_2d_like_tensorflow1x, x.float(), (299, 299), align_corners=False)
    else:
        run = partial(resize, name, x, 299, 299)
    measured(benchmark, f"{side} to 299", len(x), run)


@pytest.mark.parametrize("form", ["eager", "folded, channels last"])
def test_inception(form, benchmark):
    x = torch.randn(8, 3, 299, 299, generator=stream(0, "x"))
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = Inception(ORIGINAL).eval()
    if form != "eager":
        network.fold().to(memory_format=torch.channels_last)
        x = x.contiguous(memory_format=torch.channels_last)
    with torch.inference_mode():
        measured(benchmark, "inception", len(x), lambda: network(x))


@pytest.mark.parametrize("side", [32, 256])
def test_random_conv(side, benchmark):
    x = torch.randint(0, 256, (256, 3, side, side), dtype=torch.uint8, generator=stream(0, "x"))
    extractor = random_conv()
    measured(benchmark, f"random_conv, {side} pixels", len(x), lambda: extractor(x))
