/** How a key that another system made may be written. */

/** Whatever is shorter is no secret, whatever is longer is no key. */
const lengths = { least: 24, most: 256 }

/** Whether it could be one: printable characters without spaces. What begins like a key of ours is one of ours, or a typo. */
export const mayBeForeignKey = (text: string): boolean =>
  text.length >= lengths.least && text.length <= lengths.most && !text.startsWith('lk_') && /^[\x21-\x7e]+$/.test(text)
