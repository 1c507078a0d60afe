"""Phantoms: the physics by hand, the truth against the pixels, the file against the standard."""

import hashlib
import math
from pathlib import Path

import numpy as np
import pydicom
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy import ndimage

from apps.cases.compute.gate import inspect_file
from apps.cases.compute.phantom import make_phantom, sample_parameters
from apps.cases.compute.phantom_dicom import mask_polygons, polygon_area, write_phantom
from apps.cases.compute.phantom_facts import StudyFacts, stable_uid
from apps.cases.compute.phantom_findings import FINDING_CODES
from apps.cases.compute.phantom_physics import (
    BONE_PER_MM,
    ENERGY_WEIGHTS,
    SOFT_PER_MM,
    Exposure,
    detected_counts,
    transmission,
)
from apps.cases.compute.phantom_shapes import (
    Grid,
    ellipsoid_chord,
    low_pass,
    splat_tubes,
    tube_chord,
)
from apps.cases.compute.phantom_studies import STUDIES, study_facts
from apps.cases.compute.pixels import display_image

SIZE = 128
ALL = frozenset(FINDING_CODES)


def test_slab_of_water_and_bone_attenuates_as_by_hand() -> None:
    # 100 mm soft tissue, 10 mm bone. At 80 keV: 0.1823 cm2/g * 1.06 g/cm3 = 0.193238 /cm, times
    # 10 cm = 1.93238; 0.2229 * 1.92 = 0.427968 /cm, times 1 cm = 0.427968; exp(-2.360348).
    at_80_kev = SOFT_PER_MM[2] * 100.0 + BONE_PER_MM[2] * 10.0
    assert at_80_kev == pytest.approx(2.360348, abs=1e-6)
    slab = transmission(np.full((3, 3), 100.0, np.float32), np.full((3, 3), 10.0, np.float32))
    # The other energies: 50 keV 2.399840 + 0.814464, 60 keV 2.170880 + 0.604416,
    # 100 keV 1.794580 + 0.356160.
    by_hand = (
        0.22 * math.exp(-3.214304)
        + 0.30 * math.exp(-2.775296)
        + 0.31 * math.exp(-2.360348)
        + 0.17 * math.exp(-2.150740)
    )
    np.testing.assert_allclose(slab, by_hand, rtol=1e-5)


def test_empty_beam_arrives_whole() -> None:
    nothing = np.zeros((2, 2), np.float32)
    assert ENERGY_WEIGHTS.sum() == pytest.approx(1.0)
    np.testing.assert_allclose(transmission(nothing, nothing), 1.0, rtol=1e-6)


def test_noise_variance_equals_the_expected_count() -> None:
    # 20,000 quanta/mm2 * (0.5 mm)^2 * transmission 0.1 = 500 quanta a pixel
    flat = np.full((512, 512), 0.1, np.float32)
    exposure = Exposure(quanta_per_mm2=20_000.0, scatter_fraction=0.0, blur_mm=0.1)
    counts = detected_counts(flat, exposure=exposure, spacing_mm=0.5, rng=np.random.default_rng(3))
    # 262,144 pixels: the mean has a standard error of 0.044, the variance one of 500*sqrt(2/N)=1.4
    assert counts.mean() == pytest.approx(500.0, abs=0.25)
    assert counts.var() == pytest.approx(500.0, abs=8.0)


def test_ray_through_the_middle_of_solids_is_their_diameter() -> None:
    grid = Grid(101, 101.0)
    ball = ellipsoid_chord(grid, center=(0.0, 0.0), semi_axes=(20.0, 10.0, 30.0), angle_deg=30.0)
    assert ball[50, 50] == pytest.approx(60.0)
    # volume of an ellipsoid: 4/3 pi a b c = 25132.7 mm3; pixels are 1 mm2
    assert ball.sum() == pytest.approx(25132.7, rel=0.005)
    line = np.array([[-30.0, 0.0], [30.0, 0.0]])
    tube = tube_chord(grid, line, np.array([8.0, 8.0]))
    assert tube[50, 50] == pytest.approx(16.0)
    assert tube[50 + 4, 50] == pytest.approx(2.0 * math.sqrt(64.0 - 16.0), rel=1e-5)
    assert tube[50 + 9, 50] == 0.0


def test_thin_tubes_keep_their_volume() -> None:
    grid = Grid(128, 128.0)
    points = np.stack([np.linspace(-30.0, 30.0, 61), np.zeros(61)], axis=1)
    radii, step = np.full(61, 2.0), np.full(61, 1.0)
    # 61 pieces of 1 mm of a tube of radius 2 mm: 61 * pi * 4 = 766.5 mm3
    assert splat_tubes(grid, points, radii, step).sum() == pytest.approx(766.5, rel=1e-3)


def test_fast_blur_agrees_with_the_plain_one() -> None:
    image = np.random.default_rng(1).random((128, 128), np.float32)
    plain = ndimage.gaussian_filter(image, 12.0, mode="nearest")
    assert np.abs(low_pass(image, 12.0) - plain)[16:-16, 16:-16].max() < 0.01


def test_same_seed_gives_the_same_bytes_and_another_seed_does_not() -> None:
    digests = [
        hashlib.sha256(make_phantom(sample_parameters(seed), size=SIZE).image.tobytes()).digest()
        for seed in (7, 7, 8)
    ]
    assert digests[0] == digests[1]
    assert digests[0] != digests[2]


def test_findings_leave_the_patient_as_he_is() -> None:
    healthy = sample_parameters(21, findings=frozenset())
    ill = sample_parameters(21, findings=frozenset({"nodule"}))
    assert healthy.body == ill.body
    before, after = (make_phantom(parameters, size=256) for parameters in (healthy, ill))
    nodule = ndimage.binary_dilation(after.masks["nodule"], iterations=3)
    far = ~ndimage.binary_dilation(nodule, iterations=80)
    change = after.image.astype(int) - before.image.astype(int)
    assert change[after.masks["nodule"]].mean() > 20.0
    assert abs(np.median(change[far])) <= 2.0


@pytest.mark.parametrize("seed", range(300, 306))
def test_every_finding_has_a_region_on_the_image(seed: int) -> None:
    phantom = make_phantom(sample_parameters(seed, findings=ALL), size=SIZE)
    assert set(phantom.masks) == ALL
    for code, mask in phantom.masks.items():
        area_mm2 = mask.sum() * phantom.spacing_mm**2
        assert area_mm2 > 50.0, code


def test_free_air_is_darker_than_the_lung_of_the_other_side() -> None:
    phantom = make_phantom(sample_parameters(31, findings=frozenset({"pneumothorax"})), size=256)
    free = phantom.masks["pneumothorax"]
    mirrored = free[:, ::-1]
    assert phantom.image[free].mean() < phantom.image[mirrored].mean() - 50.0


@pytest.mark.full
def test_a_large_heart_is_large_by_its_ratio() -> None:
    ratios = {
        code: [
            make_phantom(
                sample_parameters(seed, findings=frozenset(code.split())), size=SIZE
            ).cardiothoracic_ratio
            for seed in range(40, 46)
        ]
        for code in ("", "cardiomegaly")
    }
    assert max(ratios[""]) < 0.5 < min(ratios["cardiomegaly"])


def test_unknown_finding_and_view_are_refused() -> None:
    with pytest.raises(ValueError, match="unknown findings"):
        sample_parameters(1, findings=frozenset({"fracture"}))
    with pytest.raises(ValueError, match="view"):
        sample_parameters(1, view="LAT")


def test_outline_of_a_rectangle_is_its_corners() -> None:
    mask = np.zeros((6, 8), bool)
    mask[1:4, 2:7] = True
    (polygon,) = mask_polygons(mask)
    # rows 1..3, columns 2..6: the outer corners in (column, row), 5 * 3 pixels
    assert set(polygon) == {(2, 1), (7, 1), (7, 4), (2, 4)}
    assert polygon_area(polygon) == 15.0


def test_parts_that_touch_at_a_corner_stay_apart() -> None:
    mask = np.array([[True, False], [False, True]])
    assert [polygon_area(polygon) for polygon in mask_polygons(mask)] == [1.0, 1.0]


@given(arrays.arrays(bool, (9, 11), elements=st.booleans()))
@settings(max_examples=60, deadline=None)
def test_areas_of_the_outlines_add_up_to_the_pixels(mask: np.ndarray) -> None:
    whole = ndimage.binary_fill_holes(mask)
    assert sum(polygon_area(polygon) for polygon in mask_polygons(whole)) == whole.sum()


def _facts(**changes: object) -> StudyFacts:
    values: dict[str, object] = {
        "patient_id": "DEMO-T",
        "patient_name": "Wang^Xiaohong=王^小红=",
        "character_set": ("GB18030",),
        "sex": "F",
        "birth_date": "19560918",
        "study_date": "20250310",
        "study_time": "101500",
        "accession_number": "DEMOTEST",
        "indication": "咳嗽",
        "study_description": "Chest PA",
        "view": "PA",
    }
    return StudyFacts(**(values | changes))  # type: ignore[arg-type]


def test_file_passes_the_gate_and_shows_the_phantom(tmp_path: Path) -> None:
    phantom = make_phantom(sample_parameters(50, findings=frozenset()), size=SIZE)
    path = tmp_path / "phantom.dcm"
    write_phantom(path, phantom, _facts())
    (tmp_path / "work").mkdir()
    accepted = inspect_file(path, tmp_path / "work")
    facts = accepted.facts
    assert (facts.modality, facts.body_part_examined, facts.view_position) == ("DX", "CHEST", "PA")
    assert (facts.rows, facts.columns, facts.bits_stored) == (SIZE, SIZE, 12)
    assert facts.row_spacing_mm == pytest.approx(389.12 / SIZE)
    assert facts.patient_name.startswith("Wang^Xiaohong=王^小红")
    assert facts.patient_name_flag == ""
    np.testing.assert_array_equal(pydicom.dcmread(path).pixel_array, phantom.image)
    shown = display_image(path)
    assert shown.min() == 0.0
    assert shown.max() == 255.0


def test_name_without_its_character_set_is_flagged(tmp_path: Path) -> None:
    phantom = make_phantom(sample_parameters(51, findings=frozenset()), size=SIZE)
    path = tmp_path / "phantom.dcm"
    write_phantom(path, phantom, _facts(character_set=(), indication="cough"))
    (tmp_path / "work").mkdir()
    assert inspect_file(path, tmp_path / "work").facts.patient_name_flag != ""


def test_uids_depend_on_their_parts_and_fit_the_standard() -> None:
    uids = {stable_uid("study", "A"), stable_uid("study", "B"), stable_uid("series", "A")}
    assert len(uids) == 3
    assert all(len(uid) <= 64 and pydicom.uid.UID(uid).is_valid for uid in uids)
    assert stable_uid("study", "A") in uids


def test_demo_list_holds_what_a_demo_needs() -> None:
    facts = [study_facts(study) for study in STUDIES]
    assert len({row.accession_number for row in facts}) == len(STUDIES) == 24
    assert all(row.patient_id.startswith("DEMO") for row in facts)
    assert len({row.patient_id for row in facts}) == 23  # one patient comes twice
    assert sum(not study.findings for study in STUDIES) >= 6
    assert sum(len(study.findings) > 1 for study in STUDIES) >= 4
    assert {code for study in STUDIES for code in study.findings} == ALL
    assert sum(study.view == "LL" for study in STUDIES) == 1
    assert sum(study.charset == () for study in STUDIES) == 1
