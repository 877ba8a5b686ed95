/** No regular expression of ours takes exponential time (ASVS 1.3.12): what repeats without end is not repeated without end. */
import { parseSync, Visitor } from 'oxc-parser'
import parse from 'ret'

const { types } = parse

/** Each turn of the outer repetition begins with a character that the inner one cannot be: there is one way to read a text. */
const accepted = new Set(
  [
    /^[a-z][a-z0-9-]*(:[a-z][a-z0-9-]*)+$/,
    /^[A-Za-z0-9]+(?:[._-][A-Za-z0-9]+)*$/,
    /`([\w.@-]+(?:\/[\w.@-]+)+\/?)`/,
    /^[\p{L}\p{M}\p{N}!#$%&'*+/=?^_`{|}~-]+(\.[\p{L}\p{M}\p{N}!#$%&'*+/=?^_`{|}~-]+)*$/u,
  ].map(({ source }) => source),
)

/** The literals of a program: `{ pattern, line }`. */
export function regexesIn(path, text) {
  const found = []
  const visitor = new Visitor({
    Literal: ({ regex, start }) => {
      if (regex) found.push({ pattern: regex.pattern, line: text.slice(0, start).split('\n').length })
    },
  })
  visitor.visit(parseSync(path, text).program)
  return found
}

/** Whether something without end is repeated without end. */
function nests(token, within) {
  const endless = token.type === types.REPETITION && token.max === Number.POSITIVE_INFINITY
  if (endless && within) return true
  const inner = token.type === types.REPETITION ? [token.value] : (token.options?.flat() ?? token.stack ?? [])
  return inner.some((each) => nests(each, within || endless))
}

/** To the parser what is behind is as what is ahead: it knows the one only, and either repeats alike. */
const readable = (pattern) => pattern.replace(/\(\?<([=!])/g, '(?$1')

export const isCostly = (pattern) => !accepted.has(pattern) && nests(parse(readable(pattern)), false)

/** `files`: `{ path, text }` of each. */
export const costlyRegexes = (files) =>
  files.flatMap(({ path, text }) =>
    regexesIn(path, text)
      .filter(({ pattern }) => isCostly(pattern))
      .map(
        ({ pattern, line }) =>
          `${path}:${line} /${pattern}/ may take exponential time: write it so that each text can be read in one way`,
      ),
  )
