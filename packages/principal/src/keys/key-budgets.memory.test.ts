import { describe } from 'vitest'
import { keepsBudgets } from './key-budgets.contract.ts'
import { memoryKeyBudgets } from './key-budgets.memory.ts'

describe('in one process', () => {
  keepsBudgets(async (arranged) => {
    let budgets = memoryKeyBudgets(arranged)
    return {
      budgets: {
        spend: (...asked) => budgets.spend(...asked),
        unwritten: (max) => budgets.unwritten(max),
        written: (those) => budgets.written(those),
      },
      // It forgets with the process, and then everything.
      async forget() {
        budgets = memoryKeyBudgets(arranged)
      },
    }
  })
})
