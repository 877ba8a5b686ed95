/** Where tests live: `unit` beside the code, `e2e` over the whole gateway in every topology. */
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import { LongestFirst } from './e2e/support/longest-first.ts'

// graphql resolves twice under vitest (ESM and CommonJS) and then refuses its own schemas ("another module or realm").
const graphql = fileURLToPath(new URL('node_modules/graphql/index.js', import.meta.url))

// Workspaces are read from their sources. Only this condition and Vite's own: vitest hands them to Node too, where a bare
// `import` would give `require` the wrong half of a package.
const conditions = ['@latchkey/source', 'node']

const shared = {
  resolve: { alias: [{ find: /^graphql$/, replacement: graphql }], conditions },
  ssr: { resolve: { conditions } },
  // Where vitest itself runs the global setup.
  environments: { __vitest__: { resolve: { conditions } } },
}

/** The domain: in a feature's folder, everything that is not one of these roles. It decides, so it is tested whole. */
const roles = ['service', 'resolvers', 'rules', 'store', '*.*']
const domain = `subgraphs/*/src/*/!(${roles.join('|')}).ts`

export default defineConfig({
  ...shared,
  test: {
    // Real stores: Redis at once, Postgres when a test first asks.
    globalSetup: ['app/src/embedded/testing.ts'],
    sequence: { sequencer: LongestFirst },
    coverage: {
      provider: 'v8',
      include: ['{packages,subgraphs,examples}/*/src/**/*.ts', '{gateway,app,prisma}/src/**/*.ts'],
      exclude: ['**/generated/**', '**/*.{test,contract,fixture}.ts', '**/testing.ts'],
      reporter: ['text-summary', 'html', 'json-summary'],
      thresholds: { [domain]: { branches: 95 } },
    },
    projects: [
      {
        ...shared,
        test: {
          name: 'unit',
          include: [
            '{packages,subgraphs,examples}/*/src/**/*.test.ts',
            '{gateway,app,prisma,attack}/src/**/*.test.ts',
            'app/bin/**/*.test.mjs',
          ],
          // Each file has stores of its own: every core. After the stories, which bring processes of their own along.
          maxWorkers: '100%',
          // No file changes what another one sees, so a worker imports the code once.
          isolate: false,
          sequence: { groupOrder: 1 },
          // What has to come is waited for, however busy the machine is; how soon it came is measured elsewhere.
          expect: { poll: { timeout: 60_000 } },
          testTimeout: 240_000,
          hookTimeout: 240_000,
        },
      },
      {
        ...shared,
        test: {
          name: 'e2e',
          include: ['e2e/**/*.test.ts'],
          // A measurement, for a machine that does nothing else.
          exclude: ['**/node_modules/**', ...(process.env.LATCHKEY_E2E_STREAMS ? [] : ['e2e/open-streams.test.ts'])],
          // A house is ten processes: two at a time, on however many cores.
          maxWorkers: 2,
          isolate: false,
          expect: { poll: { timeout: 90_000 } },
          testTimeout: 480_000,
          hookTimeout: 480_000,
        },
      },
    ],
  },
})
