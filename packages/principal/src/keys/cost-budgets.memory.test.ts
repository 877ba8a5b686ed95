import { keepsCostBudgets } from './cost-budgets.contract.ts'
import { memoryCostBudgets } from './cost-budgets.memory.ts'

keepsCostBudgets(async (arranged) => memoryCostBudgets(arranged))
