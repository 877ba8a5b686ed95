import { expect, it } from 'vitest'
import { eventOf, testEvent } from './event.ts'

const at = new Date('2030-01-01T00:00:00Z')
const record = {
  ...{ id: 'aud_1', at, actorKind: 'user', actorId: 'usr_staff', onBehalfOf: 'usr_ada', action: 'session.begin' },
  ...{ target: 'ses_1', outcome: 'done', requestId: 'req_1', sealed: true },
}

it('an event holds the ids and what came of it, and nothing that says where somebody is', () => {
  const detail = {
    userId: 'usr_ada',
    amr: ['pwd'],
    device: 'Firefox on Linux',
    network: '203.0.113.0/24',
    reason: 'Ada called',
  }
  const event = eventOf('sessions', { ...record, detail })
  expect(event).toMatchObject({ id: 'aud_1', type: 'session.begin', at })
  expect(JSON.parse(event.body)).toEqual({
    ...{ type: 'session.begin', timestamp: '2030-01-01T00:00:00.000Z', version: 1 },
    data: {
      ...{ id: 'aud_1', source: 'sessions', target: 'ses_1', outcome: 'done', requestId: 'req_1' },
      actor: { kind: 'user', id: 'usr_staff', onBehalfOf: 'usr_ada' },
      detail: { userId: 'usr_ada', amr: ['pwd'] },
    },
  })
})

it('an event without detail has none, and a test is about nothing', () => {
  expect(JSON.parse(eventOf('users', { ...record, detail: null }).body).data.detail).toEqual({})
  expect(JSON.parse(testEvent('evt_1', at).body)).toMatchObject({ type: 'webhook.test', data: { id: 'evt_1' } })
})
