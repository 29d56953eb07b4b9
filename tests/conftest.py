"""Random tests try the same examples in every CI run, and new ones on a developer's machine."""

from __future__ import annotations

import os
from typing import Any

from hypothesis import HealthCheck, settings

PATIENT: Any = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
"""How fast a computer is, is no property of what is tested."""
settings.register_profile("ci", derandomize=True, **PATIENT)
settings.register_profile("here", **PATIENT)
settings.load_profile("ci" if os.environ.get("CI") else "here")
