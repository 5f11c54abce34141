"""Runs inside GIMP: every case of a module, each result written down at once."""

import importlib
import json
import time
import traceback

from gi.repository import Gimp


def run(module_name, answer, work):
    import helpers

    helpers.WORK = work
    module = importlib.import_module(module_name)
    results = {}
    for name, case in vars(module).items():
        if not name.startswith("case_"):
            continue
        helpers.engine("good")
        started = time.monotonic()
        before = {image.get_id() for image in Gimp.get_images()}
        try:
            case()
            results[name] = None
        except Exception:
            results[name] = traceback.format_exc()
        print(f"{name}: {time.monotonic() - started:.1f} s", flush=True)
        for image in Gimp.get_images():
            if image.get_id() not in before:
                image.delete()
        with open(answer, "w") as file:
            json.dump(results, file)
