"""Runs inside GIMP: every case of a module, each result written down at once."""

from __future__ import print_function

import importlib
import json
import sys
import time
import traceback

import helpers


def run(module_name, answer):
    module = importlib.import_module(module_name)
    results = {}
    for name, case in sorted(vars(module).items()):
        if not name.startswith("case_"):
            continue
        helpers.engine("good")
        started = time.time()
        before = helpers.images()
        try:
            case()
            results[name] = None
        except Exception:
            results[name] = traceback.format_exc()
        print("%s: %.1f s" % (name, time.time() - started))
        sys.stdout.flush()
        for number, image in helpers.images().items():
            if number not in before:
                helpers.delete(image)
        with open(answer, "w") as file:
            json.dump(results, file)
