/** The file that operations are registered in: a manifest, which gateways look at again and again. */
import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import type { Logger } from '@latchkey/telemetry'
import { type ManifestOperation, parseManifest } from './manifest.ts'

export interface OperationsFile {
  /** Those of the last text that could be read. */
  readonly operations: readonly ManifestOperation[]
  /** Begins to look; `onChange` is called after each change that could be read. */
  follow(onChange: () => void): void
  close(): void
}

const lookEveryMs = 1_000

const isMissing = (thrown: unknown): boolean => (thrown as NodeJS.ErrnoException).code === 'ENOENT'

const messageOf = (thrown: unknown): string => (thrown instanceof Error ? thrown.message : String(thrown))

/** A file that is not there holds none. @throws Error that names the file and what is wrong with it. */
export function readOperationsFile(file: string): readonly ManifestOperation[] {
  try {
    return parseManifest(readFileSync(file, 'utf8'))
  } catch (thrown) {
    if (isMissing(thrown)) return []
    throw new Error(`${file}: ${messageOf(thrown)}`)
  }
}

/**
 * Looks at what the file holds, so that it may be written, renamed over, or reached by a link that leads elsewhere now. What cannot
 * be read is logged once, and what was there before stays; also when the file is gone.
 */
export function openOperationsFile(file: string, logger: Logger): OperationsFile {
  let operations = readOperationsFile(file)
  let text: string | null = null
  let timer: NodeJS.Timeout | undefined

  async function look(onChange: () => void): Promise<void> {
    const found = await readFile(file, 'utf8').catch(() => null)
    if (found === null || found === text) return
    const isFirst = text === null
    text = found
    try {
      const read = parseManifest(found)
      if (isFirst && JSON.stringify(read) === JSON.stringify(operations)) return
      operations = read
      logger.info({ file, operations: read.length }, 'the registered operations have changed')
      onChange()
    } catch (thrown) {
      logger.error(
        { file, detail: messageOf(thrown) },
        'the registered operations cannot be read: those of before stay',
      )
    }
  }

  return {
    get operations() {
      return operations
    },
    follow(onChange) {
      timer = setInterval(() => void look(onChange), lookEveryMs)
      timer.unref()
    },
    close: () => clearInterval(timer),
  }
}
