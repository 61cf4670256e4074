"""The site in Chromium, Firefox and WebKit, which one API drives: Selenium's.

Chromium and WebKit have their own drivers. Firefox speaks Marionette, the
protocol to which geckodriver would translate; Debian has no geckodriver.
WebKit's driver has no finger, and takes one for a mouse: the events that a page gets
of a finger are made here, in the page.
"""

import io
import json
import os
import shutil
import socket
import subprocess
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from book import BUILD
from browser import HEIGHT, SETTLE, require_chromium, skip
from chromium import launch_arguments
from PIL import Image
from selenium import webdriver
from selenium.webdriver import (
    ActionChains,
    ChromeOptions,
    FirefoxOptions,
    Remote,
    WebKitGTKOptions,
)
from selenium.webdriver.chrome.service import Service as ChromeService
from selenium.webdriver.common.actions.action_builder import ActionBuilder
from selenium.webdriver.common.actions.pointer_input import PointerInput
from selenium.webdriver.support.ui import WebDriverWait
from selenium.webdriver.webkitgtk.service import Service as WebKitGTKService

from booktools.serve import Handler

SCREENSHOTS = BUILD / "screenshots"
TIMEOUT = 15  # seconds
# Put first on each page, since WebKit's driver does not report the console.
LISTEN = b"""<head><script>
window.heard = [];
for (const kind of ["debug", "error", "info", "log", "warn"])
  console[kind] = (...words) => heard.push(`${kind}: ${words.join(" ")}`);
addEventListener("unhandledrejection", ({ reason }) => heard.push(String(reason)));
addEventListener("error", ({ message, target }) => heard.push(
  message ?? `not loaded: ${target.currentSrc || target.src || target.href}`), true);
</script>"""
# Returns where the first visible match is on the screen, after scrolling to it.
PLACE = """const part = [...document.querySelectorAll(arguments[0])].find(
  (part) => part.checkVisibility({ visibilityProperty: true }));
part.scrollIntoView({ block: "nearest", behavior: "instant" });
const seen = part.getBoundingClientRect();
const middle = seen.top + (seen.height - innerHeight) / 2;
scrollBy({ top: middle, behavior: "instant" });  // whatever its scroll margin is
const { left, top, width, height } = part.getBoundingClientRect();
return [left, top, width, height];"""

# Sends the events of a finger that moves through points, and scrolls where a finger
# would: where the page neither takes its touch nor keeps it by touch-action. Returns
# false, and sends none, on a slider, which the browser itself moves. From then on, what
# captures a pointer on this page captures only this finger.
FINGER = r"""const [[first, ...others]] = arguments;
const target = document.elementFromPoint(...first);
if (target.matches("input[type=range]")) return false;
let holder = target;  // gets what the finger does, until a part of the page captures it
Object.assign(Element.prototype, {
  setPointerCapture() { holder = this; },
  hasPointerCapture() { return holder === this; },
});
const send = (type, [clientX, clientY], to = holder) => {
  const Kind = type.includes("pointer") ? PointerEvent : MouseEvent;
  return to.dispatchEvent(new Kind(type, {
    pointerId: 2, pointerType: "touch", isPrimary: true, clientX, clientY,
    button: type === "pointermove" ? -1 : 0,
    buttons: /down|pointermove/.test(type) ? 1 : 0,
    bubbles: !/enter|leave/.test(type), cancelable: true, composed: true, view: window,
  }));
};
const lineage = (it) => it ? [it, ...lineage(it.parentElement)] : [];
const last = others.at(-1) ?? first;
send("pointerover", first);
lineage(target).reverse().forEach((it) => send("pointerenter", first, it));
const mouseToo = send("pointerdown", first);
const [clientX, clientY] = first;
const touch = new Event("touchstart", { bubbles: true, cancelable: true });
touch.touches = [{ target, clientX, clientY }];
const taken = !target.dispatchEvent(touch);
const [x, y] = last.map((end, i) => end - first[i]);
const pans = Math.abs(x) > Math.abs(y) ? /auto|manip|pan-x/ : /auto|manip|pan-y/;
const scrolls = others.length && !taken
  && lineage(target).every((it) => pans.test(getComputedStyle(it).touchAction));
if (scrolls) scrollBy({ left: -x, top: -y, behavior: "instant" });
else for (const point of others) send("pointermove", point);
send(scrolls ? "pointercancel" : "pointerup", last);
for (const type of ["lostpointercapture", "pointerout"]) send(type, last);
lineage(holder).forEach((it) => send("pointerleave", last, it));
if (others.length || taken) return true;
if (!mouseToo || (send("mousemove", first), send("mousedown", first))) {
  const focusable = "a[href], button, input, select, summary, [tabindex]";
  target.closest(focusable)?.focus();
}
if (mouseToo) send("mouseup", first);
send("click", first);
return true;"""


class ListeningHandler(Handler):
    """Serves the site, with a script on each page that records its messages."""

    def send_head(self) -> Any:
        path = Path(self.translate_path(self.path))
        if path.is_dir():
            path /= "index.html"
        if path.suffix != ".html" or not path.is_file():
            return super().send_head()
        content = path.read_bytes().replace(b"<head>", LISTEN, 1)
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        return io.BytesIO(content)


class Marionette:
    """Hands Selenium's commands to Firefox, as geckodriver does."""

    COMMANDS = {  # noqa: RUF012
        "newSession": "WebDriver:NewSession",
        "get": "WebDriver:Navigate",
        "getCurrentUrl": "WebDriver:GetCurrentURL",
        "goBack": "WebDriver:Back",
        "refresh": "WebDriver:Refresh",
        "actions": "WebDriver:PerformActions",
        "w3cExecuteScript": "WebDriver:ExecuteScript",
        "screenshot": "WebDriver:TakeScreenshot",
        "setWindowRect": "WebDriver:SetWindowRect",
        "w3cGetWindowHandles": "WebDriver:GetWindowHandles",
        "switchToWindow": "WebDriver:SwitchToWindow",
        "quit": "Marionette:Quit",
    }

    def __init__(self, port: int) -> None:
        with socket.create_connection(("127.0.0.1", port)) as connection:
            self.stream = connection.makefile("rwb")
        self._read()  # its greeting

    def _read(self) -> Any:
        length = b""
        while (byte := self.stream.read(1)) != b":":
            length += byte
        return json.loads(self.stream.read(int(length)))

    def execute(self, command: str, parameters: dict[str, Any]) -> dict[str, Any]:
        if command == "newSession":
            parameters = {}  # those are for geckodriver
        elif command == "screenshot":
            parameters = {"full": False}
        message = json.dumps([0, 0, self.COMMANDS[command], parameters]).encode()
        self.stream.write(b"%d:%s" % (len(message), message))
        self.stream.flush()
        _, _, error, result = self._read()
        if error:
            return {"status": error["error"], "value": error}
        return result if "value" in result else {"value": result}

    def close(self) -> None:
        self.stream.close()


def require(*commands: str) -> str:
    """Return the path of the first program that is there, or skip the test."""
    if not (found := next(filter(None, map(shutil.which, commands)), None)):
        skip(f"{commands[0]} was not found.")
        raise AssertionError
    return found


@contextmanager
def start(*command: str, **options: Any) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program that says nothing, until it is no longer needed."""
    options = {"stdout": subprocess.DEVNULL} | options
    with subprocess.Popen(command, stderr=subprocess.DEVNULL, **options) as process:
        try:
            yield process
        finally:
            process.terminate()


@contextmanager
def start_chromium() -> Iterator[Remote]:
    options = ChromeOptions()
    options.binary_location = require_chromium()
    for argument in ("--headless=new", *launch_arguments()):
        options.add_argument(argument)
    yield webdriver.Chrome(options, ChromeService(require("chromedriver")))


@contextmanager
def start_firefox() -> Iterator[Remote]:
    firefox = require("firefox-esr", "firefox")
    with TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        preferences = Path(profile, "user.js")
        preferences.write_text('user_pref("marionette.port", 0);')  # any free one
        port = Path(profile, "MarionetteActivePort")
        arguments = ("--headless", "--marionette", "--profile", profile, "about:blank")
        with start(firefox, *arguments):
            end = time.monotonic() + 4 * TIMEOUT
            while not (port.exists() and port.read_text()):
                assert time.monotonic() < end, "Firefox did not start."
                time.sleep(0.05)
            yield Remote(Marionette(int(port.read_text())), options=FirefoxOptions())


@contextmanager
def start_webkit() -> Iterator[Remote]:
    program, screen = require("WebKitWebDriver"), require("Xvfb")
    size = ("-screen", "0", "1600x1600x24")
    with start(screen, "-displayfd", "1", *size, stdout=subprocess.PIPE) as server:
        assert server.stdout
        display = f":{server.stdout.readline().decode().strip()}"
        options = WebKitGTKOptions()
        options.add_argument("--automation")
        options.add_argument("--javascript-can-open-windows-automatically=true")
        service = WebKitGTKService(program, env=os.environ | {"DISPLAY": display})
        with warnings.catch_warnings():  # of what Selenium itself does
            warnings.simplefilter("ignore", DeprecationWarning)
            driver = webdriver.WebKitGTK(options, service)
        yield driver


ENGINES: dict[str, Callable[[], Any]] = {
    "chromium": start_chromium,
    "firefox": start_firefox,
    "webkit": start_webkit,
}


class Tab:
    """What a reader sees and does, with a mouse or with a finger."""

    def __init__(
        self, driver: Remote, engine: str, site: str, pointer: str = "mouse"
    ) -> None:
        self.driver, self.engine, self.site = driver, engine, site
        self.pointer = pointer
        self.by_synthetic_finger = (engine, pointer) == ("webkit", "touch")
        driver.get(f"{site}404.html")
        first = driver.window_handles
        # Unlike a browser's first window, one without a toolbar may be narrow.
        driver.execute_script("window.open('about:blank', '', 'popup')")
        self.wait_until(lambda: len(driver.window_handles) > 1)
        driver.switch_to.window(
            next(w for w in driver.window_handles if w not in first)
        )
        driver.set_window_rect(0, 0, HEIGHT, HEIGHT)
        self.settle()
        self.frame = self.get("outerHeight - innerHeight")  # around the page

    def open(self, page: str) -> None:
        self.driver.get(self.site + page)

    def run(self, script: str, *arguments: Any) -> Any:
        return self.driver.execute_script(script, *arguments)

    def get(self, expression: str, *arguments: Any) -> Any:
        """Return the value of a JavaScript expression."""
        return self.run(f"return {expression}", *arguments)

    def wait_for(self, expression: str, *arguments: Any) -> Any:
        """Return the value of an expression as soon as it is true."""
        return self.wait_until(lambda: self.get(expression, *arguments), expression)

    def wait_until(self, ready: Callable[[], Any], what: str = "") -> Any:
        return WebDriverWait(self.driver, TIMEOUT, 0.05).until(lambda _: ready(), what)

    def settle(self) -> None:
        """Wait until the layout stands still."""
        self.get(f"({SETTLE})()")

    def resize(self, width: int) -> None:
        """Give the page a width in pixels, and the height that all pages have."""
        self.driver.set_window_rect(0, 0, width, HEIGHT + self.frame)
        self.wait_for(
            "innerWidth === arguments[0] && innerHeight === arguments[1]", width, HEIGHT
        )

    def point(self, selector: str, x: float = 0.5, y: float = 0.5) -> tuple[int, int]:
        """Return where on the screen a share of an element is, scrolled into view."""
        if self.by_synthetic_finger:  # it does not wait for the layout, as drivers do
            self.settle()
        left, top, width, height = self.run(PLACE, selector)
        return round(left + x * width), round(top + y * height)

    def click(self, selector: str, x: float = 0.5, y: float = 0.5) -> None:
        self.drag([self.point(selector, x, y)])

    def drag(self, points: Sequence[tuple[int, int]]) -> None:
        """Press mouse or finger at the first point, and release it at the last."""
        if self.by_synthetic_finger and self.run(FINGER, points):
            return
        device = PointerInput(self.pointer, self.pointer)
        actions = ActionBuilder(self.driver, mouse=device, duration=10)
        pointer = actions.pointer_action
        pointer.move_to_location(*points[0])
        pointer.pointer_down()
        for point in points[1:]:
            pointer.move_to_location(*point)
        pointer.pointer_up()
        actions.perform()

    def press(self, *keys: str) -> None:
        ActionChains(self.driver, duration=0).send_keys(*keys).perform()

    def picture(self, selector: str = "") -> np.ndarray:
        """Return what is on the screen, or an element of it, as (height, width, 3)."""
        box = self.run(PLACE, selector) if selector else None
        self.settle()
        picture = Image.open(io.BytesIO(self.driver.get_screenshot_as_png()))
        if box:
            left, top, width, height = box
            picture = picture.crop((left, top, left + width, top + height))
        return np.asarray(picture.convert("RGB"))


@contextmanager
def open_tab(engine: str, site: str, pointer: str = "mouse") -> Iterator[Tab]:
    """Start a browser, and open a window in it."""
    with ENGINES[engine]() as driver:
        try:
            yield Tab(driver, engine, site, pointer)
        finally:
            driver.quit()
