"""Reads of cases for the tests of their comparison, consensus and statistics."""

from apps.feedback.compute.reads import CaseRead, FindingAnswer, Region


def box(left, top, right, bottom):
    return ((left, top), (right, top), (right, bottom), (left, bottom))


def region(left, top, right, bottom, *, image="front", frame_number=1, roi_id=""):
    return Region(image, frame_number, box(left, top, right, bottom), roi_id)


def present(**facts):
    return FindingAnswer("present", **facts)


def absent(**facts):
    return FindingAnswer("absent", **facts)


def read(**findings):
    return CaseRead(findings, is_unreadable=False)


UNREADABLE = CaseRead({}, is_unreadable=True)
NOTHING_FOUND = CaseRead({}, is_unreadable=False, is_nothing_found=True)
