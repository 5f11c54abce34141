#!/usr/bin/env python3
"""A worker without a network: it speaks the protocol, inverts the colours, and can misbehave.

Standard library only. How it behaves is the word in the file that FAKE_ENGINE names, read at its
start; see `MODES`. It always spoils the alpha of its result: the plug-in must not trust it. What it
is asked to plan it writes into a file beside that one. A region gets the first colour of its style
instead, and what is protected stays as it is. What it keeps, in the modes `kept` and `kept_crash`,
is the settings alone, and whatever it paints with the same ones goes on from there.
"""

import array
import json
import os
import signal
import sys
import threading
import time

MODES = """good slow hang hang_at_start crash crash_at_start garbage stray nan oom newer older
    half gone_file wrong_size no_hello error warning refuse broken_message
    slow_plan hang_at_plan broken_plan kept kept_crash""".split()

cancelled = threading.Event()
finished = threading.Event()
jobs = []


def mode():
    try:
        with open(os.environ.get("FAKE_ENGINE", "")) as file:
            return file.read().strip() or "good"
    except OSError:
        return "good"


def say(kind, **fields):
    sys.stdout.write(json.dumps(dict(fields, type=kind)) + "\n")
    sys.stdout.flush()


def listen():
    """The stdin thread: the end of the host is the end of the engine."""
    for line in sys.stdin:
        message = json.loads(line)
        if message["type"] in ("plan", "job"):
            cancelled.clear()
            finished.clear()
            jobs.append(message)
        elif message["type"] == "cancel":
            cancelled.set()
        elif message["type"] == "finish":
            finished.set()
        elif message["type"] == "shutdown":
            break
    os._exit(0)


def stop_dead():
    """Hang so that only SIGKILL helps."""
    os.kill(os.getpid(), signal.SIGSTOP)
    time.sleep(3600)


def read(picture):
    pixels = array.array("f")
    with open(picture["file"], "rb") as file:
        pixels.frombytes(file.read())
    if len(pixels) != picture["width"] * picture["height"] * 4:
        raise ValueError("the file has another size than the message says")
    return pixels


def file_of(job, name):
    return os.path.join(job["folder"], f"{job['job']}-{name}.raw")


def write(path, pixels):
    with open(path, "wb") as file:
        pixels.tofile(file)
    return path


def invert(pixels, amount=1.0):
    for index in range(len(pixels)):
        pixels[index] += amount * (1.0 - 2.0 * pixels[index])
    pixels[3::4] = array.array("f", [0.5]) * (len(pixels) // 4)


def read_mask(mask):
    """How much each pixel is meant, from 0 to 1."""
    with open(mask["file"], "rb") as file:
        values = file.read()
    if len(values) != mask["width"] * mask["height"]:
        raise ValueError("the mask's file has another size than the message says")
    return [value / 255 for value in values]


def read_guidance(job):
    """Pairs of each region's colour and mask, and the mask of what is protected or nothing."""
    regions = [
        (read(region["style"])[:3], read_mask(region["mask"]))
        for region in job.get("regions") or []
    ]
    return regions, read_mask(job["protect"]) if job.get("protect") else []


def guided(guidance, content, pixels):
    """Put into the inverted pixels what the masks want there."""
    regions, protect = guidance
    for colour, mask in regions:
        for index, amount in enumerate(mask):
            mix(pixels, 4 * index, colour, amount)
    for index, amount in enumerate(protect):
        mix(pixels, 4 * index, content[4 * index : 4 * index + 3], amount)


def mix(pixels, start, colour, amount):
    for channel in range(3):
        old = pixels[start + channel]
        pixels[start + channel] = old + amount * (colour[channel] - old)


def preview(job, pixels, step):
    """Every n-th pixel of the content, inverted a little more each time."""
    width, height = job["content"]["width"], job["content"]["height"]
    every = -(-max(width, height) // job.get("preview_size", 512))
    small = array.array("f")
    columns, rows = range(0, width, every), range(0, height, every)
    for row in rows:
        for column in columns:
            start = (row * width + column) * 4
            small.extend(pixels[start : start + 4])
    invert(small, min(1.0, step / 10))
    path = write(file_of(job, f"preview-{step}"), small)
    say("preview", job=job["job"], file=path, width=len(columns), height=len(rows))


def note(message):
    """Keep a plan's request for the tests to read."""
    if os.environ.get("FAKE_ENGINE"):
        with open(os.environ["FAKE_ENGINE"] + ".plans", "a") as file:
            file.write(json.dumps(message) + "\n")


def plan(request, how):
    note(request)
    check(request)
    if how == "hang_at_plan":
        stop_dead()
    while how == "slow_plan" and not cancelled.is_set():
        time.sleep(0.01)
    if how == "refuse":
        refuse(request)
    elif how == "slow_plan":
        say("error", job=request["job"], code="cancelled", message="Cancelled", hint="-")
    elif how == "broken_plan":
        say("planned", job=request["job"])
    else:
        size = {"width": request["width"], "height": request["height"]}
        if longest := request["settings"].get("size"):
            size = {side: size[side] * longest // max(size.values()) for side in size}
        stages = [dict(size, steps=100)]
        how_long = {"memory": 3 * 2**29, "seconds": 754.0}
        about = {"device": "cpu", "precision": "float32", "total": 100, "tile": 0}
        say("planned", job=request["job"], stages=stages, **about, **size, **how_long)


def refuse(request):
    message = "style_layers: conv9_9 is no layer"
    say("error", job=request["job"], code="bad_settings", message=message, hint="Correct it.")


def check(request):
    """The real engine refuses what it does not know."""
    foreign = {"opacity", "mode"} & request["settings"].keys()
    if foreign:
        raise ValueError(f"the engine knows no {foreign}")


def paint(job, how):
    check(job)
    pixels = read(job["content"])
    for style in job["styles"]:
        read(style)
    for picture in (job.get("initial"), (job.get("whole") or {}).get("picture")):
        if picture:
            read(picture)
    guidance = read_guidance(job)  # now: with `accepted` the host may delete all files
    if how == "refuse":
        refuse(job)
        return
    content = job["content"]
    size = {"width": content["width"], "height": content["height"]}
    say("accepted", job=job["job"], device="cpu", total=100, fraction=begun(job), **size)
    total, pause = (100, 0.2) if how in ("slow", "kept") else (5, 0.0)
    if how == "warning":
        say("warning", job=job["job"], code="smaller", message="The picture was painted smaller.")
    for step in range(1, total + 1):
        if cancelled.is_set():
            say("error", job=job["job"], code="cancelled", message="Cancelled", hint="-")
            return
        if finished.is_set():
            break
        left = (total - step) * pause
        numbers = {"step": step, "total": total, "fraction": step / total, "eta_s": left}
        say("progress", job=job["job"], stage="32 px", loss=1.0 / step, **numbers)
        if job.get("previews") is not None:
            preview(job, pixels, step)
        keep(job, how, step / total)
        misbehave(job, how)
        time.sleep(pause)
    if job.get("checkpoint") and os.path.exists(job["checkpoint"]):
        os.remove(job["checkpoint"])
    send_result(job, how, pixels, guidance, size)


def begun(job):
    """How much of it was done before."""
    try:
        with open(job.get("checkpoint") or "") as file:
            kept = json.load(file)
    except (OSError, ValueError):
        return 0.0
    return kept["fraction"] if kept["settings"] == job["settings"] else 0.0


def keep(job, how, fraction):
    if not how.startswith("kept"):
        return
    with open(job["checkpoint"], "w") as file:
        json.dump({"fraction": fraction, "settings": job["settings"]}, file)
    say("kept", job=job["job"], fraction=fraction)
    if fraction > 0.5 and how == "kept_crash":
        os._exit(7)


def misbehave(job, how):
    if how == "hang":
        stop_dead()
    elif how == "crash":
        print("RuntimeError: the fake engine crashed as it was told", file=sys.stderr, flush=True)
        os._exit(7)
    elif how == "oom":
        os.kill(os.getpid(), signal.SIGKILL)
    elif how == "garbage":
        sys.stdout.buffer.write(b"\x00\xff not a message\n" * 50)
        sys.stdout.flush()
        time.sleep(3600)
    elif how == "broken_message":
        say("result", job=job["job"])
        time.sleep(3600)
    elif how == "stray":
        print("a library greets the world", flush=True)
    elif how == "error":
        hint = "Choose a smaller size."
        say("error", job=job["job"], code="out_of_memory", message="Too large", hint=hint)
        time.sleep(3600)


def send_result(job, how, pixels, guidance, size):
    content = pixels[:]
    invert(pixels)
    guided(guidance, content, pixels)
    path = file_of(job, "result")
    if how == "nan":
        pixels[len(pixels) // 2] = float("nan")
    if how == "half":
        pixels = pixels[: len(pixels) // 2]
    if how == "wrong_size":
        pixels, size = pixels[:4], {"width": 1, "height": 1}
    if how != "gone_file":
        write(path, pixels)
    say("result", job=job["job"], file=path, seconds=0.1, **size)


def main():
    how = mode()
    threading.Thread(target=listen, daemon=True).start()
    if how == "crash_at_start":
        sys.exit("ModuleNotFoundError: No module named 'torch'")
    if how == "hang_at_start":
        stop_dead()
    if how == "stray":
        print("Welcome", flush=True)
    devices = [{"name": "cpu", "description": "Fake processor", "memory": 2**33}]
    devices[0]["memory_free"] = 2**32
    number = {"newer": 4, "older": 2}.get(how, 3)
    if how != "no_hello":
        networks = ["compact", "vgg19"]
        about = {"version": "0", "torch": "none", "devices": devices, "networks": networks}
        say("hello", protocol=number, **about)
    while True:
        while not jobs:
            time.sleep(0.01)
        task = jobs.pop(0)
        {"plan": plan, "job": paint}[task["type"]](task, mode())


if __name__ == "__main__":
    main()
