/** Who asks: what they are recognised by, and how who came before is recalled. */
import {
  createAccessTokenRecogniser,
  createApiKeyRecall,
  createApiKeyRecogniser,
  createForeignKeyIds,
  createKeyErrands,
  createKeyRenewal,
  createRecordLoaders,
  type GatewayDependencies,
} from '@latchkey/gateway'
import type { CredentialRecords } from '@latchkey/principal/credential-records'
import type { assembleSubgraphs } from './assemble-subgraphs.ts'
import type { Foundation } from './foundation.ts'
import type { KeyChecking } from './key-checking.ts'

export function callersOf(
  assembly: Foundation & KeyChecking & { records: CredentialRecords; services: ReturnType<typeof assembleSubgraphs> },
): Pick<GatewayDependencies, 'recognisers' | 'recallKey'> {
  const { services, config, secrets } = assembly
  const loaders = createRecordLoaders(services.transports)
  const errands = createKeyErrands(services.transports)
  const keys = {
    ...assembly,
    ...loaders,
    environment: config.keyEnvironment,
    foreignKeyIdOf: createForeignKeyIds(errands),
    renewKey: createKeyRenewal({ ...assembly, ...errands, keyring: secrets.keyring }),
  }
  const recogniseToken = createAccessTokenRecogniser({
    ...assembly,
    ...loaders,
    verificationKey: services.sessions.verificationKey,
    issuer: config.publicUrl,
  })
  return { recognisers: [recogniseToken, createApiKeyRecogniser(keys)], recallKey: createApiKeyRecall(keys) }
}
