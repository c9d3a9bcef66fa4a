"""Writes date.tsv: days as databases, spreadsheets, programming languages and locales write them.

    apt-get install postgresql=15+248+deb12u1 mariadb-server=1:10.11.14-0+deb12u2 sqlite3 locales-all
    pip install babel==2.18.0
    PSQL="psql -h DIR -U postgres" MARIADB="mariadb --socket=FILE -u root" python3 date.py > date.tsv

PostgreSQL, MariaDB, SQLite, Python and Babel (CLDR's patterns) write their lines themselves. Lines of what could not be run here (SQL
Server, Oracle, Db2, Excel, SAS, JavaScript, Java, .NET, PHP) are written after the formats that their manuals document.
"""

import datetime
import os
import shlex
import sqlite3
import subprocess
import sys

import babel
import babel.dates

DAYS = [datetime.datetime(1990, 5, 4, 12, 30, 5), datetime.datetime(1956, 12, 31, 0, 0, 0), datetime.datetime(2003, 3, 9, 23, 5, 59)]
MONTHS = [datetime.datetime(1985, month, month + 11, 9, 7, 0) for month in range(1, 13)]
LOCALES = ["en_GB", "en_US", "en_AU", "en_CA", "en_IE", "en_ZA", "de", "de_AT", "fr", "fr_CA", "es", "it", "nl", "pt", "pt_BR", "pl", "sv", "da", "nb", "fi",
           "cs", "ga", "cy", "ro", "hu", "tr", "ja", "zh"]
# Numbers alone: which comes first.
ORDERS = {"en_US": "mdy", "en_CA": "ymd", "en_ZA": "ymd", "fr_CA": "ymd", "sv": "ymd", "hu": "ymd", "ja": "ymd", "zh": "ymd"}
MON = "JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC".split()
WEEKDAYS = "Mon Tue Wed Thu Fri Sat Sun".split()

rows = {}


def add(text, order, moment, source):
    """`moment` is none where a text says no day."""
    text = text.strip().replace("\n", " ")
    shown = "".join(letter if letter.isprintable() and not letter.isspace() or letter == " " else f"\\u{{{ord(letter):x}}}" for letter in text)
    day = f"{moment:%Y%m%d}" if moment else "(unreadable)"
    # Known departures: what is not read is a gap, and a wrong day would be none.
    if any(word in shown.lower().split() for word in ("listopada", "lis", "lip", "srp")):
        day, source = "(unreadable)", source + "; the word is another month in Croatian"
    elif " h " in shown:
        day, source = "(unreadable)", source + "; times in words are not read"
    rows.setdefault((shown, order), (day, source))


def run(variable, statement):
    command = shlex.split(os.environ[variable])
    command += ["-Atqc", statement] if variable == "PSQL" else ["-N", "-e", statement]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()


def postgresql():
    for style, order in [("ISO, MDY", "ymd"), ("ISO, DMY", "ymd"), ("SQL, DMY", "dmy"), ("SQL, MDY", "mdy"), ("Postgres, DMY", "dmy"),
                         ("Postgres, MDY", "mdy"), ("German, DMY", "dmy")]:
        for zone in ("UTC", "Europe/London", "Europe/Berlin", "America/New_York"):
            for moment in DAYS:
                for kind in ("date", "timestamp", "timestamptz"):
                    statement = f"set datestyle='{style}'; set timezone='{zone}'; select '{moment.isoformat()}'::{kind}"
                    add(run("PSQL", statement)[-1], order, moment, f"PostgreSQL 15 {style} {kind}")
    for pattern, order in [
        ("YYYY-MM-DD", "ymd"), ("YYYYMMDD", "ymd"), ("YYYY/MM/DD", "ymd"), ("DD/MM/YYYY", "dmy"), ("DD.MM.YYYY", "dmy"), ("DDMMYYYY", "dmy"), ("MMDDYYYY", "mdy"),
        ("DD-MON-YYYY", "dmy"), ("DD-Mon-YY", "dmy"), ("DDMONYYYY", "dmy"), ("DD Month YYYY", "dmy"), ("FMDD FMMonth YYYY", "dmy"), ("FMMonth FMDDth, YYYY", "mdy"),
        ("FMDay, FMDDth FMMonth YYYY", "dmy"), ("Dy DD Mon YYYY", "dmy"), ("MM/DD/YY", "mdy"), ("FMMM/FMDD/YYYY", "mdy"), ("DD/MM/YY", "dmy"), ("YY-MM-DD", "ymd"),
        ("YYYY-MM-DD HH24:MI:SS", "ymd"), ("YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"", "ymd"), ("DD/MM/YYYY HH12:MI AM", "dmy"), ("DD/MM/YYYY HH12:MI:SS p.m.", "dmy"),
        ("YYYYMMDDHH24MISS", "ymd"), ("YYYYMMDD\"T\"HH24MISS", "ymd"), ("DD Mon YYYY HH24:MI", "dmy"), ("YYYY Mon DD", "ymd"), ("YYYY-Mon-DD", "ymd"),
    ]:
        for moment in DAYS:
            add(run("PSQL", f"select to_char('{moment.isoformat()}'::timestamp, '{pattern}')")[-1], order, moment, f"PostgreSQL 15 to_char {pattern}")
    for pattern in ("YYYY", "Mon YYYY", "MM/YYYY", "HH24:MI", "Q YYYY", "DD Month"):
        add(run("PSQL", f"select to_char('1990-05-04 12:30'::timestamp, '{pattern}')")[-1], "dmy", None, f"PostgreSQL 15 to_char {pattern}")
    week = "IYYY-\"W\"IW-ID"
    add(run("PSQL", f"select to_char('1990-05-04 12:30'::timestamp, '{week}')")[-1], "dmy", DAYS[0], f"PostgreSQL 15 to_char {week}")
    for locale in ("de_DE", "fr_FR", "es_ES", "it_IT", "nl_NL", "pt_PT", "pl_PL", "sv_SE", "da_DK", "nb_NO", "fi_FI", "cs_CZ"):
        for moment in MONTHS:
            for pattern in ("DD TMMon YYYY", "FMDD TMMonth YYYY"):
                found = run("PSQL", f"set lc_time='{locale}.UTF-8'; select to_char('{moment.isoformat()}'::timestamp, '{pattern}')")[-1]
                add(found, "dmy", moment, f"PostgreSQL 15 lc_time {locale} {pattern}")
    for moment in DAYS:
        add(run("PSQL", f"select extract(epoch from '{moment.isoformat()}Z'::timestamptz)::bigint")[-1], "dmy", moment, "PostgreSQL 15 epoch")


def mariadb():
    for moment in DAYS:
        at = moment.strftime("%Y-%m-%d %H:%M:%S")
        for pattern, order in [("%Y-%m-%d", "ymd"), ("%d/%m/%Y", "dmy"), ("%e %M %Y", "dmy"), ("%D %M %Y", "dmy"), ("%W, %M %e, %Y", "mdy"), ("%a %b %e %Y %r", "mdy"),
                               ("%d.%m.%y", "dmy"), ("%Y%m%d%H%i%s", "ymd"), ("%d-%b-%Y %T", "dmy"), ("%m-%d-%Y", "mdy"), ("%y%m%d", "ymd")]:
            add(run("MARIADB", f"select date_format('{at}', '{pattern}')")[-1], order, moment, f"MariaDB 10.11 {pattern}")
        for name, order in [("USA", "mdy"), ("JIS", "ymd"), ("ISO", "ymd"), ("EUR", "dmy"), ("INTERNAL", "ymd")]:
            for kind in ("DATE", "DATETIME"):
                found = run("MARIADB", f"select date_format('{at}', get_format({kind}, '{name}'))")[-1]
                add(found, order, moment, f"MariaDB 10.11 get_format({kind}, {name})")
        for expression in ("cast('{}' as datetime(6))", "cast('{}' as date)", "timestamp('{}')", "cast('{}' as date) + 0", "cast('{}' as datetime) + 0"):
            add(run("MARIADB", f"select {expression.format(at)}")[-1], "ymd", moment, f"MariaDB 10.11 {expression.format('…')}")
    add("1990-00-00", "ymd", None, "MariaDB 10.11, a year alone")


def sqlite():
    connection = sqlite3.connect(":memory:")
    for moment in DAYS:
        for call in ("date(?)", "datetime(?)", "strftime('%d/%m/%Y', ?)", "strftime('%Y-%m-%d %H:%M:%f', ?)", "strftime('%s', ?)", "strftime('%Y-%m-%dT%H:%M', ?)"):
            found = connection.execute(f"select {call}", [moment.isoformat()]).fetchone()[0]
            add(found, "dmy", moment, f"SQLite {call}")
        add(str(connection.execute("select julianday(?)", [moment.isoformat()]).fetchone()[0]), "dmy", moment, "SQLite julianday(?)")
        for call in ("time(?)", "strftime('%Y-%j', ?)"):
            add(str(connection.execute(f"select {call}", [moment.isoformat()]).fetchone()[0]), "dmy", None, f"SQLite {call}")


def cldr():
    for locale in LOCALES:
        order = ORDERS.get(locale, "dmy")
        for moment in DAYS:
            for form in ("short", "medium"):
                add(babel.dates.format_date(moment, form, locale), order, moment, f"CLDR {locale} {form}")
                add(babel.dates.format_datetime(moment, form, locale=locale), order, moment, f"CLDR {locale} {form} with time")
            add(babel.dates.format_skeleton("yMd", moment, locale=locale), "dmy" if locale == "en_CA" else order, moment, f"CLDR {locale} yMd")
        for moment in MONTHS:
            for form in ("medium", "long", "full"):
                add(babel.dates.format_date(moment, form, locale), order, moment, f"CLDR {locale} {form}")
            if locale not in ("ja", "zh"):
                add(babel.dates.format_date(moment, "d LLL y", locale), order, moment, f"CLDR {locale} d LLL y")
        add(babel.dates.format_date(MONTHS[0], "LLLL y", locale), order, None, f"CLDR {locale} LLLL y")


def documented():
    for moment in DAYS:
        day, month, year, short = moment.day, moment.month, moment.year, moment.year % 100
        mon, clock = MON[month - 1].title(), f"{moment:%H:%M:%S}"
        hour, half = moment.hour % 12 or 12, "AM" if moment.hour < 12 else "PM"
        server = [
            (0, "mdy", f"{mon} {day:>2} {year} {hour:>2}:{moment:%M}{half}"), (1, "mdy", f"{month:02}/{day:02}/{short:02}"), (101, "mdy", f"{month:02}/{day:02}/{year}"),
            (2, "ymd", f"{short:02}.{month:02}.{day:02}"), (102, "ymd", f"{year}.{month:02}.{day:02}"), (3, "dmy", f"{day:02}/{month:02}/{short:02}"),
            (103, "dmy", f"{day:02}/{month:02}/{year}"), (4, "dmy", f"{day:02}.{month:02}.{short:02}"), (104, "dmy", f"{day:02}.{month:02}.{year}"),
            (5, "dmy", f"{day:02}-{month:02}-{short:02}"), (105, "dmy", f"{day:02}-{month:02}-{year}"), (6, "dmy", f"{day:02} {mon} {short:02}"),
            (106, "dmy", f"{day:02} {mon} {year}"), (7, "mdy", f"{mon} {day:02}, {short:02}"), (107, "mdy", f"{mon} {day:02}, {year}"),
            (9, "mdy", f"{mon} {day:>2} {year} {hour:>2}:{moment:%M:%S}:000{half}"), (10, "mdy", f"{month:02}-{day:02}-{short:02}"),
            (110, "mdy", f"{month:02}-{day:02}-{year}"), (11, "ymd", f"{short:02}/{month:02}/{day:02}"), (111, "ymd", f"{year}/{month:02}/{day:02}"),
            (12, "ymd", f"{short:02}{month:02}{day:02}"), (112, "ymd", f"{year}{month:02}{day:02}"), (13, "dmy", f"{day:02} {mon} {year} {clock}:000"),
            (20, "ymd", f"{year}-{month:02}-{day:02} {clock}"), (21, "ymd", f"{year}-{month:02}-{day:02} {clock}.000"), (22, "mdy", f"{month:02}/{day:02}/{short:02} {hour:>2}:{moment:%M:%S} {half}"),
            (23, "ymd", f"{year}-{month:02}-{day:02}"), (126, "ymd", f"{year}-{month:02}-{day:02}T{clock}"), (127, "ymd", f"{year}-{month:02}-{day:02}T{clock}Z"),
        ]
        for style, order, text in server:
            add(text, order, moment, f"SQL Server CONVERT style {style}")
        add(f"{year}-{month:02}-{day:02} {clock}.0000000 +01:00", "ymd", moment, "SQL Server datetimeoffset")
        upper, dotted = mon.upper(), f"{hour:02}.{moment:%M.%S}.000000 {half}"
        for order, text in [
            ("dmy", f"{day:02}-{upper}-{short:02}"), ("dmy", f"{day:02}-{upper}-{year}"), ("dmy", f"{day:02}-{upper}-{short:02} {dotted}"), ("dmy", f"{day:02}-{upper}-{short:02} {dotted} +01:00"),
            ("dmy", f"{day:02}-{upper}-{year} {clock}"), ("dmy", f"{day:02}/{month:02}/{short:02}"), ("dmy", f"{day:02}.{month:02}.{short:02}"), ("ymd", f"{short:02}-{month:02}-{day:02}"),
            ("dmy", f"{day:02}-{upper}-{short:02} {hour:02}.{moment:%M.%S}.000000000 {half}"),
        ]:
            add(text, order, moment, "Oracle NLS")
        for order, text in [("ymd", f"{year}-{month:02}-{day:02}-{moment:%H.%M.%S}.000000"), ("dmy", f"{day:02}.{month:02}.{year}"), ("mdy", f"{month:02}/{day:02}/{year}"), ("ymd", f"{year}-{month:02}-{day:02}-{moment:%H.%M.%S}")]:
            add(text, order, moment, "Db2")
        serial = (moment.date() - datetime.date(1899, 12, 30)).days
        full, weekday = moment.strftime("%B"), moment.strftime("%A")
        for code, order, text in [
            ("14 en-US", "mdy", f"{month}/{day}/{year}"), ("14 en-GB", "dmy", f"{day:02}/{month:02}/{year}"), ("mm-dd-yy", "mdy", f"{month:02}-{day:02}-{short:02}"), ("15 d-mmm-yy", "dmy", f"{day}-{mon}-{short:02}"),
            ("22 m/d/yy h:mm", "mdy", f"{month}/{day}/{short:02} {moment.hour}:{moment:%M}"), ("[$-F800]", "dmy", f"{weekday}, {day} {full} {year}"), ("[$-809]dd mmmm yyyy", "dmy", f"{day:02} {full} {year}"),
            ("[$-409]mmmm d, yyyy", "mdy", f"{full} {day}, {year}"), ("[$-409]dddd, mmmm dd, yyyy", "mdy", f"{weekday}, {full} {day:02}, {year}"), ("d.m.yy", "dmy", f"{day}.{month}.{short:02}"),
            ("yyyy-mm-dd", "ymd", f"{year}-{month:02}-{day:02}"), ("General", "dmy", str(serial)), ("General, with time", "dmy", f"{serial}.520891203703"), ("General, decimals", "dmy", f"{serial}.0"),
            ("dd-mmm-yyyy", "dmy", f"{day:02}-{mon}-{year}"), ("m/d/yy h:mm AM/PM", "mdy", f"{month}/{day}/{short:02} {hour}:{moment:%M} {half}"),
        ]:
            add(text, order, moment, f"Excel and ODS {code}")
        add(f"{day}-{mon}", "dmy", None, "Excel 16 d-mmm")
        add(f"{mon}-{year}", "dmy", None, "Excel mmm-yyyy")
        add(f"{moment:%G}-W{moment:%V}-{moment.isoweekday()}", "dmy", moment, "ISO 8601 week")
        wday = WEEKDAYS[moment.weekday()]
        for name, order, text in [
            ("SAS DATE9.", "dmy", f"{day:02}{upper}{year}"), ("SAS DATE7.", "dmy", f"{day:02}{upper}{short:02}"), ("SAS DATETIME.", "dmy", f"{day:02}{upper}{short:02}:{clock}"), ("SAS DATETIME20.", "dmy", f"{day:02}{upper}{year}:{clock}"),
            ("SPSS DATETIME17", "dmy", f"{day:02}-{upper}-{year} {moment:%H:%M}"), ("HL7 v2", "ymd", f"{moment:%Y%m%d%H%M}"), ("HL7 v2 with zone", "ymd", f"{moment:%Y%m%d%H%M%S}+0100"),
            ("LDAP GeneralizedTime", "ymd", f"{moment:%Y%m%d%H%M%S}Z"), ("LDAP with fraction", "ymd", f"{moment:%Y%m%d%H%M%S}.0Z"), ("iCalendar", "ymd", f"{moment:%Y%m%dT%H%M%S}Z"), ("vCard BDAY", "ymd", f"{moment:%Y%m%d}"),
            ("EXIF", "ymd", f"{moment:%Y:%m:%d %H:%M:%S}"), ("JavaScript toString", "mdy", f"{wday} {mon} {day:02} {year} {clock} GMT+0100 (British Summer Time)"), ("JavaScript toDateString", "mdy", f"{wday} {mon} {day:02} {year}"),
            ("JavaScript toISOString", "ymd", f"{moment:%Y-%m-%dT%H:%M:%S}.000Z"), ("JavaScript en-GB", "dmy", f"{day:02}/{month:02}/{year}, {clock}"), ("JavaScript en-US", "mdy", f"{month}/{day}/{year}, {hour}:{moment:%M:%S} {half}"),
            ("JavaScript toUTCString", "dmy", f"{wday}, {day:02} {mon} {year} {clock} GMT"), ("Java Date", "mdy", f"{wday} {mon} {day:02} {clock} GMT {year}"), ("Java ZonedDateTime", "ymd", f"{moment:%Y-%m-%dT%H:%M:%S}+01:00[Europe/London]"),
            ("Java Timestamp", "ymd", f"{moment:%Y-%m-%d %H:%M:%S}.0"), (".NET o", "ymd", f"{moment:%Y-%m-%dT%H:%M:%S}.0000000+01:00"), (".NET en-GB", "dmy", f"{day:02}/{month:02}/{year} {clock}"), (".NET R", "dmy", f"{wday}, {day:02} {mon} {year} {clock} GMT"),
            ("PHP DATE_COOKIE", "dmy", f"{weekday}, {day:02}-{mon}-{year} {clock} UTC"), ("PHP DATE_RFC850", "dmy", f"{weekday}, {day:02}-{mon}-{short:02} {clock} UTC"), ("PHP DATE_RSS", "dmy", f"{wday}, {day:02} {mon} {year} {clock} +0000"),
            ("Ruby", "ymd", f"{year}-{month:02}-{day:02} {clock} +0100"), ("Python ctime", "mdy", moment.ctime()), ("Python isoformat", "ymd", moment.isoformat()), ("Unix date", "dmy", f"{wday} {day:>2} {mon} {clock} BST {year}"),
            ("Apache log", "dmy", f"{day:02}/{mon}/{year}:{clock} +0000"), ("HTML date", "ymd", f"{moment:%Y-%m-%d}"), ("XML Schema date with zone", "ymd", f"{moment:%Y-%m-%d}Z"),
        ]:
            add(text, order, moment, name)
    for text, name in [("10/10/1410 12:30:00:000PM", "SQL Server style 131, Hijri"), ("平成2年5月4日", "Japanese era"), ("4 mai", "a day without a year"), ("1990", "a year"), ("May 1990", "a month"), ("12:30:05", "a time")]:
        add(text, "dmy", None, name)


def main():
    for write in (postgresql, mariadb, sqlite, cldr, documented):
        write()
    print("# A day as some system writes it, the order of its column, the day (or `(unreadable)`: the text names no day), and the system.")
    print(f"# PostgreSQL 15, MariaDB 10.11 and SQLite {sqlite3.sqlite_version} wrote theirs; CLDR's patterns by Babel {babel.__version__}")
    print("# (© Unicode, Inc., under LICENSE-UNICODE); the rest after the systems' manuals. Made by date.py.")
    for (text, order), (day, source) in rows.items():
        print(text, order, day, source, sep="\t")


sys.exit(main())
