/** No secret is kept among the sources: what looks like one is known by its form, or by its name and how random it is. */

/** By what is found. */
const forms = {
  'a Latchkey API key': /\blk_(?:live|test)_[0-9A-Za-z]{12}_[0-9A-Za-z]{49}\b/g,
  'a signed token': /\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{40,}/g,
  'a private key (PEM)': /-----BEGIN [A-Z ]*PRIVATE KEY-----(?:\s|\\n|["'+])*[A-Za-z0-9+/]{40}/g,
  'a private key (JWK)': /["']?\bd["']?\s*:\s*["'][\w-]{43}["']/g,
  'an AWS key': /\b(?:AKIA|ASIA)[0-9A-Z]{16}\b/g,
  'a GitHub token': /\b(?:gh[pousr]_[0-9A-Za-z]{36}|github_pat_\w{40,})/g,
  'a GitLab token': /\bglpat-[\w-]{20}/g,
  'an npm token': /\bnpm_[0-9A-Za-z]{36}\b/g,
  'a Slack token': /\bxox[abeprs]-[\w-]{10,}/g,
  'a Stripe key': /\b[rs]k_live_[0-9A-Za-z]{20,}/g,
  'a Google key': /\bAIza[\w-]{35}\b/g,
}

const named =
  /(?:secret|token|passw(?:or)?d|passphrase|api_?key|pepper|private_?key|credential|keyring)\w*["'`]?\s*[:=]\s*["'`]([\w+/=-]{24,})["'`]/gi
/** Words have about three and a half; 24 random characters of base64 have more than four. */
const bitsPerCharacterMin = 4

/** Where what looks like one is none: the file, what is found there, and why that may be. */
const accepted = [
  ['docs/api-keys/format.md', 'a Latchkey API key', 'shows the form; no deployment has it'],
  [
    'packages/principal/src/keys/api-key-text.test.ts',
    'a Latchkey API key',
    'holds the form still; no deployment has it',
  ],
  ['packages/subgraph/vectors/envelopes.json', 'a signed token', 'test vectors, signed by keys made for them'],
]

function bitsPerCharacter(text) {
  const counts = new Map()
  for (const character of text) counts.set(character, (counts.get(character) ?? 0) + 1)
  const shares = [...counts.values()].map((count) => count / text.length)
  return -shares.reduce((sum, share) => sum + share * Math.log2(share), 0)
}

/** `{ kind, line }` of each; what was found is not repeated. */
export function secretsIn(text) {
  const lineOf = (index) => text.slice(0, index).split('\n').length
  const byForm = Object.entries(forms).flatMap(([kind, form]) =>
    [...text.matchAll(form)].map(({ index }) => ({ kind, line: lineOf(index) })),
  )
  const byName = [...text.matchAll(named)]
    .filter(([, value]) => bitsPerCharacter(value) >= bitsPerCharacterMin)
    .map(({ index }) => ({ kind: 'a random text with the name of a secret', line: lineOf(index) }))
  return [...byForm, ...byName]
}

/** `files`: `{ path, text }` of each. */
export function leakedSecrets(files, list = accepted) {
  const unused = new Set(list)
  const found = files.flatMap(({ path, text }) =>
    secretsIn(text).flatMap(({ kind, line }) => {
      const known = list.find(([where, what]) => where === path && what === kind)
      unused.delete(known)
      return known ? [] : [`${path}:${line} has ${kind}: take it out, and change it where it is used`]
    }),
  )
  return [
    ...found,
    ...[...unused].map(
      ([path, kind]) => `${path} has no more ${kind}: app/bin/gates/leaked-secrets.mjs still accepts it`,
    ),
  ]
}
