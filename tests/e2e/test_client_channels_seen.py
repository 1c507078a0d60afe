"""Would a leak between two people at one workstation be seen? Each kind is planted once."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from scripts.stack import Stack, running
from tests.e2e.workstation import Ears, header_faults, kept, traces

pytestmark = pytest.mark.e2e

SECRET = "Spiculated behind the left clavicle 毛刺"
PLANTED = {
    "localStorage": "localStorage.setItem('last', secret)",
    "sessionStorage": "sessionStorage.setItem('last', secret)",
    "indexedDB": """new Promise((resolve) => {
      const opening = indexedDB.open('planted');
      opening.onupgradeneeded = () => {
        const rows = opening.result.createObjectStore('rows', { autoIncrement: true });
        rows.add({ deep: [new TextEncoder().encode(`{"comment":"${secret}"}`).buffer] });
      };
      opening.onsuccess = () => { opening.result.close(); resolve(); };
    })""",
    "cacheStorage": "caches.open('planted').then((it) => it.put('/x', new Response(secret)))",
    "title": "document.title = `Coread: ${secret}`",
    "address": "history.replaceState(null, '', `/?q=${encodeURIComponent(secret)}`)",
    "historyState": "history.replaceState({ comment: secret }, '')",
    "windowName": "window.name = btoa(unescape(encodeURIComponent(secret)))",
    "performance": "performance.mark(secret)",
    "page": "document.body.append(Object.assign(document.createElement('input'), {value: secret}))",
    "cookies": "document.cookie = `last=${encodeURIComponent(secret)}`",
    "console": "console.debug('draft', { comment: secret })",
    "broadcasts": "new BroadcastChannel('planted').postMessage({ comment: secret })",
}


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    with (
        tempfile.TemporaryDirectory(prefix="coread-") as folder,
        running(Path(folder), demo="") as stack,
    ):
        yield stack


@pytest.mark.parametrize("channel", PLANTED)
def test_a_planted_leak_is_seen(stack, new_page, channel):
    page = new_page()
    ears = Ears(page.context)
    page.goto(stack.url)
    expect(page.get_by_label("User name")).to_be_visible()
    assert traces({**kept(page), **ears.heard()}, [SECRET]) == []
    page.evaluate(f"async (secret) => {{ await ({PLANTED[channel]}); }}", SECRET)
    found: list[tuple[str, str]] = []
    for _ in range(20):  # the console and the siblings are heard when their turn comes
        found = traces({**kept(page), **ears.heard()}, [SECRET])
        if found:
            break
    # the page holds its own title, and measures what has its address
    assert {where for where, _ in found} <= {channel, "page", "performance"}


def test_a_key_that_the_next_person_could_use_is_seen(stack, new_page):
    page = new_page()
    page.goto(stack.url)
    expect(page.get_by_label("User name")).to_be_visible()
    assert "usable" not in kept(page)["indexedDB"]
    page.evaluate(
        """async () => {
          const name = "AES-GCM";
          const key = await crypto.subtle.generateKey({ name, length: 256 }, false, ["decrypt"]);
          const opening = indexedDB.open("planted");
          opening.onupgradeneeded = () =>
            opening.result.createObjectStore("rows", { autoIncrement: true });
          await new Promise((resolve) => { opening.onsuccess = resolve; });
          const rows = opening.result.transaction("rows", "readwrite").objectStore("rows");
          await new Promise((resolve) => { rows.add({ key }).onsuccess = resolve; });
          opening.result.close();
        }"""
    )
    assert "usable" in kept(page)["indexedDB"]


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"cache-control": "private, max-age=60"},
        {"cache-control": "no-store", "etag": '"7"'},
        {"cache-control": "no-store", "last-modified": "Fri, 27 Nov 2026 08:00:00 GMT"},
    ],
)
def test_a_header_that_tells_of_others_is_seen(headers):
    assert header_faults("/api/reads/1/open", {"cache-control": "private, no-store"}) == []
    assert header_faults("/api/reads/1/open", headers) != []
    path = "/api/reads/1/dicomweb/studies/1/metadata"
    assert header_faults(path, {"cache-control": "private", "vary": "Cookie"}) == []
    assert header_faults(path, {"cache-control": "public", "vary": "Cookie"}) != []
    assert header_faults(path, {"cache-control": "private"}) != []
