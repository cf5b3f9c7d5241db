"""Runs a vector of the kind ``connection``: what goes in, step by step, and what must come out."""

from __future__ import annotations

import random
from typing import Any

from polywire.exceptions import WebSocketException
from polywire.sansio import Connection

from . import frames
from .data import Failure, cut_up, difference, items, joined, known, octets, string
from .settings import agreement, params, settings

Trace = list[dict[str, Any]]


def run(vector: dict[str, Any], cut: str | int, paused: bool, contexts: str) -> Trace:
    """Runs ``vector`` in one way; returns every event in full, to be compared with other ways."""
    known(vector, "id", "rfc", "origin", "note", "role", "config", "steps")
    return Run(vector, cut, paused, contexts).all(vector["steps"])


class Run:
    def __init__(self, vector: dict[str, Any], cut: str | int, paused: bool, contexts: str) -> None:
        config = vector.get("config", {})
        self.role = vector["role"]
        self.cut = cut
        self.paused = paused
        self.salt = vector["id"]
        self.dice = random.Random(f"{cut} {self.salt}")
        self.now = 1_000_000
        self.connection = Connection(
            self.role,
            settings(config, contexts),
            agreement(config),
            seed=bytes([7] * 32),
            now=self.now,
        )
        self.inflater = None
        if "deflate" in config:
            agreed = params(config["deflate"].get("params", {}))
            self.inflater = frames.Inflater(
                agreed[f"{self.role}_max_window_bits"], agreed[f"{self.role}_no_context_takeover"]
            )

    def all(self, steps: list[dict[str, Any]]) -> Trace:
        trace = []
        for number, step in enumerate(items(steps), 1):
            try:
                trace += self.step(step)
            except Failure as failure:
                raise Failure(f"step {number}: {failure}") from None
        left = self.output()
        if left:
            raise Failure(f"unexpected output {left.hex()[:300]}")
        return trace

    def step(self, step: dict[str, Any]) -> Trace:
        known(
            step,
            *("receive", "command", "error", "advance", "eof", "events", "sends", "output"),
            *("wants", "heap_at_most"),
        )
        if "receive" in step:
            events = self.receive(octets(step["receive"]))
        elif "command" in step:
            events = self.command(step["command"], step.get("error"))
        elif "advance" in step:
            events = self.advance(step["advance"] * 1000)
        else:
            events = self.connection.receive_eof(self.now)
        found = merged([told(event) for event in events])
        self.expect_events(items(step.get("events")), found)
        if "heap_at_most" in step and self.connection.heap_bytes() > step["heap_at_most"]:
            raise Failure(f"holds {self.connection.heap_bytes()} bytes of heap")
        if "output" in step:
            problem = difference(octets(step["output"]).hex(), self.output().hex())
            if problem:
                raise Failure(f"output: {problem}")
        if "sends" in step:
            sent = frames.parse(self.output(), self.role == "client")
            frames.expect(sent, step["sends"], self.inflater)
        problem = difference(step.get("wants", {}), self.wants())
        if problem:
            raise Failure(f"wants: {problem}")
        return found

    def receive(self, data: bytes) -> list[tuple[Any, ...]]:
        events = []
        for piece in cut_up(self.cut, data, self.salt):
            if not self.paused:
                events += self.connection.receive(piece, self.now)
                continue
            while True:
                event, piece = self.connection.receive_next(piece, self.now)
                if event is None:
                    break
                events.append(event)
        return events

    def command(self, command: dict[str, Any], error: str | None) -> list[tuple[Any, ...]]:
        ((name, argument),) = command.items()
        try:
            self.carry_out(name, argument)
        except WebSocketException as exception:
            if exception.fault != error:
                raise Failure(f"expected {error}, found {exception!r}") from None
        else:
            if error is not None:
                raise Failure(f"expected {error}, found no error")
        return self.connection.handle_timeout(self.now)

    def carry_out(self, name: str, argument: Any) -> None:
        connection, now = self.connection, self.now
        if name == "send_text":
            connection.send(string(argument), now)
        elif name == "send_binary":
            connection.send(octets(argument), now)
        elif name == "send_part":
            connection.send_part(content(argument), argument["last"], now)
        elif name == "send_prepared":
            connection.send_prepared(content(argument), now)
        elif name == "ping":
            connection.ping(octets(argument), now)
        elif name == "pong":
            connection.pong(octets(argument), now)
        elif name == "close":
            connection.close(argument.get("code"), string(argument.get("reason", "")), now)
        elif name in ("abort", "pause_reading", "resume_reading"):
            getattr(connection, name)(now)
        else:
            raise Failure(f"unknown command {name}")

    def advance(self, by: int) -> list[tuple[Any, ...]]:
        """Lets time pass: every deadline on the way is kept at its moment."""
        target = self.now + by
        events = []
        while (deadline := self.connection.wants().deadline) is not None and deadline <= target:
            self.now = max(self.now, deadline)
            events += self.connection.handle_timeout(self.now)
            if self.connection.wants().deadline == deadline:
                raise Failure("the deadline stays after it was handled")
        self.now = target
        return events + self.connection.handle_timeout(self.now)

    def output(self) -> bytes:
        """Everything that is queued, as a socket would take it."""
        output = b""
        while queued := self.connection.transmit():
            if self.cut == "whole":
                count = len(queued)
            elif self.cut == "bytes":
                count = min(len(queued), 1 + len(queued) // 50)
            else:
                count = 1 + self.dice.randrange(len(queued))
            output += queued[:count]
            self.connection.transmitted(count)
        return output

    def wants(self) -> dict[str, Any]:
        wants = self.connection.wants()
        left = None if wants.deadline is None else max(wants.deadline - self.now, 0) // 1000
        return {
            "read": wants.read,
            "write": wants.write,
            "socket": wants.socket,
            "deadline_ms": left,
        }

    @staticmethod
    def expect_events(expected: list[Any], found: Trace) -> None:
        for number, (one, other) in enumerate(zip(expected, found), 1):
            problem = difference(joined(one), other)
            if problem:
                raise Failure(f"event {number}: {problem}")
        if len(expected) != len(found):
            more = [*expected[len(found) :], *found[len(expected) :]]
            raise Failure(f"missing or unexpected event {more[0]!r:.300}")


def content(argument: dict[str, Any]) -> str | bytes:
    return string(argument["text"]) if "text" in argument else octets(argument["binary"])


def told(event: tuple[Any, ...]) -> dict[str, Any]:
    """An event as it stands in a vector."""
    match event:
        case "text", text:
            return {"text": text}
        case ("binary" | "ping") as name, payload:
            return {name: payload.hex()}
        case "chunk", str(text), last:
            return {"chunk": {"text": text, "last": last}}
        case "chunk", data, last:
            return {"chunk": {"binary": data.hex(), "last": last}}
        case "pong", payload, rtt:
            millis = None if rtt is None else round(rtt * 1e6) // 1000
            return {"pong": {"payload": payload.hex(), "rtt_ms": millis}}
        case "close", code, reason:
            return {"close": {"code": code, "reason": reason}}
        case "failed", rule, found, offset, exception:
            if exception.fault != rule or rule not in str(exception):
                raise Failure(f"the exception says {exception!r}")
            return {"failed": {"rule": rule, "found": found, "offset": offset}}
        case "ended", cause, code, rule:
            return {"ended": {"cause": cause, "code": code, "rule": rule}}
    raise Failure(f"unknown event {event}")


def merged(events: Trace) -> Trace:
    """Joins the pieces of a message: where it was cut must not matter."""
    result: Trace = []
    for event in events:
        before = result[-1].get("chunk") if result else None
        chunk = event.get("chunk")
        if before is None or chunk is None or before["last"]:
            result.append(event)
            continue
        kind = "text" if "text" in chunk else "binary"
        before[kind] = before.get(kind, "") + chunk[kind]
        before["last"] = chunk["last"]
    return result
