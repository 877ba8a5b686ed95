/** Webhooks, put together: the worker beside the requests, and what administrators ask of it. */
import { prismaRecordTail, type ReadTail } from '@latchkey/audit'
import type { Database } from '@latchkey/prisma'
import type { DataHolderTransports } from '../data-holders/data-holder.ts'
import { createCourier } from './courier.ts'
import { prismaDeliveryStore } from './deliveries.prisma.ts'
import { createWebhookDeliveryService } from './delivery-service.ts'
import { createDestinations, type ResolveName } from './destination.ts'
import { createDisabling, type DisablingDependencies } from './disabling.ts'
import type { PlainHttp } from './endpoint.ts'
import { prismaEndpointStore } from './endpoints.prisma.ts'
import { createFollower, type FollowerDependencies } from './follower.ts'
import { reachableBesides } from './reachable.ts'
import { dnsResolve } from './resolve.dns.ts'
import { createWebhookSender } from './sender.http.ts'
import { createWebhookEndpointService } from './service.ts'
import { toldTail } from './tails.ts'
import { watchWebhooks } from './watch.ts'
import { prismaWorkStore } from './work.prisma.ts'
import { createWebhookWorker } from './worker.ts'

/** Where webhooks may go besides public addresses. */
export interface WebhookTerms {
  /** Networks of the own house, like `10.0.0.0/8`. */
  readonly networks: readonly string[]
  readonly plainHttp: PlainHttp
  /** For all of a try; ten seconds unless set. */
  readonly timeoutMs?: number
  /** How long the worker rests between two looks; a second unless set. */
  readonly pauseMs?: number
  /** DNS, unless set. */
  readonly resolve?: ResolveName
}

const publicOnly: WebhookTerms = { networks: [], plainHttp: 'refused' }

interface WebhookDependencies
  extends Omit<DisablingDependencies, 'store'>,
    Omit<FollowerDependencies, 'store' | 'tails' | 'wasRead'> {
  readonly database: Pick<Database, 'query' | 'queryAlone'>
  readonly dataHolders: DataHolderTransports
  readonly webhooks?: WebhookTerms | undefined
}

function tailsOf({ database, dataHolders, entropy }: WebhookDependencies): Readonly<Record<string, ReadTail>> {
  const others = Object.entries(dataHolders).map(([name, asked]) => [name, toldTail(name, asked, entropy)] as const)
  return { users: prismaRecordTail(database, 'users'), ...Object.fromEntries(others) }
}

export function createWebhooks(dependencies: WebhookDependencies) {
  const { database, webhooks: terms = publicOnly } = dependencies
  const [store, endpoints] = [prismaWorkStore(database), prismaEndpointStore(database)]
  const isReachable = reachableBesides(terms.networks)
  const destinations = createDestinations({ resolve: terms.resolve ?? dnsResolve(), isReachable })
  const watch = watchWebhooks({ ...dependencies, store })
  const courier = createCourier({
    ...{ ...dependencies, store, wasTried: watch.wasTried },
    sender: createWebhookSender({ destinations, timeoutMs: terms.timeoutMs }),
    disabling: createDisabling({ ...dependencies, store }),
  })
  const follower = createFollower({ ...dependencies, store, tails: tailsOf(dependencies), wasRead: watch.wasRead })
  const worker = createWebhookWorker({ ...dependencies, store, follower, courier, watch, pauseMs: terms.pauseMs })
  const using = { ...dependencies, wake: worker.wake }
  return {
    worker,
    webhookEndpointService: createWebhookEndpointService({
      ...{ ...using, store: endpoints, destinations, plainHttp: terms.plainHttp },
    }),
    webhookDeliveryService: createWebhookDeliveryService({
      ...{ ...using, store: prismaDeliveryStore(database), endpoints },
    }),
  }
}
