/** `npm run licences`: what is installed for production, and under which licence it comes. */
import { licenceLine, licencesOf } from './gates/licences.mjs'
import { lockFile } from './gates/sources.mjs'

console.log(licencesOf(lockFile()).map(licenceLine).join('\n'))
