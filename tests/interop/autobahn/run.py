#!/usr/bin/env python3
"""Run the Autobahn|Testsuite against a WebSocket server or client, over all cores, strictly.

    run.py server ws://127.0.0.1:9001 [options]
    run.py client 'command' [options]

Owns the suite: its processes, its reports, the table. It knows nothing of the peer but its address, or
the command of a client, which is run once per share of the cases as `command ws://127.0.0.1:PORT AGENT`
and has to read /getCaseCount, to echo in /runCase?case=N&agent=AGENT for N from 1 to that count, and to
open /updateReports?agent=AGENT at last.

Only OK and INFORMATIONAL pass, with a clean close, and only where `../autobahn-expected.json` expects just
that, close code included: NON-STRICT and UNIMPLEMENTED are failures here.
"""

import argparse
import collections
import concurrent.futures
import json
import os
import pathlib
import shlex
import shutil
import socket
import subprocess
import sys
import time

import expected

HERE = pathlib.Path(__file__).resolve().parent

# The suite writes the report of a process at its end, so many small shares lose little with one process.
CASES_PER_SHARE = 40

# Large messages and compression: started first, so that no core is left with one of them at the end.
HEAVY = ("9.", "12.", "13.")

# Sections 12 and 13 repeat 18 sizes of message for each set of parameters; `--quick` keeps the first 4, and
# leaves out section 9, whose messages have megabytes.
QUICK_SIZES = 4

BEHAVIOURS = ("OK", "INFORMATIONAL", "NON-STRICT", "UNIMPLEMENTED", "FAILED", "MISSING")
MISSING = {"behavior": "MISSING", "behaviorClose": "MISSING", "remoteCloseCode": None, "duration": 0}


def main():
    options = arguments()
    suite = pathlib.Path(subprocess.check_output([HERE / "install.sh"], text=True).strip())
    cases = resolve(suite, options)
    if not cases:
        sys.exit(f"no case matches {options.cases!r}")
    shutil.rmtree(options.reports, ignore_errors=True)
    options.reports.mkdir(parents=True)

    shares = [Share(options, suite, number, part) for number, part in enumerate(deal(cases))]
    print(f"{len(cases)} cases in {len(shares)} shares, {options.jobs} at a time", flush=True)
    start = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        list(pool.map(Share.run, shares))
    seconds = time.monotonic() - start

    results = {}
    for share in shares:
        results.update(share.results())
    table(cases, results)
    if options.accept:
        faults = accept(options, cases, results)
    else:
        faults = compare(options, cases, results)
    print(f"{len(cases)} cases in {seconds:.0f} s; reports in {options.reports}")
    for fault in faults:
        print("not passed:", fault)
    sys.exit(1 if faults else 0)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("role", choices=("server", "client"), help="what the peer under test is")
    parser.add_argument("peer", help="the server's URL, or the client's command")
    parser.add_argument("--agent", default="polywire")
    parser.add_argument("--cases", default="*", help="patterns, such as '1.*,5.19'")
    parser.add_argument("--without", default="", help="patterns to leave out")
    parser.add_argument("--quick", action="store_true", help="without the large messages: what the tests of every change run")
    parser.add_argument("--accept", action="store_true", help="take what is found for what is expected")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--limit", type=int, default=1800, help="seconds that a share may take")
    parser.add_argument("--reports", type=pathlib.Path, default=pathlib.Path("target/autobahn"))
    options = parser.parse_args()
    options.reports = options.reports.resolve()
    return options


def resolve(suite, options):
    command = [suite / "bin/python", HERE / "cases.py", options.cases, options.without]
    printed = subprocess.check_output(command, text=True).splitlines()
    cases = [line.split()[1] for line in printed if line.startswith("case ")]
    if options.quick:
        cases = [case for case in cases if is_quick(case)]
    return cases


def is_quick(case):
    section, *_, last = natural(case)
    return section != 9 and (section not in (12, 13) or last <= QUICK_SIZES)


def deal(cases):
    """Deal the cases out like cards, the heavy ones first."""
    count = -(-len(cases) // CASES_PER_SHARE)
    order = sorted(cases, key=lambda case: not case.startswith(HEAVY))
    return [sorted(order[number::count], key=natural) for number in range(count)]


def natural(case):
    return [int(part) for part in case.split(".")]


class Share:
    """One process of the suite and its part of the cases."""

    def __init__(self, options, suite, number, cases):
        self.options = options
        self.wstest = suite / "bin/wstest"
        self.number = number
        self.cases = cases
        self.folder = options.reports / f"share{number}"
        self.spec = options.reports / f"share{number}.json"

    def run(self):
        spec = {
            "outdir": str(self.folder),
            "cases": self.cases,
            "exclude-cases": [],
            "exclude-agent-cases": {},
            "options": {},
        }
        if self.options.role == "server":
            spec["servers"] = [{"agent": self.options.agent, "url": self.options.peer}]
            self.run_suite_as_client(spec)
        else:
            self.run_suite_as_server(spec)

    def run_suite_as_client(self, spec):
        self.spec.write_text(json.dumps(spec))
        with self.log("suite") as log:
            finish(self.start("fuzzingclient", log), self.options.limit)

    def run_suite_as_server(self, spec):
        port = free_port()
        url = f"ws://127.0.0.1:{port}"
        self.spec.write_text(json.dumps(spec | {"url": url}))
        command = [*shlex.split(self.options.peer), url, self.options.agent]
        with self.log("suite") as suite_log, self.log("client") as client_log:
            server = self.start("fuzzingserver", suite_log)
            try:
                wait_until(lambda: listens(port), 30)
                client = subprocess.Popen(command, stdout=client_log, stderr=subprocess.STDOUT)
                if finish(client, self.options.limit) != 0:
                    print(f"share {self.number}: the client failed, see {client_log.name}", flush=True)
                wait_until(lambda: (self.folder / "index.json").is_file(), 30)
                # The index is there a moment before all of it is written.
                wait_until(lambda: self.results(), 5)
            finally:
                server.terminate()
                finish(server, 10)

    def start(self, mode, log):
        # -u 0: without it the suite insists on a terminal.
        command = [self.wstest, "-u", "0", "-m", mode, "-s", self.spec]
        return subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, cwd=self.options.reports)

    def log(self, name):
        return open(self.options.reports / f"share{self.number}.{name}.log", "w")

    def results(self):
        try:
            agents = json.loads((self.folder / "index.json").read_text())
        except (OSError, ValueError):
            return {}
        return {case: result for cases in agents.values() for case, result in cases.items()}


def finish(process, limit):
    """Wait for a process, and end it when it takes too long."""
    try:
        return process.wait(limit)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def listens(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def wait_until(condition, seconds):
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.1)


def compare(options, cases, results):
    """Each case that did not give what is expected, and how."""
    wanted = expected.load()
    faults = []
    for case in cases:
        fault = expected.fault(wanted, case, results.get(case, MISSING))
        if fault:
            faults.append(f"{case}: {fault}")
    if is_whole(options) and len(cases) != wanted["cases"]:
        faults.append(f"{len(cases)} cases were run, expected {wanted['cases']}")
    return faults


def is_whole(options):
    return options.cases == "*" and not options.without and not options.quick


def accept(options, cases, results):
    """Take what was found for what is expected, if all of it passes."""
    if not is_whole(options):
        sys.exit("only a run of all cases says what is expected of all cases")
    faults = [
        f"{case}: {expected.found(results.get(case, MISSING))}"
        for case in cases
        if not {results.get(case, MISSING)[name] for name in ("behavior", "behaviorClose")}
        <= set(expected.PASSING)
    ]
    if not faults:
        expected.write({case: results[case] for case in sorted(cases, key=natural)})
    return faults


def table(cases, results):
    """Print what was found, by section."""
    counts = collections.defaultdict(collections.Counter)
    seconds = collections.Counter()
    for case in cases:
        result = results.get(case, MISSING)
        section = case.split(".")[0]
        counts[section][result["behavior"]] += 1
        seconds[section] += result["duration"] / 1000
    print_row("section", BEHAVIOURS, "seconds")
    for section in sorted(counts, key=int):
        print_row(section, [counts[section][name] for name in BEHAVIOURS], f"{seconds[section]:.1f}")
    totals = [sum(row[name] for row in counts.values()) for name in BEHAVIOURS]
    print_row("all", totals, f"{sum(seconds.values()):.1f}")


def print_row(head, cells, tail):
    print(f"{head:>7}" + "".join(f"{cell:>15}" for cell in cells) + f"{tail:>10}")


if __name__ == "__main__":
    main()
