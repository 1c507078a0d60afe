"""The administrator's errand in a real browser: invite, hand the link over, help with a password,
and see all of it in a trail whose chain is whole.
"""

import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from scripts.stack import Stack, running

pytestmark = pytest.mark.e2e
SHOTS = Path(__file__).resolve().parents[2] / "test-results" / "e2e"
PATIENCE_MS = 60_000


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    """The whole of Coread with the demo, in a folder whose path is short enough for a socket."""
    SHOTS.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory(prefix="coread-") as folder,
        running(Path(folder)) as stack,
    ):
        yield stack


def log_in(page: Page, username: str, password: str) -> None:
    page.get_by_label("User name").fill(username)
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name="Log in").click()


def set_password(page: Page, password: str) -> None:
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_label("The same password again").fill(password)


def link_on(page: Page) -> str:
    """The link that a panel shows, after its copy button was pressed and said so."""
    page.get_by_role("button", name="Copy link").click()
    copied = page.get_by_role("button", name=re.compile("Copied|Copy link"))
    expect(copied).to_be_visible()
    return page.get_by_label("Link", exact=True).input_value()


def test_an_invited_person_joins_logs_in_and_gets_a_new_password(stack, new_page):
    admin, guest, stranger = new_page(size=(1440, 900)), new_page(), new_page()
    admin.goto(stack.url)
    log_in(admin, "admin", "coread-admin")
    admin.get_by_role("link", name="Admin").click()
    admin.get_by_role("link", name="Users").click()
    admin.get_by_role("button", name="Invite a person").click()
    admin.get_by_role("button", name="Make the link").click()
    expect(admin.get_by_text("Choose at least one role.")).to_be_visible()
    admin.get_by_label("Whom it is for").fill("Dr. Zhou")
    admin.get_by_role("checkbox", name="Radiologist").check()
    admin.get_by_role("button", name="Make the link").click()
    invitation = link_on(admin)
    assert invitation.startswith(f"{stack.url}/join#")
    admin.screenshot(path=SHOTS / "20-invitation.png")
    admin.get_by_role("button", name="I have handed it over").click()
    expect(admin.get_by_role("row", name=re.compile("Dr. Zhou.*Open"))).to_be_visible()

    guest.goto(invitation)
    expect(guest.get_by_role("heading", name="Join Chest X-ray")).to_be_visible()
    expect(guest.get_by_label("Your name")).to_have_value("Dr. Zhou")
    guest.get_by_label("User name").fill("admin")
    set_password(guest, "a long enough secret")
    guest.get_by_role("button", name="Create account").click()
    expect(guest.get_by_text("Somebody has this user name already.")).to_be_visible()
    guest.get_by_label("User name").fill("zhou")
    guest.get_by_role("button", name="Create account").click()
    expect(guest.get_by_text("Your account is ready. Log in with it.")).to_be_visible()
    expect(guest.get_by_label("User name")).to_have_value("zhou")
    guest.get_by_label("Password", exact=True).fill("a long enough secret")
    guest.get_by_role("button", name="Log in").click()
    expect(guest.get_by_role("link", name="Worklist")).to_be_visible(timeout=PATIENCE_MS)
    expect(guest.get_by_role("link", name="Admin")).to_have_count(0)
    assert "#" not in guest.url

    stranger.goto(invitation)
    expect(stranger.get_by_text("This link cannot be used")).to_be_visible()

    admin.reload()
    expect(admin.get_by_role("row", name=re.compile("Dr. Zhou.*Used"))).to_be_visible()
    admin.get_by_role("button", name="Change Dr. Zhou").click()
    admin.get_by_role("button", name="Password link").click()
    reset = link_on(admin)
    stranger.goto(f"{stack.url}/reset#not-complete")
    expect(stranger.get_by_text("This link cannot be used")).to_be_visible()
    stranger.goto(reset)  # only the fragment differs: the page must read it anew
    expect(stranger.get_by_text("For the account Dr. Zhou (zhou).")).to_be_visible()
    set_password(stranger, "another long secret")
    stranger.get_by_role("button", name="Set password").click()
    expect(stranger.get_by_text("Your new password is set. Log in with it.")).to_be_visible()
    guest.reload()
    expect(guest.get_by_role("button", name="Log in")).to_be_visible()  # every session has ended
    log_in(guest, "zhou", "another long secret")
    expect(guest.get_by_role("link", name="Worklist")).to_be_visible(timeout=PATIENCE_MS)

    admin.get_by_role("link", name="Audit").click()
    expect(admin.get_by_role("row", name=re.compile("Password set by link"))).to_be_visible()
    admin.get_by_role("button", name="Verify the chain").click()
    admin.get_by_role("button", name="Verify the chain").last.click()
    expect(admin.get_by_text(re.compile("The chain is whole"))).to_be_visible(timeout=PATIENCE_MS)
    admin.screenshot(path=SHOTS / "21-audit.png")
    admin.get_by_role("link", name="System").click()
    expect(admin.get_by_role("cell", name="Training")).to_be_visible()
    expect(admin.get_by_text("answers", exact=True)).to_be_visible()
    admin.screenshot(path=SHOTS / "22-system.png")
