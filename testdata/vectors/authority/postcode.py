"""Writes postcode.tsv: postcodes after the grammar that Royal Mail and the Government publish, and codes that break it.

    python3 postcode.py > postcode.tsv

Royal Mail, "PAF Programmers' Guide", "Postcode structure", and BS 7666: the shapes A9, A99, AA9, AA99, A9A and AA9A of the outward half, 9AA of the
inward half, GIR 0AA; not Q, V or X first; not I, J or Z second; A to H, J, K, P, S to U and W third in A9A, A, B, E, H, M, N, P, R and V to
Y fourth in AA9A; not C, I, K, M, O or V in the inward half. The Government's published regular expression (Cabinet Office, "Bulk data transfer:
additional validation") is checked beside it, which is laxer about letters. The areas are those of Royal Mail's list, with BF and BX.
"""

import re
import string
import sys

AREAS = """AB AL B BA BB BD BH BL BN BR BS BT CA CB CF CH CM CO CR CT CV CW DA DD DE DG DH DL DN DT DY E EC EH EN EX FK FY G GL GU GY HA HD HG HP HR HS HU HX
IG IM IP IV JE KA KT KW KY L LA LD LE LL LN LS LU M ME MK ML N NE NG NN NP NR NW OL OX PA PE PH PL PO PR RG RH RM S SA SE SG SK SL SM SN SO SP SR SS ST SW SY TA
TD TF TN TQ TR TS TW UB W WA WC WD WF WN WR WS WV YO ZE BF BX""".split()
THIRD, FOURTH, INWARD = set("ABCDEFGHJKPSTUW"), set("ABEHMNPRVWXY"), set("ABDEFGHJLNPQRSTUWXYZ")
GOVERNMENT = re.compile(
    r"([Gg][Ii][Rr] 0[Aa]{2})|((([A-Za-z][0-9]{1,2})|(([A-Za-z][A-Ha-hJ-Yj-y][0-9]{1,2})|(([A-Za-z][0-9][A-Za-z])|([A-Za-z][A-Ha-hJ-Yj-y][0-9][A-Za-z]?))))"
    r"\s?[0-9][A-Za-z]{2})"
)
rows = {}


def add(writing, code, kind="uk"):
    rows.setdefault(writing, (code, kind))


def writings(outward, inward):
    code = outward + inward
    spaced = f"{outward} {inward}"
    assert GOVERNMENT.fullmatch(spaced), spaced
    shapes = [spaced, code, spaced.lower(), code.lower(), f"{outward}  {inward}", f"{outward}-{inward}", f" {spaced} ", f"{outward}\\u{{a0}}{inward}", f"{outward}.{inward}"]
    # O for 0 and I for 1 in the inward half, where a digit must stand.
    if inward[0] in "01":
        shapes.append(outward + " " + {"0": "O", "1": "I"}[inward[0]] + inward[1:])
    # The same in a district: `SWI 1AA`, `M2O 1AA`; but a letter may stand last (`W1A`), and of O and I none does.
    digits = re.fullmatch(r"([A-Z]+)(\d+)([A-Z]?)", outward)
    if set(digits[2]) & set("01") and "1" != digits[2][:1] * len(digits[2]):
        shapes.append(digits[1] + digits[2].replace("0", "O").replace("1", "I") + digits[3] + " " + inward)
    # 0 for O and 1 for I in an area, but for `S01 1AA`: a district with a leading zero is likelier than Southampton, where none is so low.
    if set(digits[1]) & set("OI") and not (digits[1][0] in AREAS and digits[1][1:] == "O" and len(digits[2]) == 1):
        shapes.append(digits[1].replace("O", "0").replace("I", "1") + outward[len(digits[1]) :] + " " + inward)
    return shapes


def main():
    letters = sorted(INWARD)
    for at, area in enumerate(AREAS):
        for district in ("1", str(20 + at % 80), str(2 + at % 8)):
            inward = str(at % 10) + letters[at % 20] + letters[(at * 7 + 3) % 20]
            for writing in writings(area + district, inward):
                add(writing, area + district + inward)
    for area, ends in (("W", THIRD), ("E", THIRD), ("EC", FOURTH), ("SW", FOURTH)):
        for letter in string.ascii_uppercase:
            code = f"{area}1{letter}"
            if letter in ends:
                add(f"{code} 1AA", code + "1AA")
                add(f"{code}1aa".lower(), code + "1AA")
            elif letter not in "OI":
                # `W1M`, `W1N`, `W1R`, `W1V`, `W1X` and `W1Y` were in use until 2000: a letter that may stand in either place counts in both.
                add(f"{code} 1AA", code + "1AA", "uk" if letter in THIRD | FOURTH else "other")
    for letter in string.ascii_uppercase:
        for inward in (f"1{letter}A", f"1A{letter}"):
            add(f"LS1 {inward}", "LS1" + inward, "uk" if letter in INWARD else "other")
    for first in string.ascii_uppercase:
        for area in [first] + [first + second for second in string.ascii_uppercase]:
            if area in AREAS:
                continue
            if area[1:] in ("O", "I") and first in AREAS:
                # A zero or a one of the district.
                add(f"{area}1 1AA", first + {"O": "1", "I": "11"}[area[1]] + "1AA")
            else:
                add(f"{area}1 1AA", f"{area}11AA", "other")
    for writing in ("GIR 0AA", "gir0aa", "GIR OAA", "G1R 0AA"):
        add(writing, "GIR0AA")
    # Territories and forces have codes of the same or another shape, which are kept as they are.
    for code in ("ASCN 1ZZ", "BBND 1ZZ", "BIQQ 1ZZ", "FIQQ 1ZZ", "PCRN 1ZZ", "SIQQ 1ZZ", "STHL 1ZZ", "TDCU 1ZZ", "TKCA 1ZZ", "GX11 1AA", "BFPO 12", "BFPO 804", "AI-2640", "KY1-1001", "VG1110"):
        add(code, re.sub("[^A-Z0-9]", "", code), "other")
    for code in ("LS1 1A", "LS1 AAA", "LSA 1AA", "LS111 1AA", "L1AA 1AA", "1LS 1AA", "LS1 11A", "LS", "LS12"):
        add(code, code.replace(" ", ""), "other")
    print("# A postcode as written, its canonical form, and whether it is a unit of the United Kingdom's (`uk`) or another code (`other`).")
    print("# Source: the grammar that Royal Mail and the Government publish, written anew; made by postcode.py. The codes need not be in use.")
    for writing, (code, kind) in rows.items():
        print(writing, code, kind, sep="\t")


sys.exit(main())
