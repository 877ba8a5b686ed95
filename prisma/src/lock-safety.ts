/** Which statements of a migration would stop those who use its tables, or the release that still runs. */

interface Hazard {
  readonly statement: string
  readonly remedy: string
}

/** At the end of a line before the statement, with the reason: `-- lock-safe: nothing has been written there yet`. */
const excuse = /--\s*lock-safe:[ \t]*\S/

const table = String.raw`(?:IF (?:NOT )?EXISTS\s+)?(?:ONLY\s+)?([\w".]+)`

const hazards: readonly { readonly pattern: RegExp; readonly remedy: string }[] = [
  {
    pattern: new RegExp(String.raw`^CREATE (?:UNIQUE )?INDEX (?!CONCURRENTLY).*?\bON ${table}`, 'is'),
    remedy: 'CREATE INDEX CONCURRENTLY, alone in a migration that begins with -- without-transaction.',
  },
  {
    pattern: new RegExp(String.raw`^ALTER TABLE ${table}.*\bSET NOT NULL`, 'is'),
    remedy:
      'Add CHECK (… IS NOT NULL) NOT VALID, validate it, and set NOT NULL after that: then nothing is read through.',
  },
  {
    pattern: new RegExp(String.raw`^ALTER TABLE ${table}.*\bADD CONSTRAINT\b(?!.*\b(?:NOT VALID|USING INDEX)\b)`, 'is'),
    remedy: 'Add it NOT VALID, and VALIDATE CONSTRAINT in a migration of its own; a unique one USING INDEX.',
  },
  {
    pattern: new RegExp(String.raw`^ALTER TABLE ${table}.*\bALTER COLUMN\b.*\bTYPE\b`, 'is'),
    remedy: 'It writes the table anew. Add a column, fill it in batches, and read it in the next release.',
  },
  {
    pattern: new RegExp(
      String.raw`^ALTER TABLE ${table}.*\bADD COLUMN\b[^,]*\b(?:gen_random_uuid|random|clock_timestamp|nextval)\b`,
      'is',
    ),
    remedy: 'A default that differs from row to row writes the table anew. Add it without, and fill it in batches.',
  },
  {
    pattern: new RegExp(String.raw`^(?:ALTER TABLE ${table}.*\b(?:DROP COLUMN|RENAME)\b|DROP TABLE ${table})`, 'is'),
    remedy: 'The release before still uses it. Stop using it in one release, and drop it in the next.',
  },
]

/** Bodies of functions are not statements of the migration. */
const withoutBodies = (sql: string): string => sql.replaceAll(/(\$\w*\$)[\s\S]*?\1/g, "''")

const withoutComments = (sql: string): string => sql.replaceAll(/--.*$/gm, '').trim()

const madeHere = (sql: string): ReadonlySet<string | undefined> =>
  new Set([...sql.matchAll(new RegExp(String.raw`\bCREATE TABLE ${table}`, 'gi'))].map(([, name]) => name))

/** What has no excuse, and is not about a table that the same migration makes. */
export function hazardsIn(sql: string): readonly Hazard[] {
  const text = withoutBodies(sql)
  const made = madeHere(text)
  return text.split(';').flatMap((part) => {
    const statement = withoutComments(part)
    if (excuse.test(part)) return []
    return hazards.flatMap(({ pattern, remedy }) => {
      const [match, ...names] = pattern.exec(statement) ?? []
      return match === undefined || names.some((name) => name !== undefined && made.has(name))
        ? []
        : [{ statement, remedy }]
    })
  })
}
