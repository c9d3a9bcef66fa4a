#!/usr/bin/env python3
"""Makes the benchmark's data: a supply, and a recipient's CSV file in which some rows are supplied records, respelt.

Usage: data.py FOLDER SUPPLIED ROWS [PLANTED]

PLANTED is how many rows of a hundred are supplied records: 1, unless it is said, 0 for a count of coincidences, 90 for a copy that was kept.

Writes FOLDER/supply.csv, FOLDER/schema.toml, FOLDER/recipient.csv, FOLDER/notes.csv (prose and JSON with the same people in it, a twentieth of the
rows), FOLDER/truth.csv (row and record of each that was planted) and FOLDER/planted.txt (how many). The same arguments give the same files. Everything
is invented at random.
"""

import json
import multiprocessing
import random
import sys
from pathlib import Path

CONSONANTS, VOWELS = "bcdfghjklmnprstvw", "aeiou"
AREAS = ["AB", "B", "BS", "CF", "E", "EH", "G", "L", "LS", "M", "N", "NE", "NR", "OX", "PL", "S", "SE", "SW", "TN", "W"]
INWARD = "ABDEFGHJLNPQRSTUWXYZ"
SIGNUPS = ["signed up at the school fair", "came by the newsletter", "asked for a catalogue", "referred by a friend", "renewed last spring", ""]
PART = 20_000
IN_NOTES = 20


def words(number: int, syllables: int, seed: int) -> list[str]:
    chance = random.Random(seed)
    found: dict[str, None] = {}
    while len(found) < number:
        found["".join(chance.choice(CONSONANTS) + chance.choice(VOWELS) for _ in range(syllables))] = None
    return list(found)


GIVEN, FAMILY, STREETS, TOWNS, PROSE = words(800, 2, 1), words(9000, 3, 2), words(4000, 3, 3), words(400, 3, 4), words(3000, 2, 5)


def person(index: int) -> list[str]:
    chance = random.Random(index)
    pick = lambda names: names[int(len(names) * chance.random() ** 2)]
    given, family = pick(GIVEN), pick(FAMILY)
    postcode = f"{chance.choice(AREAS)}{chance.randrange(1, 28)} {chance.randrange(1, 10)}{chance.choice(INWARD)}{chance.choice(INWARD)}"
    return [
        f"C{index:09d}",
        given.title(),
        family.title(),
        f"{chance.randrange(1, 200)} {pick(STREETS).title()} Road",
        pick(TOWNS).title(),
        postcode,
        f"{given}.{family}{index}@example.com",
        f"07{chance.randrange(100_000_000, 999_999_999)}",
        f"{chance.randrange(1, 29):02d}/{chance.randrange(1, 13):02d}/{chance.randrange(1970, 2000)}",
        f"{chance.randrange(2012, 2017)}-{chance.randrange(1, 13):02d}-{chance.randrange(1, 29):02d}",
        chance.choice(SIGNUPS),
    ]


def respelt(cells: list[str], way: int) -> list[str]:
    """Another system's spelling of the same person, in one of four ways."""
    cells = list(cells)
    if way in (0, 1):
        cells[1], cells[2], cells[6] = cells[1].upper(), cells[2].upper(), cells[6].upper()
    if way in (0, 2):
        cells[5] = cells[5].replace(" ", "").lower()
        cells[7] = "+44" + cells[7][1:]
    if way in (1, 3):
        cells[7] = f"{cells[7][:5]} {cells[7][5:]}"
        cells[2] = f" {cells[2]}"
    return cells


def note(index: int, cells: list[str]) -> list[str]:
    """Prose and JSON in which the person is told of."""
    chance = random.Random(-index - 1)
    some = lambda number: " ".join(chance.choice(PROSE) for _ in range(number))
    prose = f"{some(9)} {cells[6]} {some(5)} {cells[7]}, {cells[5]} {some(6)}"
    return [str(index), f'"{prose}"', '"' + json.dumps({"surname": cells[2], "email": cells[6], "dob": cells[9]}).replace('"', '""') + '"']


HEADER = "customer_no,first_name,last_name,address,town,postcode,email,phone,mother_dob,child_dob,note\n"


def supplied_part(first: int, end: int) -> str:
    return "".join(",".join(person(index)) + "\n" for index in range(first, end))


def recipient_part(supplied: int, planted: int, first: int, end: int) -> tuple[str, str, str]:
    """Rows of the recipient's file, their truth, and notes."""
    rows, truth, notes = [], [], []
    for row in range(first, end):
        if row * 7 % 100 < planted:
            record = row * 7 % supplied
            cells = respelt(person(record), row // 100 % 4)
            truth.append(f"{row},{record}\n")
        else:
            cells = person(supplied + row)
        rows.append(",".join(cells) + "\n")
        if row % IN_NOTES == 0:
            notes.append(",".join(note(row, cells)) + "\n")
    return "".join(rows), "".join(truth), "".join(notes)


def parts(count: int) -> list[tuple[int, int]]:
    return [(first, min(first + PART, count)) for first in range(0, count, PART)]


def main() -> None:
    folder, supplied, rows = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    planted = int(sys.argv[4]) if sys.argv[4:] else 1
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "schema.toml").write_text('[columns.child_dob]\nkind = "date"\nrole = "child"\norigin = "supply"\n')
    with multiprocessing.Pool() as pool:
        with open(folder / "supply.csv", "w", encoding="utf-8") as out:
            out.write(HEADER)
            for text in supplied_texts(pool, supplied):
                out.write(text)
        count = 0
        with (
            open(folder / "recipient.csv", "w", encoding="utf-8") as out,
            open(folder / "truth.csv", "w", encoding="utf-8") as truth,
            open(folder / "notes.csv", "w", encoding="utf-8") as notes,
        ):
            out.write(HEADER)
            truth.write("row,record\n")
            notes.write("contact,note,payload\n")
            for text, true, noted in pool.imap(_recipient_part, ((supplied, planted, *part) for part in parts(rows))):
                out.write(text)
                truth.write(true)
                notes.write(noted)
                count += true.count("\n")
    (folder / "planted.txt").write_text(f"{count}\n")


def supplied_texts(pool, supplied: int):
    return pool.imap(_supplied_part, parts(supplied))


def _supplied_part(part: tuple[int, int]) -> str:
    return supplied_part(*part)


def _recipient_part(arguments: tuple[int, int, int, int]) -> tuple[str, str, str]:
    return recipient_part(*arguments)


if __name__ == "__main__":
    main()
