"""Writes phone.tsv: ways to write telephone numbers, and which number libphonenumber says each is.

    pip install phonenumbers==9.0.43
    python3 phone.py > phone.tsv

The numbers are those that Ofcom keeps for drama, subscribers' numbers that cannot be dialled (they begin with 0), and the library's own
examples. libphonenumber (Apache-2.0, https://github.com/google/libphonenumber) reads every writing with the United Kingdom as its default
region; what it makes of a writing is its group. Whoever writes a number in a group of its own disagrees with it.
"""

import sys

import phonenumbers
from phonenumbers import PhoneNumberFormat as Format
from phonenumbers import PhoneNumberType as Type

# Area code or type of number, subscriber's number; grouped as people write it.
UNITED_KINGDOM = [
    "020 7946 0958", "020 7946 0123", "023 9201 8765", "024 7601 8123", "028 9649 6123", "029 2018 0456",
    "0113 496 0123", "0121 496 0123", "0131 496 0999", "0161 496 0444", "0191 498 0123", "01632 960123", "01632 960999",
    "01204 012345", "01204 01234", "015396 01234", "016977 0123", "016977 01234",
    "07700 900123", "07700 900982", "07911 123456", "07624 000123", "070 0123 4567", "076 4012 3456",
    "03069 990123", "0345 012 3456", "0370 012 3456", "0800 012345", "0808 157 0123", "0800 012 3456",
    "0845 464 1234", "0870 012 3456", "0909 879 0123", "056 0012 3456", "055 0012 3456",
    "01481 960123", "01534 960123", "01624 960123",
]
REGIONS = [
    "IE", "FR", "DE", "ES", "IT", "NL", "BE", "PL", "PT", "SE", "DK", "NO", "FI", "CZ", "CH", "AT", "GR", "RO", "HU", "LT", "EE", "IS",
    "MT", "CY", "US", "CA", "JM", "MX", "BR", "AU", "NZ", "IN", "PK", "BD", "LK", "CN", "HK", "JP", "SG", "PH", "TR", "RU", "UA", "AE",
    "IL", "EG", "NG", "GH", "KE", "ZA", "CV", "ST", "SC", "CI",
]
# Two numbers that have the same digits when the country's code is not told from an area code, or a zero of their own from a trunk prefix.
TWINS = [
    ("+20 3 123 4567", "020 3123 4567"), ("+238 221 2345", "023 8221 2345"), ("+239 222 1234", "023 9222 1234"),
    ("+372 321 2345", "0372 321 2345"), ("+39 0331 123456", "+39 331 123456"),
]


def groups(national):
    return national.split(" ")


def uk_writings(national):
    parts = groups(national)
    digits = "".join(parts)
    bare = digits[1:]
    parts_bare = [parts[0][1:]] + parts[1:]
    spaced = " ".join(parts_bare)
    yield from (national, digits, "-".join(parts), ".".join(parts), "/".join([parts[0], "".join(parts[1:])]))
    yield f"({parts[0]}) {' '.join(parts[1:])}"
    yield f"({parts[0]}) {'-'.join(parts[1:])}"
    yield " ".join(digits[at : at + 2] for at in range(0, len(digits), 2))
    yield f"{digits[:5]} {digits[5:]}"
    yield f"{digits[:4]} {digits[4:7]} {digits[7:]}"
    yield from (f"+44 {spaced}", f"+44{bare}", f"+44 (0){spaced}", f"+44(0){bare}", f"+44 (0) {spaced}", f"+44 {national}", f"+44{digits}")
    yield from (f"(+44) {spaced}", f"(+44){digits}", f"+44-{'-'.join(parts_bare)}", f"+44.{bare}", f"+ 44 {spaced}")
    yield from (f"0044 {spaced}", f"0044{bare}", f"00 44 {spaced}", f"0044 (0){spaced}", f"00-44-{bare}", f"0044 {national}")
    yield from (f"44 {spaced}", f"44{bare}", bare, spaced)
    yield from (f"tel:+44-{'-'.join(parts_bare)}", f"tel:+44{bare}", f"tel:+44{bare};ext=12", f"TEL:{digits}")
    yield from (f"{national} x123", f"{national}x12", f"{national} ext 12", f"{national} ext. 123", f"{national} extn 12")
    yield from (f"{national} Ext: 12", f"{national} extension 123", f"{national} #12", f"+44 {spaced} x1234", f"{national},12")
    yield from (f"Tel: {national}", f"Tel. {national}", f"T {national}", f"Mobile: {digits}", f"Home {national}")
    yield from (f"{parts[0]} – {' '.join(parts[1:])}", f"{parts[0]}\\u{{a0}}{''.join(parts[1:])}", f"\\u{{202a}}+44 {spaced}\\u{{202c}}")
    yield from (f"{national}.", f"{national} ", f"[{national}]", "".join(chr(0xFF10 + int(digit)) for digit in digits))
    yield from (f"{national} / 07700 900555", f"{national}/07700900555", f"{national}; 07700 900555", f"{national} or 07700 900555")
    yield from (f"{national} and 07700 900555", f"{national} & 07700 900555", f"{digits}\\n07700900555", f"{national}, 07700 900555")
    yield f"{national}/4"


def foreign_writings(number):
    code = str(number.country_code)
    significant = phonenumbers.national_significant_number(number)
    shown = phonenumbers.format_number(number, Format.INTERNATIONAL)
    spaced = shown[len(code) + 2 :]
    yield from (shown, phonenumbers.format_number(number, Format.E164), phonenumbers.format_number(number, Format.RFC3966))
    yield from (f"00{code}{significant}", f"00 {code} {spaced}", f"(+{code}) {spaced}", f"+{code}-{spaced.replace(' ', '-')}")
    yield from (f"{shown} x12", f"{shown} ext. 123", f"Tel: {shown}", shown.replace(" ", "\\u{a0}"))
    region = phonenumbers.region_code_for_number(number)
    if phonenumbers.ndd_prefix_for_region(region, True) == "0":
        yield from (f"+{code} (0){spaced}", f"+{code} (0) {spaced}", f"00{code} (0){spaced}", f"+{code}(0){significant}")
        yield f"+{code} 0{significant}"
    elif significant.startswith("0"):
        yield from (f"+{code} (0){spaced[1:]}", f"00{code} (0) {spaced[1:]}")


def exception(writing, number):
    """Why we read this writing otherwise, or nothing."""
    digits = sum(letter.isdigit() for letter in writing)
    if writing.endswith("/4") and digits == 11 and number.endswith("4"):
        return "the library takes the last digit of another number, after a slash, for one of a number of nine digits"
    return None


def group(writing):
    """The number in E.164 form, or `-` if the library has none."""
    text = writing.replace("\\u{a0}", "\u00a0").replace("\\u{202a}", "\u202a").replace("\\u{202c}", "\u202c").replace("\\n", "\n")
    try:
        # Where there is more than one number, the first that the library finds in the text.
        first = next(iter(phonenumbers.PhoneNumberMatcher(text, "GB", leniency=phonenumbers.Leniency.POSSIBLE)), None)
        several = any(mark in text for mark in ("/", ";", ",", "&", "\n", " or ", " and "))
        found = first.number if several and first else phonenumbers.parse(text, "GB")
    except phonenumbers.NumberParseException:
        return "-"
    if not phonenumbers.is_possible_number(found):
        return "-"
    return phonenumbers.format_number(phonenumbers.PhoneNumber(
        country_code=found.country_code, national_number=found.national_number, italian_leading_zero=found.italian_leading_zero,
        number_of_leading_zeros=found.number_of_leading_zeros), Format.E164)


def main():
    rows = {}
    for national in UNITED_KINGDOM:
        for writing in uk_writings(national):
            rows.setdefault(writing, group(writing))
    for region in REGIONS:
        for kind in (Type.FIXED_LINE, Type.MOBILE):
            number = phonenumbers.example_number_for_type(region, kind)
            if number is None:
                continue
            for writing in foreign_writings(number):
                rows.setdefault(writing, group(writing))
    for pair in TWINS:
        for writing in pair:
            rows.setdefault(writing, group(writing))
    print("# Ways to write a telephone number, and the number that libphonenumber reads (E.164; `-`: none).")
    print(f"# Source: the Python package phonenumbers {phonenumbers.__version__} (Apache-2.0), default region GB; made by phone.py.")
    print("# `\\t`, `\\n` and `\\u{…}` are escapes. Subscribers' numbers are reserved for drama, cannot be dialled or are the library's examples.")
    print("# A third cell names why a writing is not held to be that number.")
    for writing, number in rows.items():
        print("\t".join(filter(None, [writing, number, exception(writing, number)])))


sys.exit(main())
