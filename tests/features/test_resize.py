import numpy as np
import pytest
import torch
from PIL import Image

from ganbench._util.streams import stream
from ganbench.dataset import Space
from ganbench.errors import BadInput, UnknownName
from ganbench.features.image_network import View
from ganbench.features.resize import RESIZES, as_uint8, clean, is_picture, none, pil, resize, tf1

SIZES = [(32, 32), (28, 40), (256, 256), (400, 350)]  # height, width
every = pytest.mark.parametrize("name", list(RESIZES))


def noise(n, channels, height, width):
    shape, draws = (n, channels, height, width), stream(0, "noise", height, width)
    return torch.randint(0, 256, shape, dtype=torch.uint8, generator=draws)


def scene(height, width):
    """A smooth picture with one sharp edge, like a photograph's: (1, 3, height, width) uint8."""
    small = noise(1, 3, 6, 6)[0].permute(1, 2, 0).numpy()
    picture = np.asarray(Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC)).copy()
    picture[height // 3 :, : width // 2] //= 2
    return torch.from_numpy(picture).permute(2, 0, 1)[None]


def by_pillow(x, height, width):
    """Pillow's bicubic, channel by channel in float, clipped."""
    planes = [Image.fromarray(plane.numpy().astype(np.float32)) for plane in x[0]]
    resized = [np.asarray(plane.resize((width, height), Image.Resampling.BICUBIC)) for plane in planes]
    return torch.from_numpy(np.stack(resized)).clamp(0, 255)[None]


def by_the_graph(plane, height, width):
    """Bilinear as written: (i, j) looks at (i in/out, j in/out), places in float32, and at the next row and column."""
    rows, columns = plane.shape
    out = np.empty((height, width))
    for i in range(height):
        for j in range(width):
            y = float(np.float32(i) * np.float32(rows / height))
            x = float(np.float32(j) * np.float32(columns / width))
            top, left = int(y), int(x)
            low, right = min(top + 1, rows - 1), min(left + 1, columns - 1)
            upper = plane[top, left] * (1 - x + left) + plane[top, right] * (x - left)
            lower = plane[low, left] * (1 - x + left) + plane[low, right] * (x - left)
            out[i, j] = upper * (1 - y + top) + lower * (y - top)
    return out


def test_the_original_resize_has_no_half_pixels_and_repeats_the_last_pixel():
    row = torch.tensor([0, 100], dtype=torch.uint8).view(1, 1, 1, 2)
    assert tf1(row, 1, 4).flatten().tolist() == [0, 50, 100, 100]
    assert tf1(row.mT, 4, 1).flatten().tolist() == [0, 50, 100, 100]


@pytest.mark.parametrize(("height", "width"), [(7, 5), (13, 29), (40, 31)])
def test_the_original_resize_is_the_graphs_formula(height, width):
    x = noise(2, 3, 16, 21)
    expected = [[by_the_graph(plane.double().numpy(), height, width) for plane in image] for image in x]
    torch.testing.assert_close(tf1(x, height, width).double(), torch.tensor(np.array(expected)), atol=1e-4, rtol=0)


@pytest.mark.parametrize(("height", "width"), [*SIZES, (1, 1), (5, 400)])
@pytest.mark.parametrize("picture", [scene, lambda height, width: noise(1, 3, height, width)])
@pytest.mark.parametrize("size", [(299, 299), (64, 64), (17, 33)])
def test_the_clean_resize_is_pillows_bicubic_in_float(picture, height, width, size):
    x = picture(height, width)
    expected = by_pillow(x, *size)
    for form in (torch.contiguous_format, torch.channels_last):
        assert (clean(x.contiguous(memory_format=form), *size) - expected).abs().max() < 1.5e-4


@pytest.mark.parametrize("channels", [1, 3])
def test_the_rounded_resize_is_pillows_to_the_last_bit(channels):
    x = noise(3, channels, 40, 30)
    for image, ours in zip(x, pil(x, 64, 48), strict=True):
        picture = image[0].numpy() if channels == 1 else image.permute(1, 2, 0).numpy()
        expected = np.asarray(Image.fromarray(picture).resize((48, 64), Image.Resampling.BICUBIC))
        assert np.array_equal(ours.permute(1, 2, 0).squeeze(2).numpy(), expected)


@every
def test_pictures_of_the_right_size_are_left_as_they_are(name):
    x = noise(2, 3, 20, 24)
    assert torch.equal(resize(name, x, 20, 24), x.float())


@pytest.mark.parametrize("name", ["tf1", "clean", "pil"])
def test_a_picture_is_resized_alike_in_any_company(name):
    x = noise(5, 3, 32, 32)
    whole = resize(name, x, 75, 75)
    assert torch.equal(torch.cat([resize(name, part, 75, 75) for part in x.split(2)]), whole)


@every
def test_a_resize_leaves_what_it_was_given_alone(name):
    x = noise(1, 3, 20, 20).float()
    before = x.clone()
    resize(name, x.to(torch.uint8) if name == "pil" else x, 20, 20)
    if name not in {"pil", "none"}:
        resize(name, x, 20, 31)
        resize(name, x, 31, 20)
    assert torch.equal(x, before)


def test_no_resize_refuses_another_size():
    with pytest.raises(BadInput, match="expected images of 299 by 299 pixels, got 20 by 32"):
        none(noise(1, 3, 32, 20), 299, 299)


def test_an_unknown_resize_is_answered_with_the_nearest():
    with pytest.raises(UnknownName, match="did you mean 'clean'"):
        resize("cleam", noise(1, 3, 8, 8), 9, 9)


def test_every_grey_level_survives_the_way_to_floats_and_back():
    levels = torch.arange(256, dtype=torch.uint8).view(1, 1, 16, 16)
    assert torch.equal(as_uint8(levels), levels)
    assert torch.equal(as_uint8(levels.float() / 127.5 - 1), levels)
    assert torch.equal(as_uint8(levels.double() / 127.5 - 1), levels)


def test_floats_are_rounded_to_the_nearest_level_and_clipped():
    x = torch.tensor([-1.7, -1.0, 0.0, 0.0038, 0.0041, 1.0, 1.3]).view(1, 1, 1, 7)
    assert as_uint8(x).flatten().tolist() == [0, 0, 128, 128, 128, 255, 255]


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (torch.zeros(3, 8, 8), r"expected images \(n, 1 or 3, height, width\), got shape \(3, 8, 8\)"),
        (torch.zeros(2, 4, 8, 8), "expected images"),
        (torch.zeros(0, 3, 8, 8), "expected images"),
        (torch.zeros(2, 3, 0, 8), "expected images"),
        (torch.zeros(2, 3, 8, 8, dtype=torch.int64), "expected uint8 images or floats"),
        (torch.full((2, 3, 8, 8), 255.0), r"expected floats in \[-1, 1\], found a value of size 255"),
        (torch.full((2, 3, 8, 8), torch.nan), "2 of 2 examples are not finite"),
    ],
)
def test_what_is_no_picture_is_refused_in_one_line(x, message):
    with pytest.raises(BadInput, match=message):
        as_uint8(x)


def test_pictures_are_grey_or_rgb_of_a_known_range():
    assert is_picture(Space((1, 28, 28), 10, -1.0, 1.0))
    assert is_picture(Space((3, 7, 9), 0, 0.0, 255.0))
    assert not is_picture(Space((3, 7, 9), 0, 0.0, 1.0))
    assert not is_picture(Space((4, 7, 9), 0, -1.0, 1.0))
    assert not is_picture(Space((3,), 0, -1.0, 1.0))


def test_a_view_scales_each_channel_by_its_own_mean_and_sd():
    view = View("none", 1, (10.0, 20.0, 30.0), (1.0, 2.0, 4.0))
    x = torch.tensor([12, 12, 12], dtype=torch.uint8).view(1, 3, 1, 1)
    assert view(x).flatten().tolist() == [2.0, -4.0, -4.5]
    assert view(x[:, :1]).flatten().tolist() == [2.0, -4.0, -4.5]


def test_a_central_square_leaves_out_as_much_on_either_side():
    view = View("none", 3, (0.0,), (1.0,), "crop first")
    x = torch.arange(21, dtype=torch.uint8).view(1, 1, 3, 7)
    assert view(x)[0, 1].tolist() == [[2, 3, 4], [9, 10, 11], [16, 17, 18]]


def test_what_is_done_to_a_picture_is_written_down():
    assert str(View("tf1", 299, (128.0,), (128.0,))) == (
        "floats in [-1, 1] are rounded to uint8; grey is repeated to RGB; tf1 resize to 299 by 299; minus 128, over 128"
    )
