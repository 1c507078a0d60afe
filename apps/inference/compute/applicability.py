"""Which images was a model made for, and why does it abstain from another?

Plain Python without torch: the web process asks this before it queues anything.
"""

from __future__ import annotations

from dataclasses import dataclass

from apps.inference.compute.json_fields import Fields, Json, SpecError, number


@dataclass(frozen=True)
class Abstention:
    """Why a model does not judge an image: a stable `code` and what its sentence needs."""

    code: str
    params: dict[str, Json]


@dataclass(frozen=True)
class Applicability:
    """The images a model was made for; an empty tuple (or None for the spacing) accepts any."""

    modality: tuple[str, ...]
    body_part: tuple[str, ...]
    view: tuple[str, ...]
    pixel_spacing_mm: tuple[float, float] | None

    def refusal(
        self,
        *,
        modality: str,
        body_part: str,
        view: str,
        row_spacing_mm: float | None = None,
        column_spacing_mm: float | None = None,
    ) -> Abstention | None:
        """Say why the model abstains, or None where it may judge.

        Parameters
        ----------
        modality, body_part, view : str
            Modality, BodyPartExamined and ViewPosition as in the DICOM header, "" where absent.
            Compared without regard to case. An absent value is refused where the model is limited
            to some: unknown is not the same as suitable.
        row_spacing_mm, column_spacing_mm : float or None
            Distance of neighbouring rows and columns in mm, None where unknown.

        Returns
        -------
        Abstention or None
            Codes `modality_unknown`, `modality_not_covered` (likewise `body_part_`, `view_`),
            `pixel_spacing_unknown`, `pixel_spacing_not_covered`; the first that holds, in this
            order.
        """
        given = {"modality": modality, "body_part": body_part, "view": view}
        for name, covered in (
            ("modality", self.modality),
            ("body_part", self.body_part),
            ("view", self.view),
        ):
            value = given[name].strip().upper()
            if covered and value not in {item.upper() for item in covered}:
                code = f"{name}_not_covered" if value else f"{name}_unknown"
                return Abstention(code, {"given": value, "covered": list(covered)})
        return self._spacing_refusal(row_spacing_mm, column_spacing_mm)

    def _spacing_refusal(self, row_mm: float | None, column_mm: float | None) -> Abstention | None:
        if self.pixel_spacing_mm is None:
            return None
        low, high = self.pixel_spacing_mm
        if row_mm is None or column_mm is None:
            return Abstention("pixel_spacing_unknown", {"low_mm": low, "high_mm": high})
        if low <= row_mm <= high and low <= column_mm <= high:
            return None
        return Abstention(
            "pixel_spacing_not_covered",
            {"row_mm": row_mm, "column_mm": column_mm, "low_mm": low, "high_mm": high},
        )

    @classmethod
    def from_fields(cls, fields: Fields) -> Applicability:
        """Read and check the `applicability` of a `spec.json` (raises `SpecError`)."""
        spacing = None
        if fields.has("pixel_spacing_mm"):
            where = fields.where("pixel_spacing_mm")
            low, high = (number(value, where) for value in fields.pair("pixel_spacing_mm"))
            if not 0 < low <= high:
                raise SpecError("spec_range", f"{where} must be [min, max] above 0.")
            spacing = (low, high)
        applicability = cls(
            modality=fields.texts("modality"),
            body_part=fields.texts("body_part"),
            view=fields.texts("view"),
            pixel_spacing_mm=spacing,
        )
        fields.finish()
        return applicability

    def to_json(self) -> dict[str, Json]:
        """JSON form as in `spec.json`; `from_fields` reads it back."""
        return {
            "modality": list(self.modality),
            "body_part": list(self.body_part),
            "view": list(self.view),
            "pixel_spacing_mm": list(self.pixel_spacing_mm) if self.pixel_spacing_mm else None,
        }
