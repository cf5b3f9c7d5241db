"""What each case of the Autobahn|Testsuite must give: the file `autobahn-expected.json` beside this folder.

Owns that file. `usual` is what most cases give, and `unusual` what the others give: the same for a server
and a client, and in every language. The close code is the one that the suite saw: null where it saw none.

    "unusual": {"7.3.2": {"code": 1002}, "7.1.6": {"behavior": "INFORMATIONAL", "close": "INFORMATIONAL"}}
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


def fault(expected, case, result):
    """What is wrong with the result of a case, or None.

    Nothing but OK and INFORMATIONAL passes, whatever the file says.
    """
    seen = found(result)
    passes = seen["behavior"] in PASSING and seen["close"] in PASSING
    wanted = expected["usual"] | expected["unusual"].get(case, {})
    differing = [name for name in seen if seen[name] != wanted[name]]
    if passes and not differing:
        return None
    names = differing or ["behavior", "close"]
    return ", ".join(f"{name} {seen[name]}, expected {wanted[name]}" for name in names)


def write(results):
    """Take the results of a whole run, in which every case passed, as what is expected."""
    usual = load()["usual"]
    unusual = {}
    for case, result in results.items():
        different = {name: value for name, value in found(result).items() if value != usual[name]}
        if different:
            unusual[case] = different
    FILE.write_text(text(len(results), usual, unusual))


def text(cases, usual, unusual):
    """One case to a line, so that a change shows as one line."""
    lines = [f'  "{case}": {json.dumps(value)}' for case, value in unusual.items()]
    head = f'"cases": {cases},\n"usual": {json.dumps(usual)},\n'
    return "{\n" + head + '"unusual": {\n' + ",\n".join(lines) + "\n}\n}\n"
