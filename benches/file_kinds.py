#!/usr/bin/env python3
"""Writes one table of 14 columns in every kind of file that is read, each by the library that others write it with.

Usage: file_kinds.py FOLDER ROWS

ROWS is for text and columnar files; XLSX and ODS get a tenth, XLS what a sheet of its holds. Needs pyarrow, fastavro, xlsxwriter, odfpy, xlwt and
zstandard, which `benches/with_files` installs. The same arguments give the same rows. Everything is invented.
"""

import bz2
import csv
import gzip
import json
import lzma
import sys
import tarfile
import zipfile
from pathlib import Path

import fastavro
import pyarrow
import pyarrow.ipc
import pyarrow.parquet
import xlsxwriter
import xlwt
import zstandard
from odf.opendocument import OpenDocumentSpreadsheet
from odf.table import Table
from odf.table import TableCell
from odf.table import TableRow
from odf.text import P

COLUMNS = [
    "id", "first_name", "last_name", "address", "town", "postcode", "email", "phone", "mother_dob", "child_dob", "created", "amount", "status", "notes",
]
XLS_ROWS = 60_000


def row(index: int) -> list[str]:
    return [
        str(index),
        f"First{index % 977}",
        f"Last{index % 7919}",
        f"{index % 200} Elm Road, Flat {index % 9}",
        f"Town{index % 391}",
        f"LS{index % 20} {index % 10}AB",
        f"person{index}@example.com",
        f"07700{900000 + index % 99999}",
        f"19{60 + index % 30}-{1 + index % 12:02}-{1 + index % 28:02}",
        f"20{10 + index % 7}-{1 + index % 12:02}-{1 + index % 28:02}",
        f"2017-05-{1 + index % 28:02} 10:00:00",
        f"{index % 1000}.50",
        "active" if index % 2 else "closed",
        f"note {index} of some words",
    ]


def texts(folder: Path, rows: int) -> None:
    with open(folder / "table.csv", "w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(row(index) for index in range(rows))
    with open(folder / "lines.jsonl", "w", encoding="utf-8") as out:
        for index in range(rows):
            out.write(json.dumps(dict(zip(COLUMNS, row(index)))) + "\n")
    with open(folder / "array.json", "w", encoding="utf-8") as out:
        for index in range(rows):
            out.write(("," if index else "[") + json.dumps(dict(zip(COLUMNS, row(index)))) + "\n")
        out.write("]\n")


def dumps(folder: Path, rows: int) -> None:
    with open(folder / "pg_dump.sql", "w", encoding="utf-8") as out:
        out.write("--\n-- PostgreSQL database dump\n--\n\nSET client_encoding = 'UTF8';\nSET standard_conforming_strings = on;\n")
        out.write("CREATE TABLE public.people (\n" + ",\n".join(f"    {column} text" for column in COLUMNS) + "\n);\n\n")
        out.write(f"COPY public.people ({', '.join(COLUMNS)}) FROM stdin;\n")
        for index in range(rows):
            out.write("\t".join(row(index)) + "\n")
        out.write("\\.\n\n--\n-- PostgreSQL database dump complete\n--\n")
    with open(folder / "mysqldump.sql", "w", encoding="utf-8") as out:
        out.write("-- MySQL dump 10.13\n/*!40101 SET NAMES utf8mb4 */;\nCREATE TABLE `people` (\n")
        out.write(",\n".join(f"  `{column}` text" for column in COLUMNS) + "\n) ENGINE=InnoDB;\n")
        for start in range(0, rows, 500):
            values = ("('" + "','".join(row(index)) + "')" for index in range(start, min(start + 500, rows)))
            out.write("INSERT INTO `people` VALUES " + ",".join(values) + ";\n")
        out.write("-- Dump completed on 2017-05-01 10:00:00\n")


def columnar(folder: Path, rows: int) -> None:
    schema = pyarrow.schema([(column, pyarrow.string()) for column in COLUMNS])
    avro = fastavro.parse_schema({"type": "record", "name": "people", "fields": [{"name": column, "type": "string"} for column in COLUMNS]})
    with (
        pyarrow.parquet.ParquetWriter(folder / "table.parquet", schema, compression="snappy") as parquet,
        pyarrow.ipc.new_file(folder / "table.arrow", schema) as arrow,
    ):
        for start in range(0, rows, 100_000):
            table = [row(index) for index in range(start, min(start + 100_000, rows))]
            batch = pyarrow.table([list(column) for column in zip(*table)], schema=schema)
            parquet.write_table(batch)
            arrow.write_table(batch)
    with open(folder / "table.avro", "wb") as out:
        fastavro.writer(out, avro, (dict(zip(COLUMNS, row(index))) for index in range(rows)), codec="deflate", sync_interval=256_000)


def workbooks(folder: Path, rows: int) -> None:
    workbook = xlsxwriter.Workbook(folder / "book.xlsx", {"constant_memory": True})
    sheet = workbook.add_worksheet()
    for index in range(rows + 1):
        sheet.write_row(index, 0, row(index - 1) if index else COLUMNS)
    workbook.close()
    document = OpenDocumentSpreadsheet()
    table = Table(name="people")
    for index in range(rows + 1):
        line = TableRow()
        for value in row(index - 1) if index else COLUMNS:
            cell = TableCell(valuetype="string")
            cell.addElement(P(text=value))
            line.addElement(cell)
        table.addElement(line)
    document.spreadsheet.addElement(table)
    document.save(folder / "book.ods")
    book = xlwt.Workbook()
    sheet = book.add_sheet("people")
    for index in range(min(rows, XLS_ROWS) + 1):
        for column, value in enumerate(row(index - 1) if index else COLUMNS):
            sheet.write(index, column, value)
    book.save(str(folder / "book.xls"))


def packed(folder: Path) -> None:
    content = (folder / "table.csv").read_bytes()
    (folder / "table.csv.gz").write_bytes(gzip.compress(content, 6))
    (folder / "table.csv.zst").write_bytes(zstandard.compress(content, 3))
    (folder / "table.csv.xz").write_bytes(lzma.compress(content, preset=1))
    (folder / "table.csv.bz2").write_bytes(bz2.compress(content))
    with zipfile.ZipFile(folder / "table.zip", "w", zipfile.ZIP_DEFLATED) as out:
        out.write(folder / "table.csv", "table.csv")
    with tarfile.open(folder / "table.tar", "w") as out:
        out.add(folder / "table.csv", "table.csv")


def main() -> None:
    folder, rows = Path(sys.argv[1]), int(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    texts(folder, rows)
    dumps(folder, rows)
    columnar(folder, rows)
    workbooks(folder, rows // 10)
    packed(folder)


main()
