"""Which header fields may a blinded reader see? Those that a viewer needs to draw an image.

No identity, date, institution, physician, description or free text: a description may hold another
reader's words, a date or an accession number leads to the report (DESIGN rule 3).
"""

from typing import Any, Final

BLINDED_TAGS: Final[dict[str, str]] = {
    # identifiers that the viewer's requests are made of
    "00080016": "SOPClassUID",
    "00080018": "SOPInstanceUID",
    "0020000D": "StudyInstanceUID",
    "0020000E": "SeriesInstanceUID",
    "00200011": "SeriesNumber",
    "00200013": "InstanceNumber",
    "00200052": "FrameOfReferenceUID",
    "00020010": "TransferSyntaxUID",
    "00083002": "AvailableTransferSyntaxUID",
    # what the image shows and how it lies
    "00080008": "ImageType",
    "00080060": "Modality",
    "00180015": "BodyPartExamined",
    "00185101": "ViewPosition",
    "00185100": "PatientPosition",
    "00200020": "PatientOrientation",
    "00200060": "Laterality",
    "00200062": "ImageLaterality",
    "00200032": "ImagePositionPatient",
    "00200037": "ImageOrientationPatient",
    "00201041": "SliceLocation",
    "00180050": "SliceThickness",
    "00180088": "SpacingBetweenSlices",
    "00181164": "ImagerPixelSpacing",
    "00181114": "EstimatedRadiographicMagnificationFactor",
    "00280030": "PixelSpacing",
    "00280A02": "PixelSpacingCalibrationType",
    "00280034": "PixelAspectRatio",
    # the pixels
    "00280002": "SamplesPerPixel",
    "00280004": "PhotometricInterpretation",
    "00280006": "PlanarConfiguration",
    "00280008": "NumberOfFrames",
    "00280009": "FrameIncrementPointer",
    "00181063": "FrameTime",
    "00181065": "FrameTimeVector",
    "00280010": "Rows",
    "00280011": "Columns",
    "00280100": "BitsAllocated",
    "00280101": "BitsStored",
    "00280102": "HighBit",
    "00280103": "PixelRepresentation",
    "00280106": "SmallestImagePixelValue",
    "00280107": "LargestImagePixelValue",
    "00280120": "PixelPaddingValue",
    "00280121": "PixelPaddingRangeLimit",
    "00281101": "RedPaletteColorLookupTableDescriptor",
    "00281102": "GreenPaletteColorLookupTableDescriptor",
    "00281103": "BluePaletteColorLookupTableDescriptor",
    "00281201": "RedPaletteColorLookupTableData",
    "00281202": "GreenPaletteColorLookupTableData",
    "00281203": "BluePaletteColorLookupTableData",
    "00282110": "LossyImageCompression",
    "00282112": "LossyImageCompressionRatio",
    # from stored values to grey levels
    "00281040": "PixelIntensityRelationship",
    "00281041": "PixelIntensityRelationshipSign",
    "00281050": "WindowCenter",
    "00281051": "WindowWidth",
    "00281056": "VOILUTFunction",
    "00281052": "RescaleIntercept",
    "00281053": "RescaleSlope",
    "00281054": "RescaleType",
    "20500020": "PresentationLUTShape",
    "00283000": "ModalityLUTSequence",
    "00283010": "VOILUTSequence",
    "00283002": "LUTDescriptor",
    "00283006": "LUTData",
    # the same facts in multi-frame objects
    "52009229": "SharedFunctionalGroupsSequence",
    "52009230": "PerFrameFunctionalGroupsSequence",
    "00289110": "PixelMeasuresSequence",
    "00209113": "PlanePositionSequence",
    "00209116": "PlaneOrientationSequence",
    "00289132": "FrameVOILUTSequence",
    "00289145": "PixelValueTransformationSequence",
}


def blinded_headers(metadata: dict[str, Any]) -> dict[str, Any]:
    """Keep the allowed elements of a DICOM JSON data set (PS3.18 F.2), at every depth."""
    return {
        tag: _blinded_element(element)
        for tag, element in metadata.items()
        if tag.upper() in BLINDED_TAGS
    }


def _blinded_element(element: dict[str, Any]) -> dict[str, Any]:
    if element.get("vr") != "SQ":
        return element
    items = [blinded_headers(item) for item in element.get("Value", [])]
    return {**element, "Value": items}
