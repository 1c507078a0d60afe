"""What may stand for a UID or a frame number in a DICOMweb path? Anything else matches no route."""


class UidConverter:
    """A DICOM UID (PS3.5 9): digits and dots, at most 64 characters."""

    regex = r"[0-9][0-9.]{0,63}"

    def to_python(self, value: str) -> str:
        """Take it as it is."""
        return value

    def to_url(self, value: str) -> str:
        """Give it as it is."""
        return value


class FramesConverter:
    """Frame numbers from 1, separated by commas (PS3.18 10.4.1)."""

    regex = r"[1-9][0-9]{0,5}(?:,[1-9][0-9]{0,5}){0,99}"

    def to_python(self, value: str) -> list[int]:
        """Read the numbers."""
        return [int(number) for number in value.split(",")]

    def to_url(self, value: list[int]) -> str:
        """Write the numbers."""
        return ",".join(str(number) for number in value)
