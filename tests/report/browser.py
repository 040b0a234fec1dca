"""Headless Chromium for tests."""

from __future__ import annotations

FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
"""Flags without which Chromium asks the network, or needs a screen."""
