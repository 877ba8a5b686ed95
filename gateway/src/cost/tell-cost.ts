/** What an operation costs, told to whoever asks for it with `x-latchkey-cost`. */
import type { PermittedOperation } from '../authorize/authorize.ts'
import { costHeader } from '../cost-header.ts'
import type { Executed, Steps } from '../pipeline.ts'

/** `everybody`: also those who have no credential. What is dear would be found out by whoever wants to attack. */
export type CostAudience = 'everybody' | 'the known'

type Execute<Plan> = Steps<Plan>['execute']
type Asked = Parameters<Execute<unknown>>[1]

/** Makes of an execution the same, with `extensions.cost` where it is asked for. */
export function tellingCost<Plan>({ max, audience }: { readonly max: number; readonly audience: CostAudience }) {
  type Permitted = PermittedOperation<Plan>
  const isTold = ({ principal }: Permitted) => audience === 'everybody' || principal.kind !== 'anonymous'
  return (execute: Execute<Plan>): Execute<Plan> => {
    const telling = async (permitted: Permitted, request: Asked, asked: string[]): Promise<Executed> => {
      const executed = await execute(permitted, request, asked)
      return { ...executed, extensions: { ...executed.extensions, cost: { planned: permitted.cost, max } } }
    }
    return (permitted, request, asked) =>
      request.headers[costHeader] !== undefined && isTold(permitted)
        ? telling(permitted, request, asked)
        : execute(permitted, request, asked)
  }
}
