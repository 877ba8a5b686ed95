import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseSubgraphUrls } from '@latchkey/subgraph/subgraph-urls'
import { describe, expect, it } from 'vitest'
import { parse, parseAllDocuments } from 'yaml'
import { z } from 'zod'
import { parseConfig } from './config.ts'
import { variableNames } from './variables.ts'

const folder = fileURLToPath(new URL('../../deploy/kubernetes/', import.meta.url))
const base = readdirSync(`${folder}base`).filter((file) => file !== 'kustomization.yaml')
const documents = base.flatMap((file) =>
  parseAllDocuments(readFileSync(`${folder}base/${file}`, 'utf8')).map((document) => document.toJS() as unknown),
)

/** What of Kubernetes' API we use, and nothing else: a misspelt field is one that Kubernetes drops in silence. */
const labels = z.record(z.string(), z.string())
const selector = z.strictObject({
  matchLabels: labels.optional(),
  matchExpressions: z
    .array(z.strictObject({ key: z.string(), operator: z.enum(['In']), values: z.array(z.string()) }))
    .optional(),
})
const metadata = z.strictObject({ name: z.string(), labels: labels.optional() })
const probe = z.strictObject({
  httpGet: z.strictObject({ path: z.string(), port: z.literal('http') }),
  periodSeconds: z.number(),
  timeoutSeconds: z.number().optional(),
  failureThreshold: z.number(),
})
const secretKey = z.strictObject({ name: z.string(), key: z.string(), optional: z.boolean().optional() })
const container = z.strictObject({
  name: z.string(),
  image: z.literal('latchkey'),
  command: z.tuple([z.literal('node'), z.string()]),
  ports: z.array(z.strictObject({ name: z.string(), containerPort: z.number() })).optional(),
  envFrom: z.array(z.strictObject({ configMapRef: z.strictObject({ name: z.literal('latchkey') }) })).optional(),
  env: z.array(
    z.union([
      z.strictObject({ name: z.string(), value: z.string() }),
      z.strictObject({ name: z.string(), valueFrom: z.strictObject({ secretKeyRef: secretKey }) }),
    ]),
  ),
  // As the restricted Pod Security Standard wants it, and a root file system that nobody writes.
  securityContext: z.strictObject({
    allowPrivilegeEscalation: z.literal(false),
    readOnlyRootFilesystem: z.literal(true),
    capabilities: z.strictObject({ drop: z.tuple([z.literal('ALL')]) }),
  }),
  resources: z.strictObject({
    requests: z.strictObject({ cpu: z.string(), memory: z.string() }),
    limits: z.strictObject({ memory: z.string() }),
  }),
  startupProbe: probe.optional(),
  livenessProbe: probe.optional(),
  readinessProbe: probe.optional(),
  volumeMounts: z
    .array(z.strictObject({ name: z.string(), mountPath: z.string(), readOnly: z.boolean().optional() }))
    .optional(),
})
const pod = z.strictObject({
  metadata: z.strictObject({ labels }),
  spec: z.strictObject({
    restartPolicy: z.literal('Never').optional(),
    automountServiceAccountToken: z.literal(false),
    enableServiceLinks: z.literal(false).optional(),
    terminationGracePeriodSeconds: z.number().optional(),
    securityContext: z.strictObject({
      runAsNonRoot: z.literal(true),
      runAsUser: z.number().min(1),
      runAsGroup: z.number().min(1),
      fsGroup: z.number().optional(),
      seccompProfile: z.strictObject({ type: z.literal('RuntimeDefault') }),
    }),
    topologySpreadConstraints: z
      .array(
        z.strictObject({
          maxSkew: z.number(),
          topologyKey: z.string(),
          whenUnsatisfiable: z.enum(['ScheduleAnyway']),
          labelSelector: selector,
        }),
      )
      .optional(),
    containers: z.tuple([container]),
    volumes: z
      .array(
        z.union([
          z.strictObject({
            name: z.string(),
            secret: z.strictObject({ secretName: z.string(), defaultMode: z.number() }),
          }),
          z.strictObject({ name: z.string(), emptyDir: z.strictObject({ medium: z.string(), sizeLimit: z.string() }) }),
        ]),
      )
      .optional(),
  }),
})
const ipBlock = z.strictObject({ cidr: z.string(), except: z.array(z.string()).optional() })
const peer = z.strictObject({
  podSelector: selector.optional(),
  namespaceSelector: selector.optional(),
  ipBlock: ipBlock.optional(),
})
const ports = z.array(z.strictObject({ port: z.number(), protocol: z.enum(['TCP', 'UDP']).optional() }))
const kinds = z.discriminatedUnion('kind', [
  z.strictObject({ apiVersion: z.literal('v1'), kind: z.literal('ConfigMap'), metadata, data: labels }),
  z.strictObject({
    apiVersion: z.literal('v1'),
    kind: z.literal('Service'),
    metadata,
    spec: z.strictObject({
      clusterIP: z.literal('None').optional(),
      selector: labels,
      ports: z.tuple([z.strictObject({ name: z.literal('http'), port: z.number(), targetPort: z.literal('http') })]),
    }),
  }),
  z.strictObject({
    apiVersion: z.literal('apps/v1'),
    kind: z.literal('Deployment'),
    metadata,
    spec: z.strictObject({
      selector,
      strategy: z.strictObject({
        type: z.literal('RollingUpdate'),
        rollingUpdate: z.strictObject({ maxSurge: z.number().min(1), maxUnavailable: z.literal(0) }),
      }),
      template: pod,
    }),
  }),
  z.strictObject({
    apiVersion: z.literal('batch/v1'),
    kind: z.literal('Job'),
    metadata,
    spec: z.strictObject({ backoffLimit: z.number(), ttlSecondsAfterFinished: z.number(), template: pod }),
  }),
  z.strictObject({
    apiVersion: z.literal('policy/v1'),
    kind: z.literal('PodDisruptionBudget'),
    metadata,
    spec: z.strictObject({ minAvailable: z.number().min(1), selector }),
  }),
  z.strictObject({
    apiVersion: z.literal('autoscaling/v2'),
    kind: z.literal('HorizontalPodAutoscaler'),
    metadata,
    spec: z.strictObject({
      scaleTargetRef: z.strictObject({ apiVersion: z.string(), kind: z.literal('Deployment'), name: z.string() }),
      minReplicas: z.number().min(2),
      maxReplicas: z.number(),
      metrics: z.array(
        z.strictObject({
          type: z.literal('Resource'),
          resource: z.strictObject({
            name: z.enum(['cpu', 'memory']),
            target: z.strictObject({ type: z.literal('Utilization'), averageUtilization: z.number() }),
          }),
        }),
      ),
      behavior: z.strictObject({ scaleDown: z.strictObject({ stabilizationWindowSeconds: z.number() }) }),
    }),
  }),
  z.strictObject({
    apiVersion: z.literal('networking.k8s.io/v1'),
    kind: z.literal('NetworkPolicy'),
    metadata,
    spec: z.strictObject({
      podSelector: selector,
      policyTypes: z.array(z.enum(['Ingress', 'Egress'])),
      ingress: z.array(z.strictObject({ from: z.array(peer), ports })).optional(),
      egress: z.array(z.strictObject({ to: z.array(peer).optional(), ports })).optional(),
    }),
  }),
])
const objects = documents.map((document) => kinds.parse(document))
const all = <Kind extends (typeof objects)[number]['kind']>(kind: Kind) =>
  objects.filter((object): object is Extract<(typeof objects)[number], { kind: Kind }> => object.kind === kind)
const settings = all('ConfigMap')[0]?.data ?? {}
const services = ['gateway', 'users', 'sessions', 'api-keys']

describe('deploy/kubernetes', () => {
  it('is named whole by its kustomization', () => {
    const { resources } = parse(readFileSync(`${folder}base/kustomization.yaml`, 'utf8'))
    expect([...resources].sort()).toEqual([...base].sort())
  })

  it.each(['Deployment', 'Service', 'PodDisruptionBudget', 'HorizontalPodAutoscaler'] as const)(
    'has a %s for each service',
    (kind) =>
      expect(
        all(kind)
          .map(({ metadata }) => metadata.name)
          .sort(),
      ).toEqual([...services].sort()),
  )

  it('sets nothing that is not a setting, and gives a setting nothing that it refuses', () => {
    const overlay = parse(readFileSync(`${folder}overlays/production/settings.yaml`, 'utf8'))
    const given = { ...settings, ...overlay.data }
    for (const { spec } of all('Deployment')) {
      const names = [...Object.keys(given), ...spec.template.spec.containers[0].env.map(({ name }) => name)]
      expect(names.filter((name) => !variableNames.includes(name))).toEqual([])
    }
    expect(() => parseConfig(given)).not.toThrow()
  })

  it('asks each service where it listens', () => {
    const programs = JSON.parse(readFileSync(`${folder}../../app/bin/programs.json`, 'utf8'))
    const urls = parseSubgraphUrls(settings.LATCHKEY_SUBGRAPH_URLS ?? '')
    for (const { metadata, spec } of all('Deployment')) {
      const { env, ports: opened = [], command } = spec.template.spec.containers[0]
      const [own] = all('Service').filter((service) => service.metadata.name === metadata.name)
      expect(env).toContainEqual({ name: 'PORT', value: String(own?.spec.ports[0].port) })
      expect(opened.map(({ containerPort }) => containerPort)).toEqual([
        own?.spec.ports[0].port,
        Number(settings.LATCHKEY_METRICS_PORT),
      ])
      if (metadata.name !== 'gateway')
        expect(urls?.[metadata.name]).toEqual([`dns+http://${metadata.name}:${own?.spec.ports[0].port}/graphql`])
      // Such a name has to lead to every pod; what is in front of the gateway chooses for itself.
      expect(own?.spec.clusterIP, metadata.name).toBe(metadata.name === 'gateway' ? undefined : 'None')
      expect(command[1]).toBe(`dist/${metadata.name}.mjs`)
      expect(programs).toHaveProperty(metadata.name)
    }
  })

  it('probes, and gives a process longer to leave than it drains', () => {
    for (const { metadata, spec } of all('Deployment')) {
      const { containers, terminationGracePeriodSeconds = 0 } = spec.template.spec
      const [{ startupProbe, livenessProbe, readinessProbe }] = containers
      const paths = [startupProbe, livenessProbe, readinessProbe].map((one) => one?.httpGet.path)
      expect(paths, metadata.name).toEqual(['/health/live', '/health/live', '/health/ready'])
      expect(terminationGracePeriodSeconds).toBeGreaterThan(Number(settings.LATCHKEY_DRAIN_SECONDS) + 10)
    }
  })

  it('takes secrets by reference alone, and gives the gateway no database and migrations no keyring', () => {
    expect(all('ConfigMap').flatMap(({ data }) => Object.keys(data))).not.toContain('DATABASE_URL')
    for (const { metadata, spec } of all('Deployment')) {
      const { containers, volumes = [] } = spec.template.spec
      const keyrings = volumes.flatMap((volume) => ('secret' in volume ? [volume.secret.secretName] : []))
      expect(keyrings).toEqual([`latchkey-keyring-${metadata.name}`])
      const names = containers[0].env.flatMap((one) => ('value' in one ? [] : [one.name]))
      expect(names.includes('DATABASE_URL')).toBe(metadata.name !== 'gateway')
      expect(names).toContain('REDIS_URL')
    }
    for (const { spec } of all('Job')) expect(spec.template.spec.volumes).toBeUndefined()
  })

  it('lets nobody in but as said, to a subgraph only the gateway and the subgraphs that ask it', () => {
    const policies = Object.fromEntries(all('NetworkPolicy').map(({ metadata, spec }) => [metadata.name, spec]))
    expect(policies.nobody).toEqual({ podSelector: {}, policyTypes: ['Ingress', 'Egress'] })
    const callersOf = (name: string) =>
      policies[name]?.ingress?.flatMap(({ from }) =>
        from.map(({ podSelector }) => podSelector?.matchLabels?.['app.kubernetes.io/name']),
      )
    expect(callersOf('users')).toEqual(['gateway', 'sessions', 'api-keys'])
    expect(callersOf('sessions')).toEqual(['gateway', 'users'])
    expect(callersOf('api-keys')).toEqual(['gateway', 'users'])
    expect(policies.gateway?.ingress).toHaveLength(1)
    expect(policies['to-webhooks']?.egress?.[0]?.to?.[0]?.ipBlock?.except).toContain('169.254.0.0/16')
  })
})
