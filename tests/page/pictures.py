#!/usr/bin/env python3
"""Makes the screenshots of docs/images: pages of three scenarios, as a headless Chromium shows them. Needs pngquant.

    pictures.py ECHOLAB FOLDER
"""

import pathlib
import shutil
import subprocess
import sys
import tempfile

from browser import Browser

# a scenario, whether it is shown dark, and from which element on, how high
PICTURES = [
    ("echo", False, "document.body", 1180),
    ("fast-retransmit", True, "document.querySelector('.ladder')", 1180),
    ("zero-window", False, "document.querySelector('.steps')", 1000),
]
# what a reader opens to see why
OPEN = "document.querySelector('tr[data-grave] details')?.toggleAttribute('open')"


def main():
    if not shutil.which("pngquant"):
        raise SystemExit("pngquant makes the pictures small, and is not here: apt-get install pngquant")
    echolab, folder = pathlib.Path(sys.argv[1]).absolute(), pathlib.Path(sys.argv[2])
    with tempfile.TemporaryDirectory() as work:
        for name, dark, element, height in PICTURES:
            # a name alone: the page shows its command
            command = [echolab, "session", "--utc", "--scenario", name, "--format", "html", "--output", f"{name}.html"]
            subprocess.run(command, cwd=work, check=True, stderr=subprocess.DEVNULL)
            with Browser() as page:
                page.look(1240, dark)
                page.open(f"{work}/{name}.html")
                page.run(OPEN)
                picture = page.picture(element, height)
            packed = subprocess.run(["pngquant", "--strip", "--speed", "1", "-"], input=picture, check=True, capture_output=True)
            (folder / f"{name}.png").write_bytes(packed.stdout)
            print(f"{folder / name}.png: {len(packed.stdout) // 1024} KiB")


main()
