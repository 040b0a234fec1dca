"""Report in a real browser: no request, no error, keyboard, contrast, accessibility."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from evolver import EvolvedClassifier
from evolver.report.page import page
from tests.report.browser import FLAGS
from tests.report.test_report import OPTIONS, hostile_table, large_facts

CHROMIUM = shutil.which("chromium")
if CHROMIUM is None:
    pytest.skip("needs Chromium: the package chromium of Debian", allow_module_level=True)


@pytest.fixture(scope="module")
def model() -> Any:
    X, y = hostile_table()
    return EvolvedClassifier(**OPTIONS).fit(X, y)


@pytest.fixture(scope="module")
def report(model: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("report") / "report.html"
    model.report(file, seconds=120)
    return file


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    selenium = pytest.importorskip("selenium.webdriver")
    options = selenium.ChromeOptions()
    options.binary_location = CHROMIUM
    for flag in (*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = shutil.which("chromedriver")
    found = selenium.Chrome(options, selenium.ChromeService(driver))
    yield found
    found.quit()


def opened(browser: Any, file: Path, width: int = 1200, scheme: str = "light") -> float:
    """Open a file in a window of some width; return the seconds that it took."""
    browser.set_window_size(width, 900)
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    for kind in ("browser", "performance"):
        browser.get_log(kind)
    start = time.monotonic()
    browser.get(file.as_uri())
    return time.monotonic() - start


def test_nothing_is_requested_and_nothing_fails(browser: Any, report: Path) -> None:
    opened(browser, report)
    assert browser.get_log("browser") == []
    requests = [one["message"] for one in browser.get_log("performance")]
    sent = [one for one in requests if "Network.requestWillBeSent" in one]
    assert sent
    assert all(report.as_uri() in one or '"data:' in one for one in sent)
    assert browser.execute_script("return document.querySelectorAll('script').length") == 1


def test_a_click_and_the_keyboard_open_a_member(browser: Any, report: Path) -> None:
    from selenium.webdriver import Keys
    from selenium.webdriver.common.by import By
    from selenium.webdriver.support.ui import WebDriverWait

    opened(browser, report)
    links = browser.find_elements(By.CSS_SELECTOR, "svg a[href^='#member-']")
    assert links
    for link, act in ((links[-1], "click"), (links[0], "enter")):
        target = browser.execute_script("return arguments[0].getAttribute('href')", link)[1:]
        browser.execute_script("document.getElementById(arguments[0]).open = false", target)
        if act == "click":
            link.find_element(By.TAG_NAME, "circle").click()
        else:
            browser.execute_script("arguments[0].focus()", link)
            link.send_keys(Keys.ENTER)
        details = browser.find_element(By.ID, target)
        WebDriverWait(browser, 30).until(lambda _, one=details: one.get_attribute("open"))
        assert details.find_elements(By.CSS_SELECTOR, "svg .step") or "ensemble" in target


def test_every_control_is_reached_by_tab(browser: Any, report: Path) -> None:
    from selenium.webdriver import ActionChains, Keys

    opened(browser, report)
    controls = browser.execute_script(
        "document.querySelectorAll('details').forEach(one => one.open = true);"
        "return document.querySelectorAll('a[href],summary,input,[tabindex]').length"
    )
    reached = set()
    for _ in range(controls + 5):
        ActionChains(browser).send_keys(Keys.TAB).perform()
        place = browser.execute_script(
            "return [...document.querySelectorAll('*')].indexOf(document.activeElement)"
        )
        reached.add(place)
    assert len(reached) >= controls


@pytest.mark.parametrize(("width", "scheme"), [(1200, "light"), (1200, "dark"), (380, "light")])
def test_axe_finds_nothing_serious(browser: Any, report: Path, width: int, scheme: str) -> None:
    axe_core = pytest.importorskip("axe_core_python")
    opened(browser, report, width, scheme)
    script = Path(axe_core.__file__).with_name("axe.min.js").read_text("utf-8")
    browser.execute_script(
        "document.querySelectorAll('details').forEach(one => one.open = true);" + script
    )
    found = browser.execute_async_script(
        "const done = arguments[arguments.length - 1]; axe.run().then(r => done(r.violations))"
    )
    serious = [
        (one["id"], [node["html"][:120] for node in one["nodes"][:3]])
        for one in found
        if one["impact"] in ("serious", "critical")
    ]
    assert serious == []


def test_a_phone_shows_the_page_without_scrolling_sideways(browser: Any, report: Path) -> None:
    opened(browser, report, width=500)
    wide = browser.execute_script("return document.documentElement.scrollWidth - innerWidth")
    assert wide <= 0


def test_costs_of_errors_choose_a_threshold(browser: Any, report: Path) -> None:
    from selenium.webdriver.common.by import By

    opened(browser, report)
    before = browser.find_element(By.ID, "cheapest").text
    box = browser.find_element(By.NAME, "fn")
    box.clear()
    box.send_keys("0")
    after = browser.find_element(By.ID, "cheapest").text
    assert "Cheapest threshold" in before
    assert after != before


def test_a_large_report_opens_quickly(browser: Any, model: Any, tmp_path: Path) -> None:
    file = tmp_path / "large.html"
    file.write_text(page(large_facts(model)), encoding="utf-8")
    opened(browser, file)
    timing = "performance.getEntriesByType('navigation')[0]"
    loaded = browser.execute_script(f"return {timing}.loadEventEnd - {timing}.startTime")
    rows = browser.execute_script("return document.querySelectorAll('#importance tr').length")
    assert rows > 500
    assert loaded > 0
    print(f"loaded in {loaded:.0f} ms")
