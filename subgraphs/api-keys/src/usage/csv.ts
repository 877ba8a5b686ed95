/** CSV as RFC 4180 writes it, and safe to open: no text in it is taken for a formula. */

export type Cell = string | number | null

/** What spreadsheets evaluate begins with one of these, and so does what they cut off before they look. */
const formula = /^[=+\-@\t\r\n]|^[＝＋－＠]/

function writeCell(cell: Cell): string {
  if (cell === null) return ''
  if (typeof cell === 'number') return String(cell)
  const text = formula.test(cell) ? `'${cell}` : cell
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

/** Lines end with CRLF, the last one too. */
export const writeCsv = (rows: readonly (readonly Cell[])[]): string =>
  rows.map((cells) => `${cells.map(writeCell).join(',')}\r\n`).join('')
