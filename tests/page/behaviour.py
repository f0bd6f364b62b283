#!/usr/bin/env python3
"""Opens pages in a headless Chromium and does what a reader does: filter, order, links, keys, replay, paper.

    behaviour.py PAGE HOSTILE-PAGE [BIG-PAGE...]

PAGE is the report of a TCP conversation with a retransmission. HOSTILE-PAGE is that of a capture that would run scripts.
A BIG-PAGE must be of so few nodes that a browser opens it at once; no time is measured, for that is the machine's.
"""

import sys

from browser import Browser

PART = "const part = document.querySelector('.conversation'); const rows = [...part.querySelectorAll('.packets tr[data-n]')];"
# above those of a page at the limit of its size, about 280,000
NODES = 400_000
SHOWN = "rows.filter((row) => !row.hidden).length"


def check(what, got, wanted):
    if got != wanted:
        raise AssertionError(f"{what}: {got!r}, not {wanted!r}")


def script(text):
    return f"(() => {{ {PART} {text} }})()"


def set_and_tell(selector, value, field="value"):
    return script(
        f"const control = part.querySelector({selector!r}); control.{field} = {value};"
        " control.dispatchEvent(new Event('input', { bubbles: true }));"
        f" return {SHOWN};"
    )


def filters(page):
    every = page.run(script(f"return {SHOWN};"))
    syns = page.run(set_and_tell(".filter input[type=search]", "'syn'"))
    check("rows that speak of SYN", 2 <= syns < every, True)
    check("rows of a word that is nowhere", page.run(set_and_tell(".filter input[type=search]", "'nowhere-to-be-seen'")), 0)
    check("rows without a filter", page.run(set_and_tell(".filter input[type=search]", "''")), every)
    client = page.run(set_and_tell(".filter select", "'client'"))
    server = page.run(set_and_tell(".filter select", "'server'"))
    check("rows of either side", client + server, every)
    page.run(set_and_tell(".filter select", "''"))
    grave = page.run(set_and_tell(".filter input[type=checkbox]", "true", "checked"))
    check("rows with warnings", grave, page.run(script("return rows.filter((row) => row.dataset.grave).length;")))
    check("some, not all", 0 < grave < every, True)
    said = page.run(script("return part.querySelector('.filter output').textContent;"))
    check("what the filter says", said, f"{grave} of {every} steps")
    page.run(set_and_tell(".filter input[type=checkbox]", "false", "checked"))


def folds(page):
    """A run of equal steps is one line until it is opened, sought, or put into another order."""
    seen = script("return rows.filter((row) => row.offsetParent).length;")
    run = script("return part.querySelectorAll('.run tr').length;")
    count, folded = page.run(script("return rows.length;")), page.run(run)
    check("steps of a run", folded >= 6, True)
    check("rows that are seen", page.run(seen), count - folded)
    box = "part.querySelector('.fold-row input')"
    page.run(script(f"{box}.click();"))
    check("rows that are seen after a click", page.run(seen), count)
    page.run(script(f"{box}.click();"))
    phases = script("return [...part.querySelectorAll('.phase-row')].map((one) => one.textContent).join();")
    check("phases", page.run(phases), "Handshake,Data,Close")
    found = page.run(set_and_tell(".filter input[type=search]", "'client sends'"))
    check("a filter finds what is folded", page.run(seen), found)
    page.run(set_and_tell(".filter input[type=search]", "''"))
    check("rows that are seen without a filter", page.run(seen), count - folded)
    page.run(script("const arrow = part.querySelector('.run tr').dataset.n;"
                    " part.querySelector(`g.step[data-step=\"${arrow}\"]`).dispatchEvent(new MouseEvent('click', { bubbles: true }));"))
    check("rows that are seen after a link", page.run(seen), count)
    page.run(script(f"{box}.click(); rows.forEach((row) => {{ row.querySelector('details').open = false; }});"))


def orders(page):
    first = script("return part.querySelector('.packets tr[data-n]').dataset.n;")
    click = script(
        "const head = [...part.querySelectorAll('.packets th')].find((head) => head.textContent === 'len');"
        " head.querySelector('button').click(); return head.getAttribute('aria-sort');"
    )
    check("order", page.run(click), "ascending")
    check("order", page.run(click), "descending")
    lengths = page.run(
        script(
            "const at = [...part.querySelectorAll('.packets th')].findIndex((head) => head.textContent === 'len');"
            "return [...part.querySelectorAll('.packets tr[data-n]')].map((row) => Number(row.cells[at].textContent));"
        )
    )
    check("lengths in order", lengths, sorted(lengths, reverse=True))
    check("rows in another order", page.run(script("return rows.every((row) => row.offsetParent);")), True)
    page.run(script("part.querySelector('.packets th button').click();"))
    check("the first step again", page.run(first), "1")


def links(page):
    lit = script("return [...part.querySelectorAll('.lit')].map((one) => one.dataset.n || one.dataset.step).join();")
    page.run(script("rows[2].dispatchEvent(new MouseEvent('mouseover', { bubbles: true }));"))
    check("lit by a row", page.run(lit), "3,3")
    page.run(script("part.querySelector('g.step[data-step=\"2\"] text').dispatchEvent(new MouseEvent('mouseover', { bubbles: true }));"))
    check("lit by an arrow", page.run(lit), "2,2")
    page.run(script("part.querySelector('g.step').focus();"))
    page.key("ArrowDown")
    check("lit by a key", page.run(lit), "2,2")
    page.key("Enter")
    check("opened by a key", page.run(script("return rows[1].querySelector('details').open;")), True)
    check("the focus follows", page.run(script("return document.activeElement.closest('tr') === rows[1];")), True)
    link = "document.querySelector('.findings a[data-n]')"
    number = page.run(f"(() => {{ {link}.click(); return {link}.dataset.n; }})()")
    check("the evidence", page.run(script(f"return rows[{int(number) - 1}].querySelector('details').open;")), True)


def points(page):
    """A pointer meets the arrow that it is on, and what lights up hides no other."""
    met = script(
        "part.querySelector('.ladder').scrollIntoView();"
        " const at = (x, y) => document.elementFromPoint(x, y)?.closest('g.step');"
        # where a label begins no other arrow crosses it
        " const begin = (label) => { const box = label.getExtentOfChar(1);"
        "   const place = new DOMPoint(box.x + box.width / 2, box.y + box.height / 2).matrixTransform(label.getScreenCTM());"
        "   return [place.x, place.y]; };"
        " const steps = [...part.querySelectorAll('g.step')].filter((one) => one.getBoundingClientRect().bottom < innerHeight);"
        " const missed = steps.filter((one) => [...one.querySelectorAll('rect.hit')].some((margin) => {"
        "   const box = margin.getBoundingClientRect(); return at(box.x + box.width / 2, box.y + box.height / 2) !== one; })"
        "   || at(...begin(one.querySelector('.label'))) !== one);"
        " return [steps.length > 5, missed.map((one) => one.dataset.step).join()];"
    )
    page.look(1280)
    check("steps that a pointer misses", page.run(met), [True, ""])
    wide = script(
        "const lifelines = [...part.querySelectorAll('.lifeline line')].map((line) => Number(line.getAttribute('x1')));"
        " return [...part.querySelectorAll('rect.hit')].filter((margin) => {"
        "   const left = Number(margin.getAttribute('x')); const right = left + Number(margin.getAttribute('width'));"
        "   return right > Math.min(...lifelines) && left < Math.max(...lifelines); }).length;"
    )
    check("marks between the lifelines", page.run(wide), 0)
    check("drawings with a class of the page's controls", page.run("document.querySelectorAll('svg .bar').length"), 0)
    check("bars of the conversations", page.run("document.querySelectorAll('.capture svg rect.size').length > 0"), True)


def replay(page):
    later = script("return rows.filter((row) => row.classList.contains('later')).length;")
    count = page.run(script("return rows.length;"))
    page.run(script("part.querySelector('[data-do=first]').click();"))
    check("rows to come", page.run(later), count)
    page.run(script("part.querySelector('[data-do=next]').click(); part.querySelector('[data-do=next]').click();"))
    check("rows to come after two steps", page.run(later), count - 2)
    check("what it says", page.run(script("return part.querySelector('.replay output').textContent.split(',')[0];")), f"step 2 of {count}")
    page.run(script("part.querySelector('[data-do=back]').click();"))
    check("rows to come after a step back", page.run(later), count - 1)
    page.run(
        script(
            "const slider = part.querySelector('.replay input'); slider.value = 1000;"
            " slider.dispatchEvent(new Event('input', { bubbles: true }));"
        )
    )
    check("rows to come at the end", page.run(later), 0)
    play = "part.querySelector('[data-do=play]')"
    page.run(script(f"{play}.click();"))
    check("the button", page.run(script(f"return {play}.textContent;")), "Pause")
    moved = page.run(
        "new Promise((done) => { const slider = document.querySelector('.replay input');"
        " const look = () => Number(slider.value) > 0 && Number(slider.value) < 1000 ? done(true) : requestAnimationFrame(look);"
        " look(); })"
    )
    check("it moves", moved, True)
    page.run(script(f"{play}.click();"))
    check("the button", page.run(script(f"return {play}.textContent;")), "Play")
    page.run(script("const pace = part.querySelector('[data-do=pace]'); pace.value = 'time'; pace.dispatchEvent(new Event('change', { bubbles: true }));"))


def looks(page):
    for width in (380, 768, 1280, 2000):
        for dark in (False, True):
            page.look(width, dark)
            check(f"wider than {width}", page.run("document.documentElement.scrollWidth <= innerWidth"), True)
    check("dark", page.run("getComputedStyle(document.body).backgroundColor") != "rgb(255, 255, 255)", True)
    page.look(1280)
    check("light", page.run("getComputedStyle(document.body).backgroundColor"), "rgb(255, 255, 255)")
    names = page.run(
        "[...document.querySelectorAll('button, input, select, [role=region]')]"
        ".filter((one) => !(one.ariaLabel || one.textContent.trim() || one.closest('label'))).length"
    )
    check("controls without a name", names, 0)
    ids = page.run("(() => { const ids = [...document.querySelectorAll('[id]')].map((one) => one.id); return ids.length - new Set(ids).size; })()")
    check("ids that are there twice", ids, 0)
    dead = page.run("[...document.querySelectorAll('a[href^=\"#\"]')].filter((link) => !document.getElementById(link.hash.slice(1))).length")
    check("links to nowhere", dead, 0)


def resists(page):
    """What a capture says is words: there is no script but the page's own, and nothing that would load or lead away."""
    check("scripts", page.run("document.querySelectorAll('script').length"), 1)
    for elements in ("img", "iframe", "object", "embed", "form", "base", "link", "[onload], [onerror], [onclick]"):
        check(elements, page.run(f"document.querySelectorAll('{elements}').length"), 0)
    check("links out", page.run("[...document.querySelectorAll('[href], [src]')].filter((one) => one.getAttribute('href')[0] !== '#').length"), 0)
    hidden = "/[\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f\\u202a-\\u202e\\u2066-\\u2069]/"
    check("hidden characters", page.run(f"{hidden}.test(document.documentElement.outerHTML)"), False)
    check("the words are there", page.run("document.body.textContent.includes('<script>alert(1)</script>')"), True)
    check("complaints", page.complaints(), [])


def main():
    with Browser() as page:
        page.look(1280)
        page.open(sys.argv[1])
        for part in (looks, filters, folds, orders, links, points, replay):
            part(page)
        check("paper", page.pdf()[:5], b"%PDF-")
        check("complaints", page.complaints(), [])
    with Browser() as page:
        page.look(1280)
        page.open(sys.argv[2])
        resists(page)
    for big in sys.argv[3:]:
        with Browser() as page:
            page.look(1280)
            page.open(big)
            nodes = page.nodes()
            check(f"{nodes} nodes, which are at most {NODES}", nodes <= NODES, True)
            check("complaints", page.complaints(), [])
    print("the page behaves")


main()
