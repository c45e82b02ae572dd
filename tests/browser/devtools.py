"""A headless Chromium, driven over its own debugging pipe: no driver, no port, no package."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
PHONE, DESKTOP = 390, 1440

# Nothing but files is reachable, whatever a page asks for. No sandbox: containers and root have none to give.
_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--hide-scrollbars",
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--proxy-server=127.0.0.1:9",
    "--remote-debugging-pipe",
)


def executable() -> str | None:
    """Return the browser of `CHROMIUM`, or the first that is installed."""
    named = os.environ.get("CHROMIUM")
    return named or next((found for name in NAMES if (found := shutil.which(name))), None)


class Browser:
    """One browser with one page. Everything that it reports is kept in `events`."""

    def __init__(self, out: BinaryIO, come: BinaryIO) -> None:
        self._out, self._come = out, come
        self._rest = b""
        self._session: str | None = None
        self._number = 0
        self.events: list[dict[str, Any]] = []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Carry out one command and return its result."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        self._out.write(json.dumps(message).encode() + b"\0")
        self._out.flush()
        while True:
            told = json.loads(self._received())
            if told.get("id") == self._number:
                assert "error" not in told, f"{method}: {told['error']}"
                result: dict[str, Any] = told["result"]
                return result
            if "method" in told:
                self.events.append(told)

    def _received(self) -> bytes:
        while b"\0" not in self._rest:
            came = os.read(self._come.fileno(), 1 << 16)
            assert came, "The browser has ended."
            self._rest += came
        message, _, self._rest = self._rest.partition(b"\0")
        return message

    def open(self, path: Path, *, width: int, dark: bool = False, media: str = "screen") -> None:
        """Open a file as it looks at a width, in light or dark, on a screen or on paper."""
        self.events.clear()
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=900,
            deviceScaleFactor=1,
            mobile=width < DESKTOP,
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", media=media, features=[scheme])
        self.call("Page.navigate", url=path.absolute().as_uri())
        while not any(event["method"] == "Page.loadEventFired" for event in self.events):
            self.call("Runtime.evaluate", expression="1")

    def evaluate(self, expression: str) -> Any:
        """Return what a JavaScript expression is worth on the page."""
        done = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in done, done["exceptionDetails"]
        return done["result"].get("value")

    def press(self, key: str) -> None:
        """Press a key and let it go."""
        code = {"Tab": 9, "Enter": 13}[key]
        for kind in ("keyDown", "keyUp"):
            text = {"text": "\r"} if key == "Enter" and kind == "keyDown" else {}
            self.call("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code, **text)

    def screenshot(self, path: Path, height: int | None = None) -> None:
        """Keep what the page looks like, the whole of it or its top."""
        size = self.call("Page.getLayoutMetrics")["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": size["width"], "height": height or size["height"], "scale": 1}
        taken = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=True, clip=clip)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(base64.b64decode(taken["data"]))

    @property
    def requests(self) -> list[str]:
        """The addresses that the page asked for."""
        return [one["params"]["request"]["url"] for one in self.events if one["method"] == "Network.requestWillBeSent"]

    @property
    def complaints(self) -> list[dict[str, Any]]:
        """What the console holds: errors, violations of the policy, and whatever a script wrote."""
        told = {"Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded"}
        return [one["params"] for one in self.events if one["method"] in told]


@contextmanager
def started(browser: str, profile: Path) -> Iterator[Browser]:
    """Start a browser with a profile of its own, and end it."""
    to_browser, from_us = os.pipe()
    to_us, from_browser = os.pipe()

    def hand_over() -> None:
        # The browser reads descriptor 3 and writes 4. Moved up first: the two may be each other's numbers.
        reads, writes = os.dup2(to_browser, 103), os.dup2(from_browser, 104)
        os.dup2(reads, 3)
        os.dup2(writes, 4)

    process = subprocess.Popen(
        [browser, *_FLAGS, f"--user-data-dir={profile}"],
        preexec_fn=hand_over,  # noqa: PLW1509  no thread of ours runs here
        close_fds=False,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(to_browser)
    os.close(from_browser)
    try:
        with os.fdopen(from_us, "wb") as out, os.fdopen(to_us, "rb") as come:
            yield Browser(out, come)
    finally:
        process.terminate()
        process.wait(timeout=30)
