/** Panels as an SVG: what they asked, drawn over time. As Grafana shows it, and nothing that moves. */

export interface Point {
  readonly atSeconds: number
  readonly value: number
}

export interface Line {
  readonly name: string
  readonly points: readonly Point[]
}

export interface DrawnPanel {
  readonly title: string
  /** As Grafana calls it; `s` for seconds. */
  readonly unit: string
  readonly lines: readonly Line[]
  /** Within the picture, in the columns and rows of Grafana's grid. */
  readonly place: { readonly x: number; readonly y: number; readonly w: number; readonly h: number }
}

export interface DrawnRow {
  readonly title: string
  readonly y: number
}

const columnWidth = 50
const rowHeight = 30
const colours = [
  '#3274d9',
  '#e0752d',
  '#37872d',
  '#c4162a',
  '#8f3bb8',
  '#0a7ea4',
  '#b8860b',
  '#666666',
  '#d683ce',
  '#5794f2',
]
/** What fits under a panel. */
const charactersMax = 52

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')

const text = (x: number, y: number, size: number, words: string, more = ''): string =>
  `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" font-size="${size}" ${more}>${escaped(words)}</text>`

export function inUnit(value: number, unit: string): string {
  if (unit !== 's') return value >= 100 ? value.toFixed(0) : Number(value.toPrecision(3)).toString()
  return value >= 1 ? `${Number(value.toPrecision(3))} s` : `${Number((value * 1_000).toPrecision(3))} ms`
}

interface Frame {
  readonly left: number
  readonly top: number
  readonly width: number
  readonly height: number
}

interface Span {
  readonly fromSeconds: number
  readonly toSeconds: number
}

function pathOf(points: readonly Point[], most: number, { left, top, width, height }: Frame, span: Span): string {
  const x = (at: number) => left + ((at - span.fromSeconds) / (span.toSeconds - span.fromSeconds)) * width
  const y = (value: number) => top + height - (value / most) * height
  return points
    .map(({ atSeconds, value }, index) => `${index ? 'L' : 'M'}${x(atSeconds).toFixed(1)} ${y(value).toFixed(1)}`)
    .join('')
}

const written = (lines: readonly Line[]): number => lines.reduce((sum, { name }) => sum + name.length + 4, 0)

function legendOf(lines: readonly Line[], { left, top, height }: Frame): string {
  const shown = lines.filter((_, index) => written(lines.slice(0, index + 1)) <= charactersMax)
  const more = lines.length > shown.length ? ` and ${lines.length - shown.length} more` : ''
  const words = shown.map(({ name }, index) => `<tspan fill="${colours[index]}">● </tspan>${escaped(name)}  `).join('')
  return `<text x="${left}" y="${top + height + 28}" font-size="9">${words}${more}</text>`
}

function panelOf({ title, unit, lines, place }: DrawnPanel, span: Span): string {
  const [x, y] = [place.x * columnWidth, place.y * rowHeight]
  const [width, height] = [place.w * columnWidth, place.h * rowHeight]
  const frame: Frame = { left: x + 52, top: y + 30, width: width - 72, height: height - 70 }
  const most = Math.max(...lines.flatMap(({ points }) => points.map(({ value }) => value)), 0) || 1
  const marks = [0, most / 2, most].map((value) => {
    const at = frame.top + frame.height - (value / most) * frame.height
    const rule = `<path d="M${frame.left} ${at.toFixed(1)}h${frame.width}" stroke="#ddd"/>`
    return `${rule}${text(frame.left - 6, at + 3, 9, inUnit(value, unit), 'text-anchor="end" fill="#555"')}`
  })
  const drawn = lines.map(
    ({ points }, index) =>
      `<path d="${pathOf(points, most, frame, span)}" fill="none" stroke="${colours[index % colours.length]}" stroke-width="1.3"/>`,
  )
  const minutes = (span.toSeconds - span.fromSeconds) / 60
  return [
    `<rect x="${x + 4}" y="${y + 4}" width="${width - 8}" height="${height - 8}" fill="#fff" stroke="#ccc" rx="3"/>`,
    text(x + 14, y + 21, 12, title, 'font-weight="600"'),
    ...marks,
    ...drawn,
    text(frame.left, frame.top + frame.height + 13, 9, '0', 'fill="#555"'),
    text(
      frame.left + frame.width,
      frame.top + frame.height + 13,
      9,
      `${minutes.toFixed(1)} min`,
      'text-anchor="end" fill="#555"',
    ),
    lines.length > 0
      ? legendOf(lines, frame)
      : text(frame.left + 8, frame.top + 16, 11, 'nothing to show', 'fill="#999"'),
  ].join('\n')
}

export function pictureOf(panels: readonly DrawnPanel[], rows: readonly DrawnRow[], span: Span): string {
  const width = 24 * columnWidth
  const height = Math.max(...panels.map(({ place }) => place.y + place.h)) * rowHeight
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif">`,
    '<title>The dashboard over a system at work</title>',
    `<rect width="${width}" height="${height}" fill="#f4f5f5"/>`,
    ...rows.map(({ title, y }) => text(10, y * rowHeight + 21, 14, title, 'font-weight="600" fill="#333"')),
    ...panels.map((panel) => panelOf(panel, span)),
    '</svg>\n',
  ].join('\n')
}
