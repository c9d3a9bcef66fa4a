"""Writes the workbooks of this folder. Nobody in them exists."""

import datetime

import openpyxl
import xlwt
from odf import office, opendocument, style, table, text

NAMES = ["name", "phone", "born", "score", "active", "code", "address"]
PEOPLE = [
    ["Ann Lee", 447700900123, datetime.date(1980, 1, 12), 1.5, True, "007", "1 High St\nLeeds"],
    ["Bób Hill", 447700900456, datetime.date(1981, 2, 13), -0.25, False, "0042", "2 Low Rd, York"],
    ["Cid Moor", 447700900789, datetime.datetime(1982, 3, 14, 15, 30), 1e21, True, "x", None],
]


def excel():
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "People"
    sheet.append(NAMES + ["sum"])
    for number, person in enumerate(PEOPLE, 2):
        sheet.append(person + [f"=D{number}+1"])
    sheet.merge_cells("G3:G4")
    sheet["A2"].comment = openpyxl.comments.Comment("Ann moved", "x")
    old = book.create_sheet("Old")
    old.sheet_state = "veryHidden"
    old["C3"] = "Dot Vale"
    book.create_sheet("Empty")
    book.save("openpyxl.xlsx")


def old_excel():
    book = xlwt.Workbook()
    sheet = book.add_sheet("People")
    day = xlwt.easyxf(num_format_str="DD/MM/YYYY")
    moment = xlwt.easyxf(num_format_str="YYYY-MM-DD HH:MM")
    for column, name in enumerate(NAMES):
        sheet.write(0, column, name)
    for row, person in enumerate(PEOPLE, 1):
        for column, value in enumerate(person):
            if column == 6 and row == 2:
                sheet.write_merge(2, 3, 6, 6, value)
            elif isinstance(value, datetime.datetime):
                sheet.write(row, column, value, moment)
            elif isinstance(value, datetime.date):
                sheet.write(row, column, value, day)
            elif value is not None:
                sheet.write(row, column, value)
    old = book.add_sheet("Old")
    old.visibility = 2
    old.write(2, 2, "Dot Vale")
    long = book.add_sheet("Long")
    # Long enough to be continued in a second record, in the middle of a text.
    long.write(0, 0, "e" * 5000)
    long.write(1, 0, "ł" * 2500)
    book.add_sheet("Empty")
    book.save("xlwt.xls")


def open_document():
    document = opendocument.OpenDocumentSpreadsheet()
    hidden = style.Style(name="hidden", family="table")
    hidden.addElement(style.TableProperties(display="false"))
    document.automaticstyles.addElement(hidden)
    sheet = table.Table(name="People")
    document.spreadsheet.addElement(sheet)

    def cell(value, **more):
        if isinstance(value, bool):
            made = table.TableCell(valuetype="boolean", booleanvalue=str(value).lower(), **more)
        elif isinstance(value, (int, float)):
            made = table.TableCell(valuetype="float", value=repr(value), **more)
        elif isinstance(value, datetime.datetime):
            made = table.TableCell(valuetype="date", datevalue=value.isoformat(), **more)
        elif isinstance(value, datetime.date):
            made = table.TableCell(valuetype="date", datevalue=value.isoformat(), **more)
        elif value is None:
            made = table.TableCell(**more)
        else:
            made = table.TableCell(valuetype="string", **more)
            for line in value.split("\n"):
                made.addElement(text.P(text=line))
        return made

    def row(cells):
        made = table.TableRow()
        for value in cells:
            made.addElement(value)
        return made

    sheet.addElement(row(cell(name) for name in NAMES))
    sheet.addElement(row(cell(value) for value in PEOPLE[0]))
    merged = [cell(value) for value in PEOPLE[1][:6]] + [cell(PEOPLE[1][6], numberrowsspanned=2, numbercolumnsspanned=1)]
    merged[0].addElement(office.Annotation())
    merged[0].childNodes[-1].addElement(text.P(text="moved"))
    sheet.addElement(row(merged))
    sheet.addElement(row([cell(value) for value in PEOPLE[2][:6]] + [table.CoveredTableCell()]))
    sheet.addElement(table.TableRow(numberrowsrepeated=1048000))
    sheet.childNodes[-1].addElement(table.TableCell(numbercolumnsrepeated=16384))
    old = table.Table(name="Old", stylename=hidden)
    old.addElement(row([cell("Dot Vale", numbercolumnsrepeated=2)]))
    document.spreadsheet.addElement(old)
    document.save("odfpy.ods")


excel()
old_excel()
open_document()
