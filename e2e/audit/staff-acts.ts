/** What administrators and support staff do, each with what is recorded of it. */
import { shownCode } from '../support/authenticator-app.ts'
import { aPerson, ask, bearer, signedIn } from '../support/client.ts'
import { type Act, asking, askingById, done, type Setting } from './asking.ts'

/** In order: later ones stand on what earlier ones did. */
export async function* staffActs(setting: Setting): AsyncGenerator<Act> {
  yield* ofRoles(setting)
  yield* ofAccounts(setting)
  yield* ofLimits(setting)
  yield* ofWebhooks(setting)
  yield* ofSupport(setting)
}

async function* ofRoles(setting: Setting): AsyncGenerator<Act> {
  const change = asking(setting)
  const person = await signedIn(setting.house.gateways[0])
  const admins = bearer(setting.admin.accessToken)
  const name = `audited-${process.pid}`
  const grant = { userId: person.userId, role: name }
  const role = '{ role { name } }'
  yield { kind: 'role.create', does: () => change(admins, 'createRole', role, { name, description: 'A story' }) }
  yield { kind: 'role.update', does: () => change(admins, 'updateRole', role, { name, description: 'Another' }) }
  yield { kind: 'role.grant', does: () => change(admins, 'grantRole', '{ outcome }', grant) }
  yield { kind: 'role.revoke', does: () => change(admins, 'revokeRole', '{ outcome }', grant) }
  const remove = `mutation { deleteRole(name: "${name}") { name } }`
  yield { kind: 'role.delete', does: async () => done(await ask(setting.house.gateways[0], admins, remove)) }
}

async function* ofAccounts(setting: Setting): AsyncGenerator<Act> {
  const change = asking(setting)
  const byId = askingById(setting)
  const admins = bearer(setting.admin.accessToken)
  let user = { id: '', version: 0 }
  yield {
    kind: 'account.create',
    does: async () => {
      const input = { email: aPerson('invited').email, displayName: 'Invited' }
      user = (await change(admins, 'createUser', '{ user { id version } }', input)).user
    },
  }
  const { id } = user
  const of = '{ user { id } }'
  yield {
    kind: 'account.update',
    does: () => change(admins, 'updateUser', of, { id, version: user.version, displayName: 'Renamed' }),
  }
  yield { kind: 'account.suspend', does: () => change(admins, 'suspendUser', of, { id, reason: 'a story' }) }
  yield { kind: 'account.restore', does: () => byId(admins, 'restoreUser', of, id) }
  yield { kind: 'account.delete', does: () => change(admins, 'deleteUser', of, { id }) }
  let account = ''
  yield {
    kind: 'service-account.create',
    does: async () => {
      account = (await change(admins, 'createServiceAccount', '{ account { id } }', { name: 'Robot' })).account.id
    },
  }
  yield {
    kind: 'service-account.update',
    does: () => change(admins, 'updateServiceAccount', '{ account { id } }', { id: account, name: 'Robot 2' }),
  }
}

async function* ofLimits(setting: Setting): AsyncGenerator<Act> {
  const { admin, house } = setting
  const byId = askingById(setting)
  const admins = bearer(admin.accessToken)
  const rule = async (name: string, network: string) => {
    const operation = `mutation ($input: NetworkRuleInput!) { ${name}(input: $input) { networkRule { id } } }`
    const input = { network, reason: 'a story', expiresAt: new Date(Date.now() + 3_600_000).toISOString() }
    return done(await ask(house.gateways[0], admins, operation, { input }))[name].networkRule.id as string
  }
  let id = ''
  yield {
    kind: 'network.ban',
    does: async () => {
      id = await rule('banNetwork', '203.0.113.0/24')
    },
  }
  yield { kind: 'network.rule-remove', does: () => byId(admins, 'removeNetworkRule', '{ networkRule { id } }', id) }
  yield { kind: 'network.allow', does: () => rule('allowNetwork', '198.51.100.0/24') }
  yield {
    kind: 'sign-in.unlock',
    does: () => asking(setting)(admins, 'unlockSignIn', '{ outcome }', { userId: admin.userId }),
  }
}

async function* ofWebhooks(setting: Setting): AsyncGenerator<Act> {
  const change = asking(setting)
  const byId = askingById(setting)
  const admins = bearer(setting.admin.accessToken)
  let id = ''
  yield {
    kind: 'webhook-endpoint.create',
    does: async () => {
      // Nobody listens there.
      const input = { url: 'http://127.0.0.1:9/', eventTypes: ['signing-key.rotate'] }
      id = (await change(admins, 'createWebhookEndpoint', '{ endpoint { id } }', input)).endpoint.id
    },
  }
  const of = '{ endpoint { id } }'
  yield {
    kind: 'webhook-endpoint.update',
    does: () => change(admins, 'updateWebhookEndpoint', of, { id, description: 'A story' }),
  }
  yield { kind: 'webhook-endpoint.rotate-secret', does: () => byId(admins, 'rotateWebhookSecret', of, id) }
  yield { kind: 'webhook-endpoint.test', does: () => byId(admins, 'testWebhookEndpoint', '{ delivery { id } }', id) }
  const since = new Date(Date.now() - 60_000).toISOString()
  yield {
    kind: 'webhook-endpoint.replay',
    does: () => change(admins, 'replayWebhookDeliveries', '{ count }', { endpointId: id, since }),
  }
  yield { kind: 'webhook-endpoint.delete', does: () => byId(admins, 'deleteWebhookEndpoint', '{ id }', id) }
}

async function* ofSupport(setting: Setting): AsyncGenerator<Act> {
  const change = asking(setting)
  const byId = askingById(setting)
  const [one] = setting.house.gateways
  const [staff, person] = [await signedIn(one), await signedIn(one)]
  const admins = bearer(setting.admin.accessToken)
  const name = `support-${process.pid}`
  const scopes = ['sessions:impersonate', 'profile:read']
  await change(admins, 'createRole', '{ role { name } }', { name, description: 'Support', scopes })
  await change(admins, 'grantRole', '{ outcome }', { userId: staff.userId, role: name })
  const { secret } = await change(bearer(staff.accessToken), 'enrolTotp', '{ secret }')
  const code = shownCode(secret, Date.now())
  const { recoveryCodes } = await change(bearer(staff.accessToken), 'confirmTotp', '{ recoveryCodes }', { code })
  const raised = await change(bearer(staff.accessToken), 'stepUp', '{ ... on SignedIn { accessToken } }', {
    recoveryCode: recoveryCodes[0],
  })
  const raisedStaff = bearer(raised.accessToken)
  let sessionId = ''
  yield {
    kind: 'sign-in.impersonate',
    does: async () => {
      const input = { userId: person.userId, reason: 'ticket 4711: a story' }
      sessionId = (await change(raisedStaff, 'impersonateUser', '{ sessionId }', input)).sessionId
    },
  }
  yield {
    kind: 'session.end',
    does: () => byId(raisedStaff, 'endImpersonation', '{ sessionId }', sessionId, 'sessionId'),
  }
  const mine = bearer((await signedIn(one, person)).accessToken)
  yield { kind: 'account.delete', does: () => change(mine, 'deleteMe', '{ eraseAt }', { email: person.email }) }
}
