"""The dashboard and the API page in a real browser, on the real service."""

import json
import shutil
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import psutil
import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

from tests import tiny_engagement
from tests.e2e.browser import DESKTOP, PHONE, Page, chromium
from tests.e2e.process import Served, free_port, served

SERVICE = "serving.service:Hikari"
KEY = "a-key-for-the-page"
VIEWERS = 9
MINUTES = 12
KEPT = 200
CHAT = (
    "i love this game so much 🔥", "can you play undertale next?", "great, another ad break", "Sadge", "my cat is called Mochi",
    "what a boss fight PogChamp", "this lag is terrible", "hello from Osaka", "the music is lovely", "who wrote this story?",
)  # fmt: skip
EXPERIMENT = {
    "id": "greeting", "name": "greet by name", "arms": ["plain", "by name"], "metric": "replied", "kind": "binary", "minimum_effect": 0.2,
}  # fmt: skip
LABELS = ("very_negative", "negative", "neutral", "positive", "very_positive")
WORDS = {label: label.replace("_", " ") for label in LABELS}
HOSTILE = (
    "<img src=x onerror=\"document.title='taken'\"><script>document.title='taken'</script>",
    "\u202eevil looks like live\u202e and \u2066more",
    "w" * 3_000,
    "Z" + "\u0310\u0311\u0312\u0313\u0314" * 80 + " zalgo",
    "line\nbreaks\u2028and\x07bells",
    "javascript:alert(1) https://example.org/?a=<b>&c=\"d'",
)


def home(folder: Path, embedder: Path, engagement: Path) -> str:
    shutil.copytree(embedder, folder / "home" / "models" / "embedder", dirs_exist_ok=True)
    shutil.copytree(engagement, folder / "home" / "models" / "engagement", dirs_exist_ok=True)
    return str(folder / "home")


def post(url: str, path: str, **body: Any) -> Any:
    headers = {"content-type": "application/json", "authorization": f"Bearer {KEY}"}
    answer = httpx.post(f"{url}{path}", content=json.dumps(body), headers=headers, timeout=60)
    assert answer.status_code == 200, answer.text
    return answer.json()


def feed(url: str, channel: str = "default") -> None:
    """A quarter of an hour of chat that ends now, with viewers, a memory and an experiment."""
    began = time.time() - 60 * MINUTES
    for minute in range(MINUTES):
        post(
            url, "/record_metric", metric_name="viewer_count", value=100 + minute, timestamp=began + 60 * minute, channel=channel
        )
    rows = [
        {"id": number, "username": f"v{number % VIEWERS}", "message": CHAT[number % len(CHAT)], "timestamp": began + 2.4 * number}
        for number in range(25 * MINUTES)
    ]
    post(url, "/process_chat_batch", rows=rows, channel=channel)
    post(url, "/store_memory", content="kai lives in Osaka with a cat called Mochi", metadata={"user": "kai"}, channel=channel)
    post(url, "/experiments/create", definition=EXPERIMENT, channel=channel)
    post(url, "/experiments/start", id="greeting", channel=channel)
    for number in range(20):
        post(url, "/experiments/assign", id="greeting", unit=f"v{number}", channel=channel)
        post(
            url,
            "/experiments/record",
            id="greeting",
            unit=f"v{number}",
            value=number % 2,
            outcome_id=str(number),
            channel=channel,
        )


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with chromium(tmp_path_factory.mktemp("profile")) as page:
        yield page


@pytest.fixture(scope="module")
def models(tiny_embedder: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return tiny_embedder, tiny_engagement.made_once(tmp_path_factory)[0]


@pytest.fixture(scope="module")
def server(
    browser: Page, tiny_bundle: Path, models: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("serve")
    with served(SERVICE, folder, HIKARI_BUNDLE=str(tiny_bundle), HIKARI_HOME=home(folder, *models)) as running:
        feed(running.url)
        yield running


@pytest.fixture
def page(browser: Page, server: Served) -> Iterator[Page]:
    """The browser as if new; whatever a test does, the console stays silent and no other host is asked."""
    browser.open(f"{server.url}/livez")
    browser.forget()
    yield browser
    assert browser.complaints() == []
    assert browser.hosts() <= {urlsplit(server.url).netloc}


def live(page: Page, url: str, size: tuple[int, int] = DESKTOP, *, dark: bool = False) -> None:
    page.open(url, size, dark=dark)
    page.says("#state", "^Live$")


def say(page: Page, text: str) -> None:
    """Write into the chat over the page's own `/ws/chat`, and wait until it is there."""
    before = len(page.all("#chat-list > li"))
    page.type("#say-text", text)
    page.until(lambda: len(page.all("#chat-list > li")) > before, "the message does not appear")


def row(page: Page, text: str) -> str:
    """The classes and words of the chat's row with this text, as soon as it is there."""
    script = """
        const rows = [...document.querySelectorAll("#chat-list > li")];
        const row = rows.find((one) => one.querySelector(".text").textContent === arguments[0]);
        return row ? `${row.className} | ${row.querySelector(".tags").textContent}` : null;
    """
    return page.until(lambda: page.run(script, text), f"no row {text!r}")


def test_a_message_appears_with_its_feeling_whichever_way_it_came(page: Page, server: Served) -> None:
    live(page, server.url)
    for text in ("i love this so much 🔥", "Sadge this is terrible"):
        say(page, text)
        label = post(server.url, "/analyze_message", text=text, username="viewer")["sentiment"]["aggregate"]["label"]
        assert WORDS[label] in row(page, text)
    answer = post(server.url, "/process_chat_message", username="mika", message="hello over HTTP 🎉")
    assert WORDS[answer["analysis"]["sentiment"]["aggregate"]["label"]] in row(page, "hello over HTTP 🎉")
    post(server.url, "/process_chat_batch", rows=[{"id": "b1", "username": "bo", "message": "hello in bulk"}])
    assert row(page, "hello in bulk")
    post(server.url, "/process_chat_message", username="mika", message="elsewhere", channel="other")
    say(page, "the last one")
    assert "elsewhere" not in page.text("#chat-list")
    colour = """
        const row = document.querySelector("#chat-list > li");
        row.className = `said ${arguments[0]}`;
        return getComputedStyle(row).borderLeftColor;
    """
    assert len({page.run(colour, kind) for kind in ("good", "bad", "neutral")}) == 3


def test_every_panel_fills(page: Page, server: Served) -> None:
    live(page, server.url)
    say(page, "is this thing on?")
    page.says("#viewers .body", r"9 people|10 people|1\d people")
    page.says("#viewers .body", "v3")
    page.says("#experiments .body", r"greet by name.*running")
    page.says("#experiments .body", "by name")
    page.says("#engagement .body", "15 min")
    page.says("#engagement-chart .says", "Messages a minute: about")
    page.says("#viewers-chart .says", r"Now 1\d\d viewers\. At .* about")
    page.says("#rate-chart .says", r"Now \d+ messages a minute")
    page.says("#mood-chart .says", r"^Now (very )?(positive|neutral|negative)")
    page.says("#emotions-chart .says", "Of the last minute's messages")
    page.says("#emotions-now", "joy")
    page.says("#hype .body", "hype moment|Clip")
    page.says("#anomalies .body", "usual range|False alarm")
    page.says("#topics .body", r"of chat|Not yet enough chat")
    page.says("#audiences .body", r"viewers|Not yet enough viewers")
    page.says("#replies .body", "is this thing on")
    page.says("#health .body", r"ready sentiment.*ready memory.*ready analytics")
    page.says("#health .body", r"Messages read\d")
    page.says("#tile-rate dd", r"[1-9]\d*messages")
    page.says("#tile-viewers dd", r"1\d\dwatching")
    page.until(lambda: len(page.all(".chart .main-svg")) >= 5, "no charts")
    assert page.all(".failed") == []
    assert "Loading" not in page.text(".body")


def test_the_memory_finds(page: Page, server: Served) -> None:
    live(page, server.url)
    page.type("#memory-query", "what is the cat called?")
    page.says("#memory-found", "Mochi")
    page.type("#memory-user", "kai", enter=False)
    page.type("#memory-query", "where do they live?")
    page.says("#memory-found", "^kai lives in Osaka.*kai")
    page.type("#memory-query", "  ")
    page.says("#memory-error", "Write what to look for first")
    assert page.run("return document.activeElement.id") == "memory-query"


def test_a_reading_and_a_viewer_open_from_the_chat(page: Page, server: Served) -> None:
    live(page, server.url)
    post(server.url, "/process_chat_message", username="v3", message="tell me more about the boss")
    assert row(page, "tell me more about the boss")
    page.all("#chat-list button")[-1].click()
    page.says("#dialog", "How Hikari read this")
    assert {"Sentiment", "Emotion", "Toxicity", "Recommendation"} <= {one.text for one in page.all("#dialog h3")}
    page.find("#dialog .quoted button").click()
    page.says("#dialog-body", "Engagement")
    assert page.text("#dialog-title") == "v3"
    ActionChains(page.driver).send_keys(Keys.ESCAPE).perform()
    page.until(lambda: not page.run("return document.getElementById('dialog').open"), "the dialog stays open")


def test_light_and_dark(page: Page, server: Served) -> None:
    def lightness() -> float:
        colour = page.run("return getComputedStyle(document.body).backgroundColor")
        return sum(float(part) for part in colour[colour.index("(") + 1 : -1].split(",")[:3]) / 3

    live(page, server.url, dark=True)
    assert lightness() < 60
    page.until(lambda: page.all("#mood-chart .main-svg"), "no chart")
    inks = "return getComputedStyle(document.querySelector('#mood-chart .xtick text')).fill"
    dark = page.until(lambda: page.run(inks), "no ticks")
    page.system(dark=False)
    page.until(lambda: lightness() > 200, "the page stays dark")
    page.until(lambda: page.run(inks) != dark, "the chart keeps its ink")
    page.find("#theme").click()
    assert lightness() < 60
    assert page.find("#theme").get_attribute("aria-pressed") == "true"
    page.open(f"{server.url}/docs")  # the choice holds on the other page, against the system
    assert lightness() < 60


def test_a_phone_is_wide_enough(page: Page, server: Served) -> None:
    live(page, server.url, PHONE)
    say(page, "w" * 500)
    page.until(lambda: page.all("#mood-chart .main-svg") or page.run("scrollBy(0, 400)"), "no chart")
    page.says("#viewers .body", "v3")
    for path in ("/", "/docs"):
        if path != "/":
            page.open(f"{server.url}{path}", PHONE)
            page.until(lambda: page.all(".operation"), "no operations")
        assert page.run("return [document.documentElement.scrollWidth, innerWidth]") == [PHONE[0], PHONE[0]]


def test_the_keyboard_reaches_everything(page: Page, server: Served) -> None:
    live(page, server.url)
    for text in ("one", "two", "three"):
        say(page, text)
    page.says("#viewers .body", "v3")
    page.says("#experiments .body", "greet by name")
    # The Tab key starts at the top.
    page.run("document.body.tabIndex = -1; document.body.focus(); document.body.removeAttribute('tabindex')")
    focused: list[str] = []
    script = """
        const one = document.activeElement, style = getComputedStyle(one);
        const name = one.id || one.closest("[id]")?.id || one.tagName;
        return [name, style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0, one.matches("#chat-list *")];
    """
    in_chat = 0
    for _ in range(120):
        ActionChains(page.driver).send_keys(Keys.TAB).perform()
        name, visible, chat = page.run(script)
        if name == "BODY":
            break
        assert visible or name == "main", name
        in_chat += chat
        focused.append(name)
    wanted = (
        "channel", "theme", "chat-only", "chat-list", "say-name", "say-text", "say-send", "memory-query", "memory-user", "memory-send",
        "viewers",
    )  # fmt: skip
    assert [name for name in dict.fromkeys(focused) if name in wanted] == [*wanted]
    assert in_chat == 1
    # Arrows go through the chat, Enter opens, Escape comes back.
    page.run("document.querySelector(\"#chat-list [tabindex='0']\").focus()")
    ActionChains(page.driver).send_keys(Keys.END, Keys.ARROW_UP).perform()
    assert "two" in page.run("return document.activeElement.textContent")
    ActionChains(page.driver).send_keys(Keys.ENTER).perform()
    page.until(lambda: page.run("return document.getElementById('dialog').open"), "the dialog does not open")
    ActionChains(page.driver).send_keys(Keys.ESCAPE).perform()
    page.until(lambda: "two" in page.run("return document.activeElement.textContent"), "the focus is lost")
    # Messages are not read out one by one; notices are.
    assert page.find("#chat-list").get_attribute("aria-live") == "off"
    assert page.find("#notices").get_attribute("role") == "status"


def test_hostile_messages_do_no_harm(page: Page, server: Served) -> None:
    live(page, server.url)
    page.type("#say-name", "<b>bold</b>", enter=False)
    for text in HOSTILE:
        say(page, text)
    assert page.run("return document.title") == "Hikari: live"
    assert page.all("#chat-list img, #chat-list script, #chat-list b, #chat-list a") == []
    assert page.run("const root = document.documentElement; return root.scrollWidth - root.clientWidth") == 0
    assert page.run("const list = document.getElementById('chat-list'); return list.scrollWidth - list.clientWidth") == 0
    assert HOSTILE[0] in page.text("#chat-list")
    assert "<b>bold</b>" in page.text("#chat-list .who")
    assert page.run("return getComputedStyle(document.querySelector('#chat-list .text')).unicodeBidi") == "isolate"
    page.all("#chat-list button")[-1].click()
    page.says("#dialog", "How Hikari read this")
    assert page.run("return document.title") == "Hikari: live"


def test_the_chat_is_bounded_and_waits_for_who_reads(page: Page, server: Served) -> None:
    live(page, server.url)
    rows = [{"id": f"many-{number}", "username": f"v{number % 50}", "message": f"number {number}"} for number in range(3 * KEPT)]
    post(server.url, "/process_chat_batch", rows=rows)
    assert row(page, f"number {3 * KEPT - 1}")
    assert not page.find("#chat-newer").is_displayed()
    assert len(page.all("#chat-list > li")) == KEPT
    page.run("document.getElementById('chat-list').scrollTop = 0")
    post(server.url, "/process_chat_message", username="mika", message="while you read")
    assert row(page, "while you read")
    assert page.run("return document.getElementById('chat-list').scrollTop") < 200
    page.says("#chat-newer", "1 newer message$")
    page.find("#chat-newer").click()
    page.until(lambda: not page.find("#chat-newer").is_displayed(), "it still says that there is more")


def test_another_channel(page: Page, server: Served) -> None:
    live(page, server.url)
    say(page, "in the first")
    page.type("#channel", "second")
    page.says("#state", "^Live$")
    page.until(lambda: not page.all("#chat-list > li"), "the old chat stays")
    assert "?channel=second" in page.driver.current_url
    assert "hikari simulate" in page.text("#chat-empty")
    say(page, "in the second")
    page.says("#viewers .body", "1 person wrote", wait_s=60)


def test_a_recorded_stream_plays(page: Page, server: Served, tmp_path: Path) -> None:
    live(page, f"{server.url}/?channel=played")
    began = 1_000_000.0
    rows = [
        {"timestamp": began + number / 10, "username": f"v{number}", "message": f"played {number}", "viewer_count": 7}
        for number in range(20)
    ]
    recording = tmp_path / "demo.jsonl"
    recording.write_text("\n".join(json.dumps(one) for one in rows))
    page.find("#play-file").send_keys(str(recording))
    assert row(page, "played 19")
    page.says("#playing-says", "The recording is over")


def test_a_channel_that_cannot_be(page: Page, server: Served) -> None:
    page.open(f"{server.url}/?channel={'c' * 300}")
    page.says("#state", "^Not allowed$")
    page.says("#lost-says", "No live connection: Channel has 300 characters")
    page.complaints()  # the refusal itself


def test_the_api_page(page: Page, server: Served) -> None:
    page.open(f"{server.url}/docs")
    page.until(lambda: len(page.all(".operation")) > 20, "no operations")
    assert "/next_reply" in page.text(".path")
    page.run("document.querySelector('.operation').open = true")
    page.find(".operation .try button").click()
    page.says(".operation .try [role='status']", "^200")


def kill(running: Served) -> None:
    parent = psutil.Process(running.process.pid)
    for process in [*parent.children(recursive=True), parent]:
        process.send_signal(signal.SIGKILL)
    running.process.wait()


def test_the_key_is_asked_for_and_the_page_comes_back_after_a_crash(
    browser: Page, tiny_bundle: Path, models: tuple[Path, Path], tmp_path: Path
) -> None:
    environment = {"HIKARI_BUNDLE": str(tiny_bundle), "HIKARI_HOME": home(tmp_path, *models), "HIKARI_API_KEYS": f"other,{KEY}"}
    port = free_port()
    with served(SERVICE, tmp_path, port=port, **environment) as running:
        browser.open(f"{running.url}/livez")
        browser.forget()
        browser.open(running.url)
        browser.says("#key-says", "This engine is protected")
        browser.says("#state", "^Key needed$")
        browser.says("#viewers .body", "This needs the API key")
        assert browser.run("return document.activeElement.id") == "key"
        browser.type("#key", "wrong")
        browser.says("#key-says", "does not know this key")
        browser.type("#key", KEY)
        browser.says("#state", "^Live$")
        assert not browser.run("return document.getElementById('key-dialog').open")
        assert KEY in browser.run("return JSON.stringify(sessionStorage)")
        assert KEY not in browser.run("return JSON.stringify(localStorage) + document.cookie + location.href")
        say(browser, "before the crash")
        kill(running)
        browser.says("#state", "^Reconnecting$")
        browser.says("#lost", r"connection is lost.*next try in \d+ s|trying")
        assert browser.find("#lost-now").is_displayed()
    assert "before the crash" in browser.text("#chat-list")
    with served(SERVICE, tmp_path, port=port, **environment) as running:
        browser.says("#state", "^Live$")
        assert not browser.find("#lost").is_displayed()
        say(browser, "after the crash")
        browser.says("#viewers .body", "wrote in this stream")
    assert browser.hosts() <= {f"127.0.0.1:{port}"}
    browser.complaints()  # a browser notes every refused connection
