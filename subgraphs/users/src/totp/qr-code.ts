/** QR codes. The only home of uqr. */
import { renderSVG } from 'uqr'

/** An SVG as a data URL, to be shown as it is. */
export const qrDataUrl = (text: string): string =>
  `data:image/svg+xml;base64,${Buffer.from(renderSVG(text, { ecc: 'M', border: 2 })).toString('base64')}`
