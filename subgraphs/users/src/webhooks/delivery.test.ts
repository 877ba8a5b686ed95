import { describe, expect, it } from 'vitest'
import { parseDeliveryFilter, parseReplay } from './delivery.ts'

const fieldsOf = (work: () => unknown): string[] => {
  try {
    work()
    return []
  } catch (error) {
    return Object.keys((error as { extensions: { fields: object } }).extensions.fields)
  }
}
const since = '2030-01-01T00:00:00Z'

describe('what is sent again', () => {
  it.each([
    [{}, ['input']],
    [{ since, deliveryIds: ['whd_1'] }, ['input']],
    [{ deliveryIds: [] }, ['input.deliveryIds']],
    [{ deliveryIds: Array(101).fill('whd_1') }, ['input.deliveryIds']],
    [{ deliveryIds: ['x'.repeat(129)] }, ['input.deliveryIds']],
    [{ since }, []],
    [{ deliveryIds: Array(100).fill('whd_1') }, []],
  ])('%#: is named in one way, within bounds', (given, fields) => {
    expect(fieldsOf(() => parseReplay({ endpointId: 'whe_1', ...given }))).toEqual(fields)
  })

  it('is what failed, unless more is asked for', () => {
    expect(parseReplay({ endpointId: 'whe_1', since })).toMatchObject({ statuses: ['failed'] })
    expect(parseReplay({ endpointId: 'whe_1', since, statuses: ['DELIVERED', 'FAILED'] })).toMatchObject({
      statuses: ['delivered', 'failed'],
    })
  })
})

it('a filter has every part that cannot be one named', () => {
  const wrong = { endpointId: 'x'.repeat(129), eventType: 'x'.repeat(129), from: since, to: since }
  expect(fieldsOf(() => parseDeliveryFilter(wrong))).toEqual(['filter.endpointId', 'filter.eventType', 'filter.to'])
  expect(parseDeliveryFilter({ status: 'PENDING', from: since })).toMatchObject({ status: 'pending', to: null })
})
