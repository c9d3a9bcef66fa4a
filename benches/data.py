#!/usr/bin/env python3
"""Makes the benchmark's data: a supply, and a recipient's CSV file in which one row in a hundred is a supplied record, respelt.

Usage: data.py FOLDER SUPPLIED ROWS [PLANTED]

PLANTED is `no` where the recipient's rows are all of other people, for a count of coincidences.

Writes FOLDER/supply.csv, FOLDER/schema.toml, FOLDER/recipient.csv and FOLDER/planted.txt (how many rows were planted). The same arguments give the
same files. Everything is invented at random.
"""

import random
import sys
from pathlib import Path

CONSONANTS, VOWELS = "bcdfghjklmnprstvw", "aeiou"
AREAS = ["AB", "B", "BS", "CF", "E", "EH", "G", "L", "LS", "M", "N", "NE", "NR", "OX", "PL", "S", "SE", "SW", "TN", "W"]
INWARD = "ABDEFGHJLNPQRSTUWXYZ"


def words(number: int, syllables: int, seed: int) -> list[str]:
    chance = random.Random(seed)
    found: dict[str, None] = {}
    while len(found) < number:
        found["".join(chance.choice(CONSONANTS) + chance.choice(VOWELS) for _ in range(syllables))] = None
    return list(found)


GIVEN, FAMILY, STREETS, TOWNS = words(800, 2, 1), words(9000, 3, 2), words(4000, 3, 3), words(400, 3, 4)


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
        "signed up at the school fair",
    ]


HEADER = "customer_no,first_name,last_name,address,town,postcode,email,phone,mother_dob,child_dob,note\n"


def main() -> None:
    folder, supplied, rows = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    has_planted = sys.argv[4:] != ["no"]
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "supply.csv", "w", encoding="utf-8") as out:
        out.write(HEADER)
        for index in range(supplied):
            out.write(",".join(person(index)) + "\n")
    (folder / "schema.toml").write_text('[columns.child_dob]\nkind = "date"\nrole = "child"\norigin = "supply"\n')
    planted = 0
    with open(folder / "recipient.csv", "w", encoding="utf-8") as out:
        out.write(HEADER)
        for row in range(rows):
            if has_planted and row % 100 == 7:
                cells = person(row * 7 % supplied)
                cells[1], cells[2], cells[6] = cells[1].upper(), cells[2].upper(), cells[6].upper()
                cells[5] = cells[5].replace(" ", "")
                cells[7] = "+44" + cells[7][1:]
                planted += 1
            else:
                cells = person(supplied + row)
            out.write(",".join(cells) + "\n")
    (folder / "planted.txt").write_text(f"{planted}\n")


main()
