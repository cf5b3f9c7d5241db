"""``config`` of a vector as settings of the package: what it does not name has its default, except
compression, which is off."""

from __future__ import annotations

from typing import Any

from polywire.sansio import Agreement, Settings

from .data import known

PARAMS = (
    "server_no_context_takeover",
    "client_no_context_takeover",
    "server_max_window_bits",
    "client_max_window_bits",
)


def settings(config: dict[str, Any], contexts: str = "folded") -> Settings:
    known(config, "limits", "timeouts", "delivery", "answer_pings", "deflate")
    values: dict[str, Any] = {"deflate": False}
    for group in ("limits", "timeouts"):
        values |= flattened(group, config.get(group) or {})
    for name in ("delivery", "answer_pings"):
        if name in config:
            values[name] = config[name]
    if "deflate" in config:
        deflate = dict(config["deflate"])
        values["deflate"] = True
        values |= {
            f"deflate.{name}": bits for name, bits in params(deflate.pop("params", {})).items()
        }
        values |= flattened("deflate", {"contexts": contexts} | deflate)
    return Settings(values)


def flattened(prefix: str, group: dict[str, Any]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, value in group.items():
        key = f"{prefix}.{name}"
        if not isinstance(value, dict):
            values[key] = value
        elif "per_second" in value:
            known(value, "per_second", "burst")
            values[key] = value["per_second"]
            values[f"{key}.burst"] = value["burst"]
        else:
            values |= flattened(key, value)
    return values


def params(named: dict[str, Any]) -> dict[str, Any]:
    """Windows that a vector does not name have 15 bits."""
    known(named, *PARAMS)
    return {name: named.get(name, 15 if "bits" in name else False) for name in PARAMS}


def agreement(config: dict[str, Any]) -> Agreement:
    deflate = config.get("deflate")
    return Agreement(deflate=None if deflate is None else params(deflate.get("params", {})))
