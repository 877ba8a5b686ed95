/** What the gateway counts of its streams. */
import type { AccountEvent } from '@latchkey/principal/account-news'
import { boundedNames, countOf, gaugeOf } from '@latchkey/telemetry/metrics'
import type { WhyEnded } from './ending.ts'

const opened = countOf('latchkey_streams_opened_total', 'Streams of events that began.', [])
const ended = countOf('latchkey_streams_ended_total', 'Streams of events that ended, by why.', ['why'])
const events = countOf('latchkey_stream_events_total', 'Events that streams told, by what was subscribed to.', [
  'field',
])

const fieldOf = boundedNames(50)

export function countedStreams(read: () => number) {
  gaugeOf('latchkey_streams_open', 'Streams of events that are open now, or about to be.', read)
  return {
    opened: () => opened.add({}),
    ended: (why: WhyEnded) => ended.add({ why }),
    event: ({ field }: AccountEvent) => events.add({ field: fieldOf(field) }),
  }
}
