"""Types values into cells of a workbook as a person does, in LibreOffice, and saves it.

usage: libreoffice.py LOCALE IN.xlsx OUT.xlsx SHEET 'COLUMN NAME=KEY COLUMN=KEY=VALUE'...
"""
import pathlib, subprocess, sys, tempfile, time

import uno
from com.sun.star.beans import PropertyValue
from com.sun.star.connection import NoConnectException

locale, source, target, sheet_name, *edits = sys.argv[1:]
profile = tempfile.mkdtemp()
user = pathlib.Path(profile, "user")
user.mkdir()
user.joinpath("registrymodifications.xcu").write_text(
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<oor:items xmlns:oor="http://openoffice.org/2001/registry" xmlns:xs="http://www.w3.org/2001/XMLSchema">\n'
    '<item oor:path="/org.openoffice.Setup/L10N"><prop oor:name="ooSetupSystemLocale" oor:op="fuse">'
    f"<value>{locale}</value></prop></item>\n</oor:items>\n"
)
pipe = pathlib.Path(profile).name
office = subprocess.Popen(
    ["soffice", "--headless", "--norestore", "--nologo", f"-env:UserInstallation=file://{profile}",
     f"--accept=pipe,name={pipe};urp;"],
    stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
)


def prop(name, value):
    it = PropertyValue()
    it.Name, it.Value = name, value
    return it


def connect():
    local = uno.getComponentContext()
    resolver = local.ServiceManager.createInstanceWithContext("com.sun.star.bridge.UnoUrlResolver", local)
    for _ in range(300):
        try:
            return resolver.resolve(f"uno:pipe,name={pipe};urp;StarOffice.ComponentContext")
        except NoConnectException:
            time.sleep(0.1)
    raise SystemExit("LibreOffice does not answer")


try:
    context = connect()
    manager = context.ServiceManager
    desktop = manager.createInstanceWithContext("com.sun.star.frame.Desktop", context)
    book = desktop.loadComponentFromURL(uno.systemPathToFileUrl(source), "_blank", 0, (prop("Hidden", True),))
    sheet = book.Sheets.getByName(sheet_name)
    frame = book.CurrentController.Frame
    dispatcher = manager.createInstanceWithContext("com.sun.star.frame.DispatchHelper", context)
    cursor = sheet.createCursor()
    cursor.gotoEndOfUsedArea(False)
    rows, columns = cursor.RangeAddress.EndRow + 1, cursor.RangeAddress.EndColumn + 1
    header = [sheet.getCellByPosition(c, 0).String for c in range(columns)]
    for edit in edits:
        column, key_column, key, value = edit.split("=", 3)
        at, by = header.index(column), header.index(key_column)
        row = next(r for r in range(1, rows) if sheet.getCellByPosition(by, r).String == key)
        book.CurrentController.setActiveSheet(sheet)
        book.CurrentController.select(sheet.getCellByPosition(at, row))
        # As from the keyboard: the locale and the cell's format decide what becomes of it.
        dispatcher.executeDispatch(frame, ".uno:EnterString", "", 0, (prop("StringName", value),))
    book.storeToURL(uno.systemPathToFileUrl(target), (prop("FilterName", "Calc MS Excel 2007 XML"),))
    book.close(True)
    try:
        desktop.terminate()
    except Exception:
        pass
finally:
    try:
        office.wait(20)
    except subprocess.TimeoutExpired:
        office.kill()
