"""The version, as the installed package says it."""

from __future__ import annotations

import importlib.metadata
import platform

__all__ = ["version"]

version = importlib.metadata.version("polywire")

PRODUCT = f"Python/{platform.python_version()} polywire/{version}"
"""What ``User-Agent`` and ``Server`` say."""
