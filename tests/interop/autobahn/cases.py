# Python 2, in the suite's own environment: print the numbers of the cases that match the patterns.
#
#   cases.py '1.*,2.*' '1.1.2'       wanted patterns, and patterns left out ('' for none)
#
# The suite resolves the patterns itself, so that a new version of it brings its new cases along.
from __future__ import print_function

import sys

from autobahntestsuite.case import CaseBasename, CaseCategories, Cases, CaseSetname, CaseSubCategories
from autobahntestsuite.caseset import CaseSet


def patterns(text):
    return [pattern for pattern in text.split(",") if pattern]


cases = CaseSet(CaseSetname, CaseBasename, Cases, CaseCategories, CaseSubCategories)
wanted = {"cases": patterns(sys.argv[1]), "exclude-cases": patterns(sys.argv[2])}
for case in cases.parseSpecCases(wanted):
    print("case " + case)
