import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.inference.compute.preprocess import ImageError, image_to_grid, to_network_input
from apps.inference.compute.spec import Preprocess

SIDES = st.integers(1, 60)


def preprocess(
    resize: str, *, size: tuple[int, int] = (4, 4), channels: int = 1, std: float = 1.0
) -> Preprocess:
    return Preprocess(
        channels=channels,
        size=size,
        resize=resize,  # type: ignore[arg-type]
        mean=(0.0,) * channels,
        std=(std,) * channels,
    )


def at(affine: list[float], column: float, row: float) -> tuple[float, float]:
    return (
        affine[0] * column + affine[1] * row + affine[2],
        affine[3] * column + affine[4] * row + affine[5],
    )


def test_grey_is_normalised_and_repeated_per_channel() -> None:
    image = np.array([[0.0, 127.5], [255.0, 51.0]], np.float32)
    steps = Preprocess(3, (2, 2), "stretch", (127.5, 0.0, 55.0), (127.5, 255.0, 2.0))
    inputs, affine = to_network_input(image, steps)
    assert inputs.dtype == np.float32
    assert inputs.shape == (3, 2, 2)
    assert inputs.flags.c_contiguous
    np.testing.assert_allclose(inputs[0], [[-1.0, 0.0], [1.0, -0.6]], atol=1e-6)
    np.testing.assert_allclose(inputs[1], image / 255, atol=1e-6)
    np.testing.assert_allclose(inputs[2], (image - 55) / 2, atol=1e-6)
    assert affine == [1.0, 0.0, 0.0, 0.0, 1.0, 0.0]


def test_shrinking_averages_over_the_area() -> None:
    # 4 x 4 to 2 x 2: each cell is the mean of four pixels
    image = np.arange(16, dtype=np.float32).reshape(4, 4)
    inputs, _ = to_network_input(image, preprocess("stretch", size=(2, 2)))
    assert inputs[0].tolist() == [[2.5, 4.5], [10.5, 12.5]]


def test_axes_that_shrink_and_grow_are_resampled_each_in_its_way() -> None:
    # Rows 4 -> 2 by area, columns 2 -> 4 linear with half-pixel centres: 0, 0.25, 0.75, 1
    image = np.array([[0, 8], [0, 8], [8, 0], [8, 0]], np.float32)
    inputs, _ = to_network_input(image, preprocess("stretch", size=(2, 4)))
    assert inputs[0].tolist() == [[0.0, 2.0, 6.0, 8.0], [8.0, 6.0, 2.0, 0.0]]
    turned, _ = to_network_input(image.T.copy(), preprocess("stretch", size=(4, 2)))
    assert turned[0].T.tolist() == inputs[0].tolist()


def test_letterbox_keeps_all_of_the_image_on_black() -> None:
    image = np.full((2, 4), 200.0, np.float32)
    inputs, affine = to_network_input(image, preprocess("letterbox", size=(8, 8)))
    assert inputs[0, :2].max() == 0
    assert inputs[0, 6:].max() == 0
    assert inputs[0, 2:6].min() == 200
    assert at(affine, 0, 0) == (0.0, 2.0)
    assert at(affine, 4, 2) == (8.0, 6.0)


def test_center_crop_fills_the_input() -> None:
    image = np.zeros((4, 8), np.float32)
    image[:, 2:6] = 100.0
    inputs, affine = to_network_input(image, preprocess("center_crop", size=(4, 4)))
    assert inputs.min() == 100
    assert at(affine, 2, 0) == (0.0, 0.0)
    assert at(affine, 6, 4) == (4.0, 4.0)


@settings(max_examples=30, deadline=None)
@given(
    resize=st.sampled_from(["stretch", "letterbox", "center_crop"]),
    rows=SIDES,
    columns=SIDES,
    height=SIDES,
    width=SIDES,
)
def test_affine_takes_a_ramp_to_where_the_pixels_went(
    resize: str, rows: int, columns: int, height: int, width: int
) -> None:
    """A ramp says of every input pixel which image column and row it came from."""
    steps = preprocess(resize, size=(height, width))
    column_of = np.tile(np.arange(columns, dtype=np.float32) + 0.5, (rows, 1))
    row_of = np.tile((np.arange(rows, dtype=np.float32) + 0.5)[:, None], (1, columns))
    found_columns, affine = to_network_input(column_of, steps)
    found_rows, _ = to_network_input(row_of, steps)
    a, b, left, d, e, top = affine
    assert b == d == 0.0
    for y in range(height):
        for x in range(width):
            column, row = (x + 0.5 - left) / a, (y + 0.5 - top) / e
            # Area resampling takes a pixel as flat: a cut pixel moves the mean by up to 1/4 of it.
            near_x, near_y = (0.02 + (0.25 * s if s < 1 else 0.0) for s in (a, e))
            # Half an output pixel or half an image pixel from the border the ramp is cut flat.
            reach_x, reach_y = max(0.5, 0.5 / a), max(0.5, 0.5 / e)
            if reach_x <= column <= columns - reach_x and reach_y <= row <= rows - reach_y:
                assert found_columns[0, y, x] == pytest.approx(column, abs=near_x)
                assert found_rows[0, y, x] == pytest.approx(row, abs=near_y)


@given(resize=st.sampled_from(["stretch", "letterbox", "center_crop"]), rows=SIDES, columns=SIDES)
def test_image_centre_stays_within_half_a_pixel_of_the_input_centre(
    resize: str, rows: int, columns: int
) -> None:
    image = np.zeros((rows, columns), np.float32)
    inputs, affine = to_network_input(image, preprocess(resize, size=(24, 32), channels=3))
    assert inputs.shape == (3, 24, 32)
    x, y = at(affine, columns / 2, rows / 2)
    assert abs(x - 16) < 0.501
    assert abs(y - 12) < 0.501


@given(
    affine=st.lists(st.floats(-50, 50), min_size=6, max_size=6),
    column=st.floats(0, 3000),
    row=st.floats(0, 3000),
)
def test_grid_points_are_input_points_scaled(
    affine: list[float], column: float, row: float
) -> None:
    x, y = at(affine, column, row)
    grid = image_to_grid(affine, input_size=(224, 448), grid_size=(7, 7))
    assert at(grid, column, row) == pytest.approx((x / 64, y / 32), rel=1e-9, abs=1e-6)


def test_outer_corners_of_a_stretched_image_are_those_of_the_grid() -> None:
    _, affine = to_network_input(
        np.zeros((3000, 2500), np.float32), preprocess("stretch", size=(224, 224))
    )
    grid = image_to_grid(affine, input_size=(224, 224), grid_size=(7, 14))
    assert at(grid, 0, 0) == (0, 0)
    assert at(grid, 2500, 3000) == pytest.approx((14, 7))
    assert at(grid, 1250, 1500) == pytest.approx((7, 3.5))


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((2, 2, 3), np.float32),
        np.zeros((2, 2), np.uint8),
        np.zeros((0, 2), np.float32),
        np.full((2, 2), np.nan, np.float32),
        np.array([[0.0, np.inf]], np.float32),
        np.array([[-0.1, 1.0]], np.float32),
        np.array([[255.1, 1.0]], np.float32),
    ],
    ids=["3-D", "uint8", "empty", "NaN", "infinite", "negative", "above"],
)
def test_array_that_is_no_display_image_is_refused(image: np.ndarray) -> None:
    with pytest.raises(ImageError) as refused:
        to_network_input(image, preprocess("stretch"))
    assert refused.value.code == "image_not_display"


@pytest.mark.parametrize(
    ("affine", "grid_size"), [([1.0] * 5, (7, 7)), ([1.0] * 6, (0, 7))], ids=["five", "no row"]
)
def test_wrong_grid_is_refused(affine: list[float], grid_size: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match=r"affine|Sizes"):
        image_to_grid(affine, input_size=(224, 224), grid_size=grid_size)
