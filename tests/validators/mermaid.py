#!/usr/bin/env python3
"""Has Mermaid parse and draw every diagram of Markdown files, in a headless Chromium.

    mermaid.py MERMAID.JS FILE...

What it draws must be words: no element of HTML that a capture could have brought.
"""

import json
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "page"))
from browser import Browser  # noqa: E402

DRAW = """(async (source) => {
  const { diagramType } = await mermaid.parse(source);
  const { svg } = await mermaid.render('diagram', source);
  const page = new DOMParser().parseFromString(svg, 'image/svg+xml');
  const foreign = [...page.querySelectorAll('script, img, a, iframe, foreignObject, parsererror')];
  return [diagramType, foreign.map((one) => one.outerHTML)];
})"""


def main():
    drawn = 0
    with Browser(seconds=300) as page:
        page.run(pathlib.Path(sys.argv[1]).read_text() + "; mermaid.initialize({ startOnLoad: false }); 0")
        for path in sys.argv[2:]:
            for source in re.findall(r"^```mermaid\n(.*?)^```$", pathlib.Path(path).read_text(), flags=re.S | re.M):
                try:
                    told = page.run(f"{DRAW}({json.dumps(source)})")
                except AssertionError as error:
                    raise SystemExit(f"{path}: {str(error)[-800:]}\n{source}")
                if told != ["sequence", []]:
                    raise SystemExit(f"{path}: {told}\n{source}")
                drawn += 1
        if page.complaints():
            raise SystemExit(page.complaints())
    print(f"{drawn} diagrams")


main()
