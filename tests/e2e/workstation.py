"""What can somebody read who sits down at a browser after somebody else? All of it, as text.

`kept` looks into every place that outlives a login, `Ears` hear what a page says while it is used,
`traces` finds in them what nobody else may know, however it is written.
"""

import base64
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

from playwright.sync_api import BrowserContext, Page

LABEL_ROUTE = re.compile(r"/api/(label-rounds|reads|arbitrations|session/draft-key)")
IMAGE_ROUTE = re.compile(r"/dicomweb/|/guideline-pictures/")
# Bytes are read as text in the two ways a browser stores text.
KEPT = """async () => {
  const decoded = (bytes) =>
    ["utf-8", "utf-16le"].map((label) => new TextDecoder(label).decode(bytes)).join(" ");
  const plain = (key, value) => {
    if (value instanceof ArrayBuffer) return decoded(new Uint8Array(value));
    if (ArrayBuffer.isView(value))
      return decoded(new Uint8Array(value.buffer, value.byteOffset, value.byteLength));
    if (value instanceof CryptoKey) return "a usable CryptoKey";
    if (value instanceof Map || value instanceof Set) return [...value];
    return value;
  };
  const text = (value) => JSON.stringify(value, plain) ?? "";
  const asked = (request) => new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  const databases = async () => {
    const found = [];
    for (const { name } of await indexedDB.databases()) {
      const database = await asked(indexedDB.open(name));
      for (const store of database.objectStoreNames) {
        const rows = database.transaction(store).objectStore(store);
        found.push([name, store, await asked(rows.getAllKeys()), await asked(rows.getAll())]);
      }
      database.close();
    }
    return text(found);
  };
  const cacheStorage = async () => {
    const found = [];
    for (const name of await caches.keys()) {
      const cache = await caches.open(name);
      for (const request of await cache.keys()) {
        const answer = await cache.match(request);
        found.push([name, request.url, [...answer.headers], await answer.text()]);
      }
    }
    return text(found);
  };
  // A time that the browser has measured is anybody's, and may be equal to a place in an image.
  const withoutTimes = (entry) =>
    Object.entries(entry.toJSON()).filter(
      ([name, value]) => name === "detail" || typeof value !== "number",
    );
  const fields = [...document.querySelectorAll("input, textarea, select")];
  return {
    localStorage: text({ ...localStorage }),
    sessionStorage: text({ ...sessionStorage }),
    indexedDB: await databases(),
    cacheStorage: await cacheStorage(),
    serviceWorkers: text(
      (await navigator.serviceWorker.getRegistrations()).map(({ scope }) => scope),
    ),
    title: document.title,
    address: location.href,
    historyState: text(history.state),
    windowName: window.name,
    referrer: document.referrer,
    performance: text(performance.getEntries().map(withoutTimes)),
    page: document.documentElement.outerHTML + text(fields.map(({ value }) => value)),
  };
}"""

# Of a short text, base64 keeps too little between its edges to be told from chance.
SHORTEST_MIDDLE = 8

# Every page of the context tells what it sends to its siblings.
OVERHEARD = """(() => {
  const send = BroadcastChannel.prototype.postMessage;
  BroadcastChannel.prototype.postMessage = function (message) {
    void window.overheard(JSON.stringify([this.name, message]));
    return send.call(this, message);
  };
})()"""


class Ears:
    """What the pages of a context say to the console and to each other from now on."""

    def __init__(self, context: BrowserContext) -> None:
        self.console: list[str] = []
        self.broadcasts: list[str] = []
        context.on("console", lambda message: self.console.append(message.text))
        context.expose_function("overheard", lambda text: self.broadcasts.append(text))
        context.add_init_script(OVERHEARD)

    def heard(self) -> dict[str, str]:
        """By channel, like `kept`."""
        return {"console": "\n".join(self.console), "broadcasts": "\n".join(self.broadcasts)}


def kept(page: Page) -> dict[str, str]:
    """What the browser holds for whoever is at this page, by channel."""
    found: dict[str, str] = page.evaluate(KEPT)
    return {**found, "cookies": json.dumps(page.context.cookies())}


def spellings(secret: str) -> set[str]:
    """The ways in which a text is written somewhere without being kept secret."""
    raw = secret.encode()
    # base64 looks different at each of three places in its surroundings; the edges mix with those
    shifted = (base64.b64encode(b"\0" * shift + raw).decode()[4:-4] for shift in range(3))
    escaped = json.dumps(secret)[1:-1]
    plain = {secret, quote(secret), quote(secret, safe=""), escaped, raw.hex()}
    return plain | {middle for middle in shifted if len(middle) >= SHORTEST_MIDDLE}


def traces(channels: Mapping[str, str], secrets: Iterable[str]) -> list[tuple[str, str]]:
    """Tell in which channel which secret stands."""
    return [
        (channel, secret)
        for channel, text in channels.items()
        for secret in secrets
        if any(spelling in text for spelling in spellings(secret))
    ]


def numbers_in(value: Any) -> list[str]:
    """Every number with a fraction in a JSON value: where a reader has drawn."""
    match value:
        case float():
            return [json.dumps(value)]
        case dict():
            return [number for each in value.values() for number in numbers_in(each)]
        case list():
            return [number for each in value for number in numbers_in(each)]
        case _:
            return []


def header_faults(url: str, headers: dict[str, str]) -> list[tuple[str, str]]:
    """Tell what in the headers of a label route outlives the login or tells of a change."""
    if not LABEL_ROUTE.match(url):
        return []
    faults = [(url, name) for name in ("etag", "last-modified") if name in headers]
    policy = headers.get("cache-control", "")
    if not IMAGE_ROUTE.search(url):
        return faults if "no-store" in policy else [*faults, (url, policy)]
    # An image is under a name of its one reader, and says nothing that anybody has answered.
    is_own = "private" in policy and "cookie" in headers.get("vary", "").lower()
    return faults if is_own else [*faults, (url, policy)]
