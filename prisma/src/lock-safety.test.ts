import { describe, expect, it } from 'vitest'
import { hazardsIn } from './lock-safety.ts'
import { readMigrations } from './migrations.ts'

/** What came before was written before this was asked. */
const sinceName = '20261129050000'

describe('a migration', () => {
  it.each([
    'CREATE INDEX "a_idx" ON "users"."accounts"("status")',
    'create unique index a_idx on users.accounts (status)',
    'ALTER TABLE "users"."accounts" ALTER COLUMN "status" SET NOT NULL',
    'ALTER TABLE users.accounts ADD CONSTRAINT c CHECK (status > 0)',
    'ALTER TABLE users.accounts ADD COLUMN x text,\n ADD CONSTRAINT c FOREIGN KEY (x) REFERENCES y (x)',
    'ALTER TABLE users.accounts ALTER COLUMN status TYPE text',
    'ALTER TABLE users.accounts ADD COLUMN tag uuid NOT NULL DEFAULT gen_random_uuid()',
    'ALTER TABLE users.accounts DROP COLUMN status',
    'ALTER TABLE users.accounts RENAME COLUMN status TO state',
    'DROP TABLE IF EXISTS users.accounts',
  ])('does not get through with %j, unless it says why that is safe', (statement) => {
    expect(hazardsIn(`SELECT 1;\n${statement};\nSELECT 2;`)).toMatchObject([{ statement }])
    expect(hazardsIn(`SELECT 1;\n-- lock-safe: nobody has it yet\n${statement};`)).toEqual([])
    expect(hazardsIn(`-- lock-safe:\n${statement};`)).toHaveLength(1)
  })

  it.each([
    '-- without-transaction\nCREATE INDEX CONCURRENTLY a_idx ON users.accounts (status)',
    'CREATE TABLE "users"."new" (id text);\nCREATE INDEX i ON "users"."new"("id");\nALTER TABLE "users"."new" ADD CONSTRAINT c CHECK (id > 0)',
    'ALTER TABLE users.accounts ADD CONSTRAINT c CHECK (status > 0) NOT VALID',
    'ALTER TABLE users.accounts VALIDATE CONSTRAINT c',
    "ALTER TABLE users.accounts ADD COLUMN x text NOT NULL DEFAULT ''",
    'CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $f$ BEGIN DROP TABLE users.accounts; END $f$',
    '-- DROP TABLE users.accounts\nSELECT 1',
  ])('gets through with %j', (sql) => {
    expect(hazardsIn(`${sql};`)).toEqual([])
  })

  it('of ours lets everybody go on, and the release before as well', () => {
    const newer = readMigrations().filter(({ name }) => name >= sinceName)
    expect(newer.flatMap(({ name, sql }) => hazardsIn(sql).map((hazard) => ({ name, ...hazard })))).toEqual([])
  })
})
