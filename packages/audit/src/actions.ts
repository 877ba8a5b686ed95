/** Every kind of thing that is put on record, in any subgraph: the names that queries filter by and webhooks are sent under. They stay. */
export const auditActions = [
  ...(['account.register', 'account.open', 'account.create', 'account.update', 'account.import'] as const),
  ...(['account.suspend', 'account.restore', 'account.lock', 'account.delete', 'account.erase'] as const),
  'api-keys.withdraw',
  ...(['email.confirm', 'email.resend', 'email.request-change', 'email.change', 'email.undo-change'] as const),
  'profile.update',
  ...(['password.change', 'password.request-reset', 'password.reset', 'password.upgrade'] as const),
  'invitation.accept',
  ...(['totp.enrol', 'totp.confirm', 'totp.remove'] as const),
  'second-factors.withdraw',
  ...(['recovery-codes.regenerate', 'recovery-codes.use'] as const),
  ...(['passkey.add', 'passkey.rename', 'passkey.remove', 'passkey.alarm'] as const),
  ...(['email-codes.enable', 'email-codes.disable'] as const),
  ...(['trusted-device.add', 'trusted-device.revoke'] as const),
  ...(['role.create', 'role.update', 'role.delete', 'role.grant', 'role.revoke'] as const),
  ...(['sign-in.new-device', 'sign-in.stopped', 'sign-in.request-mail', 'sign-in.impersonate'] as const),
  ...(['sign-in.refuse', 'sign-in.unlock'] as const),
  ...(['session.begin', 'session.step-up', 'session.end', 'session.token-reused'] as const),
  ...(['data-export.request', 'data-export.read'] as const),
  ...(['service-account.create', 'service-account.update'] as const),
  ...(['network.ban', 'network.allow', 'network.rule-remove'] as const),
  'signing-key.rotate',
  ...(['user.forget', 'owner.forget'] as const),
  ...(['api-key.created', 'api-key.updated', 'api-key.disabled', 'api-key.enabled', 'api-key.rotated'] as const),
  ...(['api-key.revoked', 'api-key.fields-accepted', 'api-key.access-stale', 'api-key.imported'] as const),
  ...(['api-key.rehashed', 'api-key.exported'] as const),
  ...(['webhook-endpoint.create', 'webhook-endpoint.update', 'webhook-endpoint.delete'] as const),
  ...(['webhook-endpoint.rotate-secret', 'webhook-endpoint.test', 'webhook-endpoint.replay'] as const),
  'webhook-endpoint.disable',
  ...(['restore.keys-disabled', 'restore.codes-voided'] as const),
] as const

export type AuditAction = (typeof auditActions)[number]

/** Actions of a subgraph. One that has no name above does not compile. */
export type Named<Action extends AuditAction> = Action
