/** A table as CSV (RFC 4180), safe to open in a spreadsheet. */

// A cell that starts like a formula would be computed by a spreadsheet: OWASP "CSV injection".
const FORMULA_START = /^[=+\-@\t\r]/;

export function csvCell(value: string | number | boolean | null): string {
  if (value === null) return "";
  if (typeof value !== "string") return String(value);
  const guarded = FORMULA_START.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(guarded) ? `"${guarded.replaceAll('"', '""')}"` : guarded;
}

export function toCsv(rows: (string | number | boolean | null)[][]): string {
  return rows.map((row) => row.map(csvCell).join(",")).join("\r\n");
}

export function downloadCsv(fileName: string, csv: string): void {
  const byteOrderMark = "\uFEFF"; // without it Excel reads UTF-8 as the local code page
  const url = URL.createObjectURL(new Blob([byteOrderMark, csv], { type: "text/csv" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = fileName;
  link.click();
  URL.revokeObjectURL(url);
}
