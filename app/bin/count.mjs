/** A vitest reporter that counts tests; whatever failed outside a test (a file, a hook, a stray error) is one failure each. */
import { writeFileSync } from 'node:fs'

export function countTests(modules, strayErrors) {
  const count = { passed: 0, failed: strayErrors.length, skipped: 0 }
  for (const module of modules) {
    count.failed += module.errors().length > 0 ? 1 : 0
    for (const suite of module.children.allSuites()) count.failed += suite.errors().length > 0 ? 1 : 0
    for (const test of module.children.allTests()) {
      const { state } = test.result()
      count[state === 'pending' ? 'failed' : state] += 1
    }
  }
  return count
}

// vitest takes a reporter from a file's default export.
export default function countReporter() {
  return {
    onTestRunEnd(modules, strayErrors) {
      const file = process.env.LATCHKEY_TEST_COUNT
      if (file) writeFileSync(file, JSON.stringify(countTests(modules, strayErrors)))
    },
  }
}
