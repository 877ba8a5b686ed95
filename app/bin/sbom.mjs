/** `npm run sbom -- FILE`: the bill of materials of what runs in production (CycloneDX, JSON); without FILE to standard output. */
import { writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { say } from './child.mjs'
import { billOfMaterials } from './gates/bill.mjs'
import { lockFile } from './gates/sources.mjs'

const [file] = process.argv.slice(2)
const bill = billOfMaterials(lockFile())
const text = `${JSON.stringify(bill, null, 2)}\n`
if (file === undefined) process.stdout.write(text)
else {
  const destination = resolve(process.env.INIT_CWD || '.', file)
  writeFileSync(destination, text)
  say(`✓ ${bill.components.length} components are in ${destination}`)
}
