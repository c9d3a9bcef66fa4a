"""Writes fold.tsv, latin.tsv and entity.tsv: writings of one letter, the ASCII letters that stand for Latin ones, and HTML's names of letters.

    apt-get install unicode-data=15.0.0-1 unicode-cldr-core=41-0.1
    python3 fold.py /usr/share/unicode

fold.tsv: every letter that has a case or a decomposition, and whatever else the Unicode Character Database says is the same letter: upper,
lower and title case (UnicodeData.txt and the unconditional part of SpecialCasing.txt), full case folding (CaseFolding.txt, C and F), and the
four normalization forms. Han, Hangul and letters that are symbols are left out.
latin.tsv: every letter of the Latin script for which CLDR's transliteration Latin-ASCII has ASCII letters.
entity.tsv: every named character reference of HTML for a Latin letter, an apostrophe, a space or a dash (Python's html.entities).
"""

import html.entities
import pathlib
import re
import sys
import unicodedata

UCD = pathlib.Path(sys.argv[1])
OUT = pathlib.Path(__file__).parent
NOTICE = "# © Unicode, Inc., under LICENSE-UNICODE, modified: {source}; made by fold.py."


def fields(name):
    for line in (UCD / name).read_text(encoding="utf-8").splitlines():
        line = line.split("#")[0].strip()
        if line:
            yield [cell.strip() for cell in line.split(";")]


def text(codes):
    return "".join(chr(int(code, 16)) for code in codes.split())


def shown(writing):
    """Letters as they are; what cannot be seen alone, as an escape."""
    return "".join(letter if letter.isalpha() else f"\\u{{{ord(letter):x}}}" for letter in writing)


def scripts():
    found = {}
    for codes, script in fields("Scripts.txt"):
        first, _, last = codes.partition("..")
        for code in range(int(first, 16), int(last or first, 16) + 1):
            found[chr(code)] = script
    return found


def main():
    script = scripts()
    same = {}
    category = {}
    for row in fields("UnicodeData.txt"):
        letter = chr(int(row[0], 16))
        category[letter] = row[2]
        same[letter] = {text(cell) for cell in row[12:15] if cell}
    for row in fields("SpecialCasing.txt"):
        if len(row) == 5:
            same[text(row[0])] |= {text(cell) for cell in row[1:4]}
    for code, status, folded, *_ in fields("CaseFolding.txt"):
        if status in "CF":
            same[text(code)].add(text(folded))
    assert unicodedata.unidata_version >= "14", unicodedata.unidata_version
    with (OUT / "fold.tsv").open("w", encoding="utf-8") as out:
        print("# Writings of one letter, which must have one form: cases, full case folding, and the normalization forms.", file=out)
        print(NOTICE.format(source="Unicode Character Database 15.0.0, normal forms of Python's unicodedata " + unicodedata.unidata_version), file=out)
        for letter, writings in same.items():
            if category[letter] not in ("Lu", "Ll", "Lt", "Lo") or script.get(letter) in ("Han", "Hangul", "Common"):
                continue
            for form in ("NFC", "NFD", "NFKC", "NFKD"):
                writings |= {unicodedata.normalize(form, writing) for writing in [letter, *writings]}
            # Arabic letters as they stand in a word are compatibility forms that name it three times over.
            if script.get(letter) == "Arabic" and ord(letter) >= 0xFB50:
                continue
            # The saltillo is written as an apostrophe more often than not, and taken for one.
            if letter in "\ua78b\ua78c":
                continue
            others = sorted(writings - {letter, ""})
            if others:
                print("\t".join(map(shown, [letter, *others])), file=out)
    rules = (UCD / "cldr/common/transforms/Latin-ASCII.xml").read_text(encoding="utf-8")
    direct = dict(re.findall(r"^(\w) → ([A-Za-z]+) ;", rules, re.MULTILINE))
    with (OUT / "latin.tsv").open("w", encoding="utf-8") as out:
        print("# A letter of the Latin script, and the letters of ASCII for it.", file=out)
        print(NOTICE.format(source="CLDR 41, common/transforms/Latin-ASCII.xml"), file=out)
        for letter in same:
            if script.get(letter) != "Latin" or category[letter] not in ("Lu", "Ll", "Lt") or letter.isascii():
                continue
            base = "".join(mark for mark in unicodedata.normalize("NFD", letter) if not unicodedata.combining(mark))
            ascii_letters = "".join(direct.get(mark, mark) for mark in base)
            if ascii_letters.isascii() and ascii_letters.isalpha():
                print(f"{letter}\t{ascii_letters.lower()}", file=out)
    with (OUT / "entity.tsv").open("w", encoding="utf-8") as out:
        print("# A named character reference of HTML, and the character. Written after html.entities of Python 3.11; made by fold.py.", file=out)
        for entity, letter in sorted(html.entities.html5.items()):
            known = script.get(letter[0]) == "Latin" and category[letter[0]] in ("Lu", "Ll") and not letter.isascii()
            if entity.endswith(";") and len(letter) == 1 and (known or letter in "\u00a0\u2013\u2014\u2018\u2019&"):
                # Long aliases and names of signs in formulas are not what systems write for a letter.
                if len(entity) > 8 or entity in ("angst;", "fnof;", "imped;", "jmath;", "kgreen;", "napos;") or "lig;" in entity and letter in "ﬀﬁﬂﬃﬄ":
                    continue
                print("&" + entity, letter if letter.isprintable() else f"\\u{{{ord(letter):x}}}", sep="\t", file=out)


main()
