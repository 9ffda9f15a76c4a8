// Rows as CSV (RFC 4180) that programs and spreadsheets read alike: text in quotes, numbers without, nothing where there is
// nothing. The byte-order mark tells Excel that it is UTF-8.
//
// A spreadsheet takes text that begins with one of these for a formula, quoted or not. It gets an apostrophe before it, and
// so does text that begins with apostrophes and would read so without them: taking one off again gives back any text.
const FORMULA = /^'*(?:[\t\r\n]|\s*[=+\-@＝＋－＠])/u;

function csvCell(value) {
  if (value === null || value === undefined || Number.isNaN(value)) return "";
  if (typeof value === "number") return String(value);
  const text = String(value);
  return `"${(FORMULA.test(text) ? `'${text}` : text).replaceAll('"', '""')}"`;
}

const csv = (rows) => "\uFEFF" + rows.map((row) => row.map(csvCell).join(",") + "\r\n").join("");
