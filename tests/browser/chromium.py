"""A headless Chromium spoken to over its own debugging pipe (the DevTools protocol, NUL-ended JSON on file descriptors
3 and 4), so that a test needs no driver and opens no port.
"""

import base64
import json
import os
import select
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = shutil.which("chromium")
WITHOUT_CHROMIUM = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed: apt-get install chromium")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
)
PATIENCE = 60.0

Message = dict[str, Any]


class Browser:
    """One page of one browser; what it said of itself (requests, downloads, errors) is kept in `events`."""

    def __init__(self, to: int, back: int) -> None:
        self._to, self._back = to, back
        self._unread, self._number, self._session = b"", 0, ""
        self.events: list[Message] = []

    def open_page(self) -> None:
        """A new empty page, which from here on is the one that is spoken to."""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Network", "Runtime", "Log"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **parameters: Any) -> Message:
        """A command of the protocol, and its result."""
        self._number += 1
        message: Message = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._to, json.dumps(message).encode() + b"\0")
        answer = self._until(lambda each: each.get("id") == message["id"])
        assert "error" not in answer, (method, answer["error"])
        result: Message = answer["result"]
        return result

    def go(self, address: str) -> None:
        """Open an address and wait until it is loaded."""
        self._loading(lambda: self.call("Page.navigate", url=address))

    def _loading(self, act: Callable[[], Any]) -> None:
        before = len(self.events)
        act()
        self.wait_for(lambda each: each["method"] == "Page.loadEventFired", after=before)

    def acting_leads_on(self, act: Callable[[], Any]) -> None:
        """Do what leads to another page, and wait until that is loaded."""
        self._loading(act)

    def wait_for(self, wanted: Callable[[Message], bool], after: int = 0) -> Message:
        """The first event since `after` that is wanted, be it there already or to come."""
        for event in self.events[after:]:
            if wanted(event):
                return event
        return self._until(lambda each: "method" in each and wanted(each))

    def js(self, expression: str) -> Any:
        """The value of an expression, or of what a promise holds in the end."""
        done = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in done, done["exceptionDetails"]
        return done["result"].get("value")

    def key(self, name: str, code: int, text: str = "", modifiers: int = 0) -> None:
        """Press and let go of a key."""
        common = {"key": name, "code": name, "windowsVirtualKeyCode": code, "modifiers": modifiers}
        self.call("Input.dispatchKeyEvent", type="keyDown" if text else "rawKeyDown", text=text, **common)
        self.call("Input.dispatchKeyEvent", type="keyUp", **common)

    def tab(self) -> None:
        """Go to what takes the focus next."""
        self.key("Tab", 9)

    def enter(self) -> None:
        """Press Enter."""
        self.key("Enter", 13, text="\r")

    def size(self, width: int, height: int, mobile: bool = False) -> None:
        """Of the window."""
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=mobile)

    def picture(self, path: Path, whole: bool = True) -> None:
        """The page as a PNG."""
        data = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=whole)["data"]
        path.write_bytes(base64.b64decode(data))

    def printed(self, path: Path) -> None:
        """The page as it prints, as a PDF."""
        data = self.call("Page.printToPDF", preferCSSPageSize=True, paperWidth=8.27, paperHeight=11.69)["data"]
        path.write_bytes(base64.b64decode(data))

    def requested(self) -> list[str]:
        """Every address that was asked for so far."""
        return [
            each["params"]["request"]["url"] for each in self.events if each["method"] == "Network.requestWillBeSent"
        ]

    def complaints(self) -> list[str]:
        """Errors of scripts, and what the browser logged as an error."""
        thrown = [str(each["params"]) for each in self.events if each["method"] == "Runtime.exceptionThrown"]
        logged = [each["params"]["entry"] for each in self.events if each["method"] == "Log.entryAdded"]
        return thrown + [str(each) for each in logged if each["level"] == "error"]

    def _until(self, wanted: Callable[[Message], bool]) -> Message:
        deadline = time.monotonic() + PATIENCE
        while True:
            while b"\0" in self._unread:
                line, self._unread = self._unread.split(b"\0", 1)
                message: Message = json.loads(line)
                if "method" in message:
                    self.events.append(message)
                if wanted(message):
                    return message
            left = deadline - time.monotonic()
            assert left > 0 and select.select([self._back], [], [], left)[0], "the browser does not answer"
            read = os.read(self._back, 1 << 20)
            assert read, "the browser has gone"
            self._unread += read


@contextmanager
def browsing(scratch: Path) -> Iterator[Browser]:
    """A browser with a new profile, ended at the end."""
    assert CHROMIUM is not None
    (takes, to), (back, gives) = os.pipe(), os.pipe()
    # The shell puts the two ends of the pipes where the browser looks for them.
    command = ["bash", "-c", f'exec "$@" 3<&{takes} 4>&{gives}', "chromium", CHROMIUM, *FLAGS]
    process = subprocess.Popen(
        [*command, f"--user-data-dir={scratch / 'profile'}", "--remote-debugging-pipe"],
        pass_fds=(takes, gives),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(takes)
    os.close(gives)
    try:
        browser = Browser(to, back)
        browser.open_page()
        yield browser
    finally:
        process.terminate()
        process.wait(timeout=30)
        os.close(to)
        os.close(back)
