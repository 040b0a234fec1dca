"""Options and fixtures for all tests."""

from __future__ import annotations

import os

os.environ["OMP_NUM_THREADS"] = "1"  # before imports that read it: tests run in parallel

from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

from evolver.execution import fork_server
from evolver.run.evolve import PRELOAD
from tests.long import LONG

hypothesis.settings.register_profile("evolver", deadline=None, derandomize=True, max_examples=30)
hypothesis.settings.register_profile("thorough", deadline=None, derandomize=True)
hypothesis.settings.load_profile("evolver")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--datasets",
        default=os.environ.get("EVOLVER_DATASETS"),
        help="folder of real tables (NAME.parquet with a column `target`); also EVOLVER_DATASETS",
    )
    parser.addoption("--slow", action="store_true", help="run the tests that take long too")


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--slow"):
        hypothesis.settings.load_profile("thorough")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.getoption("--slow"):
        for item in items:
            file = item.path.relative_to(Path(__file__).parent).as_posix()
            if item.get_closest_marker("slow") or item.name in LONG.get(file, ()):
                item.add_marker(pytest.mark.skip(reason="takes long: --slow runs it"))


@pytest.fixture(scope="session", autouse=True)
def fork_server_for_all_tests() -> Iterator[None]:
    """Keep one fork server for all tests, as starting one takes about two seconds."""
    fork_server.enter(PRELOAD)
    yield
    fork_server.leave()


@pytest.fixture(scope="session")
def datasets(request: pytest.FixtureRequest) -> Path:
    """Folder of real tables; tests that need it are skipped without it, but fail in CI."""
    folder = request.config.getoption("--datasets")
    if folder is None or not Path(folder).is_dir():
        if os.environ.get("CI"):
            pytest.fail("CI needs the folder of real tables: --datasets or EVOLVER_DATASETS")
        pytest.skip("needs a folder of real tables: --datasets or EVOLVER_DATASETS")
    return Path(folder)
