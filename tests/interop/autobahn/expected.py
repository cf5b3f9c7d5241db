"""What each case of the Autobahn|Testsuite must give: the file `autobahn-expected.json` beside this folder.

Owns that file. `usual` is what most cases give; a case that must give something else stands under the role
of the peer. The close code is the one that the suite saw: null where it saw none.

    "server": {"7.3.2": {"code": 1002}, "7.1.6": {"behavior": "INFORMATIONAL", "close": "INFORMATIONAL"}}
"""

import json
import pathlib

FILE = pathlib.Path(__file__).resolve().parent.parent / "autobahn-expected.json"
PASSING = ("OK", "INFORMATIONAL")


def found(result):
    """The part of a result of the suite that is compared."""
    return {
        "behavior": result["behavior"],
        "close": result["behaviorClose"],
        "code": result["remoteCloseCode"],
    }


def load():
    return json.loads(FILE.read_text())


def fault(expected, role, case, result):
    """What is wrong with the result of a case, or None.

    Nothing but OK and INFORMATIONAL passes, whatever the file says.
    """
    seen = found(result)
    passes = seen["behavior"] in PASSING and seen["close"] in PASSING
    wanted = expected["usual"] | expected[role].get(case, {})
    differing = [name for name in seen if seen[name] != wanted[name]]
    if passes and not differing:
        return None
    names = differing or ["behavior", "close"]
    return ", ".join(f"{name} {seen[name]}, expected {wanted[name]}" for name in names)


def write(role, results):
    """Take the results of a whole run, in which every case passed, as what is expected of this role."""
    expected = load()
    usual = expected["usual"]
    expected["cases"] = len(results)
    expected[role] = {}
    for case, result in results.items():
        different = {name: value for name, value in found(result).items() if value != usual[name]}
        if different:
            expected[role][case] = different
    FILE.write_text(text(expected))


def text(expected):
    """One case to a line, so that a change shows as one line."""
    parts = [f'"cases": {expected["cases"]}', f'"usual": {json.dumps(expected["usual"])}']
    for role in ("server", "client"):
        lines = [f'  "{case}": {json.dumps(value)}' for case, value in expected[role].items()]
        parts.append(f'"{role}": {{\n' + ",\n".join(lines) + "\n}")
    return "{\n" + ",\n".join(parts) + "\n}\n"
