"""Plans and paints one pixel with the plug-in's engine.py alone: run by any Python, 2.7 included.

Arguments: the plug-in's folder, a folder to work in, with an engine.json.
"""

import os
import struct
import sys

sys.path.insert(0, sys.argv[1])
import engine
import messages
import paths


def picture(path):
    with open(path, "wb") as file:
        file.write(struct.pack("<4f", 0.25, 0.5, 1.0, 1.0))
    return {"file": path, "width": 1, "height": 1}


def main():
    folder = sys.argv[2]
    log = os.path.join(folder, "log")
    worker = engine.Engine(folder, log)
    content = picture(os.path.join(folder, "content.raw"))
    request = {"folder": folder, "content": content, "styles": [content], "settings": {}}
    plan = engine.Plan(worker, 6000, 4000, {"size": 3000})
    while not plan.tick(0.2):
        pass
    assert plan.result is not None
    print(tuple(plan.result[key] for key in ("width", "height", "seconds")))
    steps = []
    job = engine.Job(worker, request, {"progress": lambda message: steps.append(message["step"])})
    while not job.tick(0.2):
        pass
    worker.stop()
    assert job.result is not None
    with open(paths.native(job.result["file"]), "rb") as file:
        print(struct.unpack("<4f", file.read()), steps)
    print(messages.PluginError("engine_hanging", "60").text())
    # As Windows has them in Python 2.7: bytes in its code page.
    usr = b"/usr".decode("ascii")
    assert not engine._is_within(b"/home/J\xfcrgen/bin", usr)
    assert engine._is_within(b"/usr/bin", usr)
    assert messages._text(b"\xbe\xd7").encode("utf-8")


main()
